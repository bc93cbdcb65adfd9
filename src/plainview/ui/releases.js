// The public manifest of a release: what a page's receipt names by its digest.

import { askText } from "./api.js";
import { bytesOf, sha256, toBase64url } from "./encoding.js";

const known = new Map();

// Throws where what is answered is not the one of that digest.
export async function releaseManifest(digest) {
  if (!known.has(digest)) {
    const text = await askText(`v1/releases/${digest}`);
    if (toBase64url(await sha256(bytesOf(text))) !== digest) {
      throw new Error("What the platform answered is not the manifest of the release that your receipt names.");
    }
    known.set(digest, JSON.parse(text));
  }
  return known.get(digest);
}

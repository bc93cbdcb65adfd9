// A session: a key that this browser makes and keeps to itself. The session is named after it, every receipt has that
// name, and only what the key has signed can be said of the session's pages.

import { bytesOf, sha256, toBase64url } from "./encoding.js";

export async function makeSession() {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const key = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const name = (await sha256(bytesOf("plainview/session/v1\0"), key)).slice(0, 16);
  return {
    name: toBase64url(name),
    // The event that says so, signed. The order of the fields is what is signed.
    async signed({ viewer, id, page, position, video, action, watched, at }) {
      const said = { viewer, id, page, position, video, action, watched, at };
      const text = bytesOf(`plainview/event/v1\0${JSON.stringify(said)}`);
      const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, text));
      return { ...said, key: toBase64url(key), signature: toBase64url(signature) };
    },
  };
}

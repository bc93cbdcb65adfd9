// A page's receipt: the record that the journal has of it, and what the log has of that record.

import { bytesOf, fromBase64url, sha256, toBase64url } from "./encoding.js";

const DASHES = "-".repeat(43);

// The page's record. Throws where it is not what the receipt commits to.
export async function openReceipt(receipt) {
  const committed = await sha256(bytesOf("plainview/body/v1\0"), fromBase64url(receipt.salt), bytesOf(receipt.body));
  if (toBase64url(committed) !== receipt.commitment) {
    throw new Error("the receipt's commitment is not that of the record it shows");
  }
  return JSON.parse(receipt.body);
}

// The log's entry for it.
export const entryOf = (receipt) => `{"k":"page","c":"${receipt.commitment}"}`;

// What of an opened record is not what was asked for and shown, in words; null where all is. `shown` are the ids of the
// videos, null for one that did not come to the screen: its own record may be damaged. `labelled` says which of them
// are shown as placed by order.
export function otherThan(page, asked, shown, labelled) {
  const pairs = {
    viewer: [page.viewer, asked.viewer],
    session: [page.session, asked.session],
    number: [page.n, asked.n],
    mode: [page.wanted, asked.mode],
    nonce: [page.request.nonce, asked.nonce],
    limit: [page.request.limit, asked.limit],
    "last acknowledged record": [page.request.acknowledged, asked.acknowledged],
    "page before": [page.previous, asked.previous ?? DASHES],
  };
  for (const [name, [there, here]] of Object.entries(pairs)) {
    if (there !== here) return `The record has another ${name} than your browser asked with.`;
  }
  const recorded = page.items.map((item) => item.video);
  const at = recorded.findIndex((video, place) => shown[place] !== null && shown[place] !== video);
  if (at >= 0)
    return `Your screen shows video ${shown[at] ?? "none"} in place ${at + 1}; the record has ${recorded[at]} there.`;
  const other = page.items.findIndex(
    (item, place) => shown[place] !== null && labelled[place] !== (item.selector === "ordered"),
  );
  if (other >= 0 && other < shown.length) {
    return labelled[other]
      ? `Your screen says that an order put video ${shown[other]} there; the record does not.`
      : `An order put video ${shown[other]} there, by the record; your screen does not say so.`;
  }
  return shown.length === recorded.length ? null : "Your screen shows more videos than the record has.";
}

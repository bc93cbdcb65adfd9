// That an entry is in a log: a `.tlog-proof` (C2SP tlog-proof), and the path from the entry to the signed root.

import { bytesOf, fromBase64, same, sha256 } from "./encoding.js";
import { parseNote } from "./notes.js";

const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

// The index, the path's hashes and the checkpoint of a proof.
export function parseProof(text) {
  const gap = text.indexOf("\n\n");
  const [version, ...lines] = text.slice(0, gap).split("\n");
  if (gap < 0 || version !== "c2sp.org/tlog-proof@v1") throw new Error("what the log answers is no proof");
  if (lines[0].startsWith("extra ")) lines.shift();
  const index = /^index (\d+)$/.exec(lines.shift() ?? "");
  if (!index) throw new Error("the proof names no index");
  const note = parseNote(text.slice(gap + 2));
  return { index: Number(index[1]), hashes: lines.map(fromBase64), note, ...parseCheckpoint(note.text) };
}

export function parseCheckpoint(text) {
  const [origin, size, root, ...more] = text.split("\n");
  if (!/^\d+$/.test(size) || more.join("") !== "") throw new Error("it is no checkpoint");
  return { origin, size: Number(size), root: fromBase64(root) };
}

// Whether that entry stands at that index of the tree with that size and root (RFC 9162 section 2.1.3.2).
export async function isIncluded(entry, index, size, root, hashes) {
  if (!(index < size)) return false;
  let at = index;
  let last = size - 1;
  let hash = await sha256(LEAF, bytesOf(entry));
  for (const other of hashes) {
    if (last === 0 || other.length !== 32) return false;
    if (at % 2 === 1 || at === last) {
      hash = await sha256(NODE, other, hash);
      while (at % 2 === 0 && at !== 0) {
        at = at / 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = await sha256(NODE, hash, other);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && same(hash, root);
}

// Signed notes (C2SP signed-note) and their keys: who signed a text. Ed25519 is checked here; ML-DSA-44, which no
// browser knows yet, is not, and counts as no signature.

import { bytesOf, fromBase64, joined, sha256, toHex } from "./encoding.js";

const ED25519 = 0x01;
const COSIGNATURE = 0x04;
const ID = 4;
const TIME = 8;

// The text of a note, and its signatures.
export function parseNote(whole) {
  const gap = whole.lastIndexOf("\n\n");
  if (gap < 0 || !whole.endsWith("\n")) throw new Error("it is no signed note");
  const signatures = whole
    .slice(gap + 2, -1)
    .split("\n")
    .map((line) => {
      const [dash, name, encoded, ...more] = line.split(" ");
      if (dash !== "\u2014" || !name || !encoded || more.length) throw new Error("a signature line of it is none");
      const data = fromBase64(encoded);
      return { name, id: toHex(data.slice(0, ID)), data: data.slice(ID) };
    });
  return { text: whole.slice(0, gap + 1), signatures };
}

// A key as a policy or charter spells it, `NAME+ID+BASE64`: its id must be that of its name and public half.
export async function parseKey(text) {
  const [name, id, ...rest] = text.split("+");
  const data = fromBase64(rest.join("+"));
  const digest = await sha256(bytesOf(`${name}\n`), data);
  if (toHex(digest.slice(0, ID)) !== id) throw new Error(`the key ${name} has another id than it says`);
  return { name, id, code: data[0], bytes: data.slice(1), text };
}

// Those of `keys` that signed the note, each with the time (Unix seconds) that a cosignature names. Throws where a
// signature of one of them is not of this text.
export async function signersOf(note, keys) {
  const found = [];
  for (const signature of note.signatures) {
    const key = keys.find((one) => one.name === signature.name && one.id === signature.id);
    if (!key || (key.code !== ED25519 && key.code !== COSIGNATURE)) continue;
    const cosigned = key.code === COSIGNATURE;
    const time = cosigned ? Number(new DataView(signature.data.buffer).getBigUint64(0)) : 0;
    const heading = cosigned ? bytesOf(`cosignature/v1\ntime ${time}\n`) : new Uint8Array();
    const made = signature.data.slice(cosigned ? TIME : 0);
    const known = await crypto.subtle.importKey("raw", key.bytes, "Ed25519", false, ["verify"]);
    if (!(await crypto.subtle.verify("Ed25519", known, made, joined(heading, bytesOf(note.text))))) {
      throw new Error(`the signature of ${key.name} is not of this text`);
    }
    found.push({ key, time });
  }
  return found;
}

// Whether the browser can check such a key's signatures.
export const isReadable = (key) => key.code === ED25519 || key.code === COSIGNATURE;

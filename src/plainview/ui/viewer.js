// Who watches: a number and a key that this browser has drawn, and what they told of themselves, remembered by it.
// The first registration names the key. What is told or chosen later counts only as this key has signed it.

import { send } from "./api.js";
import { bytesOf, fromBase64url, randomToken, toBase64url } from "./encoding.js";

const KEPT = "plainview.viewer";

// Null before the first visit, and where what is kept cannot be read or has no key.
export function rememberedViewer() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT));
    return kept?.secret ? kept : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

// `mode` is personal or plain: the platform remembers it, too.
export async function registerViewer(region, age, mode) {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const key = toBase64url(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
  const secret = toBase64url(new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)));
  return tell({ viewer: randomNumber(), key, secret, region, age, mode });
}

export const chooseMode = (kept, mode) => tell({ ...kept, mode });

// The setting that says so, signed, is sent.
export async function sendSetting(kept, setting, target) {
  const chosen = { viewer: kept.viewer, id: randomToken(), setting, target };
  return send("v1/settings", await signed(kept, "plainview/setting/v1", chosen));
}

export function forgetViewer() {
  localStorage.removeItem(KEPT);
}

async function tell(viewer) {
  const { region, age, mode, key } = viewer;
  const told = { viewer: viewer.viewer, id: randomToken(), region, age, mode, key };
  await send("v1/viewers", await signed(viewer, "plainview/viewer/v1", told));
  localStorage.setItem(KEPT, JSON.stringify(viewer));
  return viewer;
}

// The order of the fields is what is signed.
async function signed({ secret }, title, said) {
  const key = await crypto.subtle.importKey("pkcs8", fromBase64url(secret), "Ed25519", false, ["sign"]);
  const text = bytesOf(`${title}\0${JSON.stringify(said)}`);
  return { ...said, signature: toBase64url(new Uint8Array(await crypto.subtle.sign("Ed25519", key, text))) };
}

// Below 2^53, so that every reader of JSON has it exactly.
function randomNumber() {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return (high >>> 11) * 2 ** 32 + low;
}

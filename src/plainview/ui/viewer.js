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

// The number and key of somebody new, of whom nobody knows yet. Throws NotSupportedError where the browser has no Ed25519.
export async function drawViewer() {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const key = toBase64url(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
  const secret = toBase64url(new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)));
  return { viewer: randomNumber(), key, secret };
}

// Registers whom was drawn; where another tab has kept somebody meanwhile, it is said of them. `mode` is personal or
// plain: the platform remembers it, too.
export async function registerViewer(drawn, region, age, mode) {
  const viewer = await tell({ ...(rememberedViewer() ?? drawn), region, age, mode });
  const kept = rememberedViewer();
  return kept === null || isSame(kept, viewer) ? viewer : registerViewer(kept, region, age, mode);
}

export const chooseMode = (kept, mode) => tell({ ...kept, mode });

// The setting that says so, signed, is sent.
export async function sendSetting(kept, setting, target) {
  const chosen = { viewer: kept.viewer, id: randomToken(), setting, target };
  return send("v1/settings", await signed(kept, "plainview/setting/v1", chosen));
}

// Of another whom a tab has kept since, nothing is forgotten.
export function forgetViewer(viewer) {
  const kept = rememberedViewer();
  if (kept === null || isSame(kept, viewer)) localStorage.removeItem(KEPT);
}

// Calls `take` with whom another tab keeps from now on, or what they told there. Gives back what ends that.
export function listenForViewer(take) {
  const listen = ({ key }) => {
    const kept = key === KEPT ? rememberedViewer() : null;
    if (kept !== null) take(kept);
  };
  addEventListener("storage", listen);
  return () => removeEventListener("storage", listen);
}

export const isSame = (viewer, other) => viewer.viewer === other.viewer && viewer.secret === other.secret;

async function tell(viewer) {
  const { region, age, mode, key } = viewer;
  const told = { viewer: viewer.viewer, id: randomToken(), region, age, mode, key };
  await send("v1/viewers", await signed(viewer, "plainview/viewer/v1", told));
  // Read again: written over another whom a tab has kept meanwhile, their only key would be gone.
  const kept = rememberedViewer();
  if (kept === null || isSame(kept, viewer)) localStorage.setItem(KEPT, JSON.stringify(viewer));
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

// Bytes, and the ways in which they are spelt.

const DECODER = new TextDecoder("utf-8", { fatal: true });
const ENCODER = new TextEncoder();

export const bytesOf = (text) => ENCODER.encode(text);
export const textOf = (bytes) => DECODER.decode(bytes);

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
}

export function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

// Throws for any text but the one that `toBase64` gives.
export function fromBase64(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (toBase64(bytes) !== text) throw new Error("it is not base64 as it must be spelt");
  return bytes;
}

export function toBase64url(bytes) {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function fromBase64url(text) {
  const bytes = fromBase64(text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4));
  if (toBase64url(bytes) !== text) throw new Error("it is not base64url as it must be spelt");
  return bytes;
}

export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

// Eight bytes, the highest first.
export function u64(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
  return bytes;
}

export const randomToken = () => toBase64url(crypto.getRandomValues(new Uint8Array(16)));

// Why a page's videos are on it: computed here, from the page's receipt and the public manifest of the release that it
// names. As `plainview why` does, in binary32 and in the order of the heads, so that what counts adds up to the bit.

import { bytesOf, fromBase64url, sha256, u64 } from "./encoding.js";
import { COSTS, found, keptOut, placed, predicted } from "./words.js";

const MICRO = 1_000_000;
const HEADS = [
  "rank",
  "long_view",
  "complete",
  "like",
  "follow",
  "share",
  "comment",
  "not_interested",
  "report",
  "watched",
];
const LEAST = 2 ** -16; // of a propensity: a pool has less than 2^16 videos
const ROUNDED = 2 ** -22 * 4096; // what rounding can do to a value

// The binary32 that a receipt's bits stand for.
export function numberOf(bits) {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

// What is shown of each video of `page`, and of the page; `manifest` is that of its release.
export async function explain(page, manifest) {
  const { configuration } = manifest;
  const personal = page.request.mode === "personal";
  const treatments = personal ? await treatmentsOf(configuration, page) : [];
  const weights = weightsOf(configuration, treatments);
  const orders = page.orders.values();
  const videos = page.items.map((item, at) => {
    const order = item.selector === "ordered" ? (orders.next().value ?? null) : null;
    const { predictions, sum } = weighed(item, weights);
    const value = numberOf(item.value);
    return {
      place: at + 1,
      video: item.video,
      source: item.source,
      found: found(item, page.request, configuration),
      predictions,
      sum,
      value,
      selector: item.selector,
      placed: placed(item, item.selector === "exploration" ? among(item) : null, order),
      propensity: numberOf(item.propensity),
      order,
      wrong: wrongWith(item, value, sum),
    };
  });
  const arms = treatments.map((one) => `${one.experiment}:${one.arm}`);
  return {
    videos,
    treatments: treatments.map(({ experiment, arm, changes }) => ({ experiment, arm, changes })),
    filters: configuration.filters
      .filter((name) => name !== "seen" || personal)
      .map((name) => ({ name, keepsOut: keptOut(name, page.request) })),
    costs: personal ? configuration.selectors.filter((name) => name in COSTS).map((name) => COSTS[name]) : [],
    wrong:
      arms.join() === page.arms.join() ? null : "Its arms of experiments are not those in which this release has you.",
  };
}

// The sentence that comes first: how it was found and what counted most for it, or how it was placed without that.
export function sentenceOf(reason) {
  const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}.`;
  if (reason.order !== null || reason.selector === "exploration") return sentence(reason.placed);
  const how = sentence(reason.found);
  const most = reason.predictions.reduce((best, one) => (one.counts > (best?.counts ?? 0) ? one : best), null);
  if (!most) return how;
  const means = most.means.startsWith("that ") ? `the prediction ${most.means}` : most.means;
  return `${how} What counts most for it: ${means}.`;
}

function weighed(item, weights) {
  if (item.parts.length !== HEADS.length) return { predictions: [], sum: null };
  let sum = 0;
  const predictions = item.parts.map((bits, at) => {
    const part = numberOf(bits);
    const counts = Math.fround(weights[at] * part);
    sum = Math.fround(sum + counts);
    return { head: HEADS[at], means: predicted(HEADS[at]), predicted: part, weight: weights[at], counts };
  });
  return { predictions, sum };
}

// What of it cannot be so, by how a value is made: the sum, less what selectors took off.
function wrongWith(item, value, sum) {
  if (sum === null) return value === 0 ? null : "It has a value, and nothing was predicted.";
  const unvalued = item.selector === "exploration" || item.selector === "ordered";
  if (unvalued && value !== sum) return "Its value is not what its predictions count.";
  if (value > sum + Math.max(ROUNDED, Math.abs(value) * 2 ** -22))
    return "Its value is above what its predictions count.";
  return null;
}

function weightsOf(configuration, treatments) {
  const terms = Object.fromEntries(configuration.value.map((one) => [one.head, one.weight]));
  for (const { value } of treatments) {
    for (const one of value) terms[one.head] = one.weight;
  }
  return HEADS.map((head) => Math.fround((terms[head] ?? 0) / MICRO));
}

// The experiments that run, and the viewer's arm of each: drawn by salt, name and viewer.
async function treatmentsOf(configuration, page) {
  const base = Object.fromEntries(configuration.value.map((one) => [one.head, one.weight]));
  const found = [];
  for (const one of configuration.experiments) {
    if (!(one.begins <= page.now && page.now < one.until)) continue;
    const label = bytesOf("plainview/arm/v1\0");
    const drawn = await sha256(label, fromBase64url(one.salt), bytesOf(one.name), u64(page.viewer));
    const draw = Number((new DataView(drawn.buffer).getBigUint64(0) * BigInt(MICRO)) >> 64n);
    let bound = 0;
    const arm = one.arms.find((each) => draw < (bound += each.share));
    const value = arm?.value ?? [];
    const changes = value.map(({ head, weight }) => ({
      head,
      weight: weight / MICRO,
      otherwise: (base[head] ?? 0) / MICRO,
    }));
    found.push({ experiment: one.name, arm: arm?.name ?? "control", value, changes });
  }
  return found;
}

// Among how many videos it was drawn; null where its propensity is that of no even draw.
function among(item) {
  const chance = numberOf(item.propensity);
  if (!(LEAST <= chance && chance <= 1)) return null;
  const count = Math.round(1 / chance);
  return Math.fround(1 / count) === chance ? count : null;
}

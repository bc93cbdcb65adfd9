// "Why this video": a sentence, what counted for and against it, how it came to its place, and the receipt itself.

import { ask } from "./api.js";
import { element } from "./element.js";
import { explain, sentenceOf } from "./explanations.js";
import { openReceipt } from "./receipts.js";
import { releaseManifest } from "./releases.js";
import { counted } from "./words.js";

// The page's explanation and the reason of a card's video. Throws where the receipt is not what was committed to.
export async function reasonOf(card) {
  card.page.explained ??= (async () => {
    const record = await openReceipt(card.page.answer.receipt);
    return { record, explanation: await explain(record, await releaseManifest(record.release)) };
  })();
  const { record, explanation } = await card.page.explained.catch((error) => {
    card.page.explained = undefined; // asked again, it may come
    throw error;
  });
  const reason = explanation.videos[card.position];
  const given =
    reason.order === null ? null : (await ask("v1/orders")).orders.find((one) => one.order === reason.order);
  return { record, explanation, reason, given, sentence: sentenceOf(reason) };
}

// `acts` is what its buttons do, by name: less, never, mute.
export function whyContent(card, { record, explanation, reason, given, sentence }, acts) {
  const personal = record.request.mode === "personal";
  const wrong = [reason.wrong, explanation.wrong].filter((one) => one !== null);
  return [
    element("p", { class: "sentence" }, sentence),
    record.wanted === record.request.mode
      ? null
      : element(
          "p",
          { class: "waiting" },
          "You asked for a personal page. No act let a release rank when this one was made.",
        ),
    ...wrong.map((text) => element("p", { class: "problem", role: "alert" }, `This does not add up: ${text}`)),
    reason.predictions.length ? bars(reason, explanation) : plainly(),
    part("How it came to its place", `${capital(reason.placed)}.`),
    reason.order === null ? null : ordered(reason, given),
    ...explanation.treatments.map(treated),
    element("h3", {}, "What it passed"),
    element("p", {}, "No video comes onto such a page where one of these is so:"),
    element(
      "ul",
      { class: "passed" },
      explanation.filters.map((filter) => element("li", {}, filter.keepsOut)),
    ),
    element("h3", {}, "Your say"),
    say(card, acts),
    element(
      "p",
      { class: "small" },
      personal
        ? `Personal: your own records up to ${counted(record.viewer_upto)} went into this page.`
        : "Not personal: nothing that you watched or liked went into this page. Your region, your age, and what you " +
            "blocked or muted did.",
    ),
    element(
      "details",
      {},
      element("summary", { "data-key": "raw" }, "The receipt itself"),
      element("pre", { tabindex: "0" }, JSON.stringify({ ...record, items: [record.items[card.position]] }, null, 1)),
      element("p", { class: "small" }, `Of its ${record.items.length} videos only this one is shown.`),
    ),
  ];
}

// Score part x weight, signed. The last line is the value: with what selectors took off, all lines add up to it.
function bars(reason, explanation) {
  const off = reason.value - reason.sum;
  const rows = [...reason.predictions].sort((one, other) => Math.abs(other.counts) - Math.abs(one.counts));
  const all = [off, ...rows.map((row) => row.counts)];
  const scale = { least: Math.min(0, ...all), most: Math.max(0, ...all) };
  const costs = explanation.costs.join(" or ") || "by selectors";
  return element(
    "table",
    { class: "bars" },
    element("caption", {}, "What was predicted of you and this video, times what that counts"),
    element(
      "tbody",
      {},
      rows.map((row) =>
        line(capital(row.means), `${figure(row.predicted)} \u00d7 ${weight(row.weight)}`, row.counts, scale),
      ),
      off === 0 ? null : line(`Taken off ${costs}`, "", off, scale),
    ),
    element(
      "tfoot",
      {},
      element(
        "tr",
        {},
        element("th", { scope: "row" }, "Its value"),
        element("td", { class: "counts" }, figure(reason.value)),
      ),
    ),
  );
}

// All bars begin at one line: what counts against the video goes to the left of it.
function line(name, terms, counts, { least, most }) {
  const bar = element("span", { class: counts < 0 ? "bar against" : "bar", "aria-hidden": "true" });
  const share = (number) => `${(100 * number) / (most - least || 1)}%`;
  bar.style.setProperty("--from", share(Math.min(0, counts) - least));
  bar.style.setProperty("--length", share(Math.abs(counts)));
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, name, bar),
    element("td", { class: "counts" }, signed(counts), element("span", { class: "terms" }, terms)),
  );
}

const plainly = () =>
  element(
    "p",
    {},
    "Nothing was predicted of you. It is the next one in a list that everybody of your region and age is given, " +
      "less what you blocked or muted.",
  );

const part = (title, text) => element("section", {}, element("h3", {}, title), element("p", {}, text));

function ordered(reason, given) {
  if (!given) return part(`Order ${reason.order}`, "Who gave it and why, the platform does not say.");
  const span = `Shown ${counted(given.shown)} times so far, ${counted(given.cap)} at most, until ${date(given.until)}.`;
  return part(
    `Order ${given.order}: ${given.label}`,
    `${given.reason}. Signed by ${given.signers.join(" and ")}. ${span}`,
  );
}

function treated({ experiment, arm, changes }) {
  const otherwise = changes.map(
    (one) => `${one.head.replaceAll("_", " ")} counts ${one.weight} instead of ${one.otherwise}`,
  );
  return part(`Experiment ${experiment}`, `You are in ${arm}: ${otherwise.join(", ") || "nothing counts otherwise"}.`);
}

// What keeps a video like this off the viewer's next pages.
function say(card, acts) {
  const button = (name, text) =>
    element("button", { type: "button", class: "say", "data-key": name, onclick: () => acts[name](card) }, text);
  return element(
    "div",
    { class: "says-row" },
    button("less", "Less like this"),
    button("never", `Never creator ${card.video.creator}`),
    ...card.video.tags.map((tag) =>
      element(
        "button",
        { type: "button", class: "say", "data-key": `mute-${tag}`, onclick: () => acts.mute(card, tag) },
        `Never #${tag}`,
      ),
    ),
  );
}

const capital = (text) => `${text[0].toUpperCase()}${text.slice(1)}`;
const date = (milliseconds) => new Date(milliseconds).toLocaleDateString("en-GB");
const figure = (number) => number.toFixed(4).replace("-", "\u2212");
const weight = (number) => String(Number(number.toPrecision(6))).replace("-", "\u2212");
const signed = (number) => (number < 0 ? "" : "+") + figure(number);

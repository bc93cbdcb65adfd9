// "Check this page": the four steps, what each proves, and what none of them does.

import { digest } from "./digest.js";
import { element } from "./element.js";
import { icon } from "./icons.js";
import { keepReceipt } from "./keeping.js";
import { anchor, HELD, OPEN, REFUTED, STEPS, UNPROVEN } from "./seal.js";

const WORDS = { [HELD]: "Checked", [OPEN]: "Open", [REFUTED]: "Does not hold" };

export function checkContent(card, steps) {
  const { receipt } = card.page.answer;
  const held = steps.filter((step) => step.state === HELD).length;
  const refuted = steps.some((step) => step.state === REFUTED);
  return [
    element("p", { class: "sentence", role: "status" }, sentence(held, steps.length, refuted)),
    element(
      "ol",
      { class: "steps" },
      STEPS.map((step, at) => {
        const { state, says } = steps[at];
        return element(
          "li",
          { class: state },
          icon(state),
          element(
            "div",
            {},
            element("h3", {}, step.title, " ", element("span", { class: "verdict" }, WORDS[state])),
            element("p", { class: "says" }, says),
            element("p", { class: "small" }, state === HELD ? step.proves : `If it holds: ${uncapital(step.proves)}`),
          ),
        );
      }),
    ),
    element("p", { class: "unproven small" }, UNPROVEN),
    element(
      "dl",
      { class: "facts" },
      fact("Record", String(receipt.index)),
      fact("Its digest", digest(receipt.commitment, "the receipt's digest")),
      anchor() === null ? null : fact("First charter", digest(anchor(), "the first charter's digest")),
      fact("Session, page", `${card.page.asked.session.slice(0, 8)}\u2026, ${card.page.asked.n}`),
    ),
    element(
      "button",
      { type: "button", class: "strong", "data-key": "keep", onclick: () => keepReceipt(card.page) },
      icon("save"),
      "Keep the receipt",
    ),
    element(
      "p",
      { class: "small" },
      "With it you, or anybody you give it to, can check all of this without this app: `plainview verify`.",
    ),
  ];
}

const uncapital = (text) => `${text[0].toLowerCase()}${text.slice(1)}`;
const fact = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));

function sentence(held, all, refuted) {
  if (refuted) return "Something about this page does not hold. Keep its receipt: it is evidence.";
  if (held === all) return "Your browser has checked this page from end to end.";
  return `Your browser has checked ${held} of ${all} lines by itself; the rest is still open.`;
}

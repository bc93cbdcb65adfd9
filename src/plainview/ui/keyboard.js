// Keys for all that can be done, and the list of them.

import { element } from "./element.js";

// By key: what it does, in words, and the name of the act.
export const KEYS = [
  ["j", "Next video", "next", "ArrowDown"],
  ["k", "The one before", "before", "ArrowUp"],
  ["space", "Play or pause", "toggle", " "],
  ["l", "Like", "like"],
  ["f", "Follow its creator", "follow"],
  ["s", "Share", "share"],
  ["n", "Not interested", "not_interested"],
  ["w", "Why this video", "why"],
  ["c", "Check this page", "seal"],
  ["p", "Personal or not", "mode"],
  ["?", "These keys", "hints"],
  ["esc", "Close what is open", "close", "Escape"],
];

const TYPING = "input:not([type=radio]), select, textarea, [contenteditable]";
const MOVING = "[type=radio], .panel *"; // arrows are for what is chosen or read there
const PRESSED = "button, summary, a, input";

export function listenForKeys(acts) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog:modal") || event.target.matches(TYPING)) return;
    const found = KEYS.find(([key, , , other]) => event.key === key || event.key === other);
    if (!found || (event.key === " " && event.target.matches(PRESSED))) return;
    if (event.key.startsWith("Arrow") && event.target.matches(MOVING)) return;
    event.preventDefault();
    acts[found[2]]();
  });
}

export function showKeys() {
  const rows = KEYS.map(([key, words]) =>
    element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, words)),
  );
  const close = element("button", { type: "button", class: "strong", onclick: () => dialog.close() }, "Close");
  const dialog = element(
    "dialog",
    { class: "hints", "aria-labelledby": "hints", onclose: () => dialog.remove() },
    element("h2", { id: "hints" }, "Keys"),
    element("dl", {}, rows),
    close,
  );
  document.body.append(dialog);
  dialog.showModal();
}

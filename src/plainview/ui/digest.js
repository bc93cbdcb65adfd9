// A digest as it is shown: shortened in the middle, and whole for who copies it.

import { element } from "./element.js";
import { toast } from "./toast.js";

const ENDS = 8;

export function digest(text, what) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast(`${what[0].toUpperCase()}${what.slice(1)} is copied.`);
    } catch {
      toast(`Your browser does not let it be copied. It is ${text}`);
    }
  };
  const shown = text.length > 2 * ENDS + 1 ? `${text.slice(0, ENDS)}\u2026${text.slice(-ENDS)}` : text;
  return element(
    "button",
    {
      type: "button",
      class: "digest",
      title: text,
      "aria-label": `Copy ${what}: ${text}`,
      "data-key": what,
      onclick: copy,
    },
    shown,
  );
}

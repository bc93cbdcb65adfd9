// What has just happened, for a few seconds, with a way back where there is one.

import { element } from "./element.js";

const SECONDS = 6;

let timer = 0;

// `undo` takes it back: it is offered where it is given.
export function toast(text, undo = null) {
  const place = document.querySelector(".toasts");
  const leave = () => place.replaceChildren();
  const back = element("button", { type: "button", class: "quiet", onclick: () => (leave(), undo()) }, "Undo");
  place.replaceChildren(element("p", { class: "toast" }, text, undo === null ? null : back));
  clearTimeout(timer);
  timer = setTimeout(leave, SECONDS * 1000);
}

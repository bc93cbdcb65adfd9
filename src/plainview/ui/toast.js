// What has just happened, for a few seconds, with a way back where there is one.

import { element } from "./element.js";

const SECONDS = 6;
const place = document.querySelector(".toasts");

let timer = 0;

// `undo` takes it back: it is offered where it is given.
export function toast(text, undo = null) {
  bringForward();
  const leave = () => place.replaceChildren();
  const back = element("button", { type: "button", class: "quiet", onclick: () => (leave(), undo()) }, "Undo");
  place.replaceChildren(element("p", { class: "toast" }, text, undo === null ? null : back));
  clearTimeout(timer);
  timer = setTimeout(leave, SECONDS * 1000);
}

// What is said stands within a modal dialog while one is open: nothing outside of it can be seen well, or tapped.
export function bringForward() {
  const dialog = document.querySelector("dialog:modal");
  const parent = dialog ?? document.body;
  if (place.parentNode === parent && dialog === null) return;
  parent.append(place);
  dialog?.addEventListener("close", bringForward, { once: true });
}

// The layer beside or over the stage that holds reasons and checks. Where there is room it stands beside it, and what
// is watched goes on; on a small screen it covers the lower part and takes the focus until it is closed.

import { element } from "./element.js";
import { icon } from "./icons.js";
import { bringForward } from "./toast.js";

const BESIDE = matchMedia("(min-width: 900px)");

export class Panel {
  #dialog = document.querySelector(".panel");
  #kind = null;
  #from = null;

  constructor() {
    this.#dialog.addEventListener("close", () => this.#closed());
    this.#dialog.addEventListener("click", (event) => {
      const { top } = this.#dialog.getBoundingClientRect();
      if (event.target === this.#dialog && event.clientY < top) this.close(); // on what it covers
    });
  }

  get kind() {
    return this.#kind;
  }

  // Show one kind of content; asked for again, it goes away.
  open(kind, title, content) {
    if (this.#kind === kind) return this.close();
    const beside = BESIDE.matches;
    this.#from ??= document.activeElement;
    this.#kind = kind;
    this.show(title, content);
    document.body.dataset.panel = kind;
    if (!this.#dialog.open) beside ? this.#dialog.show() : this.#dialog.showModal();
    bringForward();
    this.#dialog.scrollTop = 0;
    this.#dialog.querySelector("h2").focus({ preventScroll: true });
  }

  // Other content of the same kind: of another video, or as a check goes on.
  show(title, content) {
    const close = element(
      "button",
      { type: "button", class: "quiet", "aria-label": "Close", onclick: () => this.close() },
      icon("close"),
    );
    const heading = element("h2", { id: "panel-title", tabindex: "-1", "data-key": "title" }, title);
    const head = element("div", { class: "head" }, heading, close);
    const focused = this.#dialog.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const opened = this.#dialog.querySelector("details")?.open ?? false;
    this.#dialog.querySelectorAll(":scope > .head, :scope > .content").forEach((old) => old.remove());
    this.#dialog.prepend(head, element("div", { class: "content" }, content));
    const details = this.#dialog.querySelector("details");
    if (details) details.open = opened;
    if (focused) this.#dialog.querySelector(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
  }

  close() {
    this.#dialog.close();
    this.#closed(); // the event comes later, and a key that is pressed before it would find the panel open still
  }

  #closed() {
    if (this.#dialog.open || this.#kind === null) return;
    this.#kind = null;
    delete document.body.dataset.panel;
    this.#from?.focus({ preventScroll: true });
    this.#from = null;
  }
}

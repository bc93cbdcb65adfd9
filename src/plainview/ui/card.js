// One video on the stage: its poster, its time, what is said of it, and what can be done.

import { element } from "./element.js";
import { icon } from "./icons.js";
import { Playback } from "./playback.js";
import { poster } from "./poster.js";
import { sealRing, timeRing, wordOf } from "./seal_ring.js";

export class Card {
  #ring = timeRing();
  #time = element("span", { class: "time" });
  #toggle;
  #buttons = {};

  // `acts` is what its buttons do, by name: toggle, like, follow, share, not_interested, why, seal.
  constructor(page, position, number, acts) {
    const shown = page.answer.videos[position];
    this.page = page;
    this.position = position;
    this.shown = shown;
    this.video = shown.video;
    this.playback = new Playback(this.video.duration, (share, over) => {
      this.#ring.show(share);
      this.#time.textContent = `${clock(over)} / ${clock(this.video.duration)}`;
    });
    this.node = this.#made(number, acts);
  }

  play() {
    this.playback.play();
    this.#playing(true);
  }

  pause() {
    this.playback.pause();
    this.#playing(false);
  }

  // Whether what a button does has been done.
  press(name, done) {
    this.#buttons[name].setAttribute("aria-pressed", done);
  }

  isPressed(name) {
    return this.#buttons[name].getAttribute("aria-pressed") === "true";
  }

  seal(steps) {
    const word = wordOf(steps);
    this.#buttons.seal.replaceChildren(sealRing(steps), element("span", {}, word));
    this.#buttons.seal.setAttribute("aria-label", `Check this page: ${word}`);
  }

  because(sentence) {
    this.#buttons.why.replaceChildren(icon("why"), element("span", {}, sentence));
  }

  #playing(on) {
    this.#toggle.setAttribute("aria-label", on ? "Pause" : "Play");
    this.#toggle.querySelector(".icon").replaceWith(icon(on ? "pause" : "play"));
  }

  #made(number, acts) {
    const { video, shown } = this;
    const titled = `video-${this.page.answer.receipt.index}-${this.position}`;
    const button = (name, text, attributes = {}) => {
      const made = element("button", { type: "button", class: name, ...attributes, onclick: () => acts[name](this) });
      made.append(icon(name === "seal" ? "open" : name), element("span", {}, text));
      this.#buttons[name] = made;
      return made;
    };
    const unpressed = { "aria-pressed": "false" };
    this.#toggle = element(
      "button",
      { type: "button", class: "toggle", "aria-label": "Play", onclick: () => acts.toggle(this) },
      this.#ring.ring,
      icon("play"),
    );
    return element(
      "article",
      { class: "video", tabindex: "-1", "aria-labelledby": titled, "aria-posinset": number, "aria-setsize": "-1" },
      element(
        "div",
        { class: "stage" },
        poster(video),
        element("div", { class: "player" }, this.#toggle, this.#time),
        element(
          "div",
          { class: "told" },
          this.page.answer.baseline ? element("p", { class: "label" }, "Not personal for now: nothing may rank") : null,
          shown.label ? element("p", { class: "label" }, `Placed by order: ${shown.label}`) : null,
          element(
            "div",
            { class: "creator" },
            element("span", { class: "who" }, `Creator ${video.creator}`),
            button("follow", "Follow", unpressed),
          ),
          element("h2", { id: titled }, video.caption || `Video ${video.id}`),
          element(
            "p",
            { class: "tags" },
            [...video.tags.map((tag) => `#${tag}`), "no film is stored yet"].join("  \u00b7  "),
          ),
          button("why", "Why this video", { "aria-haspopup": "dialog" }),
        ),
      ),
      element(
        "div",
        { class: "rail", role: "group", "aria-label": "What you can do" },
        button("like", "Like", unpressed),
        button("share", "Share"),
        button("not_interested", "Less", { ...unpressed, "aria-label": "Not interested" }),
        button("seal", "0 of 4", { "aria-haspopup": "dialog" }),
      ),
    );
  }
}

const clock = (milliseconds) => {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

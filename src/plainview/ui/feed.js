// The stage: one video after another, as many as there are, and the one that is watched now.

import { Card } from "./card.js";
import { element } from "./element.js";
import { checkPage, HELD, OPEN, STEPS } from "./seal.js";

const AHEAD = 3; // videos that are there before they are needed
const AGAIN = [1500, 3000, 6000, 15_000, 30_000]; // milliseconds until what could not be said is asked again

export class Feed {
  #node;
  #pages;
  #acts;
  #changed;
  #cards = [];
  #checks = new Map();
  #current = null;
  #loading = null;
  #over = false;
  #watching;

  // `acts` is what buttons of a card do, and `unknown`, where the platform does not know the viewer. `changed` is given
  // the card that is watched, when it is another one or the check of its page went on.
  constructor(node, pages, acts, changed) {
    this.#node = node;
    this.#pages = pages;
    this.#acts = acts;
    this.#changed = changed;
    this.#watching = new IntersectionObserver((seen) => this.#seen(seen), { root: node, threshold: 0.6 });
    document.addEventListener("visibilitychange", () => this.#visible());
  }

  get current() {
    return this.#current;
  }

  // The steps of checking a card's page, as far as they came.
  stepsOf(card) {
    return this.#checks.get(card.page);
  }

  go(by) {
    const to = this.#cards[this.#cards.indexOf(this.#current) + by];
    if (!to) return;
    to.node.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    to.node.focus({ preventScroll: true });
  }

  // What was not watched yet goes, and what comes is ranked anew.
  async startAnew() {
    const at = this.#cards.indexOf(this.#current);
    for (const card of this.#cards.splice(at + 1)) this.#drop(card);
    this.#over = false;
    await this.#loading;
    for (const card of this.#cards.splice(at + 1)) this.#drop(card);
    await this.load();
    this.go(1);
  }

  // The next page. What fails says so on the stage, with a way to try again.
  load() {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #load() {
    this.#node.setAttribute("aria-busy", "true");
    try {
      const page = await this.#pages.next();
      page.answer.videos.forEach((shown, position) => {
        if (shown.video !== null) this.#add(new Card(page, position, this.#cards.length + 1, this.#acts));
      });
      if (page.answer.videos.length === 0) this.#end();
      this.#check(page);
    } catch (error) {
      if (error.code === "unknown_viewer") return this.#acts.unknown();
      this.#say("This page did not come", error.message, () => this.load());
    } finally {
      this.#node.setAttribute("aria-busy", "false");
    }
  }

  #add(card) {
    this.#node.querySelector(".instead")?.remove();
    this.#cards.push(card);
    this.#node.append(card.node);
    this.#watching.observe(card.node);
  }

  #drop(card) {
    this.#watching.unobserve(card.node);
    card.node.remove();
  }

  #end() {
    this.#over = true;
    this.#say("You have seen all there is", "Nothing comes twice. As creators add videos, they appear here.", () =>
      this.load(),
    );
  }

  #say(title, text, again) {
    this.#node.querySelector(".instead")?.remove();
    const button = element("button", { type: "button", class: "strong", onclick: again }, "Look again");
    this.#node.append(
      element("div", { class: "instead", role: "alert" }, element("h2", {}, title), element("p", {}, text), button),
    );
  }

  #seen(entries) {
    const entry = entries.findLast((one) => one.isIntersecting);
    const card = entry && this.#cards.find((one) => one.node === entry.target);
    if (!card || card === this.#current) return;
    this.#leave();
    this.#current = card;
    if (!document.hidden) card.play();
    this.#changed(card);
    if (!this.#over && this.#cards.length - this.#cards.indexOf(card) <= AHEAD) this.load();
  }

  #leave() {
    const card = this.#current;
    if (card === null) return;
    card.pause();
    const watched = card.playback.taken();
    if (watched > 0) this.#pages.tell(card.page, card.position, "view", watched).catch(() => {});
  }

  #visible() {
    if (this.#current === null) return;
    if (document.hidden) this.#leave();
    else this.#current.play();
  }

  // Check a page, and again after a while what could not be said yet.
  async #check(page, tries = 0) {
    const cards = this.#cards.filter((card) => card.page === page);
    const tell = (steps) => {
      if (JSON.stringify(this.#checks.get(page)) === JSON.stringify(steps)) return;
      this.#checks.set(page, [...steps]);
      for (const card of cards) card.seal(steps);
      if (this.#current?.page === page) this.#changed(this.#current);
    };
    if (tries === 0) tell(STEPS.map(() => ({ state: OPEN, says: "This comes next." })));
    const shown = page.answer.videos.map((_, at) => cards.find((card) => card.position === at)?.video.id ?? null);
    const steps = await checkPage(page, shown, tries === 0 ? tell : () => {});
    tell(steps);
    const open =
      steps.every((step) => step.state === HELD || step.state === OPEN) && steps.some((step) => step.state === OPEN);
    if (open) setTimeout(() => this.#check(page, tries + 1), AGAIN[Math.min(tries, AGAIN.length - 1)]);
  }
}

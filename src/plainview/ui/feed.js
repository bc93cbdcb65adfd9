// The stage: one video after another, as many as there are, and the one that is watched now.

import { Card } from "./card.js";
import { element } from "./element.js";
import { checkPage, REFUTED, untaken } from "./seal.js";

const AHEAD = 3; // videos that are there before they are needed
const AGAIN = [1500, 3000, 6000, 15_000, 60_000, 300_000]; // milliseconds until the page on the screen is checked again

export class Feed {
  #node;
  #pages;
  #acts;
  #changed;
  #cards = [];
  #checks = new Map();
  #here = null; // the node in view: that of a card, or what stands there instead
  #loading = null;
  #over = false;
  #tries = 0;
  #again = 0;
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
    return this.#cards.find((card) => card.node === this.#here) ?? null;
  }

  // The steps of checking a card's page, as far as they came.
  stepsOf(card) {
    return this.#checks.get(card.page);
  }

  go(by) {
    const to = this.#stops()[this.#place() + by];
    if (!to) return;
    to.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    to.focus({ preventScroll: true });
  }

  // What was not watched yet goes, and what comes is ranked anew.
  async startAnew() {
    this.dropAhead(() => true);
    await this.#loading;
    this.dropAhead(() => true);
    await this.load();
    this.go(1);
  }

  // Those that come after the one in view and of which `which` is true go.
  dropAhead(which) {
    const ahead = this.#cards.slice(this.#place() + 1).filter(which);
    this.#cards = this.#cards.filter((card) => !ahead.includes(card));
    for (const card of ahead) {
      this.#watching.unobserve(card.node);
      card.node.remove();
    }
  }

  // A page is loaded where few videos are left.
  fill() {
    if (!this.#over && this.#cards.length - this.#place() <= AHEAD) this.load();
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
      this.#over = page.answer.videos.length === 0;
      if (this.#over) this.#end(page.asked.mode);
      this.#check(page);
    } catch (error) {
      if (error.code === "unknown_viewer") return this.#acts.unknown();
      this.#say("This page did not come", error.message, () => this.load());
    } finally {
      this.#node.setAttribute("aria-busy", "false");
    }
  }

  #add(card) {
    this.#clear(this.#cards.at(-1)?.node ?? null);
    this.#cards.push(card);
    this.#node.append(card.node);
    this.#watching.observe(card.node);
  }

  // What stood there instead of a video goes; where it was in view, `here` is taken for it.
  #clear(here) {
    const instead = this.#node.querySelector(".instead");
    if (instead === null) return;
    this.#watching.unobserve(instead);
    instead.remove();
    if (instead === this.#here) this.#here = here;
  }

  #end(mode) {
    const title = this.#cards.length ? "You have seen all there is" : "There is nothing here yet";
    const once = this.#cards.length && mode === "personal" ? "Nothing comes twice. " : "";
    this.#say(title, `${once}As creators add videos, they appear here.`, () => this.load());
  }

  #say(title, text, again) {
    const button = element("button", { type: "button", class: "strong", onclick: again }, "Look again");
    const said = [element("h2", {}, title), element("p", {}, text), button];
    const instead = element("div", { class: "instead", role: "alert", tabindex: "-1" }, said);
    const focused = document.activeElement?.closest(".instead");
    this.#clear(instead);
    this.#node.append(instead);
    this.#watching.observe(instead);
    if (focused) instead.focus({ preventScroll: true });
  }

  #stops() {
    return [...this.#node.querySelectorAll(".video, .instead")];
  }

  // How many videos come before what is in view; -1 before anything is.
  #place() {
    return this.#stops().indexOf(this.#here);
  }

  #seen(entries) {
    const entry = entries.findLast((one) => one.isIntersecting);
    if (!entry || entry.target === this.#here) return;
    this.#leave();
    const before = this.current?.page;
    this.#here = entry.target;
    const card = this.current;
    if (card?.page !== before) this.checkSoon();
    if (card === null) return;
    if (!document.hidden) card.play();
    this.#changed(card);
    this.fill();
  }

  #leave() {
    const card = this.current;
    if (card === null) return;
    card.pause();
    const watched = card.playback.taken();
    if (watched > 0) this.#pages.tell(card.page, card.position, "view", watched).catch(() => {});
  }

  #visible() {
    if (document.hidden) this.#leave();
    else this.current?.play();
    this.checkSoon();
  }

  // Check a page as soon as it comes.
  async #check(page) {
    const cards = this.#cards.filter((card) => card.page === page);
    const tell = (steps) => {
      if (JSON.stringify(this.#checks.get(page)) === JSON.stringify(steps)) return;
      this.#checks.set(page, [...steps]);
      for (const card of cards) card.seal(steps);
      if (this.current?.page === page) this.#changed(this.current);
    };
    if (!this.#checks.has(page)) tell(untaken());
    const shown = page.answer.videos.map((_, at) => cards.find((card) => card.position === at)?.video.id ?? null);
    await checkPage(page, shown, this.#checks.get(page), tell);
    if (this.current?.page === page) this.#checkLater();
  }

  // Check the page on the screen again, soon and then ever more seldom: what is open may be said by then, and what the
  // partner says of it may come late. What was refuted stays so.
  checkSoon() {
    this.#tries = 0;
    this.#checkLater();
  }

  #checkLater() {
    clearTimeout(this.#again);
    const page = this.current?.page;
    if (!page || document.hidden) return;
    if (this.#checks.get(page)?.some((step) => step.state === REFUTED)) return;
    this.#again = setTimeout(() => this.#check(page), AGAIN[Math.min(this.#tries, AGAIN.length - 1)]);
    this.#tries += 1;
  }
}

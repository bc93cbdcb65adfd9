// The pages of one session, one after another, and what the viewer did with them: the platform is told in the order in
// which it was done, before the next page is asked for.

import { ask, Refused, send } from "./api.js";
import { randomToken } from "./encoding.js";

const LIMIT = 8;
const TRIES = 3;

export class Pages {
  #viewer;
  #session;
  #modeNow;
  #n = 0;
  #asked = null;
  #previous = null;
  #acknowledged = 0;
  #last = Promise.resolve();

  // `modeNow` gives the mode that the viewer has chosen.
  constructor(viewer, session, modeNow) {
    this.#viewer = viewer;
    this.#modeNow = modeNow;
    this.#session = session;
  }

  // The next page: the answer, what was asked, and the page before. What got no answer may have been recorded all the
  // same, so it is asked for again as it was. One of a mode that was given up in the meantime is passed over.
  next() {
    return this.#inTurn(async () => {
      let page;
      do page = await this.#next();
      while (page.asked.mode !== this.#modeNow());
      return page;
    });
  }

  async #next() {
    this.#asked ??= {
      viewer: this.#viewer,
      session: this.#session.name,
      n: this.#n,
      nonce: randomToken(),
      limit: LIMIT,
      mode: this.#modeNow(),
      acknowledged: this.#acknowledged,
    };
    const answer = await ask("v1/feed", this.#asked);
    const page = { answer, asked: { ...this.#asked, previous: this.#previous } };
    this.#asked = null;
    this.#n += 1;
    this.#previous = answer.receipt.commitment;
    this.#saw(answer.receipt.index);
    return page;
  }

  // Tell what was done with a video of a page; the index under which the journal has it.
  tell(page, position, action, watched = 0) {
    const at = Date.now();
    return this.#inTurn(async () => {
      const event = await this.#session.signed({
        viewer: this.#viewer,
        id: randomToken(),
        page: page.answer.receipt.index,
        position,
        video: page.answer.videos[position].video.id,
        action,
        watched,
        at,
      });
      const [result] = await this.#sent([event]);
      if (result.index === undefined) throw new Refused(result.status, result.error, result.message);
      this.#saw(result.index);
      return result.index;
    });
  }

  // Sent again where nothing came back: an event counts once under its id.
  async #sent(events) {
    for (let tries = 1; ; tries += 1) {
      try {
        return (await send("v1/events", { events })).results;
      } catch (error) {
        if (tries === TRIES || (error.status !== 0 && error.status !== 503)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 400 * tries));
      }
    }
  }

  #inTurn(work) {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  #saw(index) {
    this.#acknowledged = Math.max(this.#acknowledged, index + 1);
  }
}

// The pages of one session, one after another, and what the viewer did with them: the platform is told in the order in
// which it was done, before the next page is asked for.

import { ask, Refused, send } from "./api.js";
import { randomToken } from "./encoding.js";

const LIMIT = 8;
const TRIES = 3;

export class Pages {
  #viewer;
  #session;
  #n = 0;
  #nonce = randomToken();
  #previous = null;
  #acknowledged = 0;
  #last = Promise.resolve();

  constructor(viewer, session) {
    this.#viewer = viewer;
    this.#session = session;
  }

  // The next page: the answer, what was asked, and the page before. Asked again after a failure, it is the same one.
  next() {
    return this.#inTurn(async () => {
      const asked = {
        viewer: this.#viewer,
        session: this.#session.name,
        n: this.#n,
        nonce: this.#nonce,
        limit: LIMIT,
        acknowledged: this.#acknowledged,
      };
      const answer = await ask("v1/feed", asked);
      const page = { answer, asked: { ...asked, previous: this.#previous } };
      this.#n += 1;
      this.#nonce = randomToken();
      this.#previous = answer.receipt.commitment;
      this.#saw(answer.receipt.index);
      return page;
    });
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

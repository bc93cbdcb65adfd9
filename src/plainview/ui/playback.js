// The time of a video that plays: how far it is, and how long it was watched. There is no film yet, so time is all that
// plays; it stands still while the page is hidden or paused, and begins anew at the end.

export class Playback {
  #duration;
  #moved;
  #watched = 0;
  #since = null;
  #frame = 0;

  // `moved` is called with the share of the duration that is over and the milliseconds that are.
  constructor(duration, moved) {
    this.#duration = duration;
    this.#moved = moved;
  }

  get playing() {
    return this.#since !== null;
  }

  play() {
    if (this.playing) return;
    this.#since = performance.now();
    const draw = () => {
      this.#show();
      this.#frame = requestAnimationFrame(draw);
    };
    draw();
  }

  pause() {
    if (!this.playing) return;
    this.#watched = this.#total();
    this.#since = null;
    cancelAnimationFrame(this.#frame);
    this.#show();
  }

  // Milliseconds watched since this was asked last, what was watched again counted again.
  taken() {
    const watched = Math.floor(this.#total());
    this.#watched = 0;
    if (this.playing) this.#since = performance.now();
    return watched;
  }

  #total() {
    return this.#watched + (this.playing ? performance.now() - this.#since : 0);
  }

  #show() {
    const over = this.#total() % this.#duration;
    this.#moved(over / this.#duration, over);
  }
}

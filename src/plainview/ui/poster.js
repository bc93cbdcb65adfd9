// The poster of a video of which no film is stored: a pattern that follows from its creator, its tags, its sound and
// its own number, so that one video always looks the same, and videos of one creator alike.

import { drawing } from "./element.js";

const WIDTH = 90;
const HEIGHT = 160;
const SHAPES = ["arcs", "bars", "dots", "waves"];

export function poster(video) {
  const next = numbersFrom(video.id);
  const creator = numbersFrom(video.creator);
  const hue = Math.floor(creator() * 360);
  const other = (hue + 40 + Math.floor(creator() * 60)) % 360;
  const tag = video.tags[0] ?? video.sound;
  const shape = SHAPES[Math.floor(numbersFrom(tag + 7)() * SHAPES.length)];
  const view = { class: "poster", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "xMidYMid slice" };
  return drawing(
    "svg",
    { ...view, "aria-hidden": "true" },
    drawing("rect", { width: WIDTH, height: HEIGHT, fill: `oklch(0.32 0.07 ${hue})` }),
    DRAWN[shape](next, (lightness) => `oklch(${lightness} 0.09 ${next() < 0.65 ? hue : other})`),
  );
}

const DRAWN = {
  arcs(next, colour) {
    const [x, y] = [WIDTH * next(), HEIGHT * (0.2 + 0.5 * next())];
    return many(9, (at) =>
      drawing("circle", {
        cx: x,
        cy: y,
        r: 12 + at * 14,
        fill: "none",
        "stroke-width": 2 + 7 * next(),
        stroke: colour(0.36 + 0.03 * at),
      }),
    );
  },
  bars(next, colour) {
    const lean = 40 * next() - 20;
    return drawing(
      "g",
      { transform: `rotate(${lean} ${WIDTH / 2} ${HEIGHT / 2})` },
      many(11, (at) =>
        drawing("rect", {
          x: -30,
          y: -20 + at * 19,
          width: 150,
          height: 3 + 12 * next(),
          fill: colour(0.34 + 0.2 * next()),
        }),
      ),
    );
  },
  dots(next, colour) {
    return many(54, (at) =>
      drawing("circle", {
        cx: 8 + (at % 6) * 15,
        cy: 8 + Math.floor(at / 6) * 18,
        r: 1 + 6 * next(),
        fill: colour(0.36 + 0.22 * next()),
      }),
    );
  },
  waves(next, colour) {
    const swing = 6 + 12 * next();
    return many(10, (at) => {
      const y = 4 + at * 17;
      const path = `M-5 ${y} C 25 ${y - swing}, 60 ${y + swing}, 95 ${y} V ${y + 20} H -5 z`;
      return drawing("path", { d: path, fill: colour(0.32 + 0.025 * at) });
    });
  },
};

function many(count, draw) {
  return drawing(
    "g",
    {},
    Array.from({ length: count }, (_, at) => draw(at)),
  );
}

// Numbers from 0 to 1, the same for the same seed (mulberry32).
function numbersFrom(seed) {
  let state = ((seed % 2 ** 32) ^ Math.floor(seed / 2 ** 32)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// The seal: a ring of four arcs, one for each step of checking a page, and a word, since colour alone says nothing.

import { drawing } from "./element.js";
import { HELD, REFUTED } from "./seal.js";

const GAP = 10; // degrees between two arcs
const RADIUS = 10;

export const wordOf = (steps) => {
  if (steps.some((step) => step.state === REFUTED)) return "Does not hold";
  const held = steps.filter((step) => step.state === HELD).length;
  return held === steps.length ? "Checked" : `${held} of ${steps.length}`;
};

export function sealRing(steps) {
  const arcs = steps.map((step, at) => drawing("path", { d: arc(at, steps.length), class: `arc ${step.state}` }));
  const refuted = steps.some((step) => step.state === REFUTED);
  const whole = steps.every((step) => step.state === HELD);
  const mark = refuted ? "M12 7.5v5.5M12 16v.1" : whole ? "M8.3 12.3l2.6 2.6 4.8-5.3" : null;
  return drawing(
    "svg",
    { class: "icon seal-ring", viewBox: "0 0 24 24", "aria-hidden": "true" },
    arcs,
    mark === null ? null : drawing("path", { d: mark, class: `mark ${refuted ? REFUTED : HELD}` }),
  );
}

// A ring of one share, for time that runs.
export function timeRing() {
  const length = 2 * Math.PI * RADIUS;
  const run = drawing("circle", { class: "run", cx: 12, cy: 12, r: RADIUS, "stroke-dasharray": length });
  const ring = drawing("svg", { class: "time-ring", viewBox: "0 0 24 24", "aria-hidden": "true" });
  ring.append(drawing("circle", { class: "track", cx: 12, cy: 12, r: RADIUS }), run);
  return { ring, show: (share) => run.setAttribute("stroke-dashoffset", length * (1 - share)) };
}

function arc(at, count) {
  const width = 360 / count;
  const [x0, y0] = point(at * width + GAP / 2);
  const [x1, y1] = point((at + 1) * width - GAP / 2);
  return `M${x0} ${y0} A${RADIUS} ${RADIUS} 0 0 1 ${x1} ${y1}`;
}

function point(degrees) {
  const turned = ((degrees - 90) * Math.PI) / 180;
  return [12 + RADIUS * Math.cos(turned), 12 + RADIUS * Math.sin(turned)].map((one) => one.toFixed(2));
}

// Pictures of the buttons: strokes on a field of 24 by 24, in the colour of the text.

import { drawing } from "./element.js";

const PATHS = {
  like: "M12 20.3 4.6 13a4.8 4.8 0 0 1 6.8-6.8l.6.6.6-.6a4.8 4.8 0 0 1 6.8 6.8z",
  follow:
    "M9.5 11.5a3.7 3.7 0 1 0 0-7.4 3.7 3.7 0 0 0 0 7.4zM3 20c.4-3.6 3-5.6 6.5-5.6s6.1 2 6.5 5.6M18.5 8v6M15.5 11h6",
  share: "M12 15V4M8 7.5 12 3.5l4 4M5 12.5V19a1.5 1.5 0 0 0 1.5 1.5h11A1.5 1.5 0 0 0 19 19v-6.5",
  not_interested: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM6 6l12 12",
  why: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM9.6 9.4a2.5 2.5 0 1 1 3.6 2.6c-.8.5-1.2 1-1.2 2M12 16.8v.1",
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  close: "M6 6l12 12M18 6 6 18",
  held: "M5 12.5l4.5 4.5L19 7.5",
  open: "M12 7v5l3 2M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z",
  refuted: "M12 5v9M12 18v.2",
  save: "M12 4v11M8 11.5l4 4 4-4M5 19.5h14",
  up: "M6 14.5l6-6 6 6",
  down: "M6 9.5l6 6 6-6",
};

export function icon(name) {
  const path = drawing("path", { d: PATHS[name] });
  return drawing("svg", { class: `icon icon-${name}`, viewBox: "0 0 24 24", "aria-hidden": "true" }, path);
}

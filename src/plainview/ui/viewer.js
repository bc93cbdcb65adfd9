// Who watches: a number that the platform gave, and what they told of themselves, remembered by this browser.

import { send } from "./api.js";

const KEPT = "plainview.viewer";

// Null before the first visit.
export function rememberedViewer() {
  const kept = localStorage.getItem(KEPT);
  return kept === null ? null : JSON.parse(kept);
}

// `mode` is personal or plain: the platform remembers it, too.
export async function registerViewer(region, age, mode) {
  const { viewer } = await send("v1/viewers", { region, age, mode });
  return remember({ viewer, region, age, mode });
}

export async function chooseMode(kept, mode) {
  await send("v1/viewers", { viewer: kept.viewer, mode });
  return remember({ ...kept, mode });
}

export function forgetViewer() {
  localStorage.removeItem(KEPT);
}

function remember(viewer) {
  localStorage.setItem(KEPT, JSON.stringify(viewer));
  return viewer;
}

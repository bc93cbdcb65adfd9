// Who watches: a number that the platform gave, and what they told of themselves, remembered by this browser.

import { send } from "./api.js";

const KEPT = "plainview.viewer";

// Null before the first visit, and where what is kept cannot be read.
export function rememberedViewer() {
  try {
    return JSON.parse(localStorage.getItem(KEPT));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
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

// The viewers' app: who watches, what is shown, and what they can do.

import { addressOf, Refused } from "./api.js";
import { checkContent } from "./check.js";
import { element } from "./element.js";
import { Feed } from "./feed.js";
import { listenForKeys, showKeys } from "./keyboard.js";
import { Pages } from "./pages.js";
import { Panel } from "./panel.js";
import { makeSession } from "./session.js";
import { toast } from "./toast.js";
import {
  chooseMode,
  drawViewer,
  forgetViewer,
  isSame,
  listenForViewer,
  rememberedViewer,
  sendSetting,
} from "./viewer.js";
import { welcome } from "./welcome.js";
import { reasonOf, whyContent } from "./why.js";

const WHY = "why";
const CHECK = "check";

async function start() {
  // What is kept or shared is the platform's address, not a release's.
  const icon = document.querySelector("link[rel=icon]");
  icon.href = new URL("icon.svg", import.meta.url).href;
  history.replaceState(null, "", addressOf(""));
  const node = document.querySelector(".feed");
  let viewer = rememberedViewer() ?? (await welcome(await drawViewer()));
  const pages = new Pages(viewer.viewer, await makeSession(), () => viewer.mode);
  const panel = new Panel();

  const acts = {
    toggle: (card) => (card.playback.playing ? card.pause() : card.play()),
    like: (card) => once(card, "like", "like", "Liked. The next page takes it up."),
    follow: (card) => follow(card),
    not_interested: (card) => once(card, "not_interested", "not_interested", "Fewer like this, from the next page on."),
    share: (card) => share(card),
    why: (card) => open(WHY, "Why this video", card),
    seal(card) {
      feed.checkSoon();
      return open(CHECK, "Check this page", card);
    },
    unknown() {
      forgetViewer(viewer);
      location.reload();
    },
    less: (card) => acts.not_interested(card),
    never({ video: { creator } }) {
      const said = `Creator ${creator} is kept off your pages.`;
      return choose("block", "unblock", creator, said, (video) => video.creator === creator);
    },
    mute: (_, tag) =>
      choose("mute", "unmute", tag, `#${tag} is kept off your pages.`, (video) => video.tags.includes(tag)),
  };

  const feed = new Feed(node, pages, acts, (card) => {
    reasonOf(card)
      .then(({ sentence }) => card.because(sentence))
      .catch(() => {});
    if (panel.kind !== null) refresh(panel.kind, card);
  });

  async function content(kind, card) {
    if (kind === CHECK) return checkContent(card, feed.stepsOf(card));
    try {
      return whyContent(card, await reasonOf(card), acts);
    } catch (error) {
      return [Object.assign(document.createElement("p"), { className: "problem", textContent: error.message })];
    }
  }

  async function open(kind, title, card) {
    panel.open(kind, title, await content(kind, card));
  }

  async function refresh(kind, card) {
    const made = await content(kind, card);
    if (panel.kind === kind && feed.current === card)
      panel.show(kind === WHY ? "Why this video" : "Check this page", made);
  }

  // Done once with a video; what is refused is taken back, and said.
  async function once(card, button, action, said) {
    if (card.isPressed(button)) return;
    card.press(button, true);
    try {
      await pages.tell(card.page, card.position, action);
      toast(said);
    } catch (error) {
      card.press(button, false);
      toast(error.message);
    }
  }

  async function follow(card) {
    const { creator } = card.video;
    if (card.isPressed("follow")) {
      card.press("follow", false);
      return set("unfollow", creator, `You follow creator ${creator} no more.`);
    }
    return once(card, "follow", "follow", `You follow creator ${creator}.`);
  }

  async function share(card) {
    const { id, caption, creator } = card.video;
    const text = `${caption || "A video"} (video ${id} by creator ${creator} on Plainview)`;
    const url = addressOf("");
    try {
      if (navigator.share) await navigator.share({ text, url });
      else await navigator.clipboard.writeText(`${text} ${url}`);
    } catch (error) {
      if (error.name !== "AbortError") toast("Your browser does not let it be shared or copied."); // else they left it
      return;
    }
    await pages.tell(card.page, card.position, "share").catch(() => {});
    toast(navigator.share ? "Shared." : "Copied: its caption and number, and this platform's address.");
  }

  // Videos of which `out` is true are not to come any more: not those either that are loaded already.
  async function choose(setting, back, target, said, out) {
    if (!(await set(setting, target, said, () => set(back, target, "Taken back.")))) return;
    feed.dropAhead((card) => out(card.video));
    feed.fill();
  }

  async function set(setting, target, said, undo = null) {
    try {
      await sendSetting(viewer, setting, target);
      toast(said, undo);
      return true;
    } catch (error) {
      toast(error.message);
      return false;
    }
  }

  const modes = [...document.querySelectorAll("input[name=mode]")];
  const showMode = () => modes.forEach((one) => (one.checked = one.value === viewer.mode));

  async function changeMode(mode) {
    try {
      viewer = await chooseMode(viewer, mode);
      toast(
        mode === "personal"
          ? "For You goes by what you watch and like."
          : "For You goes by nothing that you did: each receipt shows it.",
      );
      await feed.startAnew();
    } catch (error) {
      toast(error.message);
    }
    showMode();
  }

  // What another tab has changed holds here, too.
  function follows(kept) {
    if (!isSame(kept, viewer)) return location.reload();
    const before = viewer.mode;
    viewer = kept;
    showMode();
    if (viewer.mode !== before) feed.startAnew().catch((error) => toast(error.message));
  }

  listenForViewer(follows);
  modes.forEach((one) => one.addEventListener("change", () => changeMode(one.value)));
  document.querySelector(".keys").addEventListener("click", showKeys);
  document
    .querySelectorAll("[data-go]")
    .forEach((one) => one.addEventListener("click", () => feed.go(Number(one.dataset.go))));
  const current = Object.entries(acts).map(([name, act]) => [name, () => feed.current && act(feed.current)]);
  listenForKeys({
    ...Object.fromEntries(current),
    next: () => feed.go(1),
    before: () => feed.go(-1),
    mode: () => changeMode(viewer.mode === "personal" ? "plain" : "personal"),
    hints: showKeys,
    close: () => panel.close(),
  });
  showMode();
  document.body.dataset.ready = "";
  await feed.load();
}

async function startHere() {
  if (!isSecureContext) {
    return say("This address is not safe enough: browsers check signatures only over HTTPS, or at localhost.");
  }
  try {
    await start();
  } catch (error) {
    if (error.name === "NotSupportedError") {
      return say("This app cannot go on here: it needs a browser of 2025 or later, with Ed25519.");
    }
    const unreachable = error instanceof Refused && (error.status === 0 || error.status >= 500);
    const again = element("button", { type: "button", class: "strong", onclick: () => location.reload() }, "Try again");
    say(unreachable ? error.message : `This app cannot go on here: ${error.message}`, again);
  }
}

const say = (text, again = null) =>
  document.querySelector(".instead").replaceChildren(...[element("p", { role: "alert" }, text), again].filter(Boolean));

startHere();

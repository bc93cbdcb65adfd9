// The first visit: what the platform wants to know, what it is for, and the choice whether For You goes by a profile.

import { ask } from "./api.js";
import { element } from "./element.js";
import { releaseManifest } from "./releases.js";
import { listenForViewer, registerViewer, rememberedViewer } from "./viewer.js";

const AGES = { "13-15": "13 to 15", "16-17": "16 or 17", "18+": "18 or over", unknown: "not said" };

// Whom was drawn, once they have chosen; or whom another tab keeps by then.
export async function welcome(drawn) {
  const { release } = await ask("health");
  const { configuration } = await releaseManifest(release);
  return new Promise((resolve) => {
    const problem = element("p", { class: "problem", role: "alert" });
    const region = field("Region", regionNames(configuration.regions), suggestedRegion(configuration.regions));
    const age = field("Age", Object.entries(AGES), "unknown");
    const dialog = element(
      "dialog",
      { class: "welcome", "aria-labelledby": "welcome", oncancel: (event) => event.preventDefault() },
      element("h2", { id: "welcome" }, "A feed that you can check"),
      element(
        "p",
        {},
        "Every page has a receipt. Your browser holds it against a public log, and says why each video is there.",
      ),
      element("div", { class: "fields" }, region, age),
      element(
        "p",
        { class: "small" },
        "They keep out what is not meant for you. What you watch is recorded under a number, not a name.",
      ),
      element("h3", {}, "What may For You go by?"),
      element(
        "div",
        { class: "choices" },
        choice("personal", "Personal", "By what you watch and like here."),
        choice("plain", "Not personal", "By nothing you did: what is popular and new."),
      ),
      element("p", { class: "small" }, "One tap changes this at any time."),
      problem,
    );

    let choosing = false; // what is chosen here is said of whom another tab keeps, too

    function end(viewer) {
      stopListening();
      dialog.remove();
      resolve(viewer);
    }

    function choice(mode, name, means) {
      const start = async () => {
        if (choosing) return;
        choosing = true;
        problem.textContent = "";
        try {
          end(await registerViewer(drawn, valueOf(region), valueOf(age), mode));
        } catch (error) {
          choosing = false;
          problem.textContent = error.message;
        }
      };
      return element(
        "button",
        { type: "button", class: "choice", value: mode, onclick: start },
        element("strong", {}, name),
        element("span", {}, means),
      );
    }

    const stopListening = listenForViewer((kept) => choosing || end(kept));
    const kept = rememberedViewer();
    if (kept !== null) return end(kept);
    document.body.append(dialog);
    dialog.showModal();
  });
}

const valueOf = (labelled) => labelled.querySelector("select").value;

function field(name, options, chosen) {
  const choices = options.map(([value, text]) => element("option", { value, selected: value === chosen }, text));
  return element("label", {}, name, element("select", {}, choices));
}

// Those that the release knows; the first stands for everywhere else.
function regionNames([elsewhere, ...regions]) {
  const names = new Intl.DisplayNames(["en"], { type: "region" });
  const named = regions.map((code) => [code, names.of(code)]).sort(([, one], [, other]) => one.localeCompare(other));
  return [...named, [elsewhere, "Elsewhere"]];
}

function suggestedRegion(regions) {
  const here = new Intl.Locale(navigator.language).region;
  return regions.includes(here) ? here : regions[0];
}

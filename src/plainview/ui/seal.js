// What this browser checks of a page by itself, one after another: that the receipt is what was shown, that the log has
// it, that independent witnesses saw that log, that the partner ran the page again.

import { ask, askText } from "./api.js";
import { chartersOf, hasEnded, reachesQuorum } from "./charters.js";
import { toBase64url } from "./encoding.js";
import { isIncluded, parseCheckpoint, parseProof } from "./log_proofs.js";
import { isReadable, parseNote, signersOf } from "./notes.js";
import { entryOf, openReceipt, otherThan } from "./receipts.js";

const ANCHOR = "plainview.charter";

export const HELD = "held"; // it was checked, and is so
export const OPEN = "open"; // it cannot be said yet, or not here
export const REFUTED = "refuted"; // it was checked, and is not so

export const STEPS = [
  {
    title: "Your receipt matches what you saw",
    proves:
      "The record in the journal is of the page that your browser asked for and shows, to the video and its place.",
  },
  {
    title: "The log contains it",
    proves: "The record stands in the platform's public log. Taking it out or changing it would show.",
  },
  {
    title: "Independent witnesses saw that log",
    proves:
      "Others than the operator have signed that this very log only ever grew: you are not shown one of your own.",
  },
  {
    title: "The partner ran it again",
    proves: "The designated third party computed this page again, from the approved algorithm and the recorded inputs.",
  },
];

export const UNPROVEN =
  "Not shown by any of this: that the algorithm is fair, that who acts in its data is human, or that this app is " +
  "the one that was approved. No program can vouch for itself: for that the partner's own viewers fetch its files. " +
  "Your browser took the log's first charter from this platform at your first visit: compare its digest, below, with " +
  "the one that the parties have published.";

// The digest of the log's first charter, as this browser took it when it first saw one; null before. All rests on it.
export const anchor = () => localStorage.getItem(ANCHOR);

// No step is taken yet.
export const untaken = () => STEPS.map(() => ({ state: OPEN, says: "This comes next." }));

// The four steps of one page, as `{state, says}`. `shown` is as `otherThan` takes it, `before` are the steps as they
// were: one that held stays so while it cannot be asked again. `told` is called whenever one was taken.
export async function checkPage(page, shown, before, told) {
  const steps = [...before];
  const take = async (at, work) => {
    let step;
    try {
      step = { state: HELD, says: await work() };
    } catch (error) {
      const state = error instanceof Open || error.status !== undefined ? OPEN : REFUTED;
      step = { state, says: error.message };
    }
    if (step.state !== OPEN || steps[at].state !== HELD) steps[at] = step;
    told(steps);
    return step.state;
  };
  const { receipt } = page.answer;
  const found = {};
  const first = await take(0, async () => {
    found.page = await openReceipt(receipt);
    const labelled = page.answer.videos.map((video) => Boolean(video.label));
    const other = otherThan(found.page, page.asked, shown, labelled);
    if (other !== null) throw new Error(other);
    return `Record ${receipt.index}: ${shown.length} videos in this order, by the digest ${short(receipt.commitment)}`;
  });
  if (first !== HELD) return skipped(steps, 1, first, told);
  const second = await take(1, () => included(receipt, found));
  if (second !== HELD) return skipped(steps, 2, second, told);
  await take(2, () => witnessed(found));
  await take(3, () => ranAgain(receipt, found));
  return steps;
}

// What cannot be said yet.
class Open extends Error {}

// The steps from that one on, which rest on one that is open or refuted now.
function skipped(steps, from, why, told) {
  for (let at = from; at < steps.length; at += 1) {
    if (why === OPEN && steps[at].state === HELD) continue;
    steps[at] = { state: OPEN, says: "It rests on the line above." };
  }
  told(steps);
  return steps;
}

async function included(receipt, found) {
  const charters = await chartersOf(await ask("v1/charters"));
  found.charters = charters;
  if (anchor() === null) localStorage.setItem(ANCHOR, charters[0].digest);
  else if (anchor() !== charters[0].digest) {
    throw new Error(
      "The log's first charter is another than when you first came here. If you set this platform up anew yourself, " +
        "clear what your browser keeps of it. If not, this is a second log: keep the receipt.",
    );
  }
  if (!charters.some((charter) => charter.index === found.page.charter)) {
    throw new Error("The receipt names a charter that the log does not show.");
  }
  const head = parseCheckpoint(parseNote(await askText("log/checkpoint")).text);
  if (receipt.index >= head.size) throw new Open("It is promised, and not published yet: that takes a second or two.");
  const proof = parseProof(await askText(`v1/pages/${receipt.index}/proof`));
  const { policy } = (found.charter = charters.at(-1));
  const signers = await signersOf(
    proof.note,
    policy.logs.map((log) => log.key),
  );
  if (proof.origin !== found.charter.origin || !signers.length)
    throw new Error("The log's own key has not signed its root.");
  const path = [proof.size, proof.root, proof.hashes];
  if (proof.index !== receipt.index || !(await isIncluded(entryOf(receipt), receipt.index, ...path))) {
    throw new Error("The proof does not lead from your page to the root that the log has signed.");
  }
  found.proof = proof;
  const root = short(toBase64url(proof.root));
  return `Entry ${receipt.index} of ${proof.size}: ${proof.hashes.length} hashes lead to the signed root ${root}`;
}

async function witnessed({ charter, proof }) {
  const { policy } = charter;
  if (policy.quorum === "none") throw new Open("The charter names no witness: only the operator has signed this log.");
  const signed = await signersOf(
    proof.note,
    policy.witnesses.map((one) => one.key),
  );
  const names = policy.witnesses.filter((one) => signed.some((by) => by.key === one.key)).map((one) => one.name);
  if (!reachesQuorum(policy, names)) {
    if (policy.witnesses.some((one) => !isReadable(one.key))) {
      throw new Open("Some witnesses sign with ML-DSA-44, which browsers cannot check yet. `plainview verify` can.");
    }
    throw new Error(`Its charter asks for more witnesses than have signed it: ${names.join(", ") || "none"}.`);
  }
  const last = new Date(Math.max(...signed.map((one) => one.time)) * 1000);
  const when = last.toLocaleString("en-GB");
  return `Cosigned by ${names.join(", ")}, last at ${when}, as asked for by the charter ${short(charter.digest)}`;
}

// What the partner said of it: a finding speaks of one record, a verification of all pages below one, in counts since
// the log's first record. So a page was found to be the same where these counts leave no room for another verdict.
async function ranAgain(receipt, { charters, proof }) {
  const acts = (await actsSoFar()).filter((one) => one.counts);
  const findings = acts.filter((one) => one.said.act === "finding");
  const own = findings.find((one) => one.said.record === String(receipt.index));
  if (own) {
    await checkAct(own, charters, proof);
    throw new Error(`The partner found something wrong with this page: ${own.said.text}`);
  }
  const verifications = acts.filter((one) => one.said.act === "verification").map(countsOf);
  if (!verifications.length) throw new Open("No partner has announced anything in this log yet.");
  const covers = (one) => one.upto > receipt.index;
  const before = verifications.findLast((one) => !covers(one)) ?? NOTHING;
  const differ = findings.filter((one) => one.said.text.startsWith(RERUN));
  let left = null;
  for (const verification of verifications.filter(covers)) {
    await checkAct(verification.act, charters, proof);
    for (const since of new Set([NOTHING, before])) {
      const elsewhere = differ.filter(({ said: { record } }) => since.upto <= record && record < verification.upto);
      const records = new Set(elsewhere.map((one) => one.said.record));
      const differing = verification.differing - since.differing;
      if (verification.inconclusive !== since.inconclusive || differing !== records.size) continue;
      for (const act of [since.act, ...elsewhere]) if (act) await checkAct(act, charters, proof);
      const from = since.upto ? ` and from record ${since.upto} on` : "";
      const well = differing ? `${differing} of which differ, each another than yours` : "none of which differs";
      const which = `all pages below record ${verification.upto}${from}`;
      return `Record ${verification.act.index}, signed by the partner: ${which}, ${well}`;
    }
    left = verification;
  }
  if (left === null) {
    throw new Open(
      "It runs pages again all the time, and announces every hour or so how far it came. Yours is not among them yet.",
    );
  }
  throw new Open(
    `Record ${left.act.index}, signed by the partner: of all pages so far, not necessarily yours, ${left.differing} ` +
      `differ and ${left.inconclusive} are without a verdict.`,
  );
}

const RERUN = "computed again, "; // so begins what is found by running a page again: other findings are not counted

const NOTHING = { act: null, upto: 0, differing: 0, inconclusive: 0 }; // had been run again when the log began

const countsOf = (act) => ({
  act,
  upto: Number(act.said.upto),
  differing: Number(act.said.differing),
  inconclusive: Number(act.said.inconclusive),
});

const known = [];
let reading = Promise.resolve();

// All acts of the log, as the platform shows them; what it showed once is not asked for again.
function actsSoFar() {
  reading = reading
    .catch(() => {})
    .then(async () => {
      let from = known.length ? known.at(-1).index + 1 : 0;
      while (from !== null) {
        const { acts, next } = await ask("v1/acts", { from });
        const after = known.at(-1)?.index ?? -1;
        const fresh = acts.filter((one) => one.index > after);
        known.push(...fresh.map((one) => ({ ...one, said: linesOf(parseNote(one.note).text) })));
        from = next;
      }
      return known;
    });
  return reading;
}

const linesOf = (text) =>
  Object.fromEntries(
    text
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ (.*)/s).slice(0, 2)),
  );

// That an auditor's key has signed an act, which had not ended when it was put in, and that the log has it.
async function checkAct(act, charters, proof) {
  const note = parseNote(act.note);
  const charter = charters.findLast((one) => one.index < act.index);
  const counting = charter.parties.filter((party) => party.role === "auditor" && !hasEnded(party, act.time));
  const auditors = counting.map((party) => party.key);
  if (!(await signersOf(note, auditors)).length) throw new Error("What is said of it, no auditor's key has signed.");
  if (linesOf(note.text).log !== charter.origin) throw new Error("What is said of it was said of another log.");
  if (act.index >= proof.size)
    throw new Open("The partner has spoken of it just now, and the log shows that in a moment.");
  const { entry, hashes } = await ask(`v1/acts/${act.index}/proof`, { size: proof.size });
  const said = JSON.parse(entry);
  const path = [
    act.index,
    proof.size,
    proof.root,
    hashes.map((one) => Uint8Array.from(atob(one), (c) => c.charCodeAt(0))),
  ];
  const alike = said.k === "act" && said.p.time === act.time && said.p.note === act.note && said.p.counts;
  if (!alike || !(await isIncluded(entry, ...path))) {
    throw new Error("What is said of it is not in the log.");
  }
}

const short = (digest) => `${digest.slice(0, 6)}\u2026${digest.slice(-4)}`;

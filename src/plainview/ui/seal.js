// What this browser checks of a page by itself, one after another: that the receipt is what was shown, that the log has
// it, that independent witnesses saw that log, that the partner ran the page again.

import { ask, askText } from "./api.js";
import { chartersOf, reachesQuorum } from "./charters.js";
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
  "the one that was approved. No program can vouch for itself: for that the partner's own viewers fetch its files.";

// The digest of the log's first charter, as this browser took it when it first saw one; null before. All rests on it.
export const anchor = () => localStorage.getItem(ANCHOR);

// The four steps of one page, as `{state, says}`. `shown` is as `otherThan` takes it.
// `told` is called whenever one was taken.
export async function checkPage(page, shown, told) {
  const steps = STEPS.map(() => ({ state: OPEN, says: "This comes next." }));
  const take = async (at, work) => {
    try {
      const says = await work();
      steps[at] = says instanceof Open ? { state: OPEN, says: says.message } : { state: HELD, says };
    } catch (error) {
      const state = error instanceof Open || error.status !== undefined ? OPEN : REFUTED;
      steps[at] = { state, says: error.message };
    }
    told(steps);
    return steps[at].state;
  };
  const { receipt } = page.answer;
  const found = {};
  const first = await take(0, async () => {
    found.page = await openReceipt(receipt);
    const other = otherThan(found.page, page.asked, shown);
    if (other !== null) throw new Error(other);
    return `Record ${receipt.index}: ${shown.length} videos in this order, by the digest ${short(receipt.commitment)}`;
  });
  if (first !== HELD) return skipped(steps, told, "It rests on the line above.");
  const second = await take(1, () => included(receipt, found));
  if (second !== HELD) return skipped(steps, told, "It rests on the line above.");
  await take(2, () => witnessed(found));
  await take(3, () => rerun(receipt, found));
  return steps;
}

// What cannot be said yet.
class Open extends Error {}

function skipped(steps, told, says) {
  const from = steps.findIndex((step) => step.state !== HELD) + 1;
  for (let at = from; at < steps.length; at += 1) steps[at] = { state: OPEN, says };
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

// The first announcement that covers it: it stands behind the page, since it cannot speak of what is not there yet.
async function rerun(receipt, { charters, proof }) {
  let from = receipt.index + 1;
  while (from !== null) {
    const { acts, next } = await ask("v1/acts", { from });
    for (const act of acts.filter((one) => one.counts)) {
      const said = linesOf(parseNote(act.note).text);
      if (said.act === "finding" && said.record === String(receipt.index)) {
        await checkAct(act, charters, proof);
        throw new Error(`The partner found something wrong with this page: ${said.text}`);
      }
      if (said.act !== "verification" || Number(said.upto) <= receipt.index) continue;
      await checkAct(act, charters, proof);
      if (said.differing !== "0")
        throw new Error(`Of the ${said.pages} pages that it ran again, ${said.differing} differ.`);
      const word = `Record ${act.index}, signed by the partner: all ${said.pages} pages below record ${said.upto}`;
      if (said.inconclusive !== "0") throw new Open(`${word}, ${said.inconclusive} of them without a verdict`);
      return `${word}, none of which differs`;
    }
    from = next;
  }
  throw new Open(
    "It runs pages again all the time, and announces every hour or so how far it came. Yours is not among them yet.",
  );
}

const linesOf = (text) =>
  Object.fromEntries(
    text
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ (.*)/s).slice(0, 2)),
  );

// That an auditor's key has signed an act, and that the log has it.
async function checkAct(act, charters, proof) {
  const note = parseNote(act.note);
  const charter = charters.findLast((one) => one.index < act.index);
  const auditors = charter.parties.filter((party) => party.role === "auditor").map((party) => party.key);
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
  if (said.k !== "act" || said.p.note !== act.note || !said.p.counts || !(await isIncluded(entry, ...path))) {
    throw new Error("What is said of it is not in the log.");
  }
}

const short = (digest) => `${digest.slice(0, 6)}\u2026${digest.slice(-4)}`;

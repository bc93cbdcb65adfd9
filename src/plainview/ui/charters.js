// Whose word counts for the log: its charters, each signed by those whom the one before names, and whose key has not ended
// by the time of its record, as the platform says it.

import { bytesOf, sha256, toBase64url } from "./encoding.js";
import { parseKey, parseNote, signersOf } from "./notes.js";

const AGREEING = ["operator", "licensor", "partner"];

// The charters of an answer of /v1/charters, each with the index from which on it holds and its digest. Throws where
// one is not in force after the one before.
export async function chartersOf(answer) {
  const charters = [];
  for (const { index, time, note } of answer.charters) {
    if (!Number.isSafeInteger(time)) throw new Error(`the charter at record ${index} has no time`);
    charters.push({ index, ...(await opened(parseNote(note), time, charters.at(-1))) });
  }
  if (!charters.length || charters[0].index !== 0) throw new Error("the log has no first charter");
  return charters;
}

// Whether a party's key has ended at a journal time: from then on nothing counts that it signed, whenever it did.
export const hasEnded = ({ until }, time) => until !== null && time >= until;

async function opened(note, time, before) {
  const charter = await parsed(note.text);
  if (charter.previous !== (before?.digest ?? "none") || charter.number !== (before?.number ?? -1) + 1) {
    throw new Error(`charter ${charter.number} does not follow on the one before`);
  }
  if (before && charter.origin !== before.origin) throw new Error("an amendment is of another log");
  const ended = charter.parties.find((party) => hasEnded(party, time));
  if (ended) throw new Error(`charter ${charter.number} has the key ${ended.key.name} of the ${ended.role}, which has ended`);
  const deciding = before ?? charter;
  const known = [...deciding.parties, ...charter.parties].map((party) => party.key);
  const signed = new Set((await signersOf(note, known)).map((one) => one.key.text));
  for (const role of AGREEING) {
    const counts = (party) => party.role === role && signed.has(party.key.text) && !hasEnded(party, time);
    if (!(deciding.parties.filter(counts).length >= deciding.quorums[role]))
      throw new Error(`charter ${charter.number} lacks signatures of its ${role}`);
  }
  const old = new Set(before?.parties.filter((party) => !hasEnded(party, time)).map((party) => party.key.text));
  if (before && charter.parties.some((party) => !old.has(party.key.text) && !signed.has(party.key.text))) {
    throw new Error(`charter ${charter.number} names a key that has not signed it`);
  }
  return charter;
}

async function parsed(text) {
  const [title, ...lines] = text.trimEnd().split("\n");
  if (title !== "plainview/charter/v1") throw new Error("it is no charter");
  const charter = { parties: [], quorums: {}, policy: { logs: [], witnesses: [], groups: [], quorum: "" } };
  const policy = lines.indexOf("policy");
  for (const line of lines.slice(0, policy)) {
    const [what, ...rest] = line.split(" ");
    if (what === "party") charter.parties.push(await parsedParty(rest));
    else if (what === "quorum") charter.quorums[rest[0]] = Number(rest[1]);
    else if (what === "number") charter.number = Number(rest[0]);
    else if (what === "previous" || what === "origin") charter[what] = rest[0];
  }
  for (const line of lines.slice(policy + 1)) {
    const [what, name, ...rest] = line.split(" ");
    if (what === "log") charter.policy.logs.push({ key: await parseKey(name), url: rest[0] });
    else if (what === "witness") charter.policy.witnesses.push({ name, key: await parseKey(rest[0]), url: rest[1] });
    else if (what === "group") charter.policy.groups.push({ name, threshold: rest[0], members: rest.slice(1) });
    else if (what === "quorum") charter.policy.quorum = name;
    else throw new Error(`charter ${charter.number}: a line of its policy is none`);
  }
  return { ...charter, digest: toBase64url(await sha256(bytesOf(text))) };
}

// `until` in Unix milliseconds, null where the key has no end.
async function parsedParty([role, key, ...end]) {
  const [word, until, ...more] = end;
  if (end.length && (word !== "until" || !/^(0|[1-9]\d{0,15})$/.test(until) || more.length)) {
    throw new Error(`the end of a key of the ${role} is none`);
  }
  return { role, key: await parseKey(key), until: end.length ? Number(until) : null };
}

// Whether cosignatures of witnesses, by their names in the policy, are enough for it.
export function reachesQuorum(policy, names) {
  const met = new Set(["none", ...names]);
  for (const { name, threshold, members } of policy.groups) {
    const needed = threshold === "all" ? members.length : threshold === "any" ? 1 : Number(threshold);
    if (members.filter((member) => met.has(member)).length >= needed) met.add(name);
  }
  return met.has(policy.quorum);
}

"""E. Oversight itself (controls 38 to 44)."""

from __future__ import annotations

import msgspec

from plainview.ledger.errors import LedgerError
from plainview.ledger.policies import NO_QUORUM
from plainview.oversight.controls.bearing import WORD
from plainview.oversight.controls.evidence import Evidence, fields_of
from plainview.oversight.controls.verdicts import Cited, Verdict, cited, met, not_applicable, not_met, some
from plainview.oversight.reports.checking import Held, check_report
from plainview.oversight.reports.report import PUBLIC
from plainview.records.fields import DASHES, DigestOrDashes

REPORT_DAYS = 31
"""Days of journal time at most from a page that is in no report to the newest record."""
REPORTED = REPORT_DAYS * 86_400_000
TIERS = ("partner", "sealed")
"""Fields of a manifest that commit to what is not public; DASHES where there is nothing."""


def duties(e: Evidence) -> Verdict:
    """38."""
    holders: dict[bytes, tuple[str, int]] = {}
    for index, charter in e.charters:
        keys = [(one.role, one.key) for one in charter.parties]
        keys += [("log", one.key) for one in charter.policy.logs]
        keys += [("witness", one.key) for one in charter.policy.witnesses]
        for role, key in keys:
            before, where = holders.setdefault(key.public, (role, index))
            if before != role:
                said = f"the key {key.name} is the {before}'s by record {where:,} and the {role}'s by record {index:,}"
                return not_met(said, cited("charter", [where, index]))
    last = e.standing.charter
    if not last.policy.witnesses:
        return not_met("nobody's duty is to witness: the charter in force names no witness", _charters(e))
    for role in ("partner", "auditor"):
        left = len(last.keys_of(role, e.newest))
        if left < last.quorum_of(role).number:
            told = "; ".join(one.end_told() for one in last.ended(e.newest) if one.role == role)
            return not_met(f"too few keys of the {role} are left to do what is its duty: {told}", _charters(e))
    approving, auditing, witnessing = (
        len(keys)
        for keys in (last.keys_of("partner", e.newest), last.keys_of("auditor", e.newest), last.policy.witnesses)
    )
    return met(
        f"approving ({some(approving, 'key')}), auditing ({auditing:,}), witnessing ({witnessing:,}): no "
        "key ever had two roles",
        _charters(e),
    )


def watched(e: Evidence) -> Verdict:
    """39."""
    if e.wrong:
        index, kind, why = e.wrong[0]
        return not_met(f"record {index:,} was taken down as what it is not: {why}", cited(kind, [index]))
    if e.foreign.count:
        return not_met("the log has accesses by the auditor's key that its program never made", e.foreign)
    if left := [one for one in e.own if one.record is None and not one.left]:
        return not_met(
            f"{some(len(left), 'act')} of the partner's own log not in the operator's as mirrored; the first is act "
            f"{left[0].place:,}, a {left[0].kind}"
        )
    there = cited("act", [one.record for one in e.own if one.record is not None])
    accesses = e.kind("access")
    if not there.count and not accesses.count:
        return not_applicable("the partner has done nothing yet")
    return met(
        f"{some(there.count, 'act')} of the partner's own log, all in the operator's; private records asked for "
        f"{some(accesses.count, 'time')}, written down there",
        there,
        accesses,
    )


def tiers(e: Evidence) -> Verdict:
    """40."""
    if not e.releases:
        return not_applicable("no release was ever in charge")
    kept: list[int] = []
    for index, release in e.releases:
        said = fields_of(release.manifest)
        for name in TIERS:
            if name not in said:
                return not_met(f"the manifest of record {index:,} has no {name} part", cited("release", [index]))
            try:
                msgspec.convert(said[name], DigestOrDashes)
            except msgspec.ValidationError:
                what = f"the {name} part of the manifest of record {index:,} is not committed to by a digest"
                return not_met(what, cited("release", [index]))
        kept += [index] if any(said[name] != DASHES for name in TIERS) else []
    if not kept:
        return not_applicable("nothing of a release is kept back: each manifest is public as a whole")
    return met(
        f"{some(len(kept), 'manifest')} with a public part, and commitments to what is for the partner or sealed",
        cited("release", kept),
    )


def witnesses(e: Evidence) -> Verdict:
    """41."""
    policy = e.standing.charter.policy
    if policy.quorum == NO_QUORUM:
        return not_met("the charter in force asks nobody to cosign", _charters(e))
    if e.witnessed is None:
        return not_met(f"the checkpoint mirrored last does not count: {e.uncounted}", _charters(e))
    if (fewest := policy.fewest()) < 2:
        return not_met(
            "one witness alone can cosign what counts, and could be the only one who is shown it", _charters(e)
        )
    names = ", ".join(one.witness for one in e.witnessed)
    return met(
        f"it takes {fewest:,} witnesses of {len(policy.witnesses):,}; {names} have cosigned all {e.size:,} records",
        _charters(e),
    )


def offline(e: Evidence) -> Verdict:
    """42."""
    if e.witnessed is None:
        return not_met(f"by files alone the checkpoint mirrored last does not count: {e.uncounted}", _charters(e))
    return met(
        f"all {e.size:,} entries checked from the mirror's files alone, with nothing asked for",
        _charters(e),
    )


def incidents(e: Evidence) -> Verdict:
    """43: what is in any file must hold, and something that was found must follow from files."""
    announced = {one.act.file: one.index for one in e.standing.findings}
    if not e.found and not announced:
        return not_applicable("nothing was found")
    acts = cited("act", announced.values())
    for one in e.found:
        if one.unproven:
            return not_met(f"the file {one.file} proves nothing by itself: {one.unproven}", acts)
    here = {one.digest for one in e.found}
    if lost := [index for file, index in announced.items() if file not in here]:
        return not_met(f"the file that record {lost[0]:,} announces is not here", cited("act", lost))
    proofs = [one for one in e.found if one.shown]
    word = sum(one.what in WORD for one in e.found if not one.shown)
    again = len(e.found) - len(proofs) - word
    left = [f"{some(again, 'file')} of what computing again or judging the whole log shows"] if again else []
    left += [f"{some(word, 'file')} of the partner's word"] if word else []
    apart = f"{' and '.join(left)}, on records that they prove"
    if not proofs:
        return not_met(f"nothing that was found follows from files alone: {apart}", acts)
    others = f" and {len(proofs) - 1:,} more" if len(proofs) > 1 else ""
    said = f"what was found lies in {some(len(proofs), 'file')} that anybody can check: {proofs[0].file}{others}"
    return met(f"{said}; beside {apart}" if left else said, acts)


def reports(e: Evidence) -> Verdict:
    """44."""
    acts, announced = e.standing.reports, {one.act for one in e.own if one.kind == "report"}
    own = [one for one in acts if one.act in announced]
    placed = cited("act", [one.index for one in own])
    files, wrong = {one.report.number: one for one in e.reports}, {one.index for one in e.wrong}
    for act in own:
        if (found := files.get(act.act.number)) is None:
            return not_met(f"report {act.act.number:,}, which record {act.index:,} announces, is not here", placed)
        report, auditors = found.report, e.charter_at(act.index).keys_of("auditor")
        if e.opened < report.upto:
            return not_met(f"{report.what} does not recompute: only records below {e.opened:,} were opened", placed)
        root = e.roots.get(act.act.upto, b"")
        held = Held(act.act.log, e.standing, wrong, root, found.counting, opened=True)
        try:
            check_report(found.note, report, held, auditors)
        except LedgerError as error:
            return not_met(str(error), placed)
    upto = acts[-1].act.upto if acts else 0
    first = e.pages.all.below(upto)
    # An idle platform's partner announces no verification to report by.
    if first < len(e.pages.all.times) and e.newest - e.pages.all.times[first] > REPORTED:
        page = f"the page of record {e.pages.all.indexes[first]:,} is older than {REPORT_DAYS} days"
        return not_met(f"{page}, and in no report that was announced", placed)
    if not acts:
        return not_applicable("no report is due yet, and none was announced")
    others = f"{some(len(acts) - len(own), 'report')} that others announced, with whom they lie"
    if not own:
        return not_applicable(f"the log has {others}, and none of this partner's")
    last = files[own[-1].act.number].report
    public = sum(one.mark == PUBLIC for one in last.numbers)
    said = (
        f"{some(len(own), 'report')} signed by the auditor, whose numbers recompute; of the {len(last.numbers):,} of "
        f"the last, on records {last.start:,} to {last.upto - 1:,}, anybody can recompute {public:,}"
    )
    return met(f"{said}; beside {others}" if len(own) < len(acts) else said, placed)


def _charters(e: Evidence) -> Cited:
    return cited("charter", [one.index for one in e.charters])

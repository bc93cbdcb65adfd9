"""A. What may rank, and where it comes from (controls 1 to 10)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from plainview.feed.configuration import Configuration, Manifest
from plainview.ledger.acts import Approval, Emergency
from plainview.ledger.attestations import PRETENDED, apart, cpu_model
from plainview.ledger.charters import digest_text
from plainview.ledger.standing import Grant
from plainview.moderation.rules.pack import rules_of
from plainview.oversight.controls.coverage import unverified, verified
from plainview.oversight.controls.evidence import Evidence, fields_of, training_of
from plainview.oversight.controls.verdicts import Verdict, cited, met, not_applicable, not_met, some
from plainview.records.codec import RecordError, decode
from plainview.records.digests import arrays_digest
from plainview.records.fields import to_bytes, to_text

SUITES = ("quality", "amplification", "suppression")
"""What a release's tests are about, by words in the names of their suites."""
NO_PARAMETERS = to_text(arrays_digest({}))
"""Of a release that brings none: all that it computes with was learned from the journal."""


def manifest(e: Evidence) -> Verdict:
    """1."""
    if not e.releases:
        return not_applicable("no release was ever in charge")
    for index, release in e.releases:
        if left := _unnamed(release.manifest, release.digest):
            return not_met(f"the manifest of record {index:,} {left}", cited("release", [index]))
        try:
            rules_of(release)
        except ValueError as error:
            return not_met(f"the policies of record {index:,} cannot be told: {error}", cited("release", [index]))
    unbound = e.pages.checks["bound"]
    if unbound.broken.count:
        return not_met(unbound.why, unbound.broken)
    return met(
        "each release's manifest names all that can influence a page, under the release's digest",
        e.kind("release"),
    )


def approved(e: Evidence) -> Verdict:
    """2."""
    asked = e.pages.checks["rests_on_acts"]
    if asked.broken.count:
        return not_met(asked.why, asked.broken)
    if not asked.kept.count:
        without = (
            f", and {e.pages.refused.count:,} were the baseline's for want of one" if e.pages.refused.count else ""
        )
        return not_applicable(f"no page was ranked by an approved release{without}")
    refused = f"; {e.pages.refused.count:,} others were the baseline's" if e.pages.refused.count else ""
    return met(
        f"{some(asked.kept.count, 'personal page')}, each on acts that let its release rank just there{refused}",
        cited("act", e.pages.last_use),
        asked.kept,
        e.pages.refused,
    )


def builds(e: Evidence) -> Verdict:
    """3."""
    approvals = _approvals(e)
    if not approvals:
        return not_applicable("no release was approved")
    goldens = {one.digest: str(fields_of(one.manifest).get("golden", "")) for _, one in e.releases}
    used: list[int] = []
    for grant in approvals:
        name, charter = digest_text(grant.act.release), e.charter_at(grant.index)
        built = [one for one in e.standing.builds if one.act.release == grant.act.release and one.index < grant.index]
        places = cited("act", [one.index for one in built])
        if pretended := next((one for one in built if one.act.cpu == PRETENDED), None):
            return not_met(f"the builder of record {pretended.index:,} says of its CPU: {PRETENDED}", places)
        pairs = [(key, cpu_model(one.act.cpu)) for one in built for key in one.keys]
        if (number := apart(pairs)) < (least := charter.quorum_of("builder").number):
            return not_met(f"{number} of {least} builders on CPUs of their own have built release {name}", places)
        said = {to_text(one.act.golden) for one in built} | {golden for golden in [goldens.get(name)] if golden}
        if len(said) > 1:
            return not_met(f"builders and manifest of release {name} differ on its golden vectors", places)
        used += [one.index for one in built]
    return met(
        "before each approval builders on different CPUs computed the manifest's golden vectors",
        cited("act", used),
    )


def emergencies(e: Evidence) -> Verdict:
    """4."""
    grants = [one for one in e.standing.grants if isinstance(one.act, Emergency)]
    if not grants:
        return not_applicable("there was no emergency")
    acts = cited("act", [one.index for one in grants])
    asked = e.pages.checks["within_emergency"]
    if asked.broken.count:
        return not_met(asked.why, asked.broken)
    verified = max((one.act.upto for one in e.standing.verifications), default=0)
    for grant in grants:
        what, last = f"the emergency of record {grant.index:,}", e.pages.last_use.get(grant.index)
        bounds = e.charter_at(grant.index).bounds
        if grant.until - grant.act.begins > bounds.emergency_limit or grant.act.scope.share > bounds.emergency_share:
            return not_met(f"{what} is for longer or for more than the charter allows", acts)
        if grant.over(e.time) and not grant.reviewed:
            return not_met(f"{what} is over, and was not reviewed", acts)
        if grant.over(e.time) and last is not None and last >= verified:
            return not_met(f"{what} is over, and its pages were not re-run: record {last:,} is the last", acts)
    return met(
        f"{some(len(grants), 'emergency', 'emergencies')} within the charter's bounds, reviewed where over; "
        f"{some(asked.kept.count, 'page')} on them",
        acts,
        asked.kept,
    )


def scoped(e: Evidence) -> Verdict:
    """5."""
    asked = e.pages.checks["within_scope"]
    if asked.broken.count:
        return not_met(asked.why, asked.broken)
    if not asked.kept.count:
        return not_applicable("no page was ranked by an approved release")
    return met(
        f"{some(asked.kept.count, 'personal page')}, each in the scope of what it rests on",
        cited("act", [one.index for one in e.standing.grants if one.index in e.pages.last_use]),
        asked.kept,
    )


def stopped(e: Evidence) -> Verdict:
    """6."""
    if not e.standing.revocations:
        return not_applicable("no release was revoked")
    acts = cited("act", [one.index for one in e.standing.revocations])
    asked = e.pages.checks["after_stops"]
    if asked.broken.count:
        return not_met(asked.why, acts, asked.broken)
    revoked = {one.act.release: one.index for one in e.standing.revocations}
    ended = [one.index for one in e.standing.grants if one.index < revoked.get(one.act.release, 0)]
    last = [e.pages.last_use[index] for index in ended if index in e.pages.last_use]
    use = f"record {max(last):,} is the last page on what that ended" if last else "no page ever rested on it"
    return met(f"{some(len(revoked), 'release')} revoked; {use}", acts, cited("page", last, "the last"))


def licensor(e: Evidence) -> Verdict:
    """7."""
    for index, charter in e.charters:
        keys = {key.public for key in charter.keys_of("licensor")}
        for number, other in e.charters:
            both = [one for one in other.parties if one.role != "licensor" and one.key.public in keys]
            if both:
                said = (
                    f"{both[0].key.name} is the licensor's by record {index:,} and the {both[0].role}'s by {number:,}"
                )
                return not_met(said, cited("charter", [index, number]))
    names = {key.name for _, charter in e.charters for key in charter.keys_of("licensor")}
    reads = [one.index for one in e.accesses if one.record.by in names]
    if reads:
        return not_met(f"the licensor asked for private records by record {reads[0]:,}", cited("access", reads))
    if not e.standing.submissions:
        return not_applicable("the licensor has handed nothing in")
    return met(
        f"{some(len(e.standing.submissions), 'release')} handed in by the licensor, whose keys do nothing else and "
        "have opened nothing",
        cited("charter", [one.index for one in e.charters]),
        cited("act", [one.index for one in e.standing.submissions]),
    )


def training(e: Evidence) -> Verdict:
    """8."""
    epochs = e.kind("epoch")
    if not epochs.count:
        return not_applicable("nothing was learned yet")
    for index, release in e.releases:
        if wrong := _untaught(release.manifest, e):
            return not_met(f"the release of record {index:,} brings parameters, and {wrong}", cited("release", [index]))
    last = verified(e)
    if last is None or not (learned := e.epochs.below(last.act.upto)):
        return not_met("the partner has not said that it learned anything again", epochs)
    if short := unverified(e):
        return short
    if last.act.inconclusive:
        return not_met("the partner could not run a release that learned", cited("act", [last.index]))
    return met(
        f"of {some(epochs.count, 'epoch')} the partner learned the {learned:,} below record {last.act.upto:,} again, "
        "to the same digests",
        epochs,
        cited("act", [last.index]),
    )


def origins(e: Evidence) -> Verdict:
    """9."""
    refusals = e.kind("refusal")
    if not e.origins and not e.rows and not refusals.count:
        return not_applicable("no data set was brought in")
    if e.unadmitted:
        index, name = next(iter(e.unadmitted.items()))
        said = f"nobody had let the data set {name} in when record {index:,} took it up"
        return not_met(said, cited("origin", e.unadmitted))
    if e.stray:
        return not_met(f"record {e.stray[0].first[0]:,} is of a data set that no record has taken up", *e.stray)
    for index, origin in e.origins:
        most = e.standing.admitted(origin.origin, to_bytes(origin.digest), origin.licence) or 0
        if (rows := e.rows.get(origin.origin, 0)) > most:
            said = f"{rows:,} records are of the data set {origin.origin}, and {most:,} were let in"
            return not_met(said, cited("origin", [index]))
    return met(
        f"{some(sum(e.rows.values()), 'record')} of {some(len(e.origins), 'data set')} let in before; "
        f"others refused {some(refusals.count, 'time')}",
        cited("act", [one.index for one in e.standing.admissions]),
        e.kind("origin"),
        refusals,
    )


def tested(e: Evidence) -> Verdict:
    """10."""
    approvals = _approvals(e)
    if not approvals:
        return not_applicable("no release was approved")
    used: list[int] = []
    for grant in approvals:
        release, at = grant.act.release, e.times[grant.index]
        auditors = set(e.charter_at(grant.index).keys_of("auditor", at))
        results = [
            one
            for one in e.standing.results
            if one.act.release == release and one.act.passed and one.index < grant.index and one.keys & auditors
        ]
        places = [one.index for one in results]
        suites = [one.act.suite.casefold() for one in results]
        left = [word for word in SUITES if not any(word in suite for suite in suites)]
        if left:
            told = f"no test of {', '.join(left)} was passed before the approval of record {grant.index:,}"
            return not_met(told, cited("act", [*places, grant.index]))
        used += places
    return met("the auditor's tests were passed before each approval", cited("act", used))


def _approvals(e: Evidence) -> list[Grant]:
    return [one for one in e.standing.grants if isinstance(one.act, Approval)]


def _untaught(manifest: str, e: Evidence) -> str:
    """Why parameters that a release brings cannot be learned again; empty where they can, or it brings none."""
    if fields_of(manifest).get("parameters") == NO_PARAMETERS:
        return ""
    training = training_of(manifest)
    if not training:
        return "does not say what they were learned from"
    if training.get("log") != e.standing.charter.origin:
        return "they were learned from another log"
    roots = {size: to_text(root) for size, root in e.roots.items()}
    for size, root in (("start", "before"), ("upto", "root")):
        if type(at := training.get(size)) is not int or at not in roots or roots[at] != training.get(root):
            return "they were learned from records that this log has not"
    return ""


def _unnamed(manifest: str, digest: str) -> str:
    """What is wrong with a release's manifest, as its bytes say it; empty where nothing is."""
    if to_text(hashlib.sha256(manifest.encode("utf-8", "surrogatepass")).digest()) != digest:
        return "is not the one whose digest its release has"
    if left := list(_missing(manifest)):
        return f"does not name its {', '.join(left)}"
    try:
        decode(Manifest, manifest.encode("utf-8", "surrogatepass"))
    except RecordError as error:
        return f"cannot be read as one of this version: {error}"
    return ""


def _missing(manifest: str) -> Iterator[str]:
    """What a manifest of this version names, and this one does not."""
    said = fields_of(manifest)
    yield from (name for name in Manifest.__struct_fields__ if name not in said)
    settings = said.get("configuration")
    if isinstance(settings, dict):
        yield from (name for name in Configuration.__struct_fields__ if name not in settings)

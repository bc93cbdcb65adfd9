from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from plainview.ledger.acts import Emergency
from plainview.ledger.attestations import PRETENDED
from plainview.ledger.charters import Party
from plainview.ledger.scopes import Scope
from plainview.oversight.controls.coverage import LAG
from plainview.oversight.controls.evidence import Evidence, InForce
from plainview.oversight.controls.pages import Places
from plainview.oversight.controls.verdicts import State
from plainview.records.fields import to_text
from tests.oversight.controls.town import Case, Town, check, row_of


def manifest(town: Town, digest: bool = True, **changes: Any) -> Evidence:
    """The manifest of the release with other fields, those left out that are None; and its digest, or the old one."""
    (one,) = town.of("release")
    said = msgspec.json.decode(one.record.manifest) | changes
    left = {name: value for name, value in said.items() if value is not None or name not in changes}
    text = msgspec.json.encode(left).decode()
    made = to_text(hashlib.sha256(text.encode()).digest()) if digest else one.record.digest
    return town.with_({one.index: replace(one.record, manifest=text, digest=made)})


TAUGHT = to_text(b"\6" * 32)
"""Digest of parameters."""


def trained(town: Town, **changes: Any) -> Evidence:
    """The release brings parameters that were learned between two trees whose roots are known."""
    (start, before), *_, (upto, root) = sorted(town.evidence.roots.items())
    said = {"log": town.evidence.standing.charter.origin, "start": start, "upto": upto}
    roots = {"before": to_text(before), "root": to_text(root)}
    return manifest(town, parameters=TAUGHT, training=said | roots | changes)


def nulls(town: Town) -> Evidence:
    """The manifest of the release names all, and says nothing."""
    (one,) = town.of("release")
    text = msgspec.json.encode(dict.fromkeys(msgspec.json.decode(one.record.manifest))).decode()
    made = to_text(hashlib.sha256(text.encode()).digest())
    return town.with_({one.index: replace(one.record, manifest=text, digest=made)})


def epoch_waits(town: Town) -> Evidence:
    """An epoch stands above what was verified, and the journal goes on for hours."""
    evidence, (*_, last) = town.evidence, town.evidence.standing.verifications
    epochs = Places(evidence.epochs.indexes[:], evidence.epochs.times[:])
    epochs.add(evidence.size - 1, evidence.newest)
    assert last.act.upto < evidence.size
    return replace(evidence, epochs=epochs, newest=evidence.newest + LAG + 1)


def builds(town: Town, **changes: Any) -> Evidence:
    """The last build says something else."""
    *others, last = town.evidence.standing.builds
    return town.where(builds=(*others, replace(last, act=replace(last.act, **changes))))


def suites(town: Town, *names: str) -> Evidence:
    """The suites that were passed have other names."""
    results = town.evidence.standing.results
    return town.where(
        results=tuple(replace(one, act=replace(one.act, suite=name)) for one, name in zip(results, names, strict=True))
    )


def auditor_ended(town: Town, after: int) -> Evidence:
    """The auditor's key ended so many milliseconds after the approval, by each charter; or before, or then."""
    until = town.evidence.times[town.act("approval").index] + after
    charters = tuple(
        one._replace(
            charter=replace(
                one.charter,
                parties=tuple(
                    replace(party, until=until) if party.role == "auditor" else party for party in one.charter.parties
                ),
            )
        )
        for one in town.evidence.charters
    )
    return replace(town.evidence, charters=charters)


def emergency(town: Town, **changes: Any) -> Evidence:
    grants = town.evidence.standing.grants
    return town.where(
        grants=tuple(replace(one, **changes) if isinstance(one.act, Emergency) else one for one in grants)
    )


def late_emergency(town: Town) -> Evidence:
    """A page rests on the emergency after its end."""
    index = next(one.index for one in town.evidence.standing.grants if isinstance(one.act, Emergency))
    one = next(one for one in town.of("page") if index in one.record.grounds)
    return town.with_({one.index: replace(one.record, time=one.record.time + 10_000)})


def after_stop(town: Town) -> Evidence:
    """Where the baseline's page after the revocation stands, the last personal page stands."""
    stop, page = town.act("revocation"), town.page()
    one = next(one for one in town.of("page") if one.index > stop.index)
    return town.with_({one.index: replace(page.record, time=one.record.time)})


def read_by_licensor(town: Town) -> Evidence:
    """The licensor asks for private records."""
    (key,) = town.evidence.standing.charter.keys_of("licensor")
    (one,) = town.of("access")
    return town.with_({one.index: replace(one.record, by=key.name)})


def licensor_builds(town: Town) -> Evidence:
    """A later charter has the licensor's key as a builder's."""
    index, charter = town.evidence.charters[-1]
    (key,) = charter.keys_of("licensor")
    other, _ = charter.keys_of("builder")
    parties = [one for one in charter.parties if one.key not in (key, other)]
    made = [*parties, Party("licensor", other), Party("builder", key)]
    roles = ("operator", "licensor", "partner", "builder", "auditor")
    later = replace(charter, parties=tuple(sorted(made, key=lambda one: roles.index(one.role))))
    return replace(town.evidence, charters=(*town.evidence.charters, InForce(index + 1, later)))


def without(town: Town, kind: str, act: str = "") -> Evidence:
    """A record, or an act, that was never written down."""
    one = town.act(act) if act else town.of(kind)[-1]
    return town.with_({one.index: None})


def verified_pages(town: Town) -> int:
    """That the last verification counts."""
    return town.evidence.standing.verifications[-1].act.pages


CASES = [
    Case(1, lambda town: manifest(town, digest=False, golden="x"), "is not the one whose digest its release has"),
    Case(1, lambda town: manifest(town, source=None), "does not name its source"),
    Case(1, lambda town: manifest(town, configuration={"sources": []}), "does not name its name, regions, candidates"),
    Case(1, lambda town: manifest(town, golden="x"), "cannot be read as one of this version: Manifest"),
    Case(1, nulls, "cannot be read as one of this version: Manifest"),
    Case(1, lambda town: manifest(town, golden=TAUGHT), "the log has no manifest of its release"),
    Case(1, lambda town: town.found("re-run", "bounds: release"), "the partner found: something"),
    Case(2, lambda town: town.with_(town.resigned("approval", "auditor")), "may not rank"),
    Case(2, lambda town: town.on_page(grounds=(1,)), "it rests on records 1, and what lets it rank is"),
    Case(2, lambda town: town.on_page(release=to_text(bytes(32))), "was not submitted"),
    Case(2, lambda town: town.found("re-run", "bounds: licence"), "the partner found"),
    Case(2, lambda town: town.found("re-run", "scoring: like"), "the partner found"),
    Case(3, lambda town: builds(town, cpu="epyc   9B14"), "1 of 2 builders on CPUs of their own"),
    Case(3, lambda town: builds(town, cpu=PRETENDED), "says of its CPU: another model, pretended"),
    Case(3, lambda town: builds(town, golden=bytes(32)), "differ on its golden vectors"),
    Case(3, lambda town: builds(town, release=bytes(32)), "1 of 2 builders"),
    Case(4, lambda town: emergency(town, reviewed=False), "is over, and was not reviewed"),
    Case(4, lambda town: emergency(town, until=10**15), "for longer or for more than the charter allows"),
    Case(4, lambda town: town.where(verifications=()), "its pages were not re-run"),
    Case(4, late_emergency, "the emergency of record"),
    Case(
        5, lambda town: town.with_(town.resigned("approval", "partner", scope=Scope(("DE",), None, 10**6))),
        "is not for region",
    ),
    Case(
        5, lambda town: town.with_(town.resigned("approval", "partner", scope=Scope(None, (7,), 10**6))),
        "is not for surface 0",
    ),
    Case(5, lambda town: town.on_page(grounds=()), "it rests on no approval and no emergency"),
    Case(6, after_stop, "its release was revoked by record"),
    Case(
        6,
        lambda town: town.found("swallowed", "act 3", act=town.act("revocation").record.note),
        "the partner found",
    ),
    Case(7, read_by_licensor, "the licensor asked for private records"),
    Case(7, licensor_builds, "is the licensor's by record"),
    Case(8, lambda town: without(town, "act", "verification"), "has not said that it learned anything again"),
    Case(8, lambda town: replace(town.evidence, roots={}), "verifies another log than this"),
    Case(
        8,
        lambda town: town.with_(
            town.resigned("verification", "auditor", identical=verified_pages(town) - 1, inconclusive=1)
        ),
        "could not run a release that learned",
    ),
    Case(8, lambda town: replace(town.evidence, opened=town.evidence.opened - 50), "mirrored only those below record"),
    Case(8, epoch_waits, "has waited for more than 2 hours"),
    Case(8, lambda town: manifest(town, parameters=TAUGHT), "does not say what they were learned from"),
    Case(8, lambda town: trained(town, log="other.example"), "they were learned from another log", trained),
    Case(8, lambda town: trained(town, upto=5), "records that this log has not", trained),
    Case(8, lambda town: trained(town, before=to_text(bytes(32))), "records that this log has not", trained),
    Case(8, lambda town: town.found("re-run", "epoch: delta"), "the partner found"),
    Case(9, lambda town: without(town, "act", "admission"), "nobody had let the data set panel in"),
    Case(9, lambda town: without(town, "origin"), "is of a data set that no record has taken up"),
    Case(9, lambda town: town.with_(town.resigned("admission", "partner", rows=1)), "2 records are of the data set"),
    Case(9, lambda town: town.found("re-run", "bounds: origin"), "the partner found"),
    Case(10, lambda town: suites(town, "quality", "speed"), "no test of amplification, suppression was passed"),
    Case(10, lambda town: auditor_ended(town, 0), "no test of quality, amplification, suppression was passed",
         lambda town: auditor_ended(town, 1)),
    Case(10, lambda town: town.where(results=()), "no test of quality, amplification, suppression was passed"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}: {case.said[:40]}")
def test_what_is_met_can_be_not_met(town: Town, case: Case) -> None:
    check(town, case)


@pytest.mark.parametrize("number", range(1, 11))
def test_nothing_is_met_where_nothing_has_happened(town: Town, number: int) -> None:
    charter, *_ = town.records
    only = town.with_({one.index: None for one in town.records if one.index != charter.index})
    said = row_of(only, number).verdict
    assert (said.state, said.records) == (State.NOT_APPLICABLE, ())


@pytest.mark.parametrize("said", [7, [], {"start": []}, {"start": "x", "upto": None}])
def test_a_manifest_may_say_anything(town: Town, said: object) -> None:
    evidence = manifest(town, digest=False, parameters=[TAUGHT], training=said, golden=[], configuration=7)
    assert {row_of(evidence, number).verdict.state for number in (1, 3, 8)} == {State.NOT_MET}


def test_a_refused_page_is_told(town: Town) -> None:
    said = row_of(town.evidence, 2).verdict
    assert "3 others were the baseline's" in said.said
    assert said.records[-1].which == "the baseline's"

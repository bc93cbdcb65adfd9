from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from plainview.ledger.acts import Finding
from plainview.ledger.charters import Charter, Party
from plainview.ledger.notes import parse_note
from plainview.ledger.policies import NO_QUORUM, Group
from plainview.oversight.controls.bearing import WORD
from plainview.oversight.controls.evidence import Evidence, InForce, Own
from plainview.oversight.controls.pages import Places
from plainview.oversight.controls.verdicts import State, cited
from plainview.oversight.reports.report import Number
from plainview.records.fields import DASHES, to_text
from tests.oversight.controls.test_algorithm import manifest, nulls
from tests.oversight.controls.town import Case, Town, check, row_of
from tests.platform.parties import Parties

FILE = b"\5" * 32


def by_policy(town: Town, **changes: Any) -> Evidence:
    """The charter in force has another policy."""
    charter = town.evidence.standing.charter
    return town.where(charter=replace(charter, policy=replace(charter.policy, **changes)))


def in_force(town: Town, charter: Charter) -> Evidence:
    """A charter follows on the last."""
    index, _ = town.evidence.charters[-1]
    return replace(town.evidence, charters=(*town.evidence.charters, InForce(index + 1, charter)))


def key_ended(town: Town, role: str) -> Evidence:
    """The role's keys have ended by the time of the newest record, and no amendment has renewed them."""
    charter, until = town.evidence.standing.charter, town.evidence.newest
    parties = tuple(replace(one, until=until) if one.role == role else one for one in charter.parties)
    return town.where(charter=replace(charter, parties=parties))


def auditor_approves(town: Town) -> Evidence:
    """The key that audits becomes one of those that approve, and the other way round."""
    charter = town.evidence.standing.charter
    swapped = {"auditor": charter.keys_of("partner")[0], "partner": charter.keys_of("auditor")[0]}
    parties = tuple(Party(one.role, swapped.get(one.role, one.key)) for one in charter.parties)
    return in_force(town, replace(charter, parties=parties))


def own(town: Town, **changes: Any) -> Evidence:
    *others, last = town.evidence.own
    return replace(town.evidence, own=(*others, last._replace(**changes)))


def announced(town: Town, *found: str) -> Evidence:
    """Something was found and announced in place of a draw, and these files are here."""
    (placed,) = town.evidence.standing.draws
    act = Finding(placed.act.log, FILE, 7, "something")
    evidence = town.where(findings=(replace(placed, act=act),))
    made = town.found("re-run", digest=FILE, shown=True).found[0]
    return replace(evidence, found=tuple(replace(made, unproven=why) for why in found))


def seen(town: Town, *kinds: str, shown: tuple[str, ...] = ()) -> Evidence:
    """These were found, and each is in a file, from which it follows where it is `shown`."""
    return replace(town.evidence, found=tuple(town.found(kind, shown=kind in shown).found[0] for kind in kinds))


def announced_alone(town: Town, what: str) -> Evidence:
    """What was announced is of that kind, and does not follow from its file."""
    evidence = announced(town, "")
    return replace(evidence, found=(replace(evidence.found[0], what=what, shown=False),))


def uncounted(town: Town) -> Evidence:
    return replace(town.evidence, witnessed=None, uncounted="quorum both not reached")


def reported(town: Town, **changes: Any) -> Evidence:
    """The report's file says otherwise than it did, and is signed as it was."""
    (one,) = town.evidence.reports
    return replace(town.evidence, reports=(one._replace(report=replace(one.report, **changes)),))


def announced_again(town: Town, *numbers: Number, by: str = "auditor") -> Evidence:
    """The auditor reports these numbers, and announces that."""
    (placed,), (one,) = town.evidence.standing.reports, town.evidence.reports
    report = replace(one.report, numbers=numbers)
    act = replace(placed, act=replace(placed.act, report=report.digest()))
    note = parse_note(Parties(town.home).note(report.text(), by).encode())
    own = (*town.evidence.own, Own(99, act.act, act.index, ""))
    return replace(town.where(reports=(act,)), reports=(one._replace(report=report, note=note),), own=own)


def numbers_of(town: Town, **changes: str) -> list[Number]:
    """The report's, with these values of some."""
    (one,) = town.evidence.reports
    return [
        number._replace(value=changes.get(number.name.replace(" ", "_"), number.value)) for number in one.report.numbers
    ]


def later(town: Town, days: int, **changes: Any) -> Evidence:
    """So many days have passed since the first page that is in no report."""
    evidence = town.where(**changes)
    places, reports = evidence.pages.all, evidence.standing.reports
    first = places.times[places.below(reports[-1].act.upto if reports else 0)]
    return replace(evidence, newest=first + days * 86_400_000 + 1)


def idle(town: Town) -> Evidence:
    """No page has come since the report, and a year has passed."""
    (report,), places = town.evidence.standing.reports, town.evidence.pages.all
    count = places.below(report.act.upto)
    pages = replace(town.evidence.pages, all=Places(places.indexes[:count], places.times[:count]))
    return replace(town.evidence, pages=pages, newest=town.evidence.newest + 365 * 86_400_000)


def of_others(town: Town) -> Evidence:
    """The partner's own log announces no report."""
    return replace(town.evidence, own=tuple(one for one in town.evidence.own if one.kind != "report"))


CASES = [
    Case(38, auditor_approves, "is the auditor's by record"),
    Case(38, lambda town: by_policy(town, witnesses=(), groups=(), quorum=NO_QUORUM), "names no witness"),
    Case(38, lambda town: key_ended(town, "partner"), "too few keys of the partner are left to do what is its"),
    Case(38, lambda town: key_ended(town, "auditor"), "too few keys of the auditor are left to do what is its"),
    Case(39, lambda town: own(town, record=None), "1 act of the partner's own log not in the operator's"),
    Case(39, lambda town: town.with_(town.resigned("revocation", "auditor")), "was taken down as what it is not"),
    Case(39, lambda town: replace(town.evidence, foreign=cited("access", [town.of("access")[0].index])),
         "that its program never made"),
    Case(39, lambda town: town.found("swallowed", "act 3"), "the partner found"),
    Case(39, lambda town: town.found("access"), "the partner found"),
    Case(39, lambda town: town.found("act"), "the partner found"),
    Case(40, lambda town: manifest(town, sealed=None, partner=DASHES), "has no sealed part",
         lambda town: manifest(town, sealed=to_text(FILE), partner=DASHES)),
    Case(40, lambda town: manifest(town, sealed=DASHES, partner=None), "has no partner part",
         lambda town: manifest(town, sealed=DASHES, partner=to_text(FILE))),
    Case(40, lambda town: manifest(town, sealed=DASHES, partner=5), "the partner part of the manifest of record",
         lambda town: manifest(town, sealed=DASHES, partner=to_text(FILE))),
    Case(40, lambda town: manifest(town, sealed="x", partner=DASHES), "is not committed to by a digest",
         lambda town: manifest(town, sealed=to_text(FILE), partner=DASHES)),
    Case(40, nulls, "the partner part of the manifest of record",
         lambda town: manifest(town, sealed=to_text(FILE), partner=DASHES)),
    Case(41, lambda town: by_policy(town, groups=(Group("both", 1, ("partner", "second")),)), "one witness alone"),
    Case(41, lambda town: by_policy(town, quorum="second"), "one witness alone"),
    Case(41, lambda town: by_policy(town, quorum=NO_QUORUM), "asks nobody to cosign"),
    Case(41, uncounted, "does not count: quorum both not reached"),
    Case(41, lambda town: town.found("misbehaviour"), "the partner found"),
    Case(41, lambda town: town.found("rewritten"), "the partner found"),
    Case(42, uncounted, "does not count: quorum both not reached"),
    Case(43, lambda town: announced(town, "its proof ends elsewhere"), "proves nothing by itself: its proof ends",
         lambda town: announced(town, "")),
    *(Case(43, lambda town, kind=kind: announced_alone(town, kind), "files alone: 1 file of the partner's word, on",  # type: ignore[misc]
           lambda town: announced(town, "")) for kind in sorted(WORD)),
    Case(43, lambda town: announced_alone(town, "re-run"), "files alone: 1 file of what computing again or judging",
         lambda town: announced(town, "")),
    Case(43, announced, "announces is not here", lambda town: announced(town, "")),
    Case(44, lambda town: reported(town, numbers=tuple(numbers_of(town, epochs="1"))), "epochs is 1, and"),
    Case(44, lambda town: reported(town, number=1, numbers=tuple(reversed(numbers_of(town)))), "is not what record"),
    Case(44, lambda town: reported(town, log="other.example/log"), "is on the log 'other.example/log'"),
    Case(44, lambda town: reported(town, root=bytes(32)), "is on another history"),
    Case(44, lambda town: announced_again(town, *numbers_of(town, epochs="1234567")), "public epochs is 1234567, and",
         lambda town: announced_again(town, *numbers_of(town))),
    Case(44, lambda town: announced_again(town, *numbers_of(town, pages_plain="77")), "pages plain is 77, and 1 by",
         lambda town: announced_again(town, *numbers_of(town))),
    Case(44, lambda town: announced_again(town, *numbers_of(town)[1:]), "is not in it, and"),
    Case(44, lambda town: announced_again(town, *numbers_of(town), by="operator"), "is not signed by an auditor"),
    Case(44, lambda town: replace(town.evidence, reports=()), "announces, is not here"),
    Case(44, lambda town: replace(town.evidence, opened=3), "only records below 3 were opened"),
    Case(44, lambda town: later(town, 31), "is older than 31 days, and in no report", lambda town: later(town, 30)),
    Case(44, lambda town: later(town, 31), "is older than 31 days, and in no report", idle),
    Case(44, lambda town: later(town, 31, reports=()), "is older than 31 days, and in no report"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}: {case.said[:40]}")
def test_what_is_met_can_be_not_met(town: Town, case: Case) -> None:
    check(town, case)


def test_an_act_that_no_honest_operator_takes_is_not_missed(town: Town) -> None:
    assert row_of(own(town, record=None, left="nobody has signed it"), 39).verdict.state is State.MET


def test_a_partner_that_did_nothing_is_not_watched(town: Town) -> None:
    idle = replace(town.evidence, own=(), kinds={})
    assert row_of(idle, 39).verdict.state is State.NOT_APPLICABLE


def test_a_release_that_keeps_nothing_back_needs_no_tiers(town: Town) -> None:
    public = manifest(town, sealed=DASHES, partner=DASHES)
    assert row_of(public, 40).verdict.state is State.NOT_APPLICABLE


def test_what_was_found_is_named(town: Town) -> None:
    said = row_of(announced(town, ""), 43).verdict.said
    assert said == "what was found lies in 1 file that anybody can check: re-run-7"
    both = announced(town, "", "")
    assert row_of(both, 43).verdict.said.endswith("2 files that anybody can check: re-run-7 and 1 more")


def test_the_partners_word_is_told_apart_from_proof(town: Town) -> None:
    proofs = ("broken promise", "tally")
    verdict = row_of(seen(town, "canary", *proofs, "ui", "re-run", shown=proofs), 43).verdict
    assert verdict.state is State.MET
    assert verdict.said == (
        "what was found lies in 2 files that anybody can check: broken promise-7 and 1 more; beside 1 file of what "
        "computing again or judging the whole log shows and 2 files of the partner's word, on records that they prove"
    )
    assert row_of(seen(town, "canary", "ui", "re-run"), 43).verdict.state is State.NOT_MET


def test_before_the_first_report_is_due(town: Town) -> None:
    verdict = row_of(town.where(reports=()), 44).verdict
    assert (verdict.state, verdict.said) == (
        State.NOT_APPLICABLE, "no report is due yet, and none was announced",
    )  # fmt: skip


def test_whose_report_it_is_and_of_what(town: Town) -> None:
    verdict, (one,) = row_of(town.evidence, 44).verdict, town.evidence.reports
    assert verdict.said.startswith("1 report signed by the auditor, whose numbers recompute; of the ")
    assert f" of the last, on records 0 to {one.report.upto - 1:,}, anybody can recompute " in verdict.said
    assert verdict.records[0].first == (town.act("report").index,)


def test_reports_of_others_lie_with_them(town: Town) -> None:
    verdict = row_of(of_others(town), 44).verdict
    assert (verdict.state, verdict.said) == (
        State.NOT_APPLICABLE,
        "the log has 1 report that others announced, with whom they lie, and none of this partner's",
    )
    (placed,) = town.evidence.standing.reports
    upto, act = placed.act.upto + 1, placed.act
    beside = replace(placed, act=replace(act, number=2, start=act.upto, upto=upto))
    verdict = row_of(town.where(reports=(placed, beside)), 44).verdict
    assert verdict.state is State.MET
    assert verdict.said.endswith("; beside 1 report that others announced, with whom they lie")
    assert verdict.records[0].first == (placed.index,)
    assert row_of(replace(of_others(town), newest=later(town, 31).newest), 44).verdict.state is State.NOT_MET


def test_nothing_found_is_no_incident(town: Town) -> None:
    assert row_of(town.evidence, 43).verdict.state is State.NOT_APPLICABLE

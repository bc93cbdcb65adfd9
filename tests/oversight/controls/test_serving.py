from __future__ import annotations

import hashlib
from typing import Any

import pytest
from msgspec.structs import replace

from plainview.feed import experiments
from plainview.feed.configuration import Arm, Experiment, Manifest, Weight
from plainview.ledger.policies import Witnessed
from plainview.oversight import tallies
from plainview.oversight.controls.coverage import LAG
from plainview.oversight.controls.evidence import Canaries, Counts, Evidence
from plainview.oversight.controls.pages import EXPLAINED, Places
from plainview.oversight.controls.serving import UNREVEALED
from plainview.oversight.controls.verdicts import State
from plainview.oversight.sampling import MOST_DRAWN
from plainview.records import Record
from plainview.records.codec import decode, encode
from plainview.records.fields import to_text
from tests.oversight.controls.town import Case, Town, check, row_of

EXPERIMENT = Experiment(
    name="likes", salt=to_text(bytes(16)), begins=0, until=10**15,
    arms=(Arm(name="more", share=500_000, value=(Weight(head="like", weight=900_000),)),),
)  # fmt: skip


def experimenting(town: Town, arms: tuple[str, ...] | None = None) -> Evidence:
    """The release has an experiment, and pages have their viewer's arms, or these."""
    (release,) = town.of("release")
    manifest = decode(Manifest, release.record.manifest.encode())
    configuration = replace(manifest.configuration, experiments=(EXPERIMENT,))
    data = encode(replace(manifest, configuration=configuration))
    digest = to_text(hashlib.sha256(data).digest())
    changes: dict[int, Record | None] = {release.index: replace(release.record, manifest=data.decode(), digest=digest)}
    for index, _, page, _ in town.of("page"):
        places = experiments.places(configuration, page.viewer, page.now) if page.grounds else ()
        assigned = experiments.names(configuration, places)
        changes[index] = replace(page, release=digest, arms=assigned if arms is None else arms)
    return town.with_(changes)


def canaries(town: Town, **changes: Any) -> Evidence:
    return replace(town.evidence, canaries=replace(town.evidence.canaries, **changes))


def unanswered(town: Town) -> Evidence:
    """The partner's viewers were never served."""
    return replace(town.evidence, canaries=Canaries(2, 0, 0))


def revealed(town: Town, **changes: Any) -> Evidence:
    return town.with_(town.resigned("reveal", "auditor", **changes))


def verified(town: Town, **changes: Any) -> Evidence:
    return town.with_(town.resigned("verification", "auditor", **changes))


def counted(town: Town, **changes: int) -> Evidence:
    """Of all pages so many did not come out again."""
    pages = town.evidence.standing.verifications[-1].act.pages
    return verified(town, identical=pages - sum(changes.values()), **changes)


def waiting(town: Town, long: int) -> Evidence:
    """The journal goes on for so long after the only page above what was verified."""
    evidence, (*_, last) = town.evidence, town.evidence.standing.verifications
    pages, below = evidence.pages.all, evidence.pages.all.below(last.act.upto)
    made = Places(pages.indexes[:below], pages.times[:below])
    made.add(evidence.size - 1, evidence.newest)
    here = replace(evidence.pages, all=made)
    return replace(evidence, pages=here, epochs=Places(), newest=evidence.newest + long)


def unrevealed(town: Town, long: int, upto: int = 2) -> Evidence:
    """Draws after the one that was revealed were announced that long ago."""
    (one,) = town.evidence.standing.draws
    later = tuple(replace(one, act=replace(one.act, number=number)) for number in range(2, upto + 1))
    return replace(town.where(draws=(one, *later)), newest=town.evidence.times[one.index] + long)


def overdrawn(town: Town) -> Evidence:
    """More pages were drawn than a bound is told of: as many as there are."""
    (one,) = town.evidence.standing.reveals
    drawn, made = MOST_DRAWN + 1, Places()
    for _ in range(drawn):
        made.add(0, town.evidence.newest)
    evidence = town.where(reveals=(replace(one, act=replace(one.act, pages=drawn, sampled=drawn)),))
    return replace(evidence, pages=replace(evidence.pages, all=made))


def unreadable(town: Town) -> Evidence:
    """The release's manifest is of a version that this one cannot read."""
    (release,) = town.of("release")
    text = release.record.manifest.replace('{"configuration"', '{"format":2,"configuration"', 1)
    digest = to_text(hashlib.sha256(text.encode()).digest())
    changes: dict[int, Record | None] = {release.index: replace(release.record, manifest=text, digest=digest)}
    return town.with_(changes | {one.index: replace(one.record, release=digest) for one in town.of("page")})


def without_a_page(town: Town) -> Evidence:
    """A page in the middle of a session was never written down."""
    one = next(one for one in town.of("page") if one.record.n == 1)
    return town.with_({one.index: None})


def drawn_again(town: Town) -> Evidence:
    """A draw before the one that was revealed never was."""
    (one,) = town.evidence.standing.draws
    (revealed,) = town.evidence.standing.reveals
    later = replace(one, act=replace(one.act, number=2))
    return town.where(draws=(one, later), reveals=(replace(revealed, act=replace(revealed.act, number=2)),))


def ordered(town: Town, **changes: Any) -> Evidence:
    """The last page on which an order placed a video says something else."""
    one = [one for one in town.of("page") if one.record.orders][-1]
    return town.with_({one.index: replace(one.record, **changes)})


def end_of_order(town: Town) -> Evidence:
    """The order was over before the page came."""
    (one,) = town.evidence.standing.orders
    page = [page for page in town.of("page") if page.record.orders][-1]
    return ordered(town, now=one.act.until, time=page.record.time)


def signed_once(town: Town) -> Evidence:
    (one,) = town.evidence.standing.orders
    return town.where(orders=(replace(one, keys=frozenset(list(one.keys)[:1])),))


def tallied(town: Town, **changes: Any) -> Evidence:
    """The first tally says something else."""
    one = town.of("tally")[0]
    return town.with_({one.index: replace(one.record, **changes)})


def lost(town: Town) -> Evidence:
    """Of every tally the counts were lost."""
    nothing = {"served": 0, "repeated": 0, "refused": 0, "closed": 0, "failed": 0, "rankings": 0, "thrown": ()}
    return town.with_({one.index: replace(one.record, lost=True, **nothing) for one in town.of("tally")})


def items(town: Town, mode: str, **changes: Any) -> Evidence:
    """The first video of a page has other numbers."""
    first, *others = town.page(mode).record.items
    return town.on_page(mode, items=(replace(first, **changes), *others))


CASES = [
    Case(11, lambda town: town.on_page(epoch_digest=to_text(bytes(32))), "with a digest that this epoch has not"),
    Case(11, lambda town: town.on_page(charter=1), "as the charter in force, which is record"),
    Case(11, lambda town: town.found("clock"), "the partner found"),
    Case(12, unanswered, "the partner has no viewers of its own"),
    Case(12, lambda town: town.found("canary", "shown: another page"), "the partner found"),
    Case(12, lambda town: town.found("canary", "shown: no receipt that holds came with page 2"), "the partner found"),
    Case(13, unanswered, "the partner has no viewers of its own"),
    Case(13, lambda town: canaries(town, late=2), "it has 2 not in time"),
    Case(13, lambda town: replace(town.evidence, witnessed=()), "no witness has cosigned"),
    Case(13, lambda town: replace(town.evidence, witnessed=(Witnessed("w", 0),)), "no witness has cosigned"),
    Case(13, lambda town: replace(town.evidence, witnessed=None, uncounted="too few"), "does not count: too few"),
    Case(13, lambda town: town.found("broken promise"), "the partner found"),
    Case(14, lambda town: town.where(verifications=()), "has not said yet that it re-ran any"),
    Case(14, lambda town: counted(town, differing=1), "1 differ and 0 could not be re-run"),
    Case(14, lambda town: counted(town, inconclusive=1), "0 differ and 1 could not be re-run"),
    Case(14, lambda town: verified(town, root=bytes(32)), "verifies another log than this"),
    Case(14, lambda town: verified(town, pages=0, identical=0), "has not said yet that it re-ran any"),
    Case(14, lambda town: verified(town, pages=1, identical=1), "verifies 1 page below record"),
    Case(14, lambda town: replace(town.evidence, opened=town.evidence.opened - 50), "mirrored only those below record"),
    Case(14, lambda town: waiting(town, LAG + 1), "has waited for more than 2 hours", lambda town: waiting(town, LAG)),
    Case(14, lambda town: town.found("re-run", "selection: order"), "the partner found"),
    Case(14, lambda town: town.found("opening"), "the partner found"),
    Case(15, lambda town: town.where(reveals=()), "no random draw was revealed yet"),
    Case(15, lambda town: revealed(town, differing=1), "pages of draw 1 differ"),
    Case(15, lambda town: revealed(town, root=bytes(32)), "is from another log, or of other pages"),
    Case(15, lambda town: revealed(town, pages=100), "is from another log, or of other pages"),
    Case(15, lambda town: revealed(town, sampled=0), "draw 1 was from no pages"),
    Case(15, lambda town: revealed(town, sampled=1), "draw 1 was too small: with 95 % confidence at most"),
    Case(15, overdrawn, "draw 1 was of 10,001 pages: no bound is told of over 10,000"),
    Case(15, drawn_again, "draw 1 was never revealed, and later ones were"),
    Case(15, lambda town: unrevealed(town, UNREVEALED + 1), "more than a day ago, and is not revealed",
         lambda town: unrevealed(town, UNREVEALED)),
    Case(15, lambda town: unrevealed(town, 0, 3), "draw 2 was never revealed, and later ones were announced"),
    Case(15, lambda town: town.found("draw"), "the partner found"),
    Case(16, without_a_page, "where page 1 is next, or names another page before it"),
    Case(16, lambda town: town.on_page(previous=to_text(bytes(32))), "or names another page before it"),
    Case(16, unanswered, "the partner has no viewers of its own"),
    Case(16, lambda town: town.found("canary", "journaled: an event"), "the partner found"),
    Case(16, lambda town: town.found("tally", "receipts"), "the partner found"),
    Case(16, lambda town: town.with_({one.index: None for one in town.of("tally")}), "no tally counts how often"),
    Case(16, lambda town: tallied(town, served=100), "100 requests were answered with a new page, and from record"),
    Case(16, lambda town: tallied(town, rankings=100), "100 rankings are counted, 0 that made no page, and"),
    Case(16, lambda town: tallied(town, first=7), "its range begins at record 7 and ends at"),
    Case(16, lost, "no tally counts how often"),
    Case(17, signed_once, "order 1 was signed by 1, and takes two"),
    Case(17, lambda town: ordered(town, orders=()), "1 of its videos were placed by order, and it names 0 orders"),
    Case(17, lambda town: ordered(town, orders=(2,)), "there is no order 2"),
    Case(17, lambda town: ordered(town, orders=(0,)), "there is no order 0"),
    Case(17, end_of_order, "was placed by order 1, which is from"),
    Case(17, lambda town: town.with_({town.of("order")[0].index: None}), "there is no order 1"),
    Case(17, lambda town: town.found("re-run", "receipt: orders"), "the partner found"),
    Case(17, lambda town: town.found("re-run", "value"), "the partner found"),
    Case(18, lambda town: experimenting(town, ("likes:most",)), "its arms are likes:most, and its release has",
         experimenting),
    Case(18, lambda town: experimenting(town, ()), "its arms are none, and its release has", experimenting),
    Case(18, lambda town: town.on_page(release=to_text(bytes(32)), arms=("a:b",)), "of 1 page the release's",
         experimenting),
    Case(18, unreadable, "the release's configuration cannot be read here",
         experimenting),
    Case(19, lambda town: items(town, "personal", value=0x7F000000), "nothing in this release adds to that"),
    Case(19, lambda town: items(town, "personal", source="rumour"), "no source of this release is called rumour"),
    Case(19, lambda town: town.on_page(release=to_text(bytes(32))), "of 1 of the newest"),
    Case(19, unreadable, "configuration cannot be read here"),
    Case(20, lambda town: items(town, "plain", value=1), "something was predicted, weighed or tried out for it"),
    Case(20, lambda town: town.on_page(wanted="plain"), "a plain page was wanted, and it is personal"),
    Case(20, lambda town: town.found("re-run", "viewer state: digest"), "the partner found"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}: {case.said[:40]}")
def test_what_is_met_can_be_not_met(town: Town, case: Case) -> None:
    check(town, case)


@pytest.mark.parametrize("number", range(11, 21))
def test_nothing_is_met_where_no_page_was_served(town: Town, number: int) -> None:
    served = ("page", "event", "order")
    only = town.with_({one.index: None for one in town.records if one.kind in served})
    said = row_of(only, number).verdict
    assert (said.state, said.records) == (State.NOT_APPLICABLE, ())


def test_pages_have_to_be_counted_in_time(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    assert row_of(town.with_({}), 16).verdict.state is State.MET
    monkeypatch.setattr(tallies, "OVERDUE", 0)
    first = town.of("tally")[0]
    changes: dict[int, Record | None] = {first.index: replace(first.record, upto=1, rankings=0, thrown=())}
    verdict = row_of(town.with_(changes), 16).verdict
    assert (verdict.state, [one.kind for one in verdict.records]) == (State.NOT_MET, ["page"])
    assert "are in no tally's range at record" in verdict.said


@pytest.mark.parametrize(("counted", "lost", "met"), [(95, 5, True), (94, 5, False), (1, 0, True), (0, 0, False)])
def test_few_pages_may_be_in_ranges_whose_counts_were_lost(town: Town, counted: int, lost: int, met: bool) -> None:
    evidence = replace(town.evidence, counts=Counts(counted, lost, 9, ()))
    verdict = row_of(evidence, 16).verdict
    assert (verdict.state is State.MET) == met
    assert (f"of {lost} pages the counts were lost" in verdict.said) == (met and lost > 0)


def test_only_the_newest_pages_are_explained(town: Town) -> None:
    assert 0 < len(town.of("page")) < EXPLAINED
    assert row_of(town.evidence, 19).verdict.records[0].count == len(town.of("page"))

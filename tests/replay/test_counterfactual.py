from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.feed.configuration import Configuration
from plainview.journal import Entry, JournalDamaged, JournalReader
from plainview.learning.ranker import Placed, Proposal, Served
from plainview.learning.rerun import Answers, Rerun
from plainview.ledger.frontier import Frontier
from plainview.ledger.hashing import leaf_hash
from plainview.records import Epoch, Page
from plainview.records.fields import to_text
from plainview.replay.bundled import BundleFailed
from plainview.replay.comparison import Comparison, Likeness, Named, Reach, ReleaseDiff, ServedBy, ViewersIn
from plainview.replay.counterfactual import Contender, ReleaseFailed, epochs_of, pages_of
from plainview.replay.exposure import NEW, Concentration, Exposures, Share
from plainview.replay.past import JournalPast
from plainview.replay.release_changes import Change, Changes, File, Locked
from tests.platform.forging import damage, forge
from tests.platform.second import FIRST, FIRST_DIGEST, SECOND
from tests.replay.comparisons import Begin, compared, first, paired, second
from tests.replay.replays import OTHER, of, reading


def other(configuration: Configuration, kind: type[Rerun] = Rerun) -> Begin:
    """A release that has served nothing."""

    def begin(journal: JournalReader) -> Contender:
        return Contender(OTHER, kind(configuration, OTHER, JournalPast(journal)))

    return begin


@pytest.fixture(scope="module")
def pages(entries: list[Entry]) -> list[Entry]:
    return of(entries, "page")


def test_what_a_release_served_comes_out_as_it_was_logged(served: Path, pages: list[Entry]) -> None:
    made = compared(served)
    assert made.sound
    (by,) = made.served
    assert (by.release, by.pages, by.as_logged) == (FIRST_DIGEST, len(pages), len(pages))
    exposure = made.exposure
    logged = [item for entry in pages if isinstance(entry.record, Page) for item in entry.record.items]
    assert exposure.impressions_a == len(logged)
    for rows, field in ((exposure.sources, "source"), (exposure.selectors, "selector")):
        assert {row.id: row.a for row in rows if row.a} == {
            name: sum(getattr(item, field) == name for item in logged)
            for name in {getattr(one, field) for one in logged}
        }
    assert {row.id for row in exposure.selectors} >= {"ordered", "exploration", "list"}


def test_chance_alone_makes_no_difference(served: Path) -> None:
    """Only the digest is another: the seed is the logged page's, and not this release's own."""
    made = compared(served, b=other(FIRST.configuration))
    assert made.likeness.same == made.likeness.pages == made.reach.found
    assert (made.likeness.overlap, made.likeness.rank_biased_overlap) == (1.0, 1.0)
    assert {row.difference for row in (*made.exposure.creators, *made.exposure.tags)} == {0.0}


def test_what_was_changed_is_what_differs(served: Path) -> None:
    """A release without the value of a creator's further videos halved, and nothing else."""
    spacing = replace(FIRST.configuration.spacing, decay=1_000_000, floor=1_000_000)
    made = compared(served, b=other(replace(FIRST.configuration, spacing=spacing)))
    assert 0 < made.likeness.same < made.likeness.pages
    assert made.likeness.same + made.likeness.reordered + made.likeness.others == made.likeness.pages
    assert made.exposure.concentration_b.gini > made.exposure.concentration_a.gini
    assert sum(one.likeness.pages for one in made.viewers) == made.likeness.pages
    assert [one.region for one in made.viewers] == ["DE", "US", "ZZ"]


def test_b_against_a_is_a_against_b_turned_over(served: Path) -> None:
    one, turned = compared(served), compared(served, second, first)
    assert one.likeness == turned.likeness
    assert {row.id: row.difference for row in one.exposure.creators} == {
        row.id: -row.difference for row in turned.exposure.creators
    }
    assert (one.exposure.impressions_a, one.served) == (turned.exposure.impressions_b, turned.served)


def test_plain_pages_are_the_same_by_releases_that_differ_in_what_is_personal(served: Path) -> None:
    """Every fourth viewer's: they go on in their list where the page before left it."""
    weights = tuple(replace(one, weight=-one.weight) for one in FIRST.configuration.value)
    pairs = paired(served, b=other(replace(FIRST.configuration, value=weights)))
    plain = [pair for pair in pairs if pair.page.request.mode == "plain"]
    assert any(pair.page.n for pair in plain)
    assert [pair.index for pair in plain if pair.a.items != pair.b.items] == []
    assert any(pair.a.items != pair.b.items for pair in pairs)


def test_an_interval_and_a_number_of_pages(served: Path, pages: list[Entry]) -> None:
    start, stop = pages[40].index, pages[190].index
    part = compared(served, start=start, stop=stop)
    assert (part.reach.found, part.reach.pages, part.likeness.pages) == (150, 150, 150)
    some = compared(served, start=start, stop=stop, most=50)
    assert (some.reach.found, some.reach.pages, some.served[0].as_logged) == (150, 50, 50)
    with reading(served) as journal:
        taken = pages_of(journal, epochs_of(journal, stop), start, stop, 50).pages
        whole = pages_of(journal, epochs_of(journal, stop), start, stop, None).pages
    chosen = sorted(index for indexes in taken.values() for index in indexes)
    assert chosen == sorted(index for indexes in whole.values() for index in indexes)[::3]


def test_the_report_says_of_which_journal_it_is(served: Path, entries: list[Entry]) -> None:
    with reading(served) as journal:
        hashes = [leaf_hash(leaf) for leaf in journal.leaves(0, 500)]
    reach = compared(served, stop=500, most=3).reach
    assert (reach.records, reach.root) == (500, to_text(Frontier().extend(hashes).root()))


def test_a_page_that_a_release_did_not_serve_as_logged_is_told(copy: Path, pages: list[Entry]) -> None:
    forge(copy, pages[30].index, trace=OTHER)
    made = compared(copy)
    assert not made.sound
    assert made.served[0].as_logged == len(pages) - 1


def test_pages_of_a_third_release_are_told_apart(copy: Path, pages: list[Entry]) -> None:
    for entry in pages[:7]:
        forge(copy, entry.index, release=OTHER)
    made = compared(copy)
    assert [(one.release, one.pages, one.as_logged) for one in made.served] == [
        (FIRST_DIGEST, len(pages) - 7, len(pages) - 7), (OTHER, 7, None),
    ]  # fmt: skip


@pytest.mark.parametrize("fields", [{"epoch": 4_000_000}, {"epoch": None}, {"viewer_upto": 2**40}])
def test_a_receipt_that_cites_what_cannot_be_is_left_out(
    copy: Path, pages: list[Entry], entries: list[Entry], fields: dict[str, int | None]
) -> None:
    latest = of(entries, "epoch")[-1]
    assert isinstance(latest.record, Epoch)
    assert latest.index > pages[30].index
    cited = {name: latest.record.epoch if number is None else number for name, number in fields.items()}
    forge(copy, pages[30].index, **cited)
    made = compared(copy, most=None)
    assert (made.reach.found, made.reach.left_out, made.reach.pages) == (len(pages), 1, len(pages) - 1)


def test_a_plain_page_that_goes_on_in_a_list_of_later_is_left_out(copy: Path, pages: list[Entry]) -> None:
    plain = next(one for one in pages if isinstance(one.record, Page) and one.record.request.mode == "plain")
    forge(copy, plain.index, pinned=4_000_000)
    assert compared(copy).reach.left_out == 1


def test_what_comes_after_the_interval_is_not_read(copy: Path, pages: list[Entry], entries: list[Entry]) -> None:
    last = of(entries, "epoch")[-1].index
    stop = next(page.index for page in pages[20:])
    damage(copy, last)
    assert compared(copy, stop=stop).reach.pages == 20


def test_a_damaged_record_ends_it(copy: Path, pages: list[Entry]) -> None:
    damage(copy, pages[3].index + 1)
    with pytest.raises(JournalDamaged):
        compared(copy)


class Giving(Rerun):
    """Gives something else than it computes."""

    gives: tuple[Placed, ...] = ()

    def propose(self, pages: Sequence[Served]) -> Answers[Proposal]:
        found = [Proposal(one.trace, self.gives) for one in super().propose(pages)()]
        return lambda: found


class Ending(Rerun):
    def propose(self, pages: Sequence[Served]) -> Answers[Proposal]:
        raise BundleFailed("it ended with code 3")


@pytest.mark.parametrize(
    ("gives", "told"),
    [
        ((Placed(1001, "x", "y"), Placed(1001, "x", "y")), "it gives 2 videos, 1 of them different"),
        (tuple(Placed(1000 + n, "x", "y") for n in range(9)), "it gives 9 videos, 9 of them different, and 8 were"),
        ((Placed(77, "x", "y"),), "it gives video 77, which no record has"),
    ],
)
def test_a_page_that_cannot_be_is_not_counted(served: Path, gives: tuple[Placed, ...], told: str) -> None:
    kind = type("Such", (Giving,), {"gives": gives})
    with pytest.raises(ReleaseFailed, match=f"release {OTHER}: in place of page .*{told}"):
        compared(served, b=other(SECOND.configuration, kind), most=20)


def test_a_release_that_cannot_go_on_is_named(served: Path) -> None:
    with pytest.raises(ReleaseFailed, match=f"release {OTHER} cannot be run from its bundle: it ended with code 3"):
        compared(served, b=other(SECOND.configuration, Ending), most=20)


def test_the_reference_names_every_field() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "release-diff.md").read_text(encoding="utf-8")
    structs = (ReleaseDiff, Named, Changes, Change, File, Locked, Comparison, Reach, ServedBy, Likeness, ViewersIn)
    for struct in (*structs, Exposures, Concentration, Share):
        assert [name for name in struct.__struct_fields__ if f"`{name}`" not in text] == [], struct
    assert f"fewer than {NEW} impressions" in text

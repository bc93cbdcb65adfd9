"""A journal that two releases have had in turn: each part is run again by its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT
from plainview.journal import Entry, JournalReader
from plainview.learning.rerun import RESIDENTS
from plainview.platform.application import Application
from plainview.platform.releases import bundle_of, installed, opened
from plainview.records import Event, Page, Release
from plainview.replay import bundled
from plainview.replay.bundled import Bundles
from plainview.replay.bundles import Bundle, pack, unpack
from plainview.replay.counterfactual import Contender
from plainview.replay.findings import Report
from plainview.replay.past import JournalPast
from plainview.replay.position import Place, Unusable
from plainview.replay.replay import Replay
from tests.platform.forging import copied, forge, substitute
from tests.platform.played import application
from tests.platform.played import play as played
from tests.platform.second import (
    FIRST_DIGEST,
    SECOND,
    SECOND_DIGEST,
    approve_second,
    second_installed,
    take_over,
)
from tests.platform.towns import ask, token
from tests.replay.comparisons import compared
from tests.replay.releases import running
from tests.replay.replays import KERNELS, Growing, of, reading, replayed
from tests.replay.test_going_on import ALL, together
from tests.replay.test_position import put_away

FIRST = unpack(pack(bundle_of(installed())))
SECONDS_BUNDLE = Bundles((unpack(pack(bundle_of(SECOND))),), KERNELS)
FIRSTS, SECONDS = 94, 62
"""Pages of either."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the first release served 62 pages, then the second one, then the first one 32 again; two of each
    are of one plain session."""
    path = tmp_path_factory.mktemp("both") / "home"
    session = token()

    def plain(running: Application, *numbers: int) -> None:
        for n in numbers:
            running.serving.page(ask(viewer=1, session=session, n=n, mode="plain", limit=3))

    with application(path) as one:
        plain(one, 0, 1)
        played(one, 60)
        approve_second(one)
    with second_installed(path), take_over(path) as two:
        plain(two, 2, 3)
        played(two, 60, seed=2)
    with take_over(path) as one:
        plain(one, 4, 5)
        played(one, 30, seed=3)
    return path


@pytest.fixture(scope="module")
def written(both: Path) -> list[Entry]:
    with reading(both) as journal:
        return list(journal.read())


@pytest.fixture
def copy(both: Path, tmp_path: Path) -> Path:
    return copied(both, tmp_path / "copy")


def by_second(home: Path, only: int | None = None, bundles: tuple[Bundle, ...] = (FIRST,), **options: object) -> Report:
    """Replayed where the second release is installed."""
    given = Bundles(bundles, KERNELS)
    with reading(home) as journal:
        return Replay(journal, SECOND, bundles=given, **options).run(only)  # type: ignore[arg-type]


def served_by(entries: list[Entry], release: str) -> list[Entry]:
    return [entry for entry in of(entries, "page") if entry.record.release == release]  # type: ignore[attr-defined]


@pytest.mark.timeout(900)
def test_all_of_it_comes_out_again(copy: Path, written: list[Entry]) -> None:
    report = by_second(copy)
    assert not report.differing, report.differing[:3]
    assert (report.pages, report.identical, report.inconclusive) == (FIRSTS + SECONDS, FIRSTS + SECONDS, {})
    assert report.epochs == len(of(written, "epoch"))
    assert {mode.record.request.mode for mode in served_by(written, FIRST_DIGEST)} == {"personal", "plain"}  # type: ignore[attr-defined]


@pytest.mark.timeout(900)
def test_what_a_release_brings_along_goes_with_its_bundle(copy: Path) -> None:
    report = replayed(copy, bundles=Bundles((unpack(pack(bundle_of(SECOND))),), KERNELS))
    assert (report.identical, report.differing, report.inconclusive) == (FIRSTS + SECONDS, (), {})


def test_one_whose_code_is_here_needs_no_process(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "Bundled", None)
    report = replayed(copy, bundles=Bundles((unpack(pack(bundle_of(SECOND))),), KERNELS, opened=opened))
    assert (report.identical, report.differing, report.inconclusive) == (FIRSTS + SECONDS, (), {})


def test_it_goes_on_in_any_of_their_reigns(both: Path, written: list[Entry]) -> None:
    """From where it stood; not where one has taken over and cut no epoch yet."""
    bundles = Bundles((unpack(pack(bundle_of(SECOND))),), KERNELS, opened=opened)
    cuts: dict[int, tuple[Report, Place | None]] = {}

    def rest() -> bool:
        cuts[replay.report.epochs] = replay.report, put_away(replay.place())
        return True

    with reading(both) as journal, Replay(journal, installed(), bundles=bundles, rest=rest) as replay:
        whole = together([replay.go_on(ALL)])
    starts = [sum(one.index < release.index for one in of(written, "epoch")) for release in of(written, "release")]
    assert len(starts) == 3
    for epochs in sorted({starts[1], starts[1] + 1, starts[2] + 1, max(cuts)}):
        first, place = cuts[epochs]
        if place is None:
            assert epochs == starts[1]
            continue
        with reading(both) as journal, Replay(journal, installed(), bundles=bundles) as replay:
            replay.resume(place)
            assert together([first, replay.go_on(ALL)]) == whole


@pytest.mark.timeout(900)
def test_one_in_a_process_of_its_own_says_not_where_it_stands(both: Path, written: list[Entry]) -> None:
    """So there is no position in its reign; in that of the installed one after it there is."""
    places: dict[int, Place | None] = {}

    def rest() -> bool:
        places[replay.report.epochs] = put_away(replay.place())
        return True

    with reading(both) as journal, Replay(journal, installed(), bundles=SECONDS_BUNDLE, rest=rest) as replay:
        whole = together([replay.go_on(ALL)])
    _, start, end = (
        sum(one.index < release.index for one in of(written, "epoch")) for release in of(written, "release")
    )
    assert not any(places[number] for number in range(start + 1, end))
    place = places[end + 1]
    assert place is not None
    with reading(both) as journal, Replay(journal, installed(), bundles=SECONDS_BUNDLE) as replay:
        replay.resume(place)
        assert replay.go_on(ALL).sound
    with reading(both) as journal, Replay(journal, SECOND, bundles=SECONDS_BUNDLE) as replay, pytest.raises(Unusable):
        replay.resume(place)  # the first release would need a process of its own, or is not here at all
    assert whole["identical"] == FIRSTS + SECONDS


def test_one_that_is_here_and_cannot_be_run_is_inconclusive(copy: Path) -> None:
    broken = SECOND._replace(manifest=replace(SECOND.manifest, configuration=replace(DEFAULT, scorer="none")))
    report = replayed(copy, bundles=Bundles((unpack(pack(bundle_of(SECOND))),), KERNELS, opened=lambda _: broken))
    assert report.inconclusive == {SECOND_DIGEST: SECONDS}
    assert "no scorer is called 'none'" in report.why_inconclusive[SECOND_DIGEST]


def test_without_a_bundle_its_pages_are_inconclusive_and_the_others_are_not(copy: Path) -> None:
    report = by_second(copy, bundles=())
    assert report.sound
    assert report.identical == SECONDS
    assert report.inconclusive == {FIRST_DIGEST: FIRSTS}
    assert report.why_inconclusive == {FIRST_DIGEST: "it is not installed, and its bundle was not given"}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("place", [0, 59, -1])
def test_one_page_by_the_release_that_served_it(copy: Path, written: list[Entry], place: int) -> None:
    for release in (FIRST_DIGEST, SECOND_DIGEST):
        report = by_second(copy, served_by(written, release)[place].index)
        assert (report.pages, report.identical, report.differing) == (1, 1, ())
    # Of the other's epochs it rests on none.
    assert report.epochs < len(of(written, "epoch"))


@pytest.mark.timeout(900)
def test_either_gives_its_own_pages_as_it_served_them(both: Path) -> None:
    """Plain lists that end with a release and come again with it included; out of a bundle as in this process."""
    here = compared(both)
    assert [(one.release, one.pages, one.as_logged) for one in here.served] == [
        (FIRST_DIGEST, FIRSTS, FIRSTS), (SECOND_DIGEST, SECONDS, SECONDS),
    ]  # fmt: skip
    assert 0 < here.likeness.same < here.likeness.pages

    def bundled(journal: JournalReader) -> Contender:
        bundles = Bundles((FIRST,), KERNELS)
        return Contender(FIRST_DIGEST, bundles.start(FIRST_DIGEST, JournalPast(journal), RESIDENTS, 2))

    assert compared(both, a=bundled) == here


def test_a_receipt_that_names_the_wrong_release_is_found(copy: Path, written: list[Entry]) -> None:
    of_first, of_second = served_by(written, FIRST_DIGEST)[20], served_by(written, SECOND_DIGEST)[20]
    forge(copy, of_first.index, release=SECOND_DIGEST)
    forge(copy, of_second.index, release=FIRST_DIGEST)
    report = by_second(copy, bundles=())
    found = {one.index: (one.stage, one.detail) for one in report.differing}
    for index, release in ((of_first.index, SECOND_DIGEST), (of_second.index, FIRST_DIGEST)):
        assert found[index][0] == "bounds: release"
        assert found[index][1].startswith(f"release {release} is not in charge")


@pytest.mark.timeout(900)
def test_what_was_changed_is_found_by_its_own_release(copy: Path, written: list[Entry]) -> None:
    page = served_by(written, FIRST_DIGEST)[30]
    assert isinstance(page.record, Page)
    forge(copy, page.index, items=page.record.items[:-1])
    report = by_second(copy)
    assert [(one.index, one.stage) for one in report.differing if one.index == page.index] == [
        (page.index, "selection: order")
    ]
    with reading(copy) as journal:
        event = next(entry for entry in journal.of_kind("event") if entry.index < page.index)
    assert isinstance(event.record, Event)
    forge(copy, event.index, watched=event.record.watched + 4_000)
    stages = {one.stage for one in by_second(copy).differing}
    assert any(stage.startswith("epoch") for stage in stages)


def test_a_release_that_may_not_take_charge_takes_none(copy: Path, written: list[Entry]) -> None:
    second = of(written, "release")[1]
    assert isinstance(second.record, Release)
    other = second.record.manifest.replace('"slot":2', '"slot":3')
    substitute(copy, second.index, replace(second.record, manifest=other))
    report = by_second(copy, bundles=())
    found = {one.index: one.detail for one in report.differing if one.stage in ("bounds: licence", "bounds: release")}
    assert "its manifest has digest" in found[second.index]
    assert len([index for index in found if index > second.index]) >= SECONDS  # its pages, and the first's coming back


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("sys.exit(3)", "its bundle cannot be run: it ended with code 3"),
        ("heard(); answer('ready', version=2); heard(); said(b'x')", "its bundle cannot be run: its answer is none"),
    ],
)
def test_a_bundle_that_fails_leaves_its_pages_inconclusive(copy: Path, tmp_path: Path, code: str, told: str) -> None:
    false = Pretending((running(code),), tmp_path / "kernels", 20)
    with reading(copy) as journal:
        report = Replay(journal, SECOND, bundles=false).run()
    assert (report.identical, report.differing) == (SECONDS, ())
    assert report.inconclusive == {FIRST_DIGEST: FIRSTS}
    assert report.why_inconclusive[FIRST_DIGEST].startswith(told)


def test_a_bundle_that_calls_all_identical_is_not_believed(copy: Path, tmp_path: Path, written: list[Entry]) -> None:
    cuts = {
        entry.record.epoch: {name: getattr(entry.record, name) for name in ("parent", "delta", "digest", "state")}  # type: ignore[attr-defined]
        for entry in of(written, "epoch")
    }
    code = f"""
cuts, number = {cuts!r}, -1
answer("ready", version=2)
heard()
while True:
    message = heard()
    if message["type"] == "cut":
        number = 0 if message["parent"] is None else message["parent"][0] + 1
        answer("epoch", **cuts[number])
    elif message["type"] == "rank":
        answer("ranked", outcomes=[["A" * 43, "", ""] for _ in message["pages"]])
    else:
        answer("done")
"""
    lying = Pretending((running(code),), tmp_path / "kernels", 20)
    with reading(copy) as journal:
        report = Replay(journal, SECOND, bundles=lying).run()
    assert report.identical == SECONDS
    assert report.inconclusive == {FIRST_DIGEST: FIRSTS}
    assert "finds nothing that differs" in report.why_inconclusive[FIRST_DIGEST]


@pytest.mark.timeout(900)
def test_one_that_goes_on_as_the_journal_grows_follows_whoever_is_in_charge(copy: Path, written: list[Entry]) -> None:
    pins = [(entry.index, entry.record.epoch) for entry in of(written, "page")]  # type: ignore[attr-defined]
    with (
        reading(copy, Growing) as journal,
        Replay(journal, SECOND, bundles=Bundles((FIRST,), KERNELS)) as replay,
    ):
        identical = epochs = 0
        for journal.limit in [*range(0, len(written), 37), len(written)]:
            report = replay.go_on(min((epoch for index, epoch in pins if index >= journal.limit), default=2**32))
            assert (report.differing, report.stragglers, report.inconclusive) == ((), (), {})
            identical += report.identical
            epochs += report.epochs
    assert (identical, epochs) == (FIRSTS + SECONDS, len(of(written, "epoch")))


class Pretending(Bundles):
    """Gives its one bundle out for the first release's."""

    def __contains__(self, release: str) -> bool:
        return release == FIRST_DIGEST

    def start(self, release: str, *arguments: object) -> object:  # type: ignore[override]
        return super().start(next(iter(self._bundles)), *arguments)  # type: ignore[arg-type]


@pytest.fixture(autouse=True, scope="module")
def nothing_is_left_running() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


def children() -> set[str]:
    """Processes of this one's."""
    lists = Path("/proc/self/task").glob("*/children")
    return {number for path in lists for number in path.read_text().split()}

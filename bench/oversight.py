"""How long the partner needs to re-run a million pages: what its program does with a journal that has come to it.

    python -m bench.oversight [--pages N] [--cores C] [--data DIR] [--videos N] [--json]

A journal is written first: that of `bench.serve`, and then as many pages as `--pages` says, each ranked and appended by
the serving code in this process (no HTTP) and followed by signed events. An epoch is closed for every EPOCH records: a
second of a hundred pages. With `--data` it is kept, and used again by later runs: where it has fewer pages, because a
run was broken off or asked for fewer, the rest is served. Then the partner's `Rerunning` goes on over it, as
`plainview oversee run --cores C` has it, until all of it is re-run: reading and checking, signatures, folding,
cutting epochs, ranking, comparing. The import before the pages is re-run, too, and not counted, but the first look at
all pages is. Then it is stopped and started again: `oversight.restart` is the time until it has come as far as before,
from its bookmark.

`oversight.million` is what was measured where there are a million pages. With fewer it is computed from
`oversight.rate`, and its protocol says so; `oversight.late` tells whether the rate falls as the pages become more.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.progress import Progress

from bench.directory import directory
from bench.journals import Size, build, creators
from bench.replay import PROJECTIONS, fold
from bench.report import Figures, arguments, print_figures
from bench.serve import size
from plainview.journal import Draft, JournalReader, Refused
from plainview.keys.client_session import ClientSession
from plainview.oversight.partner.bookmarks import Bookmarks, Reader
from plainview.oversight.partner.rerunning import Rerunning
from plainview.platform.application import Application
from plainview.platform.home import Home
from plainview.platform.learner import Cadence
from plainview.platform.releases import environment_digest, installed, installed_digest, program_digest
from plainview.platform.serving import Ask
from plainview.platform.warming import warm
from plainview.records import Event, Page
from plainview.records.fields import to_text

MILLION = 1_000_000
SESSION = 20
"""Pages of a session."""
VIEWS = 3
"""Videos of each page that are watched; the first of them is liked, too."""
RECORDS = 1 + VIEWS + 1
"""Of a page and its events."""
EPOCH = 100 * RECORDS
WORKERS = 4
"""Threads that ask for pages: what they write is durable together."""


class Played(msgspec.Struct, frozen=True):
    """What was served into a journal: it lies beside it."""

    start: int
    """Index of the first record after the import."""
    release: str


class Rerun(NamedTuple):
    """What re-running took, from the first page on."""

    pages: int
    records: int
    seconds: float
    cpu_seconds: float
    late: float
    """Pages a second, of the last quarter."""
    restart: float
    """Seconds that a start takes to come as far."""
    kept: int
    """Bytes from which it goes on."""


def play(home: Home, wanted: Size, pages: int, seed: int) -> Played:
    """Have so many pages served from `home`, less those that earlier runs had served.

    Raises RuntimeError where another journal was left there, or one with more pages.
    """
    note = home.path.with_suffix(".played.json")
    played = msgspec.json.decode(note.read_bytes(), type=Played) if note.exists() else None
    if played is not None and played.release != installed_digest():
        raise RuntimeError(f"{home.path} holds pages of release {played.release}: delete it, or give another --data")
    build(home, wanted, seed)
    with closing(home.read()) as journal:
        start = journal.size if played is None else played.start
        there = sum(1 for _ in journal.of_kind("page", start, trusting=True))
    if there > pages:
        raise RuntimeError(f"{home.path} holds {there:,} pages: delete it, or give another --data")
    if there < pages:
        played = Played(start, installed_digest())
        note.write_bytes(msgspec.json.encode(played))
        _serve(home, wanted, there, pages, seed)
        for name in PROJECTIONS:
            shutil.rmtree(home.path / name)
    assert played is not None
    return played


def _serve(home: Home, wanted: Size, there: int, pages: int, seed: int) -> None:
    """Have pages served, by turns of WORKERS threads, until there are so many."""
    failed: list[BaseException] = []
    with (
        Application(home, cadence=Cadence(60.0, EPOCH)) as running,
        Progress(*Progress.get_default_columns(), console=Console(stderr=True)) as progress,
    ):
        task = progress.add_task("Serving pages", total=pages, completed=there)

        def live(part: int) -> None:
            viewers = range(part, wanted.viewers, WORKERS)
            count = (pages - there) // WORKERS + (part < (pages - there) % WORKERS)
            draw = random.Random(f"{seed}/{part}/{there}")
            try:
                _live(running, viewers, count, draw, creators(wanted), lambda: progress.advance(task))
            except BaseException as error:  # noqa: BLE001 - raised below
                failed.append(error)

        people = [threading.Thread(target=live, args=(part,)) for part in range(WORKERS)]
        for one in people:
            one.start()
        for one in people:
            one.join()
    if failed:
        raise failed[0]


def rerun(journal: JournalReader, start: int, cores: int) -> Rerun:
    """Re-run a journal whose import ends at record `start`. Raises RuntimeError where anything differs."""
    release = installed()
    warm(release.configuration, lambda _: None)
    marks: list[tuple[float, float]] = []
    reached: list[tuple[int, float]] = []

    def advance(records: int, pages: int) -> None:
        reached.append((pages, time.perf_counter()))
        # The first call comes after the first look at all pages; that look counts, the import's roll-forward does not.
        if not marks or (len(marks) == 1 and records >= start):
            marks.append((time.perf_counter(), cpu_seconds()))

    with tempfile.TemporaryDirectory() as place:
        reader = Reader(program_digest(), release.digest, environment_digest())
        bookmarks = Bookmarks(Path(place), reader, lambda size: journal.leaf_hashes(size - 1, size)[0])

        def begun() -> Rerunning:
            return Rerunning(journal, release, None, time.monotonic, cores=cores, advance=advance, bookmarks=bookmarks)

        with closing(begun()) as rerunning:
            began = time.perf_counter(), cpu_seconds()
            report = rerunning.go_on(whole=True)
            ended = time.perf_counter(), cpu_seconds()
            steps = tuple(reached)
        with closing(begun()) as again:
            started = time.perf_counter()
            resumed = again.go_on(whole=True)
            restart = time.perf_counter() - started
        kept = sum(path.stat().st_size for path in Path(place).rglob("*") if path.is_file())
    if report is None or report.differing or report.identical != report.pages:
        raise RuntimeError("not all pages came out again")
    if resumed is None or (resumed.records, resumed.identical) != (report.records, report.identical):
        raise RuntimeError("a start did not come to the same")
    before, after = marks[0], marks[1]
    wall, cpu = (end - begin - (two - one) for begin, end, one, two in zip(began, ended, before, after, strict=True))
    (first, since), (last, until) = next(one for one in steps if one[0] >= report.pages * 3 // 4), steps[-1]
    return Rerun(report.pages, journal.size - start, wall, cpu, (last - first) / (until - since), restart, kept)


def cpu_seconds() -> float:
    """Of this process and of those that it has begun and that are there, user and system."""
    ticks = 0
    for process in multiprocessing.active_children():
        fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def main(argv: Sequence[str] | None = None) -> None:
    parser = arguments(__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=50_000, help="to be re-run; default: %(default)s")
    parser.add_argument("--cores", type=int, default=2, help="used; default: %(default)s")
    parser.add_argument("--videos", type=int, default=100_000, help="in the catalogue; default: %(default)s")
    options = parser.parse_args(argv)
    wanted = size(options.videos)
    with directory(options.data) as path:
        home = Home(path / "home")
        played = play(home, wanted, options.pages, options.seed)
        built = build(home, wanted, options.seed)
        _say("re-running them")
        journal = home.read()
        done = rerun(journal, played.start, options.cores)
        journal.close()
        _say(f"re-run in {done.seconds:,.0f} s; folding them alone")
        folded = fold(home)
    protocol = (
        f"{options.videos:,} videos, {done.pages:,} pages with {VIEWS} views and a like each, an epoch a {EPOCH:,} "
        f"records; the partner's re-running, {options.cores} cores; all identical"
    )
    rate = done.pages / done.seconds
    figures = Figures("oversight", built.digest, options.seed)
    figures.add("rate", rate, "pages/s", f"{protocol}; wall time")
    figures.add("late", done.late, "pages/s", f"{protocol}; the last quarter of the pages; wall time")
    figures.add("cpu", 1000 * done.cpu_seconds / done.pages, "ms/page", f"{protocol}; user + system")
    how = "measured" if done.pages >= MILLION else f"computed from the rate of {done.pages:,} pages, not measured"
    figures.add("million", MILLION / rate / 60, "minutes", f"{protocol}; wall time for {MILLION:,} pages, {how}")
    figures.add("records", done.records / done.seconds, "records/s", f"{protocol}; pages, events and epochs, wall time")
    figures.add("restart", done.restart, "s", f"{protocol}; from a bookmark of {done.kept / 1e6:,.1f} MB; wall time")
    figures.add(
        "fold", folded.acts / folded.seconds, "acts/s", f"{folded.acts:,} impressions and events, in memory; wall time"
    )
    print_figures(figures, options.json)


def _live(
    running: Application,
    viewers: Sequence[int],
    pages: int,
    draw: random.Random,
    authors: int,
    told: Callable[[], object],
) -> None:
    """Ask for so many pages by turns, and say what was watched of each."""
    sessions: dict[int, tuple[ClientSession, int]] = {}
    for _ in range(pages):
        viewer = draw.choice(viewers)
        session, n = sessions.get(viewer) or (ClientSession(draw.randbytes(32)), 0)
        nonce = to_text(draw.randbytes(16))
        entry = running.serving.page(Ask(viewer=viewer, session=session.name, n=n, nonce=nonce)).entry
        page = entry.record
        assert isinstance(page, Page)
        events = []
        for position, item in enumerate(page.items[:VIEWS]):
            for action in ("view", "like") if position == 0 else ("view",):
                said = {
                    "viewer": viewer, "id": to_text(draw.randbytes(16)), "page": entry.index, "position": position,
                    "video": item.video, "action": action, "at": page.now,
                    "watched": draw.randrange(30_000) if action == "view" else 0,
                }  # fmt: skip
                events.append(Draft(Event(time=0, creator=item.video % authors, **session.signed(said))))
        for outcome in running.journal.append(events):
            if isinstance(outcome, Refused):
                raise RuntimeError(f"the journal refused an event ({outcome.code}): {outcome.reason}")
        told()
        if n + 1 < SESSION:
            sessions[viewer] = session, n + 1
        else:
            del sessions[viewer]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

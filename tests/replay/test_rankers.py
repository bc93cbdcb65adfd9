"""Pages ranked in processes beside the one that folds."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT
from plainview.feed.probe import ProbeFailed
from plainview.feed.world import World
from plainview.learning import rerun
from plainview.learning.ranker import Job
from plainview.oversight.partner.rerunning import Rerunning
from plainview.platform.releases import installed
from plainview.records.digests import Arrays
from plainview.replay import rankers
from plainview.replay.findings import Report
from plainview.replay.rankers import RankerEnded, Rankers
from tests.platform.forging import forge
from tests.replay.replays import OTHER, of, reading, replayed


class Watched(Rankers):
    """Says which of them there were, and how many pages they were asked for."""

    begun: list[Watched] = []  # noqa: RUF012 - emptied by the fixture

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.given = self.here = 0
        self.begun.append(self)

    def ask(self, what: Any, jobs: Sequence[Job], here: Any) -> Any:
        self.given += len(jobs)

        def counted(some: Sequence[Job]) -> Any:
            self.here += len(some)
            return here(some)

        return super().ask(what, jobs, counted)

    @property
    def processes(self) -> list[int]:
        return [pid for pool in self._pools for pid in pool._processes or ()]


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Watched]]:
    """Those that a replay begins with its second epoch that has pages."""
    monkeypatch.setattr(rerun, "MUCH", 1)
    monkeypatch.setattr(rankers, "Rankers", Watched)
    Watched.begun.clear()
    yield Watched.begun
    assert not [pid for one in Watched.begun for pid in one.processes]  # all were ended


def timeless(report: Report) -> Report:
    return replace(report, seconds=0, cpu_seconds=0)


def test_they_change_no_result(copy: Path, begun: list[Watched]) -> None:
    alone = timeless(replayed(copy))
    assert not begun
    for cores in (2, 4):
        assert timeless(replayed(copy, cores=cores)) == alone
        last = begun.pop()
        assert not begun
        assert alone.pages / 2 < last.given < alone.pages


def test_a_share_is_ranked_here_where_they_are_waited_for(
    copy: Path, begun: list[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rankers, "STEP", 1.0)
    monkeypatch.setattr(rankers, "PIECE", 2)
    assert timeless(replayed(copy, cores=2)) == timeless(replayed(copy))
    assert 0 < begun[0].here < begun[0].given  # for as long as they start


def test_one_that_has_ended_is_told(copy: Path, begun: list[Watched]) -> None:
    def killing(records: int, pages: int) -> None:
        for one in begun:
            for pid in one.processes:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    with pytest.raises(RankerEnded, match=r"a process that ranked beside this one has ended, .*: `--cores 1`"):
        replayed(copy, cores=2, advance=killing)
    assert replayed(copy, cores=2).sound


def test_the_partners_re_running_begins_again_where_one_has_ended(copy: Path, begun: list[Watched]) -> None:
    killed: list[int] = []

    def killing(records: int, pages: int) -> None:
        for pid in (pid for one in begun for pid in one.processes if not killed):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    wanted = replayed(copy)
    with (
        reading(copy) as journal,
        closing(Rerunning(journal, installed(), None, time.monotonic, cores=2, advance=killing)) as rerunning,
    ):
        with pytest.raises(RankerEnded):
            rerunning.go_on(whole=True)
        assert killed
        assert rerunning.report is None
        report = rerunning.go_on(whole=True)
    assert report is not None
    assert timeless(report) == timeless(wanted)


def test_a_page_that_differs_is_found_there_too(copy: Path, begun: list[Watched]) -> None:
    with reading(copy) as journal:
        last = of(list(journal.read()), "page")[-1].index
    forge(copy, last, trace=OTHER)
    wanted = replayed(copy)
    assert [one.index for one in wanted.differing] == [last]
    assert timeless(replayed(copy, cores=2)) == timeless(wanted)
    assert begun[0].given


def test_none_ranks_or_follows_whose_arithmetic_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> None:
        raise ProbeFailed("here")

    monkeypatch.setattr(rankers, "probe", failing)
    with pytest.raises(ProbeFailed) as met:
        rankers._follow({})
    assert isinstance(pickle.loads(pickle.dumps(met.value)), ProbeFailed)


def test_a_signal_to_all_does_not_end_them_before_who_asks_does() -> None:
    with closing(Watched(1, DEFAULT, OTHER, World().snapshot())) as some:
        assert some.ask("rank", [], lambda jobs: [])() == []
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(some.processes[0], number)
        some.follow({})
        assert some.ask("rank", [], lambda jobs: [])() == []
    Watched.begun.clear()


def test_what_they_cannot_follow_is_raised_where_answers_are_waited_for() -> None:
    nothing: Arrays = {"head.rows": np.zeros(1, np.int64), "head.data": np.zeros((1, 1), np.uint8)}
    with closing(Rankers(1, DEFAULT, OTHER, World().snapshot())) as some:
        assert some.ask("rank", [], lambda jobs: list(jobs))() == []
        some.follow(nothing)
        with pytest.raises(ValueError, match="rows or data of table head do not fit"):
            some.ask("rank", [], lambda jobs: list(jobs))()


def test_no_more_epochs_than_some_are_held_for_them() -> None:
    nothing: Arrays = {"head.rows": np.zeros(1, np.int64), "head.data": np.zeros((1, 1), np.uint8)}
    with closing(Rankers(1, DEFAULT, OTHER, World().snapshot())) as some:
        for _ in range(rankers.BEHIND):
            some.follow(nothing)  # of which one takes the snapshot's place
        with pytest.raises(ValueError, match="do not fit"):
            some.follow(nothing)
        assert len(some._following) <= rankers.BEHIND


def test_they_end_with_who_began_them() -> None:
    code = """
import os, signal
from plainview.feed.configuration import DEFAULT
from plainview.feed.probe import ProbeFailed
from plainview.feed.world import World
from plainview.replay.rankers import RankerEnded, Rankers
if __name__ == "__main__":
    some = Rankers(2, DEFAULT, "A" * 43, World().snapshot())
    some.ask("rank", [], lambda jobs: [])()
    print(*(pid for pool in some._pools for pid in pool._processes), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    pids = done.stdout.split()
    assert len(pids) == 2
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}/stat").exists() and not _ended(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _ended(pid: str) -> bool:
    """Whether it only waits for somebody to ask how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True

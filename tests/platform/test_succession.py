"""A journal gone on with under another release."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plainview.journal import Draft, Refused
from plainview.platform import pruning
from plainview.platform.application import Application
from plainview.platform.faults import HomeError
from plainview.platform.founding import adopt
from plainview.platform.home import RELEASE, Home
from plainview.platform.learner import Cadence
from plainview.platform.lineage import LineageBroken
from plainview.platform.reigns import reign_of
from plainview.platform.succession import release_record
from plainview.platform.viewers import NewViewer
from plainview.records import Epoch, Release
from plainview.records.fields import DASHES, to_bytes
from tests.platform.forging import copied, lose_all
from tests.platform.homes import amendment, size_of
from tests.platform.parties import Parties
from tests.platform.second import (
    FIRST,
    FIRST_DIGEST,
    SECOND,
    SECOND_DIGEST,
    approve_second,
    second_installed,
    take_over,
)
from tests.platform.towns import ask, open_town, page_of, play, populate, settled, state, token
from tests.replay.replays import reading


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of the first release, in which the second one is approved."""
    path = tmp_path_factory.mktemp("approved") / "home"
    with open_town(path) as application:
        populate(application, 200)
        play(application)
        approve_second(application)
    return path


@pytest.fixture
def home(approved: Path, tmp_path: Path) -> Path:
    shutil.copytree(approved.parent, tmp_path / "town")  # with the parties' keys
    return tmp_path / "town" / "home"


def test_a_release_that_is_approved_takes_the_journal_over(home: Path) -> None:
    before = size_of(home)
    told: list[tuple[str, int, int]] = []
    with second_installed(home), take_over(home, progress=lambda *what: told.append(what)) as application:
        settled(application)
        assert page_of(application)[1].release == SECOND_DIGEST
        play(application)
    with reading(home) as journal:
        records = [entry.record for entry in journal.read(before)]
        reign = reign_of(journal)
    release, first = records[:2]
    assert isinstance(release, Release)
    assert (release.name, release.digest) == ("second", SECOND_DIGEST)
    assert isinstance(first, Epoch)
    assert (first.epoch, first.upto) == (reign.first, before + 1)
    assert first.state != DASHES
    assert [what for what, *_ in told if what.startswith("Taking over from release")]


def test_a_start_after_it_takes_nothing_over_again(home: Path) -> None:
    with second_installed(home):
        take_over(home).close()
        size = size_of(home)
        with open_town(home):
            pass
    assert size_of(home) == size


def test_only_who_means_to_takes_over(home: Path) -> None:
    size = size_of(home)
    with (
        second_installed(home),
        pytest.raises(HomeError, match="`plainview serve` takes the journal over where it may"),
    ):
        open_town(home)
    assert size_of(home) == size


def test_a_release_that_is_not_approved_does_not(home: Path) -> None:
    with open_town(home) as application:
        parties = Parties(home)
        size = application.journal.size
        revocation = parties.revocation(to_bytes(SECOND_DIGEST), seen=size)
        assert not application.acts.submit(parties.signed(revocation, "partner")).reason
    size = size_of(home)
    told = (
        f"release {FIRST_DIGEST} is in charge of this journal, by record 1, and release {SECOND_DIGEST}, which is "
        f"installed, may not take it over: release {SECOND_DIGEST} may not rank: the approval at index [0-9]+: ended by"
    )
    with second_installed(home), pytest.raises(HomeError, match=told):
        take_over(home)
    assert size_of(home) == size
    adopt(Home(home), amendment(home, baseline=to_bytes(SECOND_DIGEST)))  # as baseline it needs no approval
    with second_installed(home), take_over(home) as application:
        assert application.trouble.startswith("everybody is served the baseline")
        assert page_of(application)[1].request.mode == "plain"


def test_an_amendment_may_name_the_release_that_is_installed(home: Path) -> None:
    with second_installed(home):
        adopt(Home(home), amendment(home, baseline=to_bytes(SECOND_DIGEST)))
        take_over(home).close()


def test_the_fence_lets_no_release_in_that_may_not(home: Path) -> None:
    with open_town(home) as application:
        (outcome,) = application.journal.append([Draft(release_record(FIRST))])
        assert isinstance(outcome, Refused)
        assert (outcome.code, outcome.reason) == (
            "licence",
            f"release {FIRST_DIGEST} is in charge already, from record 1 on",
        )
        record = release_record(SECOND)
        parties = Parties(home)
        revocation = parties.revocation(to_bytes(SECOND_DIGEST), seen=application.journal.size)
        assert not application.acts.submit(parties.signed(revocation, "partner")).reason
        (outcome,) = application.journal.append([Draft(record)])
        assert isinstance(outcome, Refused)
        assert outcome.code == "licence"
        assert "may not take charge" in outcome.reason


def test_nothing_of_one_releases_worlds_is_taken_for_the_others(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with second_installed(home):
        with take_over(home) as application:
            play(application)
            after = application.lineage.first
            assert application.home.epochs.snapshots()[-1].epoch < after  # the first release's is there
            with pytest.raises(LineageBroken, match=r"epoch \d+ was made before record \d+"), application.lineage.at(1):
                pass
            kept = state(application)
        caplog.clear()
        lose_all(home)
        with open_town(home) as application:  # folded again from record 0, though the last epoch came long after
            assert state(application) == kept
        assert caplog.messages[0].startswith("no delta or snapshot is kept")
    with reading(home) as journal:
        base = reign_of(journal).base
    assert base is not None
    assert base.upto == 0


def test_what_the_first_release_kept_goes_when_there_is_enough_of_the_second(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "DELTAS", -1)
    with second_installed(home):
        with take_over(home, cadence=Cadence(seconds=0.01, records=10**6, snapshot_epochs=2)) as application:
            first = application.lineage.first
            assert [one.epoch >= first for one in application.home.epochs.snapshots()] == [True, False]
            for number in range(50, 58):
                application.viewers.register(NewViewer(viewer=number))
                settled(application)
            index = page_of(application)[0]
        assert min(one.epoch for one in Home(home).epochs.snapshots()) >= first
        with open_town(home) as application:
            assert application.pages.explain(index).identical


def test_the_first_release_comes_back(home: Path) -> None:
    with second_installed(home), take_over(home) as application:
        play(application)
    with take_over(home) as application:
        assert page_of(application)[1].release == FIRST_DIGEST
        assert application.lineage.first > 2


def test_a_plain_list_ends_where_the_other_release_takes_over(home: Path) -> None:
    session = token()
    with open_town(home) as application:
        first = application.serving.page(ask(session=session, mode="plain", limit=3)).entry.record
        second = application.serving.page(ask(session=session, n=1, mode="plain", limit=3)).entry.record
        assert (second.pinned, second.cursor) == (first.pinned, 6)  # type: ignore[attr-defined]
    with second_installed(home), take_over(home) as application:
        index, third = page_of(application, session=session, n=2, mode="plain", limit=3)
        assert (third.pinned, third.cursor) == (third.epoch, 3)
        assert application.pages.explain(index).identical
        index, fourth = page_of(application, session=session, n=3, mode="plain", limit=3)
        assert fourth.pinned == third.pinned
        assert application.pages.explain(index).identical


def test_a_page_of_the_other_release_says_what_can_be_said(home: Path) -> None:
    with reading(home) as journal:
        index = next(journal.of_kind("page")).index
    with second_installed(home), take_over(home) as application:
        explained = application.pages.explain(index)
    assert (explained.entry.index, explained.ranked, explained.identical) == (index, None, False)
    assert f"`plainview replay {index} --bundles DIR`" in explained.reason


KILLED = """
import os, signal, sys
from pathlib import Path
from plainview.platform import succession
from tests.platform.second import second_installed, take_over

home, when = Path(sys.argv[1]), sys.argv[2]
append, read_to = succession._append, succession.Follower.read_to

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def appending(journal, record):
    append(journal, record)
    if type(record).__name__ == when:
        killed()

def reading(self, stop, progress=None):
    read_to(self, stop // 2)
    killed()

succession._append = appending
if when == "fold":
    succession.Follower.read_to = reading
with second_installed(home):
    take_over(home)
"""


@pytest.mark.parametrize(("when", "more"), [("fold", 0), ("Release", 1), ("Epoch", 2)])
def test_killed_while_it_takes_over_the_next_start_does(home: Path, tmp_path: Path, when: str, more: int) -> None:
    before = size_of(home)
    command = [sys.executable, "-c", KILLED, str(home), when]
    done = subprocess.run(command, env=os.environ, cwd=Path(__file__).parents[2], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert size_of(home) == before + more
    with second_installed(home):
        if when == "Release":  # in charge, and without a world
            with pytest.raises(HomeError, match="`plainview serve` takes the journal over"):
                open_town(copied(home, tmp_path / "copy"))
        with take_over(home) as application:
            settled(application)
            play(application)
            assert application.learner.failure is None
    with reading(home) as journal:
        releases = [entry.record for entry in journal.of_kind("release", before)]
        assert [release.digest for release in releases] == [SECOND_DIGEST]  # type: ignore[attr-defined]


def test_what_was_killed_before_it_was_written_down_leaves_the_other_in_charge(home: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(home), "fold"]
    subprocess.run(command, env=os.environ, cwd=Path(__file__).parents[2], check=False, capture_output=True)
    (home / RELEASE).unlink()  # so the first one is installed again
    with Application(Home(home), residents=4096) as application:
        assert page_of(application)[1].release == FIRST_DIGEST

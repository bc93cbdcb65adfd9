"""A release in a process of its own: what comes of one that crashes, hangs, or says something else than it should."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.journal import JournalDamaged
from plainview.learning.ranker import Outcome, Served
from plainview.learning.rerun import Past
from plainview.platform.releases import installed
from plainview.records import Page, Record
from plainview.records.fields import to_text
from plainview.replay import bundled
from plainview.replay.bundled import Bundled, BundleFailed
from tests.records.examples import EXAMPLES
from tests.replay.releases import manifested, running

READY = 'heard(); answer("ready", version=2)\n'
PAGE = EXAMPLES["page"]
assert isinstance(PAGE, Page)


class Nothing:
    """The past of a journal whose only records are a viewer's two."""

    def own(self, viewer: int, upto: int) -> Iterator[tuple[int, Record]]:
        return iter([(index, EXAMPLES["viewer"]) for index in (3, 5) if index < upto])

    def known(self, viewers: Collection[int], upto: int) -> Collection[int]:
        return [viewer for viewer in viewers if viewer == 1]


def started(kernels: Path, code: str, patience: float = 20, past: Past | None = None) -> Bundled:
    return Bundled(running(code), past or Nothing(), kernels, 1, patience)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("", "it ended with code 0: it said nothing"),
        ("sys.exit(3)", "it ended with code 3"),
        ("raise RuntimeError('no \\x1b[31mkernel')", r"it ended with code 1: RuntimeError: no \?\[31mkernel"),
        ("os.kill(os.getpid(), 9)", "it ended with code -9"),
        ("os.close(1); time.sleep(60)", "it closed its output"),
        ("os.write(2, b'x' * 10**6); os.write(1, b'\\0\\0')", "it ended with code 0: x+"),
        ("heard(); os.write(1, b'\\xff' * 99)", "it began an answer of 4,294,967,295 bytes, and 16,777,216 are taken"),
        ("heard(); said(b'hello')", "its answer is none"),
        ("heard(); said(b'')", "its answer is none"),
        ("heard(); answer('whatever')", "its answer is none"),
        ("heard(); answer('ready', version='1')", "its answer is none"),
        ("heard(); answer('done')", "it answered with Done, which is out of turn"),
        ("heard(); answer('ready', version=1)", "it speaks version 1, and 2 was asked for"),
        ("heard(); answer('failed', reason='no such region')", "it gave up: no such region"),
        ("heard(); answer('failed', reason='no \x1b[31mregion')", r"it gave up: no \\x1b\[31mregion"),
        ("heard(); answer('what\x1b[31m')", r"its answer is none: .*\\x1b\[31m"),
    ],
)
def test_what_is_no_answer_is_told(tmp_path: Path, code: str, told: str) -> None:
    with pytest.raises(BundleFailed, match=told):
        started(tmp_path, code)


def test_a_terminal_is_told_nothing_by_a_lock(tmp_path: Path) -> None:
    bundle = running("")
    odd = manifested(replace(bundle, lock=bundle.lock.replace(b"msgspec==", b"msgspec==\x1b[31m", 1)))
    with pytest.raises(BundleFailed, match=r"is installed, not \\x1b\[31m"):
        Bundled(odd, Nothing(), tmp_path, 1, 20)


def test_nor_by_what_it_answers(tmp_path: Path) -> None:
    code = """
heard(); answer("epoch", parent="\\x1b", delta="", digest="", state="")
heard(); answer("ranked", outcomes=[["", "score", "\\x1b[31m"]])
"""
    with closing(started(tmp_path, READY + code)) as run:
        assert run.cut(None, 0, False).parent == r"'\x1b'"
        assert run.rank([Served(4, PAGE, 0)])() == [Outcome("", "score", r"'\x1b[31m'")]


@pytest.mark.parametrize("code", ["", READY, READY + "os.write(1, b'\\0')\n"])
def test_one_that_hangs_is_given_up(tmp_path: Path, code: str) -> None:
    with (
        pytest.raises(BundleFailed, match="it gave no answer within 2 s"),
        closing(started(tmp_path, code + "time.sleep(99)", 2)) as run,
    ):
        run.draw(["US"])


def test_one_that_reads_nothing_is_given_up(tmp_path: Path) -> None:
    run = started(tmp_path, READY + "time.sleep(99)", 2)
    with pytest.raises(BundleFailed, match="it gave no answer within 2 s"):
        run.take([(index, PAGE) for index in range(2_000)], 0)
    run.close()


def test_one_that_asks_without_end_is_given_up(tmp_path: Path) -> None:
    run = started(tmp_path, READY + "while True: answer('own', viewer=1, upto=0); heard()", 2)
    with pytest.raises(BundleFailed, match="it gave no answer within 2 s"):
        run.draw(["US"])
    run.close()


@pytest.mark.parametrize("outcomes", [[], [["x", "", ""]] * 2])
def test_as_many_outcomes_as_pages(tmp_path: Path, outcomes: list[list[str]]) -> None:
    run = started(tmp_path, READY + f"heard(); answer('ranked', outcomes={outcomes})")
    with pytest.raises(BundleFailed, match=f"it answered for {len(outcomes)} pages, and 1 were asked for"):
        run.rank([Served(7, PAGE, 0)])()
    run.close()


def test_its_questions_are_answered_as_far_as_its_records_go(tmp_path: Path) -> None:
    code = """
heard(); answer("done")
heard()
answer("own", viewer=1, upto=99)
own = heard()["records"]
answer("known", viewers=[1, 2], upto=99)
known = heard()["viewers"]
answer("ranked", outcomes=[[str([index for index, *_ in own]), own[0][1], str(known)]])
"""
    run = started(tmp_path, READY + code)
    run.take([(4, PAGE)], 0)
    assert run.rank([Served(4, PAGE, 0)])() == [Outcome("[3]", "viewer", "[1]")]
    run.close()


def test_it_sees_nothing_of_this_users_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "msgspec.py").write_text("raise SystemExit('evil')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "evil"))
    monkeypatch.setenv("SECRET", "x")
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    code = """
heard()
import plainview
answer("failed", reason="|".join([os.getcwd(), plainview.__path__[0], str(sys.flags.isolated), *sorted(os.environ)]))
"""
    with pytest.raises(BundleFailed) as caught:
        started(tmp_path / "kernels", code)
    directory, package, isolated, *names = str(caught.value).removeprefix("it gave up: ").split("|")
    assert Path(directory).is_relative_to(tmp_path / "kernels")
    assert Path(package) == Path(directory) / "plainview"
    assert isolated == "1"
    assert set(names) <= {"NUMBA_CACHE_DIR", "NUMBA_CPU_NAME", "LC_CTYPE"}
    assert Path(directory).parent.stat().st_mode & 0o777 == 0o700


def test_what_lies_in_its_place_is_its_source_and_nothing_else(tmp_path: Path) -> None:
    bundle = running("heard(); answer('failed', reason='here')")
    for _ in range(2):
        with pytest.raises(BundleFailed, match="gave up: here"):
            Bundled(bundle, Nothing(), tmp_path, 1, 20)
        source = tmp_path / f"{bundle.code}-bundle" / "source"
        (source / "msgspec.py").write_text("raise SystemExit('planted')")
        (source / "plainview" / "learning" / "rerun.py").write_text("raise SystemExit('changed')")


def test_two_at_once_have_places_of_their_own(tmp_path: Path) -> None:
    code = "heard(); answer('ready', version=2); heard(); answer('failed', reason=os.getcwd())"
    runs = [started(tmp_path, code), started(tmp_path, code)]
    places = []
    for run in runs:
        with pytest.raises(BundleFailed) as caught:
            run.draw([])
        places.append(Path(str(caught.value).removeprefix("it gave up: ")))
        run.close()
    assert [place.is_relative_to(tmp_path) for place in places] == [True, False]
    assert not places[1].exists()
    started(tmp_path, code).close()  # the place is free again


def test_a_place_that_others_can_reach_is_not_used(tmp_path: Path) -> None:
    code = "heard(); answer('failed', reason=os.getcwd())"
    place = tmp_path / f"{running(code).code}-bundle"
    place.mkdir()
    place.chmod(0o755)
    with pytest.raises(BundleFailed) as caught:
        started(tmp_path, code)
    assert str(tmp_path) not in str(caught.value)


def test_a_place_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BundleFailed, match="it cannot be laid out there"):
        started(tmp_path / "file", READY)


def test_what_its_lock_does_not_name_it_does_not_run_with(tmp_path: Path) -> None:
    bundle = running(READY)
    lock = bundle.lock.replace(b"numba==", b"numba==9")
    with pytest.raises(BundleFailed, match=r"numba [\d.]+ is installed, not 9[\d.]+"):
        Bundled(manifested(replace(bundle, lock=lock)), Nothing(), tmp_path, 1, 20)


def test_it_ends_when_who_started_it_is_killed(tmp_path: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from tests.replay.test_bundled import READY, started
run = started(Path({str(tmp_path)!r}), READY + "while True: pass")
print(run._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    root = Path(bundled.__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_closing_ends_it(tmp_path: Path) -> None:
    run = started(tmp_path, READY + "time.sleep(99)")
    pid = run._process.pid
    run.close()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def golden_of(kernels: Path, golden: str, patience: float = 20) -> str:
    with closing(Bundled(running(READY + "heard()", golden), Nothing(), kernels, 1, patience)) as run:
        return run.golden()


def test_its_golden_vectors_are_its_own(tmp_path: Path) -> None:
    name = installed().configuration.name
    found = golden_of(tmp_path, "return 'vectors of ' + configuration.name")
    assert found == to_text(hashlib.sha256(f"vectors of {name}".encode()).digest())


@pytest.mark.parametrize(
    ("golden", "told"),
    [
        ("sys.exit(3)", "its golden vectors were not computed: it ended with code 3: it said nothing"),
        ("raise RuntimeError('no \x1b[31mkernel')", r"it ended with code 1: RuntimeError: no \?\[31mkernel"),
        ("os.write(1, bytes(2**27)); os.write(1, b'.')", "it ended with code"),
        ("time.sleep(99)", "its golden vectors were not there within 2 s"),
    ],
)
def test_golden_vectors_that_do_not_come_are_told(tmp_path: Path, golden: str, told: str) -> None:
    with pytest.raises(BundleFailed, match=told):
        golden_of(tmp_path, golden, 2)


class Damaged(Nothing):
    def own(self, viewer: int, upto: int) -> Iterator[tuple[int, Record]]:
        raise JournalDamaged(3, "body", "gone")


def test_damage_met_as_it_asks_is_raised_again_where_its_answer_is_wanted(tmp_path: Path) -> None:
    run = started(tmp_path, READY + "heard(); answer('own', viewer=1, upto=5); heard()", past=Damaged())
    answers = run.rank([Served(4, PAGE, 0)])
    with pytest.raises(JournalDamaged):
        run.draw(["US"])
    run.close()
    with pytest.raises(JournalDamaged):
        answers()


class Counting(Nothing):
    """Notes how far it was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def own(self, viewer: int, upto: int) -> Iterator[tuple[int, Record]]:
        self.asked.append(upto)
        return super().own(viewer, upto)


def test_it_is_told_of_no_record_that_came_after_it_was_asked(tmp_path: Path) -> None:
    code = """
heard(); answer("done")
heard(); answer("own", viewer=1, upto=99)
own = heard()["records"]
answer("ranked", outcomes=[[str([index for index, *_ in own]), "", ""]])
heard(); answer("done")
"""
    past = Counting()
    run = started(tmp_path, READY + code, past=past)
    run.take([(4, PAGE)], 0)
    answers = run.rank([Served(4, PAGE, 0)])
    run.take([(9, PAGE)], 0)
    assert [one.trace for one in answers()] == ["[3]"]
    assert past.asked == [5]
    run.close()

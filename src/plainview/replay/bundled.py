"""A release run from its bundle: in a process of its own, with the bundle's source and nothing of the installed one's.

It is an approved release's code, and is run as somebody else's all the same: isolated from this user's settings, in a
directory of its own, bounded in what it may answer and how long that may take, and gone when this process is.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from plainview.learning import messages
from plainview.learning.messages import FromRelease, Given, ToRelease
from plainview.learning.ranker import Outcome, Placed, Proposal, Served
from plainview.learning.rerun import RESIDENTS, Answers, Cut, Parent, Past, Stand
from plainview.ledger.spelling import printable
from plainview.records import KIND_OF, Record, encode
from plainview.records.fields import to_text
from plainview.replay.bundles import Bundle
from plainview.replay.installed import Installed
from plainview.replay.locks import LOWERED, departures

PATIENCE = 900.0
"""Seconds for an answer: the first ones compile all kernels."""
ANSWER_LIMIT = 16 * 1024 * 1024
"""Bytes of an answer at most."""
SAID_LIMIT = 4_096
"""Bytes kept of what it writes to standard error."""
FILE_LIMIT = 64 * 1024 * 1024
"""Bytes of a file that it may write while it computes its golden vectors: those, and kernels."""
_BEGIN = """\
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
if os.getppid() != int(sys.argv[2]):
    os._exit(1)
sys.path.insert(0, sys.argv[1])
"""
_RERUN = f"""{_BEGIN}
import runpy
runpy.run_module("plainview.learning.rerun", run_name="__main__")
"""
_GOLDEN = f"""{_BEGIN}
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({FILE_LIMIT}, {FILE_LIMIT}))
import msgspec
from plainview.feed.configuration import Configuration
from plainview.learning.golden import golden
from plainview.learning.parameters import read_parameters
configuration, parameters = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=tuple[bytes, bytes])
sys.stdout.write(golden(msgspec.json.decode(configuration, type=Configuration), read_parameters(parameters)))
"""

_decoder = msgspec.msgpack.Decoder(FromRelease)
_A = TypeVar("_A")
_B = TypeVar("_B")


class Running(Protocol):
    """A release at work on one journal: `learning.rerun.Rerun` is one."""

    def take(self, entries: Iterable[tuple[int, Record]], upto: int) -> None: ...

    def cut(self, parent: Parent | None, upto: int, whole: bool) -> Cut: ...

    def draw(self, regions: Iterable[str]) -> None: ...

    def drop(self, lists: Iterable[tuple[int, str]]) -> None: ...

    def rank(self, pages: Sequence[Served]) -> Answers[Outcome]: ...

    def propose(self, pages: Sequence[Served]) -> Answers[Proposal]: ...

    def golden(self) -> str: ...

    def stand(self) -> Stand | None: ...

    def close(self) -> None: ...


class BundleFailed(Exception):
    """What a bundle was to compute cannot be known from it, and why: in words that may be the bundle's own."""

    def __init__(self, why: str) -> None:
        super().__init__(printable(why[:SAID_LIMIT]))


class Bundles:
    """Releases that can be run from their bundles, by their digests."""

    def __init__(
        self,
        bundles: Iterable[Bundle],
        kernels: Path,
        patience: float = PATIENCE,
        *,
        opened: Callable[[Bundle], Installed | None] = lambda _: None,
        come: Callable[[], Iterable[Bundle]] = tuple,
    ) -> None:
        """In `kernels` each code has a directory of its own, in which what it compiles is kept.

        `opened` gives the release of a bundle whose code is what is installed here: it needs no process, and compiles
        nothing. `come` gives bundles that have come meanwhile; it is asked where a release is wanted that is not there.
        """
        self._bundles = {bundle.release: bundle for bundle in bundles}
        self._kernels = kernels
        self._patience = patience
        self._opened = opened
        self._come = come

    def __contains__(self, release: str) -> bool:
        if release not in self._bundles:
            self._bundles |= {bundle.release: bundle for bundle in self._come()}
        return release in self._bundles

    def start(self, release: str, past: Past, residents: int, cores: int, stand: Stand | None = None) -> Running:
        """A release at work, from record 0 on or from where it stood. Raises BundleFailed, as does everything that it
        is asked."""
        bundle = self._bundles[release]
        if (here := self._opened(bundle)) is None:
            if stand is not None:
                raise BundleFailed("a process of its own begins at record 0")
            return Bundled(bundle, past, self._kernels, cores, self._patience)
        try:
            return here.at_work(past, residents, cores, stand)
        except ValueError as error:
            raise BundleFailed(str(error)) from error


class Bundled:
    """Called as `learning.rerun.Rerun` is; each call raises BundleFailed where no answer comes, or none that is one.

    To be used by the thread that made it: when that ends, so does the process.
    """

    def __init__(self, bundle: Bundle, past: Past, kernels: Path, cores: int, patience: float) -> None:
        self._past = past
        self._patience = patience
        self._given = 0
        """One past the last record that was given: it is told of none beyond."""
        self._owed: Callable[[], object] | None = None
        """What waits for an answer that is still to come."""
        self._said = b""
        if wrong := departures(bundle.lock, _version):
            raise BundleFailed(wrong)
        self._place = _Place(kernels / f"{bundle.code}-bundle", bundle)
        self._configuration = bytes(msgspec.json.decode(bundle.manifest, type=dict[str, msgspec.Raw])["configuration"])
        self._parameters = bundle.parameters
        try:
            self._process = self._begin(self._place)
            begin = messages.Begin(
                messages.VERSION, bundle.release, self._configuration, self._parameters, RESIDENTS, cores
            )
            ready = self._asked(begin, messages.Ready)
            if ready.version != messages.VERSION:
                raise BundleFailed(f"it speaks version {ready.version}, and {messages.VERSION} was asked for")
        except OSError as error:
            self._place.close()
            raise BundleFailed(f"it cannot be started ({error.strerror})") from error
        except BaseException:
            self.close()
            raise

    def take(self, entries: Iterable[tuple[int, Record]], upto: int) -> None:
        """See `Rerun.take`."""
        given = _given(entries)
        self._settle()
        if given:
            self._given = given[-1].index + 1
        self._asked(messages.Take(given, upto), messages.Done)

    def cut(self, parent: Parent | None, upto: int, whole: bool) -> Cut:
        """See `Rerun.cut`."""
        made = self._asked(messages.Cut(parent, upto, whole), messages.Epoch)
        return Cut(*map(printable, (made.parent, made.delta, made.digest, made.state)))

    def draw(self, regions: Iterable[str]) -> None:
        """See `Rerun.draw`."""
        self._asked(messages.Draw(list(regions)), messages.Done)

    def drop(self, lists: Iterable[tuple[int, str]]) -> None:
        """See `Rerun.drop`."""
        self._asked(messages.Drop(list(lists)), messages.Done)

    def rank(self, pages: Sequence[Served]) -> Answers[Outcome]:
        """See `Rerun.rank`."""

        def read(ranked: messages.Ranked) -> list[Outcome]:
            found = _as_many(ranked.outcomes, pages)
            return [Outcome(*map(printable, (one.trace, one.stage, one.detail))) for one in found]

        return self._begun(messages.Rank(_wanted(pages)), messages.Ranked, read)

    def propose(self, pages: Sequence[Served]) -> Answers[Proposal]:
        """See `Rerun.propose`."""

        def read(proposed: messages.Proposed) -> list[Proposal]:
            return [
                Proposal(one.trace, tuple(Placed(item.video, item.source, item.selector) for item in one.items))
                for one in _as_many(proposed.proposals, pages)
            ]

        return self._begun(messages.Propose(_wanted(pages)), messages.Proposed, read)

    def stand(self) -> None:
        """Nothing: version 2 of what is said to it does not ask."""

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()
        self._place.close()

    def golden(self) -> str:
        """The digest of its golden vectors, computed in a process beside it, which has the place while it waits."""
        given = msgspec.msgpack.encode((self._configuration, self._parameters))
        with tempfile.TemporaryFile() as text, tempfile.TemporaryFile() as said:
            try:
                done = subprocess.run(
                    input=given, stdout=text, stderr=said, timeout=self._patience, check=False,
                    **_start(_GOLDEN, self._place),
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                raise BundleFailed(f"its golden vectors were not there within {self._patience:g} s") from None
            except OSError as error:
                raise BundleFailed(f"its golden vectors cannot be computed ({error.strerror})") from error
            text.seek(0)
            if done.returncode:
                said.seek(max(0, said.seek(0, os.SEEK_END) - SAID_LIMIT))
                raise BundleFailed(f"its golden vectors were not computed: {_ending(done.returncode, said.read())}")
            return to_text(hashlib.file_digest(text, "sha256").digest())

    def _begin(self, place: _Place) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, **_start(_RERUN, place)
        )
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        return process

    def _begun(self, message: ToRelease, kind: type[_A], read: Callable[[_A], _B]) -> Callable[[], _B]:
        """What waits for the answer of that kind, as `read` has it. Whatever is asked next waits for it, too."""
        self._say(message)
        answered: Future[_B] = Future()

        def answer() -> _B:
            if not answered.done():
                self._owed = None
                try:
                    answered.set_result(read(self._answer(kind)))
                except Exception as error:  # noqa: BLE001 - raised where it is called, each time
                    answered.set_exception(error)
            return answered.result()

        self._owed = answer
        return answer

    def _asked(self, message: ToRelease, kind: type[_A]) -> _A:
        """The answer of that kind."""
        self._say(message)
        return self._answer(kind)

    def _settle(self) -> None:
        """Wait for the answer that is still to come."""
        if self._owed is not None:
            self._owed()

    def _say(self, message: ToRelease) -> None:
        self._settle()
        self._send(message, time.monotonic() + self._patience)

    def _answer(self, kind: type[_A]) -> _A:
        """Wait for one of that kind. What it asks meanwhile is answered."""
        deadline = time.monotonic() + self._patience
        while True:
            answer = self._received(deadline)
            match answer:
                case messages.Own():
                    records = self._past.own(answer.viewer, min(answer.upto, self._given))
                    self._send(messages.Records(_given(records)), deadline)
                case messages.Known():
                    known = self._past.known(answer.viewers, min(answer.upto, self._given))
                    self._send(messages.Viewers(list(known)), deadline)
                case messages.Failed():
                    raise BundleFailed(f"it gave up: {answer.reason}")
                case _ if isinstance(answer, kind):
                    return answer
                case _:
                    raise BundleFailed(f"it answered with {type(answer).__name__}, which is out of turn")

    def _send(self, message: ToRelease, deadline: float) -> None:
        assert self._process.stdin is not None
        left = memoryview(messages.frame(message))
        pipe = self._process.stdin.fileno()
        while left:
            self._wait(pipe, select.POLLOUT, deadline)
            try:
                left = left[os.write(pipe, left) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self._ended() from None

    def _received(self, deadline: float) -> FromRelease:
        size = int.from_bytes(self._read(messages.LENGTH, deadline), "big")
        if size > ANSWER_LIMIT:
            raise BundleFailed(f"it began an answer of {size:,} bytes, and {ANSWER_LIMIT:,} are taken at most")
        try:
            answer: FromRelease = _decoder.decode(self._read(size, deadline))
            return answer
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BundleFailed(f"its answer is none: {error}") from error

    def _read(self, size: int, deadline: float) -> bytes:
        assert self._process.stdout is not None
        pipe, read = self._process.stdout.fileno(), bytearray()
        while len(read) < size:
            self._wait(pipe, select.POLLIN, deadline)
            with suppress(BlockingIOError):
                part = os.read(pipe, size - len(read))
                if not part:
                    raise self._ended()
                read += part
        return bytes(read)

    def _wait(self, pipe: int, event: int, deadline: float) -> None:
        """Until something can be done with `pipe`. What is written to standard error is read meanwhile."""
        assert self._process.stderr is not None
        errors = self._process.stderr.fileno()
        poll = select.poll()
        poll.register(pipe, event)
        poll.register(errors, select.POLLIN)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise BundleFailed(f"it gave no answer within {self._patience:g} s")
            ready = dict(poll.poll(min(left, 60) * 1000))
            if errors in ready and not self._listen(errors):
                poll.unregister(errors)
            if pipe in ready:
                return

    def _listen(self, errors: int) -> bool:
        """Keep the end of what it says. False where it can say no more."""
        try:
            said = os.read(errors, 65_536)
        except BlockingIOError:
            return True
        self._said = (self._said + said)[-SAID_LIMIT:]
        return bool(said)

    def _ended(self) -> BundleFailed:
        """What to say of a process that is gone."""
        assert self._process.stderr is not None
        try:
            code = self._process.wait(10)
        except subprocess.TimeoutExpired:
            return BundleFailed("it closed its output")
        while self._listen(self._process.stderr.fileno()):
            pass
        return BundleFailed(_ending(code, self._said))


def _start(program: str, place: _Place) -> dict[str, Any]:
    """How to run one of the programs above on a bundle that is laid out: for `subprocess`."""
    handed_on = {name: os.environ[name] for name in LOWERED if name in os.environ}
    return {
        # -I: no user's packages, no variables of Python's, nothing of the working directory.
        "args": [sys.executable, "-I", "-c", program, str(place.source), str(os.getpid())],
        "cwd": place.source,
        "env": handed_on | {"NUMBA_CACHE_DIR": str(place.cache)},
        "start_new_session": True,  # an interrupt from the keyboard is for who reads the report
    }


def _ending(code: int, said: bytes) -> str:
    """What to say of a process that has ended, having written that to standard error last."""
    lines = said.decode(errors="replace").strip().splitlines()
    last = "".join(letter if letter.isprintable() else "?" for letter in lines[-1]) if lines else "it said nothing"
    return f"it ended with code {code}: {last[:500]}"


class _Place:
    """Where a bundle's source lies while it runs, and where its kernels do.

    Both stay the same from run to run, since Numba knows kernels by the path of their source. One process at a time is
    there: two that kept a kernel in the same moment could have one called for the other. Whoever comes meanwhile gets
    a place of its own, and compiles again.
    """

    def __init__(self, directory: Path, bundle: Bundle) -> None:
        self._lock: int | None = None
        self._passing: Path | None = None
        try:
            if not self._taken(directory):
                self._passing = directory = Path(tempfile.mkdtemp(prefix="plainview-"))
            self.source, self.cache = directory / "source", directory / "kernels"
            _lay_out(bundle, self.source)
            self.cache.mkdir(exist_ok=True)
        except OSError as error:
            self.close()
            raise BundleFailed(f"{directory}: it cannot be laid out there ({error.strerror})") from error

    def close(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if self._passing is not None:
            shutil.rmtree(self._passing, ignore_errors=True)

    def _taken(self, directory: Path) -> bool:
        """Whether the directory is this user's alone, and this process's for now."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.stat()
        if found.st_uid != os.geteuid() or found.st_mode & 0o077:
            return False
        self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = None
            return False
        return True


def _lay_out(bundle: Bundle, source: Path) -> None:
    """Have the bundle's source, and nothing else, lie in `source`."""
    wanted = {name: data for name, data in bundle.files().items() if name.endswith(".py")}
    with suppress(FileNotFoundError):
        found = {path.relative_to(source).as_posix(): path for path in source.rglob("*") if path.is_file()}
        compiled = {name for name in found if "__pycache__" in name}
        if found.keys() - compiled == wanted.keys() and all(found[one].read_bytes() == wanted[one] for one in wanted):
            return
        shutil.rmtree(source)
    for name, data in wanted.items():
        path = source / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (0, 0))  # Numba compiles a file of another time again


def _given(entries: Iterable[tuple[int, Record]]) -> list[Given]:
    return [Given(index, KIND_OF[type(record)], encode(record)) for index, record in entries]


def _wanted(pages: Iterable[Served]) -> list[messages.Asked]:
    return [messages.Asked(index, encode(page), cursor) for index, page, cursor in pages]


def _as_many(answers: list[_A], pages: Sequence[Served]) -> list[_A]:
    """One for each page. Raises BundleFailed."""
    if len(answers) != len(pages):
        raise BundleFailed(f"it answered for {len(answers)} pages, and {len(pages)} were asked for")
    return answers


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"

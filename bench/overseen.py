"""A platform and the partner who oversees it, each a process of its own, as benches and tests run them."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

from msgspec.structs import replace

from plainview.cli.demo.children import Child, Said, free_port
from plainview.keys.key_files import read_key
from plainview.ledger.charters import AGREEING, Charter, digest_text, parse_charter
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.policies import Policy, Witness
from plainview.oversight.partner.directory import AUDITOR, make_directory, read_keys
from plainview.platform.founding import adopt
from plainview.platform.home import Home
from plainview.platform.local_charter import CHARTER, begin_locally
from plainview.platform.local_licence import license_locally
from plainview.platform.log.opening import KEY


class Overseen:
    """A home below `directory`, the keys of its parties and its partner's directory."""

    def __init__(self, directory: Path) -> None:
        self.home = directory / "home"
        self.parties = directory / "parties"
        self.partner = directory / "partner"

    def begin(self) -> None:
        """Begin its journal with a local charter; the installed release may rank."""
        begin_locally(Home(self.home), self.parties)
        license_locally(Home(self.home), self.parties)
        make_directory(self.partner, "partner.example")
        shutil.copy(self.parties / "auditor" / KEY, self.partner / AUDITOR)

    def watch(self, url: str) -> None:
        """Amend its charter: nothing is published that the partner's witness at `url` has not cosigned."""
        before = self.charter
        witness = Witness("partner", read_keys(self.partner).witness.key, url)
        policy = Policy(before.policy.logs, (witness,), (), "partner")
        text = replace(before, number=1, previous=before.digest(), policy=policy).text()
        signatures = tuple(read_key(self.parties / role / KEY).sign(text) for role in AGREEING)
        adopt(Home(self.home), Note(text, signatures))

    @property
    def charter(self) -> Charter:
        """The first."""
        return parse_charter(parse_note((self.parties / CHARTER).read_bytes()).text)


class Partner:
    """`plainview oversee run`. `program` is the module that is run as `plainview`."""

    def __init__(
        self, directory: Path, charter: bytes, url: str, kernels: Path, *, program: str = "plainview.cli"
    ) -> None:
        """`charter` is the first one's digest."""
        self._directory, self._charter, self._url, self._kernels = directory, charter, url, kernels
        self._program = program
        self.port = free_port()
        self._child: Child | None = None

    @property
    def said(self) -> list[Said]:
        """Since the last start."""
        return [] if self._child is None else self._child.said

    def start(self) -> None:
        """Raises TimeoutError where it does not answer."""
        command = [
            "oversee", "run", str(self._directory), f"--charter={digest_text(self._charter)}", "--url", self._url,
            "--port", str(self.port), "--every", "0.5", "--rerun-every", "1", "--sample", "30", "--canaries", "3",
            "--canary-every", "1",
        ]  # fmt: skip
        self._child = Child(self._program, command, NUMBA_CACHE_DIR=str(self._kernels))
        self.hears("answers at", 120)

    def hears(self, words: str, seconds: float = 60, since: float = 0.0) -> Said:
        """The first line with these words that was said after `since` (Unix seconds). Raises TimeoutError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._child is not None and (heard := self._child.heard(words, since)) is not None:
                return heard
            time.sleep(0.02)
        raise TimeoutError(f"{words!r} was not said within {seconds:g} s")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status; 0 where it was not started."""
        return 0 if self._child is None else self._child.end(number)

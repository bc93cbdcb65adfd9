"""The data directory: where everything lies that one platform keeps.

`journal.sqlite` is the journal, `log/` holds what was published of it and the log's key, `release.bundle` the release
that it is computed with, if that is not the one that comes with the code. `objects/` and `projections/`
can be deleted while nothing runs: they are computed again.
"""

from __future__ import annotations

import functools
import os
import secrets
import shlex
from contextlib import suppress
from pathlib import Path

from plainview.journal import EpochStore, Fence, Journal, JournalReader, PlainSealer
from plainview.platform.charters import Charters
from plainview.platform.faults import HomeError
from plainview.platform.reigns import reign_of
from plainview.platform.releases import OtherCode, check_app, installed, opened
from plainview.records.fields import to_bytes
from plainview.replay.bundles import Bundle, BundleError, pack, read_bundle, unpack
from plainview.replay.installed import Installed
from plainview.replay.judged import Judged
from plainview.storage import FileObjects, SqliteRecords, StoreAbsent, StoreError
from plainview.storage.filesystem import HostFileSystem, write_durable
from plainview.storage.sqlite import DATABASE, LOCK

VARIABLE = "PLAINVIEW_HOME"
LOG = "log"
RELEASE = "release.bundle"
_OURS = {
    DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", LOCK, LOG, RELEASE, "objects", "projections", "kernels", "imports",
}  # fmt: skip


def default_home() -> Path:
    """$PLAINVIEW_HOME, or ~/.local/share/plainview."""
    return Path(os.environ.get(VARIABLE) or "~/.local/share/plainview")


class Home:
    """One data directory. Making a Home touches nothing. Raises HomeError for a `~name` that no user has."""

    def __init__(self, path: Path) -> None:
        try:
            self.path = path.expanduser().absolute()
        except RuntimeError as error:
            raise HomeError(
                f"{path}: no user has that name; give another directory with --home or {VARIABLE}"
            ) from error
        self.instance = secrets.token_urlsafe(16)
        """What a server that runs on this Home is known by, see `server`."""
        self.projections = self.path / "projections"
        self.objects = FileObjects(self.path / "objects")
        self.epochs = EpochStore(self.objects, self.projections)

    def prepare(self) -> None:
        """Make the directory. Raises HomeError where that cannot be, or something else's files lie there."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            names = {entry.name for entry in self.path.iterdir()}
        except OSError as error:
            raise self._unusable(error) from error
        if DATABASE not in names and names - _OURS:
            raise HomeError(
                f"{self.path} holds something else ({', '.join(sorted(names - _OURS)[:3])}) and no journal; "
                f"give an empty directory with --home or {VARIABLE}"
            )
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise HomeError(f"{self.path} cannot be written to; change its owner, or give another with --home")

    @functools.cached_property
    def release(self) -> Installed:
        """What worlds and pages are computed with here: the release of its bundle, or the one that comes with the code.

        Read once. Raises HomeError for a bundle that cannot be read, or is not of the code and the app installed here.
        """
        path = self.path / RELEASE
        try:
            release = opened(unpack(read_bundle(path)))
            check_app(release)
            return release
        except FileNotFoundError:
            return installed()
        except NotADirectoryError as error:
            raise self._unusable(FileExistsError()) from error
        except OSError as error:
            raise HomeError(f"{path}: cannot be read ({error.strerror})") from error
        except (BundleError, OtherCode) as error:
            raise HomeError(f"{path}: {error}") from error

    def install(self, bundle: Bundle) -> None:
        """Have the directory be computed with this release from the next start on. Raises HomeError."""
        try:
            check_app(opened(bundle))
            self.prepare()
            write_durable(HostFileSystem(), self.path / RELEASE, [pack(bundle)])
        except OtherCode as error:
            raise HomeError(str(error)) from error
        except OSError as error:
            raise self._unusable(error) from error

    def write(self) -> Journal:
        """The journal, opened for writing by this process alone. It is empty where it is new: see `founding.found`.

        Raises HomeError for a directory that cannot be used, is in use, or was written by a later version.
        """
        max_lag = self.release.configuration.max_lag
        self.prepare()
        try:
            store = SqliteRecords(self.path, writing=True)
        except StoreError as error:
            raise HomeError(str(error)) from error
        except OSError as error:
            raise self._unusable(error) from error
        try:
            reader = JournalReader(store, PlainSealer())
            tolerance = Charters(reader).in_force.charter.bounds.now_tolerance if reader.size else 0
            return Journal(store, PlainSealer(), Fence(max_lag, tolerance, Judged()))
        except StoreError as error:
            store.close()
            raise HomeError(str(error)) from error
        except BaseException:
            store.close()
            raise

    def read(self) -> JournalReader:
        """The journal, for reading, while another process may write it. Raises HomeError where there is none."""
        try:
            if self.path.is_file():
                raise FileExistsError
            return JournalReader(SqliteRecords(self.path, writing=False), PlainSealer())
        except StoreError as error:
            raise HomeError(str(error)) from error
        except OSError as error:
            raise self._unusable(error) from error

    def announce(self, address: str) -> None:
        """Have `server` find the server at `address`. For who has the directory open for writing: the next clears it.

        Where it cannot be written, nobody finds it.
        """
        with suppress(OSError), (self.path / LOCK).open("a") as lock:
            lock.write(f"{address}\n{self.instance}\n")

    def server(self) -> tuple[str, str] | None:
        """Where the server listens that has the directory open, and its `instance`, which its /health tells.

        None where it has not said so. Another may listen there where that is another machine's or container's address.
        """
        try:
            _, address, instance = (self.path / LOCK).read_text(encoding="utf-8").split()
        except (OSError, ValueError):
            return None
        return address, instance

    def check(self, time: int | None = None) -> None:
        """Raises HomeError where no journal has begun, or it cannot be read, or the installed release is not in charge:
        before kernels are compiled for it.

        At a `time` it is enough that it may take charge then. Raises JournalDamaged for a journal that is damaged.
        """
        if not self.begun():
            raise self.unbegun()
        journal = self.read()
        try:
            Charters(journal)
            check_release(journal, self.release.digest, time)
        except StoreError as error:
            raise HomeError(str(error)) from error
        finally:
            journal.close()

    def begun(self) -> bool:
        """Whether there is a journal with records. Raises HomeError where it cannot be read."""
        try:
            journal = self.read()
        except HomeError as error:
            if isinstance(error.__cause__, StoreAbsent):
                return False
            raise
        try:
            return journal.size > 0
        except StoreError as error:
            raise HomeError(str(error)) from error
        finally:
            journal.close()

    def unbegun(self) -> HomeError:
        """What to say where there is no journal yet."""
        here = shlex.quote(str(self.path))
        return HomeError(
            f"{self.path}: no journal has begun here, and one begins with a charter that its parties have signed: "
            "agree on one (docs/how-to/agree-on-a-charter.md) and run "
            f"`plainview charter adopt FILE --home {here}`; or, to try things out, "
            f"`plainview charter local DIRECTORY --home {here}`, which makes all parties' keys on this machine"
        )

    def _unusable(self, error: OSError) -> HomeError:
        reason = "it is a file" if isinstance(error, FileExistsError) else error.strerror
        return HomeError(
            f"{self.path} cannot be used as data directory ({reason}); give another with --home or {VARIABLE}"
        )


def check_release(journal: JournalReader, installed: str, time: int | None) -> None:
    """Raises HomeError where the release `installed` is not in charge of `journal`: two would fold one world.

    At a `time` it may be one that may take charge then. Raises JournalDamaged.
    """
    reign = reign_of(journal)
    if reign.release == installed and (reign.begun or time is not None):
        return
    theirs = f"release {reign.release} is in charge of this journal, by record {reign.index}"
    if time is None:
        raise HomeError(
            f"{theirs}, and release {installed} is installed: `plainview serve` takes the journal over where it may; "
            "or install the other again"
        )
    reason = Judged.of(journal).last.why_not_in_charge(to_bytes(installed), max(time, journal.last_time))
    if reason:
        raise HomeError(
            f"{theirs}, and release {installed}, which is installed, may not take it over: {reason}. Have it approved "
            "(docs/how-to/license-a-release.md), or have the parties name it as baseline (`plainview charter amend`); "
            f"until then install the other again, or begin another data directory with --home or {VARIABLE}"
        )

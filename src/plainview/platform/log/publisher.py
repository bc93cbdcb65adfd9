"""Publishing: the one place where a checkpoint of the journal is signed, cosigned and shown.

A checkpoint is durable in its file before anybody is shown it. It replaces the one that this publisher wrote or found
there, and no other. It is signed only once enough witnesses have spoken for the history that is here (`cosigners`), and
goes out only when the policy's quorum has cosigned it, each of which refuses what does not begin with all that it
cosigned before. So a second writer or a disk that was set back stops the log, and does not fork it. With a policy that
asks for no witness, only what the file itself tells is noticed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from plainview.journal import Entry, Journal, JournalDamaged
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.errors import LedgerError
from plainview.ledger.hashing import EMPTY_ROOT, HASH_SIZE
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import Policy
from plainview.ledger.signers import Signer
from plainview.ledger.tile_paths import TILE_WIDTH
from plainview.platform.log.cosigners import Cosigners
from plainview.platform.log.tree import Advance, JournalTree
from plainview.platform.log.witnesses import HistoryRefused, WitnessError
from plainview.storage import StoreError
from plainview.storage.filesystem import FileSystem, write_durable

CHECKPOINT = "checkpoint"
TREE = "tree"
SIGNED = "signed"
INTERVAL = 1.0
"""Seconds at least from one publication to the next."""

_logger = logging.getLogger(__name__)


class LogBroken(Exception):
    """What is here is not what was published: nothing more may be, until somebody has looked."""


class Published(msgspec.Struct, frozen=True):
    """A checkpoint that anybody may have seen."""

    checkpoint: Checkpoint
    note: Note
    data: bytes
    """The note's bytes, as they are in the file."""
    witnessed: int = 0
    """The earliest time of its cosignatures, Unix seconds; 0 where it has none, or was found at a start."""


class Publisher:
    """`open` once, then `start`, then `close`. `published` may be looked at from any thread."""

    def __init__(
        self,
        journal: Journal,
        tree: JournalTree,
        signer: Signer,
        policy: Policy,
        directory: Path,
        files: FileSystem,
        tolerance: int,
        interval: float = INTERVAL,
        *,
        keys: Sequence[VerifierKey] = (),
    ) -> None:
        """`signer` is the log's, an Ed25519 key by the name of its origin; `keys` may have signed what was published
        before. `tolerance` in ms is between journal time and the witnesses'. Raises ValueError for a policy that
        `Cosigners` cannot ask."""
        self._journal = journal
        self._tree = tree
        self._signer = signer
        self._keys = [signer.key, *(key for key in keys if key != signer.key)]
        self._policy = policy
        self._path = directory / CHECKPOINT
        self._kept = directory / TREE
        self._signed_path = directory / SIGNED
        self._signed: tuple[Note, Checkpoint] | None = None
        """What was signed last: in its file before any witness saw it."""
        self._files = files
        self._tolerance = tolerance
        self._interval = interval
        self._cosigners = Cosigners(policy, self._keys)
        self._there: set[bytes | None] = set()
        """What the file may hold by this publisher's own doing."""
        self._off = ""
        """Which way journal time was off when that was last told."""
        self._arrived = threading.Event()
        """Set once a record has come since the last attempt to publish, or all is to end."""
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.published: Published | None = None
        self.trouble = ""
        """Why the last attempt to publish failed; empty where it did not. It is made again."""
        self.clock = ""
        """How far journal time was off from what witnesses say when that was last looked at; empty where it was not."""
        self.failure: Exception | None = None
        """What ended publishing, if something did."""

    def open(self, advance: Advance | None = None) -> None:
        """Take up the journal and what was published of it. Nothing may have been appended since it was opened.

        Raises LogBroken where the one does not begin with the other, OSError, JournalDamaged.
        """
        self.published = self._stored(self._path)
        self._there = {None if self.published is None else self.published.data}
        # What was signed last is behind where no witness was asked for a while.
        known = [one for one in (self._stored(self._signed_path), self.published) if one is not None]
        size = self._journal.size
        if not known:
            self._tree.extend(size, advance)
            return
        largest = max(known, key=lambda one: one.checkpoint.size)
        self._signed = self._sign(largest.checkpoint)  # the same note, unless the key is another
        self._take_up(largest.checkpoint, size, advance)
        for checkpoint in (one.checkpoint for one in known):
            if self._tree.root(checkpoint.size) != checkpoint.root:
                raise LogBroken(
                    f"{self._path.parent}: the journal's first {checkpoint.size} records are not those that were "
                    "published; restore a copy of both"
                )

    def _take_up(self, checkpoint: Checkpoint, size: int, advance: Advance | None) -> None:
        if checkpoint.size > size:
            raise LogBroken(
                f"{self._path.parent}: {checkpoint.size} records were published, and the journal has {size}: it is "
                "an older copy; restore the newest one"
            )
        with suppress(OSError, JournalDamaged):
            kept = self._files.read(self._kept)
            # Of what was published alone, for which the root answers; and not all of it, or the root would be compared
            # with itself where it ends with a tile.
            self._tree.restore(kept[: max(checkpoint.size - 1, 0) // TILE_WIDTH * HASH_SIZE])
            self._tree.extend(size, advance)
            if self._tree.root(checkpoint.size) == checkpoint.root:
                return
        self._tree.restore(b"")
        self._tree.extend(size, advance)

    def ask_witnesses(self) -> None:
        """Ask witnesses whether this is the newest copy of the log, for PATIENCE at most; who is late is asked again.

        Raises LogBroken where one shows that it is not.
        """
        try:
            self._hear()
        except HistoryRefused as error:
            raise LogBroken(f"{self._path.parent}: {error}; restore the newest copy") from None

    @property
    def hold(self) -> str:
        """Why nothing that comes now can be promised to be published; empty where it can."""
        if self.failure is not None:
            return str(self.failure) or type(self.failure).__name__
        return self._cosigners.doubt

    def _hear(self) -> None:
        self._cosigners.settle()
        if self._cosigners.doubt:
            # The empty tree is where every history begins: whoever knows of more says so.
            note, checkpoint = self._signed or self._sign(Checkpoint(self._signer.key.name, 0, EMPTY_ROOT))
            self._cosigners.hear(note, checkpoint, self._tree)

    def _sign(self, checkpoint: Checkpoint) -> tuple[Note, Checkpoint]:
        text = checkpoint.text()
        return Note(text, (self._signer.sign(text),)), checkpoint

    def start(self) -> None:
        """Publish whatever comes, from here on."""
        self._journal.watch(self._observe)
        self._thread = threading.Thread(target=self._run, name="log-publisher", daemon=True)
        self._thread.start()

    def keep(self) -> None:
        """Keep of the tree what the next start would have to compute. Raises OSError."""
        write_durable(self._files, self._kept, [self._tree.kept()])

    def close(self) -> None:
        """Publish what is there, as far as witnesses answer, and stop."""
        self._ending.set()
        self._arrived.set()
        if self._thread is not None:
            self._thread.join()

    def publish(self) -> bool:
        """Publish the journal as it is. False where nothing is new.

        Raises LogBroken and HistoryRefused, after which it may not be called again; WitnessError where no quorum
        cosigned, OSError and JournalDamaged.
        """
        self._hear()
        if self._cosigners.doubt:
            raise WitnessError(self._cosigners.doubt)
        size = self._journal.size
        before = self.published
        if size == (0 if before is None else before.checkpoint.size):
            return False
        self._compare()
        self._tree.extend(size)
        signed, checkpoint = self._sign(Checkpoint(self._signer.key.name, size, self._tree.root(size)))
        if self._policy.witnesses:
            write_durable(self._files, self._signed_path, [signed.encode()])
        self._signed = signed, checkpoint
        cosigned = self._cosigners.cosign(signed, checkpoint, self._tree)
        times = [moment for _, moment in cosigned]
        self._check_clock(size, before, times)
        note = Note(signed.text, (*signed.signatures, *(signature for signature, _ in cosigned)))
        published = Published(self._checked(note), note, note.encode(), min(times, default=0))
        self._there = {self._compare(), published.data}
        write_durable(self._files, self._path, [published.data])
        self.published, self._there = published, {published.data}
        return True

    def _compare(self) -> bytes | None:
        """What the file holds. Raises LogBroken unless this publisher put it there, be it by an attempt that failed."""
        now = self._stored(self._path)
        data = None if now is None else now.data
        if data not in self._there:
            raise LogBroken(f"{self._path}: another process published there; stop one of the two")
        return data

    def _checked(self, note: Note) -> Checkpoint:
        """What is about to be shown, read as others will read it."""
        return self._policy.check(note, [self._signer.key]).checkpoint

    def _stored(self, path: Path) -> Published | None:
        try:
            data = self._files.read(path)
        except FileNotFoundError:
            return None
        try:
            note = parse_note(data)
            checkpoint, _ = open_checkpoint(note, self._signer.key.name, self._keys)
        except LedgerError as error:
            raise LogBroken(f"{path}: not a checkpoint of this log ({error}); restore a copy") from None
        return Published(checkpoint, note, data)

    def _check_clock(self, size: int, before: Published | None, witnessed: list[int]) -> None:
        """Journal time must lie between the witness times around it. Where it does not, say so once and go on."""
        if not witnessed:
            return
        apart = self._journal.entry(size - 1, trusting=True).time - (max(witnessed) + 1) * 1000
        which = "ahead of"
        if apart <= self._tolerance and before is not None and before.witnessed:
            apart = before.witnessed * 1000 - self._journal.entry(before.checkpoint.size, trusting=True).time
            which = "behind"
        if apart <= self._tolerance:
            self._off = self.clock = ""
            return
        self.clock = (
            f"journal time is {apart / 1000:.1f} s {which} all witnesses', and the charter allows "
            f"{self._tolerance / 1000:.1f} s: set this machine's clock"
        )
        if which != self._off:
            self._off = which
            _logger.error("%s", self.clock)

    def _observe(self, _: list[Entry]) -> None:
        """Called by the journal's writer. Only the first group since the last publication wakes anybody."""
        if not self._arrived.is_set():
            self._arrived.set()

    def _run(self) -> None:
        while True:
            began = time.monotonic()
            self._arrived.clear()
            closing = self._ending.is_set()  # after that, or what `close` sets in between would be lost
            self._attempt()
            if closing or self.failure is not None:
                return
            self._ending.wait(max(began + self._interval - time.monotonic(), 0))
            if self._up_to_date and not self._cosigners.doubt:
                self._arrived.wait()

    @property
    def _up_to_date(self) -> bool:
        return self.published is not None and self.published.checkpoint.size == self._journal.size

    def _attempt(self) -> None:
        try:
            self.publish()
        except (WitnessError, OSError, StoreError) as error:
            if str(error) != self.trouble:
                _logger.warning("the log is not published: %s; it is tried again", error)
            self.trouble = str(error)
        except (LogBroken, HistoryRefused, JournalDamaged) as error:
            _logger.error("the log is published no more: %s", error)
            self._fail(error)
        except Exception as error:
            _logger.exception("the log is published no more")
            self._fail(error)
        else:
            if self.trouble:
                _logger.warning("the log is published again")
            self.trouble = ""

    def _fail(self, error: Exception) -> None:
        """What would be acknowledged from here on could not be kept."""
        self.failure = error
        self._journal.stop(error)

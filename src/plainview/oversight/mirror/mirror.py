"""Following one log: each new checkpoint is held against all that was seen before, then every entry is fetched."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, wait
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from plainview.http.fetching import FetchError
from plainview.ledger import broken_promises, misbehaviour
from plainview.ledger.broken_promises import Breach, BrokenPromise
from plainview.ledger.bundles import Bundle, bundles, encode_entries, parse_entries, verify_entries
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.consistency import prefix_proof, prefix_roots
from plainview.ledger.errors import FormatError, LedgerError, PolicyError, ProofError, SignatureError
from plainview.ledger.hashing import EMPTY_ROOT, HASH_SIZE
from plainview.ledger.inclusion import inclusion_proof
from plainview.ledger.misbehaviour import Contradiction, Misbehaviour, parse_misbehaviour
from plainview.ledger.nodes import Node, NodeReader
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import Accepted, Log, Policy
from plainview.ledger.promises import open_promise, parse_promise
from plainview.ledger.spelling import printable, shown
from plainview.ledger.tile_paths import TILE_WIDTH
from plainview.ledger.tile_reading import TileReader
from plainview.ledger.tiles import Tile, tiles
from plainview.oversight.mirror.copies import CHECKPOINT, PENDING
from plainview.oversight.mirror.files import MISBEHAVIOUR, MirrorFiles
from plainview.oversight.mirror.source import LogSource

BATCH = 64
"""Tiles checked together: those above them are fetched once for all."""
AHEAD = 1000
"""Checkpoints at most that wait for the log to grow to their size."""

T = TypeVar("T")


class MirrorError(Exception):
    """The log cannot be followed now, and why. What is held stays as it is; trying again is safe."""


class Misbehaved(Exception):
    """The log or a witness contradicted itself, or the log a promise: what was proven, and the file that proves it."""

    def __init__(self, contradiction: Contradiction | Breach, path: Path) -> None:
        super().__init__(f"{contradiction.sentence()}; the proof is in {printable(str(path))}")
        self.contradiction = contradiction
        self.path = path


class _Head(NamedTuple):
    note: Note
    checkpoint: Checkpoint


class Mirror:
    """A copy of the log `origin`, whose keys, witnesses and quorum `policy` says. One thread at a time.

    `others` give the log's checkpoint as the witness of that name in the policy knows it, or None. `pool` fetches and
    writes. `convicted` is told of a witness that contradicts itself, after the proof is written and never again: from
    then on its word counts for nothing. Raises PolicyError where the policy does not know the log, MirrorError where
    what is held is damaged.
    """

    def __init__(
        self,
        origin: str,
        policy: Policy,
        source: LogSource,
        files: MirrorFiles,
        pool: Executor,
        others: Sequence[tuple[str, Callable[[], bytes | None]]] = (),
        convicted: Callable[[Misbehaved], None] = lambda _: None,
    ) -> None:
        self._origin = origin
        self._policy = policy
        self._keys = policy.keys_of(origin)
        self._source = source
        self._files = files
        self._pool = pool
        self._others = others
        self._tell = convicted
        self._ahead: list[_Head] = []
        self._untaken: deque[_Head] = deque(maxlen=AHEAD)
        """What was served and could not be taken up: a witness may come to know another tree of that size."""
        self._promised: dict[int, Note] = {}
        with _told(files):
            self._held = self._kept(CHECKPOINT)
            self._convicted = self._convicted_before()
        self._served: _Head | None = None

    @property
    def held(self) -> Checkpoint | None:
        """The checkpoint of which everything is here."""
        return self._held.checkpoint if self._held else None

    def update(self) -> tuple[Accepted | None, list[str]]:
        """One look at the log: the checkpoint taken up, None where there is no newer one; and what else was seen.

        Raises MirrorError, and Misbehaved when a proof against the log has been written.
        """
        with _told(self._files):
            return self._update()

    def check(self) -> None:
        """Hash all that is here again, and fetch anew what is missing or damaged. Raises MirrorError."""
        if self._held:
            with _told(self._files):
                self._keep_all(self._held, 0)

    def keeps(self, promised: Note, logs: Iterable[Log] = ()) -> bool:
        """Whether the log has kept this promise. False where it has not, and nothing that it signed says that it must.

        Where `logs` are given, a key of theirs must have signed it. Raises what `open_promise` does, MirrorError, and
        Misbehaved when a proof that it is broken has been written, be it by another promise that was held against the
        log before.
        """
        every = {log.key: log for log in (*self._policy.logs, *logs)}
        policy = replace(self._policy, logs=tuple(every.values()))
        promise = open_promise(promised, self._origin, [log.key for log in logs] or self._keys)
        index = promise.index
        with _told(self._files):
            first = self._promised.setdefault(index, promised)
            if parse_promise(first.text).leaf != promise.leaf:
                one, other = sorted((first, promised), key=Note.encode)  # the same file, whichever comes first
                raise self._proven(BrokenPromise(one, other), policy)
            if self._held and (size := self._held.checkpoint.size) > index:
                path = self._read(
                    self._held, lambda read: (*read([Node(0, index)]), *inclusion_proof(index, size, read))
                )
                if path[0] == promise.leaf:
                    return True
                raise self._proven(BrokenPromise(promised, self._held.note, path), policy)
            # What is served may be the tree that is held, cosigned anew.
            for head in (self._served, self._held):
                if head and head.checkpoint.size <= index:
                    with suppress(PolicyError):
                        raise self._proven(BrokenPromise(promised, self._believed(head.note)), policy)
        return False

    def _update(self) -> tuple[Accepted | None, list[str]]:
        # Before the log's own, which is then seldom the older.
        elsewhere, remarks = self._elsewhere()
        head = self._served = self._opened(self._source.checkpoint(), "the log's checkpoint")
        # Before all that needs the log's tiles: of a tree that is shown to nobody else they prove nothing.
        for one in (*elsewhere, head):
            for other in (*self._untaken, *elsewhere):
                if one.checkpoint.size == other.checkpoint.size:
                    self._compare(one, other)
        if head not in self._untaken:
            self._untaken.append(head)
        for known in (self._held, self._kept(PENDING)):
            if known:
                self._compare(known, head)
        older = self._held is not None and head.checkpoint.size < self._held.checkpoint.size
        newest = self._held if self._held and older else head
        waited = list(self._ahead)
        self._compare_elsewhere(elsewhere, newest)
        if late := [one for one in waited if one in self._ahead]:
            remarks.append(
                f"{shown(self._origin)} serves {newest.checkpoint.size:,} entries, a look after a witness had seen "
                f"{late[0].checkpoint.size:,}: it is late, or shows you less than others"
            )
        if older:
            remarks.append(
                f"{shown(self._origin)} serves its older checkpoint of {head.checkpoint.size:,} entries again, after "
                f"{newest.checkpoint.size:,}: that proves nothing, a cache may have done it"
            )
            return None, remarks
        if self._held and head.checkpoint == self._held.checkpoint:
            return None, remarks
        try:
            accepted = self._policy.check(self._believed(head.note))
        except PolicyError as error:
            raise MirrorError(f"{error}{self._uncounted()}; not taken up") from error
        self._take_up(head)
        self._untaken.remove(head)
        return accepted, remarks

    def _elsewhere(self) -> tuple[list[_Head], list[str]]:
        found, remarks = [], []
        for witness, other in self._others:
            if witness in self._convicted:
                continue
            try:
                if (data := other()) is not None:
                    found.append(self._opened(data, "a witness's checkpoint"))
            except (FetchError, MirrorError) as error:
                remarks.append(str(error))
        return found, remarks

    def _compare_elsewhere(self, found: Iterable[_Head], newest: _Head) -> None:
        """Hold what others know against the log's newest tree; what is ahead of it has to wait."""
        waiting = {head.checkpoint.text(): head for head in (*self._ahead, *found)}
        self._ahead = [head for head in waiting.values() if head.checkpoint.size > newest.checkpoint.size][:AHEAD]
        for head in waiting.values():
            if head.checkpoint.size <= newest.checkpoint.size:
                self._compare(head, newest)

    def _opened(self, data: bytes, what: str) -> _Head:
        try:
            note = parse_note(data)
            checkpoint, _ = open_checkpoint(note, self._origin, self._keys)
            self._policy.witnessed(note)
            if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
                raise ProofError("a tree without leaves has the root SHA-256(''), and no other")
        except LedgerError as error:
            said = f"{what}: {error}"
            if isinstance(error, SignatureError) and not self._signed(note):
                said += "; where the log's key was replaced, its new policy names the one that signs now"
            raise MirrorError(said) from error
        return _Head(note, checkpoint)

    def _signed(self, note: Note) -> bool:
        """Whether there is a signature on it that says it is by one of the log's keys."""
        known = {(key.name, key.key_id) for key in self._keys}
        return any((one.name, one.key_id) in known for one in note.signatures)

    def _kept(self, name: str) -> _Head | None:
        data = self._files.read(name)
        path = self._files.path(name)
        if data is None:
            return None
        return self._opened(
            data,
            f"{path} is damaged (move it away), another log's, or signed with a key that the policy has no more (name "
            "that one, too)",
        )

    def _compare(self, one: _Head, other: _Head) -> None:
        """Raises Misbehaved where the log contradicts itself by the two; only witnesses: they are convicted."""
        smaller, larger = sorted((one, other), key=lambda head: head.checkpoint.size)
        old, new = smaller.checkpoint.size, larger.checkpoint.size
        if old == new:
            if smaller.checkpoint.root != larger.checkpoint.root:
                raise self._proven(Misbehaviour(smaller.note, larger.note))
            return
        if old:
            hashes = self._read(larger, lambda read: prefix_proof(old, new, read))
            if prefix_roots(old, new, hashes)[0] != smaller.checkpoint.root:
                raise self._proven(Misbehaviour(smaller.note, larger.note, hashes))
        rollback = Misbehaviour(self._believed(smaller.note), self._believed(larger.note))
        try:
            found = rollback.check(self._policy)
        except ProofError:
            return
        proven = self._proven(rollback)
        if found.log:
            raise proven
        self._convicted.update(found.witnesses)
        self._tell(proven)

    def _convicted_before(self) -> set[str]:
        """The witnesses that what is here convicts, and not the log with them."""
        names: set[str] = set()
        for name in self._files.names(MISBEHAVIOUR):
            if name.endswith(misbehaviour.SUFFIX) and (data := self._files.read(name)) is not None:
                try:
                    found = parse_misbehaviour(data).check(self._policy)
                except FormatError as error:
                    raise MirrorError(f"{self._files.path(name)} is damaged; move it away: {error}") from error
                except LedgerError:
                    continue  # of keys that the policy no longer names
                if not found.log:
                    names.update(found.witnesses)
        return names

    def _believed(self, note: Note) -> Note:
        """The note without what convicted witnesses say."""
        keys = [one.key for one in self._policy.witnesses if one.name in self._convicted]
        lost = {(key.name, key.key_id) for key in keys}
        return Note(note.text, tuple(one for one in note.signatures if (one.name, one.key_id) not in lost))

    def _uncounted(self) -> str:
        """Who no longer counts, and whether the quorum can do without."""
        if not self._convicted:
            return ""
        names = ", ".join(map(shown, sorted(self._convicted)))
        said = f"; not counted: {names}, convicted by what is in {self._files.path(MISBEHAVIOUR)}"
        if not self._policy.reaches_quorum({one.name for one in self._policy.witnesses} - self._convicted):
            said += ", and without that the quorum cannot be reached: ask for another in the policy"
        return said

    def _proven(self, proof: Misbehaviour | BrokenPromise, policy: Policy | None = None) -> Misbehaved:
        """What it proves, by the mirror's policy or another, once it is written."""
        found = proof.check(policy or self._policy)
        match found:
            case Contradiction(smaller=smaller, larger=larger):
                where, suffix = f"{smaller.size}-{larger.size}", misbehaviour.SUFFIX
            case Breach(promise=promise, against=Checkpoint(size=size)):
                where, suffix = f"{promise.index}-{size}", broken_promises.SUFFIX
            case Breach(promise=promise):
                where, suffix = f"{promise.index}", broken_promises.SUFFIX
        data = proof.encode()
        digest = hashlib.sha256(data).hexdigest()[:8]
        name = f"{MISBEHAVIOUR}/{found.kind.value}-{where}-{digest}{suffix}"
        self._files.write(name, data)
        return Misbehaved(found, self._files.path(name))

    def _take_up(self, head: _Head) -> None:
        """Fetch all that is new in that tree, check it, keep it, then the checkpoint."""
        old = self._held.checkpoint.size if self._held else 0
        self._files.write(PENDING, head.note.encode())
        self._keep_all(head, old)
        self._files.write(CHECKPOINT, head.note.encode())
        self._held = head
        self._files.remove(PENDING)
        for bundle in bundles(head.checkpoint.size, old):
            if bundle.width == TILE_WIDTH:
                self._files.forget_partial(bundle.path)
        for tile in tiles(head.checkpoint.size, old):
            if tile.width == TILE_WIDTH:
                self._files.forget_partial(tile.path)

    def _keep_all(self, head: _Head, old: int) -> None:
        new = tiles(head.checkpoint.size, old)
        while batch := list(islice(new, BATCH)):
            self._read(head, lambda read, batch=batch: self._keep(batch, read))  # type: ignore[misc]

    def _keep(self, batch: Sequence[Tile], read: NodeReader) -> None:
        """Keep these tiles, and the bundles of those of level 0, whose every entry is hashed again."""
        hashes = iter(read([node for tile in batch for node in tile.nodes()]))
        checked = [(tile, [next(hashes) for _ in range(tile.width)]) for tile in batch]
        running = [self._pool.submit(self._keep_tile, tile, hashed) for tile, hashed in checked]
        wait(running, return_when=FIRST_EXCEPTION)
        # When one fails, none of the others may still be writing when the next attempt begins.
        wait([one for one in running if not one.cancel()])
        for one in running:
            if not one.cancelled():
                one.result()

    def _keep_tile(self, tile: Tile, hashes: Sequence[bytes]) -> None:
        if tile.level == 0:
            bundle = Bundle(tile.index, tile.width)
            if not self._holds(bundle, hashes):
                entries = self._source.entries(bundle)
                verify_entries(bundle, entries, hashes)
                self._files.write(bundle.path, encode_entries(entries))
        self._files.write(tile.path, b"".join(hashes))

    def _holds(self, bundle: Bundle, hashes: Sequence[bytes]) -> bool:
        """Whether an interrupted attempt left it here, and sound."""
        data = self._files.read(bundle.path)
        if data is None:
            return False
        try:
            verify_entries(bundle, parse_entries(bundle, data), hashes)
        except LedgerError:
            return False
        return True

    def _read(self, head: _Head, use: Callable[[NodeReader], T]) -> T:
        """What `use` makes of the tree of `head`, read from here where it is here, else from the log."""
        size, root = head.checkpoint.size, head.checkpoint.root
        try:
            return use(TileReader(size, root, self._tiles).read)
        except LedgerError:
            pass  # of what is here something may be damaged, or belong to another history
        try:
            return use(TileReader(size, root, self._fetched).read)
        except LedgerError as error:
            name = f"unproven/{size}-{root.hex()[:8]}.checkpoint"
            self._files.write(name, head.note.encode())
            raise MirrorError(
                f"{shown(self._origin)} signed {size:,} entries and does not serve them: {error}. "
                f"That can be seen and not be proven; the checkpoint is kept in {self._files.path(name)}"
            ) from error

    def _tiles(self, wanted: Sequence[Tile]) -> list[bytes]:
        return list(self._pool.map(self._tile, wanted))

    def _fetched(self, wanted: Sequence[Tile]) -> list[bytes]:
        return list(self._pool.map(self._source.tile, wanted))

    def _tile(self, tile: Tile) -> bytes:
        data = self._files.read(tile.path)
        if data is None and (full := self._files.read(Tile(tile.level, tile.index).path)) is not None:
            data = full[: tile.width * HASH_SIZE]
        return self._source.tile(tile) if data is None else data


@contextmanager
def _told(files: MirrorFiles) -> Iterator[None]:
    """Raises MirrorError for what network and disk raise."""
    try:
        yield
    except FetchError as error:
        raise MirrorError(str(error)) from error
    except OSError as error:
        raise MirrorError(
            f"{error.filename or files.path('.')}: {error.strerror}; what was kept before is still there"
        ) from error

"""The operator's log as the partner follows it: mirrored, its charters taken up and its acts judged as they come."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from itertools import groupby
from typing import NamedTuple

from msgspec.structs import replace

from plainview.http.fetching import FetchError, fetch
from plainview.ledger.bundles import Bundle, bundles, parse_entries, verify_entries
from plainview.ledger.charters import Charter, check_charter, parse_charter
from plainview.ledger.checkpoints import origin_hash, parse_checkpoint
from plainview.ledger.errors import FormatError, LedgerError, PolicyError, ProofError
from plainview.ledger.hashing import fold_right
from plainview.ledger.inclusion import inclusion_proof
from plainview.ledger.keys import VerifierKey
from plainview.ledger.nodes import Node, cover
from plainview.ledger.notes import NOTE_LIMIT, Note, parse_note
from plainview.ledger.policies import Policy
from plainview.ledger.promises import parse_promise
from plainview.ledger.tile_paths import TILE_WIDTH
from plainview.ledger.tile_reading import TileReader
from plainview.ledger.tiles import TILE_HEIGHT, Tile, tile_width
from plainview.oversight.acts import Acts
from plainview.oversight.charters import Charters
from plainview.oversight.mirror.copies import CHECKPOINT
from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.mirror.mirror import Mirror, MirrorError, Misbehaved
from plainview.oversight.mirror.source import LogSource
from plainview.oversight.public_entries import is_of_kind, public_act, public_record, public_time
from plainview.oversight.tallies import Lost, Off, Reconciling
from plainview.records.access import Access
from plainview.records.charter import Charter as CharterRecord
from plainview.records.digests import note_digest
from plainview.records.release import Release

_PAGE = b'{"k":"page",'


class Taken(NamedTuple):
    """A release that is in charge."""

    index: int  # type: ignore[assignment]  # tuple.index is of no use here
    """Of its record."""
    release: Release


class Mirrored:
    """What a mirror's directory holds of a log in one checkpoint, checked against its root as it is read.

    Raises LedgerError for what is damaged or missing, and OSError.
    """

    def __init__(self, files: MirrorFiles, note: Note) -> None:
        self._files = files
        self.note = note
        self.checkpoint = parse_checkpoint(note.text)
        self._tree = TileReader(self.checkpoint.size, self.checkpoint.root, self._tiles)

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries from an index on and below another."""
        for index in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
            first = index * TILE_WIDTH
            yield from self._bundle(index)[max(start - first, 0) : stop - first]

    def root(self, size: int) -> bytes:
        """The root of the tree of its first `size` entries."""
        return fold_right(self._tree.read(cover(0, size)))

    def shown(self, indexes: Iterable[int]) -> Iterator[tuple[int, bytes, tuple[bytes, ...]]]:
        """Of ascending indexes each, its entry, and the proof that it is in it. What of them lies together is read
        once."""
        size = self.checkpoint.size
        for bundle, wanted in groupby(indexes, lambda index: index // TILE_WIDTH):
            entries, first = self._bundle(bundle), bundle * TILE_WIDTH
            within = [
                Node(level, place)
                for level in range(TILE_HEIGHT)
                for place in range(first >> level, first + len(entries) >> level)
            ]
            known = dict(zip(within, self._tree.read(within), strict=True))
            for index in wanted:
                yield index, entries[index - first], inclusion_proof(index, size, partial(self._read, known))

    def _read(self, known: dict[Node, bytes], nodes: Sequence[Node]) -> list[bytes]:
        """`known` or, once, read."""
        missing = [node for node in nodes if node not in known]
        known.update(zip(missing, self._tree.read(missing) if missing else (), strict=True))
        return [known[node] for node in nodes]

    def _bundle(self, index: int) -> tuple[bytes, ...]:
        bundle = Bundle(index, tile_width(0, index, self.checkpoint.size))
        data, found = self._files.read(bundle.path), bundle
        if data is None:  # it has become a full one
            found = Bundle(index)
            data = self._files.read(found.path)
        if data is None:
            raise ProofError(f"{bundle.path}: is not there")
        entries = parse_entries(found, data)[: bundle.width]
        verify_entries(bundle, entries, self._tree.read(bundle.tile.nodes()))
        return entries

    def _tiles(self, wanted: Sequence[Tile]) -> list[bytes]:
        found = []
        for tile in wanted:
            data = self._files.read(tile.path)
            if data is None:
                data = (self._files.read(Tile(tile.level, tile.index).path) or b"")[: tile.width * 32]
            found.append(data)
        return found


class Following:
    """One log, by the digest of its first charter. One thread looks; `mirrored` may be read from any.

    `own` is the partner's witness: its key, and what gives the checkpoint that it cosigned last, by the origin's hash.
    `convicted` is told of witnesses that contradict themselves.
    """

    def __init__(
        self,
        digest: bytes,
        url: str,
        files: MirrorFiles,
        pool: Executor,
        charters: Sequence[Note] = (),
        own: tuple[VerifierKey, Callable[[str], bytes | None]] | None = None,
        convicted: Callable[[Misbehaved], None] = lambda _: None,
    ) -> None:
        """`charters` are those of files, where the log may not be served yet. Raises LedgerError where they are not
        in force, and MirrorError where what is here is damaged."""
        self._digest = digest
        self._source = LogSource(url.rstrip("/") + "/log/")
        self._files = files
        self._pool = pool
        self._own = own
        self._convicted = convicted
        self._mirror: Mirror | None = None
        self._believed = Charters(digest)
        for note in charters:
            self._believed.read(note)
        self.charters = Charters(digest)
        """Those that the mirrored log has."""
        self.acts = Acts()
        self.mirrored: Mirrored | None = None
        """All that is here; None before the first look that succeeded."""
        self.pages = array("Q")
        """Indexes of the log's pages."""
        self.charter_indexes: list[int] = []
        self.wrong: dict[int, str] = {}
        """Charters and acts that were taken down as what they are not, and why."""
        self.accesses: list[tuple[int, Access]] = []
        """Openings that the log has, by their indexes: whoever looks at them takes them out."""
        self.tallied: list[Off | Lost] = []
        """What of the log's tallies cannot be so or is lost, as it came: whoever looks at it takes it out."""
        self.release: Taken | None = None
        """The release in charge; None before the first."""
        self.times: list[tuple[int, int]] = []
        """Public records that came, by index, and their journal times: whoever looks at them takes them out."""
        self._notes: dict[bytes, int] = {}
        self._reconciling = Reconciling()
        self._scanned = 0
        self._take_up()

    @property
    def size(self) -> int:
        """Entries that are here."""
        return self.mirrored.checkpoint.size if self.mirrored else 0

    @property
    def charter(self) -> Charter | None:
        """The one by which the log is followed; None where none is known yet."""
        return self._believed.last

    @property
    def believed(self) -> Charters:
        """Those by which checkpoints and promises are taken: also what the log has not shown yet."""
        return self._believed

    def index_of(self, note: str) -> int | None:
        """Where the log has the act in that note, as one that counts or not; None where it has it not.

        As in the journal, its signatures may be in another order there.
        """
        return self._notes.get(note_digest(note))

    def keeps(self, promised: Note) -> bool:
        """`Mirror.keeps`, of the log as it was looked at last, by any key that may have promised an entry there."""
        mirror = self._opened()
        policies = self._believed.policies(parse_promise(promised.text).index)
        return mirror.keeps(promised, [log for one in policies for log in one.logs])

    def look(self) -> list[str]:
        """One look at the log: what is to be remarked. Raises MirrorError, and Misbehaved where a proof was written."""
        try:
            try:
                _, remarks = self._opened().update()
            except MirrorError:
                if self._mirror is None or not self._amended():
                    raise
                _, remarks = self._opened().update()
        except (FetchError, LedgerError) as error:
            raise MirrorError(str(error)) from error
        self._take_up()
        return remarks

    def _opened(self) -> Mirror:
        if self._mirror is None:
            if self._believed.last is None:
                self._begin()
            charter = self._believed.last
            assert charter is not None
            policy = self._policy(charter)
            others = []
            for one in policy.witnesses:
                if self._own is not None and one.key == self._own[0]:
                    others.append((one.name, partial(self._own[1], origin_hash(charter.origin))))
                elif one.url:
                    path = f"{one.url.rstrip('/')}/{origin_hash(charter.origin)}/checkpoint"
                    others.append((one.name, partial(fetch, path, NOTE_LIMIT)))
            self._mirror = Mirror(
                charter.origin, policy, self._source, self._files, self._pool, others, self._convicted
            )
        return self._mirror

    def _policy(self, charter: Charter) -> Policy:
        """The charter's, and the keys that may have signed what is held."""
        policy = charter.policy
        if self.mirrored is None:
            return policy
        keys = {log.key: log for one in self._believed.policies(self.size) for log in one.logs}
        return replace(policy, logs=tuple({**{log.key: log for log in policy.logs}, **keys}.values()))

    def _begin(self) -> None:
        """Take up the first charter from whatever is served: its digest says whether it is the one."""
        size = self._served_size()
        if not size:
            raise MirrorError("the log is empty, and has no charter yet")
        (first, *_) = self._source.entries(Bundle(0, min(size, TILE_WIDTH)))
        self._believed.take(0, first)

    def _amended(self) -> bool:
        """Whether what is served has an amendment, by whose keys it may be taken up: the parties' signatures say so."""
        ahead = Charters(self._digest)
        for index in self.charter_indexes:
            ahead.take(index, self._entry(index))
        known = self._believed.last
        for bundle in bundles(self._served_size(), self.size):
            for index, entry in enumerate(self._source.entries(bundle), bundle.index * TILE_WIDTH):
                if index >= self.size and (index == 0 or is_of_kind("charter", entry)):
                    try:
                        ahead.take(index, entry)
                    except ProofError:
                        continue  # not in force: it is told once the log is held to it
        if ahead.last is None or ahead.last == known:
            return False
        self._believed, self._mirror = ahead, None
        return True

    def _served_size(self) -> int:
        """What the served checkpoint says, whoever signed it."""
        return parse_checkpoint(parse_note(self._source.checkpoint()).text).size

    def _take_up(self) -> None:
        """Take up the entries of what is held, from where that was left."""
        data = self._files.read(CHECKPOINT)
        if data is None:
            return
        try:
            mirrored = Mirrored(self._files, parse_note(data))
            for index, entry in enumerate(mirrored.entries(self._scanned, mirrored.checkpoint.size), self._scanned):
                self._take(index, entry)
                self._scanned = index + 1
        except (FormatError, ProofError) as error:
            raise MirrorError(
                f"{self._files.path('.')}: what was mirrored is damaged ({error}); stop, and move it away: it is "
                "fetched anew"
            ) from error
        self.mirrored = mirrored

    def _take(self, index: int, entry: bytes) -> None:
        if entry.startswith(_PAGE):
            self.pages.append(index)
            self._reconciling.page(index)
            return
        if (time := public_time(entry)) is not None:
            self.times.append((index, time))
            with suppress(FormatError):  # which reading the copy tells
                self.tallied += self._reconciling.take(index, entry)
        charter = index == 0 or is_of_kind("charter", entry)
        try:
            if charter:
                self.charters.take(index, entry)
                self.charter_indexes.append(index)
            if not entry.startswith(b'{"k":"personal",'):
                self.acts.take(index, entry)
        except ProofError as error:
            if index == 0:
                raise
            self.wrong[index] = str(error).removeprefix(f"entry {index}: ")
        if charter and (last := self.charters.last) is not None:
            believed = self._believed.last
            if believed is None or last.number > believed.number:
                ahead = Charters(self._digest)
                for at in self.charter_indexes:
                    ahead.take(at, entry if at == index else self._entry(at))
                self._believed, self._mirror = ahead, None  # whole: other threads ask which charter it is
        if is_of_kind("release", entry):
            with suppress(FormatError):  # which reading the copy tells
                self.release = Taken(index, public_record("release", Release, entry))
        if is_of_kind("access", entry):
            with suppress(FormatError):  # which reading the copy tells
                self.accesses.append((index, public_record("access", Access, entry)))
        with suppress(FormatError):  # which reading the copy tells
            if (act := public_act(entry)) is not None:
                self._notes.setdefault(note_digest(act.note), index)

    def _entry(self, index: int) -> bytes:
        data = self._files.read(CHECKPOINT)
        assert data is not None
        return next(Mirrored(self._files, parse_note(data)).entries(index, index + 1))


def last_charter(files: MirrorFiles, given: Note | None) -> Charter | None:
    """The one in force at the end of what a mirror holds, else the one that was `given`; None where there is none.

    Raises LedgerError and OSError where the mirror is damaged. What is in it was taken up by its charters.
    """
    last = None if given is None else parse_charter(given.text)
    data = files.read(CHECKPOINT)
    if data is None:
        return last
    mirrored, before = Mirrored(files, parse_note(data)), None
    for entry in mirrored.entries(0, mirrored.checkpoint.size):
        if is_of_kind("charter", entry):
            record = public_record("charter", CharterRecord, entry)
            note = parse_note(record.note.encode("utf-8", "surrogatepass"))
            with suppress(PolicyError):  # one that is not in force
                before = check_charter(note, before, at=record.time)
    return before or last

"""From drafts to rows: what is done to records that are written together, before they are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from plainview.journal.entry import Ack, Draft, Entry, JournalDamaged, Refused
from plainview.journal.fence import Fence
from plainview.journal.keys import KEY, guarded, key_of
from plainview.journal.reader import JournalReader
from plainview.journal.sealer import SALT, Sealer
from plainview.ledger.hashing import leaf_hash
from plainview.records import (
    KIND_OF,
    PUBLIC,
    History,
    Impression,
    Origin,
    Record,
    RecordError,
    Refusal,
    Video,
    decode,
    encode,
    owner_of,
)
from plainview.records.digests import commitment, refused_digest
from plainview.records.fields import to_text
from plainview.records.leaf import personal_leaf, public_leaf
from plainview.storage.records import RecordStore, Row

_UNTIMED = b'{"time":0,'
"""How every record begins before it has a time: `time` is each kind's first field."""


class _Fit(NamedTuple):
    """A draft that can be read back."""

    record: Record
    body: bytes
    key: bytes | None


class Group:
    """Turns drafts into `rows` and `entries` that continue the journal, and one of `outcomes` for each draft.

    A draft is refused that could not be read back (code `record`), whose key is not what its fields make it (`key`),
    that the fence does not let through, or that rests on an earlier record which is damaged (`damaged`). Of what the
    fence keeps out by its origin, a `Refusal` for each import and kind stands at the group's end, with no outcome.

    The fence observes each record as its row is made: where the rows are not written after all, rebuild it.
    """

    def __init__(
        self,
        drafts: Sequence[Draft],
        index: int,
        time: int,
        store: RecordStore,
        past: JournalReader,
        sealer: Sealer,
        fence: Fence,
        entropy: Callable[[int], bytes],
    ) -> None:
        self.rows: list[Row] = []
        self.entries: list[Entry] = []
        self.outcomes: list[Ack | Refused] = []
        self._next = index
        self._time = time
        self._past = past
        self._sealer = sealer
        self._fence = fence
        self._here: dict[bytes, int] = {}
        self._kept_out: dict[tuple[str, str], list[tuple[bytes, str]]] = {}
        timed = b'{"time":%d,' % time
        fits = [_fit(draft, timed) for draft in drafts]
        self._there = store.find(
            [fit.key for fit in fits if type(fit) is _Fit and fit.key is not None and not fence.knows_new(fit.record)]
        )
        salts = entropy(SALT * len(fits))
        for place, fit in enumerate(fits):
            if type(fit) is Refused:
                self.outcomes.append(fit)
                continue
            assert type(fit) is _Fit
            try:
                outcome = self._take(fit, salts[place * SALT : place * SALT + SALT])
            except JournalDamaged as error:
                outcome = Refused(str(error), "damaged", error)
            if type(outcome) is Refused and outcome.code == "origin":
                self._keep_out(drafts[place].record, outcome.reason)
            self.outcomes.append(outcome)
        for (origin, kind), ones in self._kept_out.items():
            digest = to_text(refused_digest(body for body, _ in ones))
            rows, reason = len(ones), ones[0][1]
            refusal = Refusal(time=0, origin=origin, kind=kind, rows=rows, digest=digest, reason=reason)  # type: ignore[arg-type]
            fit = _fit(Draft(refusal), timed)
            assert type(fit) is _Fit
            self._take(fit, b"")

    def _take(self, fit: _Fit, salt: bytes) -> Ack | Refused:
        record, body, key = fit
        if key is not None and (key in self._here or key in self._there):
            return self._repeated(record, key)
        index = self._next
        refused = self._fence.check(index, self._time, record)
        if refused is not None:
            return refused
        kind = KIND_OF[type(record)]
        owner = owner_of(record)
        if kind in PUBLIC:
            try:
                leaf = public_leaf(kind, record)
            except ValueError as error:
                return Refused(str(error), "record")
            row = Row(index, self._time, kind, owner, key, leaf, leaf_hash(leaf), body)
            entry = Entry(index, self._time, kind, owner, record, b"", None)
        else:
            committed = commitment(salt, body)
            leaf = personal_leaf(kind, committed)
            sealed = self._sealer.seal(owner, kind, salt, body)
            row = Row(index, self._time, kind, owner, key, leaf, leaf_hash(leaf), sealed)
            entry = Entry(index, self._time, kind, owner, record, salt, committed)
        self.rows.append(row)
        self.entries.append(entry)
        self._fence.observe(index, record, entry.commitment)
        if key is not None:
            self._here[key] = len(self.entries) - 1
        self._next = index + 1
        return Ack(index, self._time, fresh=True)

    def _keep_out(self, record: Record, reason: str) -> None:
        assert isinstance(record, (Origin, Video, History, Impression))
        self._kept_out.setdefault((record.origin, KIND_OF[type(record)]), []).append((encode(record), reason))

    def _repeated(self, record: Record, key: bytes) -> Ack | Refused:
        if key in self._here:
            entry = self.entries[self._here[key]]
            return self._fence.check_repeated(record, entry.record) or Ack(entry.index, entry.time, fresh=False)
        index, time = self._there[key]
        if self._fence.minds_repeats(record):
            refused = self._fence.check_repeated(record, self._past.entry(index).record)
            if refused is not None:
                return refused
        return Ack(index, time, fresh=False)


def _fit(draft: Draft, timed: bytes) -> _Fit | Refused:
    """The draft's record with its time, decoded from the bytes that will be stored: what is written can be read."""
    struct = type(draft.record)
    if struct not in KIND_OF:
        return Refused(f"{struct.__name__} is no kind of record that a journal holds", "record")
    try:
        body = encode(draft.record)
        if not body.startswith(_UNTIMED):
            return Refused(f"{struct.__name__}: the journal gives the time; leave it 0", "record")
        body = timed + body[len(_UNTIMED) :]
        record = decode(struct, body)
    except (RecordError, TypeError, ValueError, OverflowError) as error:
        return Refused(str(error), "record")
    key = key_of(record)
    if draft.key is not None:
        if key is not None and draft.key != key:
            return Refused(f"{struct.__name__}: its fields make its key; leave it out", "key")
        if len(draft.key) != KEY:
            return Refused(f"{struct.__name__}: a key has {KEY} bytes, not {len(draft.key)}", "key")
        key = draft.key
    return _Fit(record, body, None if key is None else guarded(key))

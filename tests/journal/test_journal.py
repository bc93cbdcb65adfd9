from __future__ import annotations

import re
import threading
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from plainview.journal import (
    Ack,
    Draft,
    Entry,
    Fence,
    Journal,
    JournalBusy,
    JournalReader,
    JournalStopped,
    PlainSealer,
    Refused,
)
from plainview.journal import journal as writing
from plainview.journal.keys import event_key, import_key, key_of
from plainview.records import KIND_OF, PUBLIC, History, Impression, Record, Video, encode, owner_of
from plainview.records.digests import commitment
from plainview.storage import SqliteRecords, StoreFailed, StoreFull
from tests.journal.conftest import Clock, Opener
from tests.journal.drafts import NOW, event, example, named, page, viewer
from tests.strategies import records as any_records


def timed(draft: Draft, time: int = NOW) -> Record:
    return replace(draft.record, time=time)


def test_an_append_is_acknowledged_with_index_and_time(journal: Journal) -> None:
    assert journal.append([viewer(1), event(1)]) == [Ack(0, NOW, True), Ack(1, NOW, True)]
    assert journal.append([event(2)]) == [Ack(2, NOW, True)]
    assert (journal.size, journal.last_time) == (3, NOW)


def test_an_empty_journal(journal: Journal) -> None:
    assert (journal.size, journal.last_time) == (0, 0)
    assert list(journal.read()) == []
    assert journal.append([]) == []
    with pytest.raises(IndexError, match="record 0: the journal has 0"):
        journal.entry(0)
    with pytest.raises(IndexError):
        journal.entry(-1)


def test_entries_hold_the_record_with_its_time_and_its_commitment(journal: Journal) -> None:
    journal.append([event(1), example("decision")])
    personal, public = journal.read()
    assert personal.record == timed(event(1))
    assert (personal.index, personal.time, personal.kind, personal.owner) == (0, NOW, "event", "viewer:5")
    assert len(personal.salt) == 32
    assert personal.commitment == commitment(personal.salt, encode(personal.record))
    assert public == Entry(1, NOW, "decision", "operator", timed(example("decision")), b"", None)
    assert journal.entry(1) == public


def test_salts_differ(journal: Journal) -> None:
    journal.append([viewer(1)] * 20)
    assert len({entry.salt for entry in journal.read()}) == 20


def test_journal_time_never_decreases(journal: Journal, clock: Clock, reopen: Opener) -> None:
    journal.append([viewer(1)])
    clock.now -= 5000
    assert journal.append([viewer(2)]) == [Ack(1, NOW, True)]
    journal = reopen()
    assert journal.append([viewer(3)]) == [Ack(2, NOW, True)]
    clock.now = NOW + 1
    assert journal.append([viewer(4)]) == [Ack(3, NOW + 1, True)]


def test_a_record_sent_again_is_the_same_record(journal: Journal, clock: Clock, reopen: Opener) -> None:
    assert journal.append([event(1), event(2), event(1)]) == [Ack(0, NOW, True), Ack(1, NOW, True), Ack(0, NOW, False)]
    clock.now += 10
    assert journal.append([event(2), event(3)]) == [Ack(1, NOW, False), Ack(2, NOW + 10, True)]
    assert reopen().append([event(3), event(1)]) == [Ack(2, NOW + 10, False), Ack(0, NOW, False)]


def test_kinds_without_a_key_of_their_own_take_one(journal: Journal) -> None:
    key = import_key("kuairand-pure.video", 77)
    video = replace(example("video"), key=key)
    assert journal.append([video, video, example("video"), example("video")]) == [
        Ack(0, NOW, True),
        Ack(0, NOW, False),
        Ack(1, NOW, True),
        Ack(2, NOW, True),
    ]
    assert journal.find(key) == 0
    assert journal.find(bytes(16)) is None


def test_keys_are_found_by_what_makes_them(journal: Journal) -> None:
    journal.append([event(1), event(11)])
    assert journal.find(event_key(5, named(11), 1)) == 1
    assert journal.find(event_key(5, named(11), 2)) is None
    assert journal.find(event_key(6, named(11), 1)) is None


@pytest.mark.parametrize(
    ("draft", "code", "reason"),
    [
        (example("event", watched=-1), "record", r"Event: Expected `int` >= 0 - at `\$.watched`"),
        (example("event", id="short"), "record", r"`\$.id`"),
        (example("event", page=2**53), "record", r"`\$.page`"),
        (example("video", caption="\ud800"), "record", "surrogates"),
        (example("video", caption=3), "record", r"`\$.caption`"),
        (example("video", caption=2**64), "record", "."),
        (Draft(replace(event(1).record, time=1)), "record", "Event: the journal gives the time; leave it 0"),
        (Draft(example("page").record.request), "record", "Request is no kind of record"),  # type: ignore[attr-defined]
        (replace(event(1), key=bytes(16)), "key", "Event: its fields make its key"),
        (replace(viewer(1), key=bytes(15)), "key", "Viewer: a key has 16 bytes, not 15"),
    ],
)
def test_what_could_not_be_read_back_is_refused_and_the_rest_kept(
    journal: Journal, draft: Draft, code: str, reason: str
) -> None:
    first, refused, last = journal.append([viewer(1), draft, viewer(2)])
    assert (first, last) == (Ack(0, NOW, True), Ack(1, NOW, True))
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert re.search(reason, refused.reason)
    assert [entry.record for entry in journal.read()] == [timed(viewer(1)), timed(viewer(2))]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        any_records().filter(lambda record: KIND_OF[type(record)] not in {"page", "epoch", "origin", "tally"}),
        max_size=8,
    )
)
def test_any_records_come_back(journal: Journal, drawn: list[Record]) -> None:
    journal.append([Draft(example("origin", origin="drawn").record, import_key("drawn/origin", 0))])
    drawn = [replace(one, origin="drawn") if isinstance(one, (Video, History, Impression)) else one for one in drawn]
    start = journal.size
    seen = {key_of(entry.record) for entry in journal.read()} - {None}
    drafts = [Draft(replace(record, time=0)) for record in drawn]
    expected = []
    for draft in drafts:
        key = key_of(draft.record)
        if key is None or key not in seen:
            expected.append(timed(draft))
        seen.add(key)
    acks = journal.append(drafts)
    assert all(isinstance(ack, Ack) for ack in acks)
    found = list(journal.read(start))
    assert [entry.record for entry in found] == expected
    for entry in found:
        assert (entry.kind, entry.owner) == (KIND_OF[type(entry.record)], owner_of(entry.record))
        assert (entry.commitment is None) == (entry.kind in PUBLIC)
        assert entry == journal.entry(entry.index)


def test_ranges_owners_and_kinds(journal: Journal) -> None:
    journal.append([event(number, viewer=number % 3) for number in range(10)] + [example("decision")])
    entries = list(journal.read())
    assert list(journal.read(3, 7)) == entries[3:7]
    assert list(journal.read(9, 99)) == entries[9:]
    assert list(journal.read(-5, 1)) == entries[:1]
    assert journal.some([7, 10, 3, 11]) == [entries[3], entries[7], entries[10]]
    assert list(journal.owned("viewer:1")) == entries[1:10:3]
    assert list(journal.owned("viewer:1", 2, 8)) == [entries[4], entries[7]]
    assert list(journal.owned("viewer:9")) == []
    assert list(journal.of_kind("event")) == entries[:10]
    assert list(journal.of_kind("event", 4, 6, newest_first=True)) == [entries[5], entries[4]]
    assert list(journal.of_kind("decision")) == entries[10:]


def test_trusting_reads_give_the_same_entries(journal: Journal) -> None:
    journal.append([example(kind) for kind in ("charter", "viewer", "video", "event", "setting", "origin")])
    assert list(journal.read(trusting=True)) == list(journal.read())
    assert list(journal.owned("viewer:5", trusting=True)) == list(journal.owned("viewer:5"))
    assert journal.history("viewer:5") == [(entry.index, entry.record) for entry in journal.owned("viewer:5")]
    assert journal.entry(3, trusting=True) == journal.entry(3)
    assert journal.some([3, 4], trusting=True) == journal.some([3, 4])


def test_another_process_reads_without_writing(journal: Journal, tmp_path: Path) -> None:
    journal.append([event(1)])
    reader = JournalReader(SqliteRecords(tmp_path / "journal", writing=False), PlainSealer())
    assert list(reader.read()) == list(journal.read())
    journal.append([event(2)])
    assert (reader.size, reader.last_time) == (2, NOW)
    reader.close()


def test_observers_see_every_record_once_in_order_before_its_acknowledgement(journal: Journal) -> None:
    seen: list[Entry] = []
    durable: list[int] = []

    def observe(entries: list[Entry]) -> None:
        durable.append(journal.size)
        seen.extend(entries)

    journal.watch(observe)
    assert journal.append([event(1), example("event", watched=-1), event(2), event(1)])
    assert [entry.index for entry in seen] == [0, 1]
    assert durable == [2]
    assert journal.append([event(1)])
    assert durable == [2]
    journal.append([event(3)])
    assert seen == list(journal.read())


def test_appends_from_many_threads_are_all_there_in_one_order(journal: Journal) -> None:
    acks: dict[int, Ack] = {}
    seen: list[int] = []
    journal.watch(lambda entries: seen.extend(entry.index for entry in entries))

    def work(thread: int) -> None:
        for batch in range(12):
            numbers = [thread * 1000 + batch * 10 + place for place in range(batch % 4 + 1)]
            for number, ack in zip(numbers, journal.append([event(number) for number in numbers]), strict=True):
                assert isinstance(ack, Ack)
                acks[number] = ack

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ack.index for ack in acks.values()) == list(range(journal.size)) == seen
    for number, ack in acks.items():
        assert journal.entry(ack.index).record == timed(event(number))


def test_what_arrives_while_the_writer_writes_is_written_together(journal: Journal) -> None:
    groups: list[int] = []
    gate = threading.Event()

    def hold(entries: list[Entry]) -> None:
        groups.append(len(entries))
        gate.wait(30)

    journal.watch(hold)
    futures = [journal.submit([event(0)])]
    while not groups:
        pass
    futures += [journal.submit([event(number)]) for number in range(1, 40)]
    gate.set()
    assert [future.result(30)[0] for future in futures] == [Ack(index, NOW, True) for index in range(40)]
    assert groups == [1, 39]


def held_up(journal: Journal) -> tuple[Future[Any], threading.Event]:
    """Submits event 0, and has the writer stand still once it is written, until the gate is set."""
    gate, held = threading.Event(), threading.Event()

    def hold(_: list[Entry]) -> None:
        held.set()
        gate.wait(30)

    journal.watch(hold)
    first = journal.submit([event(0)])
    assert held.wait(30)
    return first, gate


def test_a_cancelled_submission_is_not_written(journal: Journal) -> None:
    first, gate = held_up(journal)
    second, third = journal.submit([event(2)]), journal.submit([event(3)])
    assert second.cancel()
    gate.set()
    assert first.result(30) == [Ack(0, NOW, True)]
    assert third.result(30) == [Ack(1, NOW, True)]
    with pytest.raises(CancelledError):
        second.result(30)


def test_too_much_waiting_is_refused_before_it_is_taken(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "WAITING", 10)
    _, gate = held_up(journal)
    waiting = journal.submit([event(number) for number in range(1, 12)])
    with pytest.raises(JournalBusy, match="11 records wait to be written, at most 10"):
        journal.submit([event(99)])
    gate.set()
    assert len(waiting.result(30)) == 11
    assert journal.append([event(99)]) == [Ack(12, NOW, True)]


def test_a_timeout_does_not_take_the_records_back(journal: Journal) -> None:
    gate = threading.Event()
    journal.watch(lambda _: gate.wait(30) and None)
    with pytest.raises(TimeoutError):
        journal.append([event(1)], timeout=0.01)
    gate.set()
    assert journal.append([event(1)]) == [Ack(0, NOW, False)]


def test_closing_writes_what_waits(journal: Journal, reopen: Opener) -> None:
    futures = [journal.submit([event(number)]) for number in range(50)]
    journal.close()
    assert [future.result(0)[0] for future in futures] == [Ack(index, NOW, True) for index in range(50)]
    with pytest.raises(JournalStopped, match="the journal is closed"):
        journal.append([event(99)])
    journal.close()
    assert reopen().size == 50


def test_the_store_rests_when_nothing_waits_and_all_is_acknowledged(tmp_path: Path) -> None:
    store = SqliteRecords(tmp_path / "resting", writing=True)
    journal = Journal(store, PlainSealer(), Fence(100, 2000), lambda: NOW)
    rests: list[bool] = []
    futures: list[Any] = []
    entered, go_on = threading.Event(), threading.Event()

    def rest() -> None:
        rests.append(all(future.done() for future in futures))

    def hold(_: object) -> None:
        entered.set()
        assert go_on.wait(30)

    store.rest = rest  # type: ignore[method-assign]
    journal.watch(hold)
    futures.append(journal.submit([event(0)]))
    assert entered.wait(30)
    futures.append(journal.submit([event(1)]))  # waits: no rest before it
    go_on.set()
    journal.close()
    assert [future.result(0)[0].index for future in futures] == [0, 1]
    assert rests == [True]


class Failing:
    """A store whose next appends fail."""

    def __init__(self, store: SqliteRecords) -> None:
        self._store = store
        self.errors: list[Exception] = []

    def append(self, rows: Any) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self._store.append(rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture
def failing(tmp_path: Path) -> Failing:
    return Failing(SqliteRecords(tmp_path / "failing", writing=True))


def test_a_full_disk_is_told_and_survived(failing: Failing, clock: Clock) -> None:
    journal = Journal(failing, PlainSealer(), Fence(100, 2000), clock)
    journal.append([example("video")])
    failing.errors.append(StoreFull("no space left"))
    with pytest.raises(StoreFull, match="no space left"):
        journal.append([example("release"), event(1)])
    assert journal.size == 1
    # The fence must not have kept the release that was never written.
    (outcome,) = journal.append([page()])
    assert isinstance(outcome, Refused)
    assert outcome.code == "release"
    assert journal.append([event(1)]) == [Ack(1, NOW, True)]
    journal.close()


def test_what_comes_after_a_lost_submission_is_not_written(failing: Failing, clock: Clock) -> None:
    journal = Journal(failing, PlainSealer(), Fence(100, 2000), clock)
    first, gate = held_up(journal)
    failing.errors.append(StoreFull("no space left"))
    lost = journal.submit([event(1)] * writing.GROUP, after=first)  # a group of its own
    chain = [lost]
    for number in range(2, 5):  # the disk has room again before these are written
        chain.append(journal.submit([event(number)], after=chain[-1]))
    cancelled = journal.submit([event(5)])
    assert cancelled.cancel()
    orphan, other = journal.submit([event(6)], after=cancelled), journal.submit([event(7)])
    gate.set()
    assert first.result(30) == [Ack(0, NOW, True)]
    chain.append(journal.submit([event(8)], after=chain[-1]))
    for future in chain:
        with pytest.raises(StoreFull, match="no space left"):
            future.result(30)
    with pytest.raises(CancelledError):
        orphan.result(30)
    assert other.result(30) == [Ack(1, NOW, True)]
    assert journal.submit([event(9)], after=other).result(30) == [Ack(2, NOW, True)]
    assert [entry.record for entry in journal.read()] == [timed(event(number)) for number in (0, 7, 9)]
    journal.close()


def test_a_failed_store_stops_the_journal_and_all_that_waits(failing: Failing, clock: Clock) -> None:
    journal = Journal(failing, PlainSealer(), Fence(100, 2000), clock)
    first, gate = held_up(journal)
    failing.errors.append(StoreFailed("disk I/O error"))
    waiting: list[Future[Any]] = [journal.submit([event(number)]) for number in range(1, 4)]
    gate.set()
    assert first.result(30) == [Ack(0, NOW, True)]
    for future in waiting:
        with pytest.raises(JournalStopped, match="disk I/O error"):
            future.result(30)
    with pytest.raises(JournalStopped, match="start again"):
        journal.append([event(9)])
    assert [entry.index for entry in journal.read()] == [0]
    journal.close()


def test_a_failing_observer_stops_the_journal_after_the_acknowledgement(journal: Journal) -> None:
    def fail(_: list[Entry]) -> None:
        raise RuntimeError("no room in the table")

    journal.watch(fail)
    assert journal.append([event(1)]) == [Ack(0, NOW, True)]
    with pytest.raises(JournalStopped, match="no room in the table"):
        journal.append([event(2)])
    assert journal.size == 1

"""What every `RecordStore` does. A new engine is added to ENGINES and has to pass."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plainview.storage import RecordStore, Row, SqliteRecords, StoreLocked

ENGINES: dict[str, Callable[[Path], RecordStore]] = {"sqlite": lambda path: SqliteRecords(path, writing=True)}

Opener = Callable[[], RecordStore]


@pytest.fixture(params=ENGINES)
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the store for writing, closing the one it opened before."""
    opened: list[RecordStore] = []

    def open_store() -> RecordStore:
        for store in opened:
            store.close()
        opened.append(ENGINES[request.param](tmp_path / "journal"))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Opener) -> RecordStore:
    return reopen()


def row(index: int, owner: str = "viewer:1", kind: str = "event", key: bytes | None = None) -> Row:
    return Row(index, 1000 + index, kind, owner, key, b"leaf%d" % index, bytes([index % 256]) * 32, b"body\0%d" % index)


def test_a_new_store_is_empty(store: RecordStore) -> None:
    assert store.size() == 0
    assert list(store.rows(0, 10)) == []
    assert list(store.owned("viewer:1", 0, 10)) == []
    assert list(store.of_kind("event", 0, 10)) == []
    assert store.find([b"k"]) == {}
    assert store.find([]) == {}
    assert store.owners(["viewer:1"], 10) == set()
    assert store.owners([], 10) == set()


def test_rows_come_back_as_they_were_appended(store: RecordStore, reopen: Opener) -> None:
    rows = [
        row(0),
        Row(1, 2**53 - 1, "page", "viewer:9007199254740991", b"\0" * 20, b"\0\xff", b"\x80" * 32, b""),
        Row(2, 0, "video", "creator:ü\U0001f347", b"", b"", b"", b"\xff" * 100_000),
    ]
    store.append(rows[:1])
    store.append(rows[1:])
    assert store.size() == 3
    assert list(store.rows(0, 3)) == rows
    assert list(reopen().rows(0, 3)) == rows


def test_some_rows_come_back_in_order_without_those_that_are_not_there(store: RecordStore) -> None:
    rows = [row(index) for index in range(700)]
    store.append(rows)
    assert store.some([5, 699, 2, 700, 10**9]) == [rows[2], rows[5], rows[699]]
    assert store.some([4, 4]) == [rows[4]]
    assert store.some(range(700)) == rows
    assert store.some([]) == []


def test_keys_are_counted_from_one_to_another(store: RecordStore) -> None:
    assert store.count(b"", b"\xff" * 9) == 0
    keys = [None, b"a", b"a\x00", b"a\xff\xff", b"b", b"b\x01", b"\xff"]
    store.append([row(index, key=key) for index, key in enumerate(keys)])
    assert store.count(b"a", b"b") == 3
    assert store.count(b"a\x00", b"b\x01") == 3
    assert store.count(b"b", b"b") == store.count(b"c", b"d") == 0
    assert store.count(b"", b"\xff" * 9) == 6


def test_a_rest_changes_nothing(store: RecordStore, reopen: Opener) -> None:
    store.rest()
    for index in range(300):
        store.append([row(index)])
        store.rest()
    store.rest()
    assert store.size() == 300
    assert list(store.rows(0, 300)) == list(reopen().rows(0, 300)) == [row(index) for index in range(300)]


def test_appending_nothing_changes_nothing(store: RecordStore) -> None:
    store.append([])
    assert store.size() == 0


@pytest.mark.parametrize("indexes", [[1], [0, 2], [0, 0], [1, 0], [-1]])
def test_a_gap_is_refused_and_nothing_is_written(store: RecordStore, indexes: list[int]) -> None:
    with pytest.raises(ValueError, match="does not continue"):
        store.append([row(index) for index in indexes])
    assert store.size() == 0
    store.append([row(0)])
    assert list(store.rows(0, 5)) == [row(0)]


def test_a_known_key_is_refused_and_nothing_is_written(store: RecordStore) -> None:
    store.append([row(0, key=b"a")])
    for rows in ([row(1, key=b"b"), row(2, key=b"a")], [row(1, key=b"b"), row(2, key=b"b")]):
        with pytest.raises(ValueError, match="nothing was written"):
            store.append(rows)
        assert store.size() == 1
        assert store.find([b"b"]) == {}
    store.append([row(1, key=b"b"), row(2), row(3)])
    assert store.size() == 4


def test_keys_are_found_with_index_and_time(store: RecordStore) -> None:
    keys = [b"%016d" % number for number in range(2000)]
    store.append([row(index, key=key if index % 2 else None) for index, key in enumerate(keys)])
    expected = {key: (index, 1000 + index) for index, key in enumerate(keys) if index % 2}
    assert store.find(keys) == expected
    assert store.find(keys[1:2]) == {keys[1]: (1, 1001)}
    assert store.find([*keys[:30], b"other"]) == {key: place for key, place in expected.items() if place[0] < 30}


def test_owners_are_found_by_what_lies_below(store: RecordStore) -> None:
    names = ["viewer:1", "viewer:10", "creator:ü\U0001f347", 'it\'s "quoted"', *map(str, range(3000))]
    store.append([row(index, owner) for index, owner in enumerate([*names, *names])])
    for stop in (-1, 0, 1, 3, 700, len(names), 2 * len(names), 10**6):
        assert store.owners([*names, "viewer:2"], stop) == set(names[: max(stop, 0)])
    assert store.owners(names[1:2] * 2, 10**6) == {"viewer:10"}


def test_ranges_are_cut_to_what_is_there(store: RecordStore) -> None:
    store.append([row(index) for index in range(5)])
    for start, stop in ((-3, 2), (0, 0), (3, 3), (4, 1), (2, 99), (5, 6), (99, 100)):
        expected = [row(index) for index in range(5) if start <= index < stop]
        assert list(store.rows(start, stop)) == expected
        assert list(store.owned("viewer:1", start, stop)) == expected
        assert list(store.of_kind("event", start, stop)) == expected
        assert list(store.of_kind("event", start, stop, newest_first=True)) == expected[::-1]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), max_size=700), max_size=4),
    st.integers(0, 2000),
    st.integers(0, 2000),
)
def test_every_way_of_reading_is_a_filter_of_all_rows(
    reopen: Opener, tmp_path: Path, batches: list[list[tuple[str, str]]], start: int, stop: int
) -> None:
    for file in (tmp_path / "journal").glob("*"):
        file.unlink()
    store = reopen()
    rows: list[Row] = []
    for batch in batches:
        made = [row(len(rows) + place, owner, kind) for place, (owner, kind) in enumerate(batch)]
        store.append(made)
        rows += made
    assert store.size() == len(rows)
    expected = [row for row in rows if start <= row.index < stop]
    assert list(store.rows(start, stop)) == expected
    for owner in "abcd":
        assert list(store.owned(owner, start, stop)) == [row for row in expected if row.owner == owner]
    assert store.owners(set("abcd"), stop) == {row.owner for row in rows if row.index < stop}
    for kind in "xyz":
        of_kind = [row for row in expected if row.kind == kind]
        assert list(store.of_kind(kind, start, stop)) == of_kind
        assert list(store.of_kind(kind, start, stop, newest_first=True)) == of_kind[::-1]


def test_an_unfinished_iterator_holds_nothing_up(store: RecordStore) -> None:
    store.append([row(index) for index in range(2000)])
    left = [store.rows(0, 2000) for _ in range(50)]
    assert [next(iterator).index for iterator in left] == [0] * 50
    store.append([row(2000)])
    assert sum(1 for _ in left[0]) == 1999


def test_readers_on_many_threads_see_a_growing_prefix(store: RecordStore) -> None:
    failures: list[BaseException] = []
    done = threading.Event()

    def follow() -> None:
        try:
            seen = 0
            while not done.is_set() or seen < store.size():
                for found in store.rows(seen, store.size()):
                    assert found == row(seen, key=b"%d" % seen)
                    seen += 1
                assert len(store.find([b"%d" % index for index in range(seen)])) == seen
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=follow) for _ in range(4)]
    for thread in threads:
        thread.start()
    for start in range(0, 900, 30):
        store.append([row(index, key=b"%d" % index) for index in range(start, start + 30)])
    done.set()
    for thread in threads:
        thread.join()
    assert not failures


def test_only_one_may_write(store: RecordStore, tmp_path: Path) -> None:
    for open_engine in ENGINES.values():
        with pytest.raises(StoreLocked, match="open for writing"):
            open_engine(tmp_path / "journal")
    store.append([row(0)])
    assert store.size() == 1


def test_closing_twice_is_closing(store: RecordStore) -> None:
    store.close()
    store.close()

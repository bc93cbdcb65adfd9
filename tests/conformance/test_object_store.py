"""What every `ObjectStore` does. A new engine is added to ENGINES and has to pass."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn
from numpy.typing import NDArray

from plainview.records.digests import arrays_digest
from plainview.records.fields import to_text
from plainview.storage import FileObjects, ObjectLost, ObjectMissing, ObjectStore

ENGINES: dict[str, Callable[[Path], ObjectStore]] = {"files": lambda path: FileObjects(path / "objects")}

DTYPES = ["|b1", "|i1", "|u1", "<i2", ">u2", "<i4", ">i4", "<u4", "<i8", ">u8", "<f2", "<f4", ">f8"]

Arrays = dict[str, NDArray[np.generic]]
named_arrays = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(
        lambda name: name != "__metadata__"
    ),
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: hn.arrays(np.dtype(dtype), hn.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4))
    ),
    max_size=4,
)


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return ENGINES[request.param](tmp_path)


def same(found: Arrays, put: Arrays) -> bool:
    return found.keys() == put.keys() and all(
        found[name].dtype == put[name].dtype.newbyteorder("<")
        and found[name].shape == put[name].shape
        and found[name].tobytes() == put[name].astype(put[name].dtype.newbyteorder("<")).tobytes()
        for name in put
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(named_arrays)
def test_arrays_come_back_bit_for_bit(store: ObjectStore, arrays: Arrays) -> None:
    digest = store.put(arrays)
    assert digest == to_text(arrays_digest(arrays))
    assert store.holds(digest)
    assert same(store.get(digest), arrays)


def test_strided_and_transposed_arrays_are_what_they_show(store: ObjectStore) -> None:
    table = np.arange(24, dtype="<f4").reshape(4, 6)
    arrays: Arrays = {"t": table.T, "s": table[::2, ::-3], "f": np.asfortranarray(table)}
    assert same(store.get(store.put(arrays)), arrays)


def test_what_comes_back_cannot_be_changed(store: ObjectStore) -> None:
    digest = store.put({"a": np.arange(3)})
    with pytest.raises(ValueError, match="read-only"):
        store.get(digest)["a"][0] = 9
    assert store.get(digest)["a"][0] == 0


def test_putting_again_is_one_object(store: ObjectStore) -> None:
    first, second = store.put({"a": np.arange(3), "b": np.zeros(1)}), store.put({"b": np.zeros(1), "a": np.arange(3)})
    assert first == second
    store.delete(first)
    assert not store.holds(first)


def test_a_missing_object_is_named(store: ObjectStore) -> None:
    digest = store.put({"a": np.arange(3)})
    store.delete(digest)
    store.delete(digest)
    with pytest.raises(ObjectMissing, match=digest) as error:
        store.get(digest)
    assert error.value.digest == digest
    assert isinstance(error.value, ObjectLost)


def test_it_is_empty_until_something_is_there(store: ObjectStore) -> None:
    assert store.empty()
    digest = store.put({"a": np.zeros(1, "<f4")})
    assert not store.empty()
    store.delete(digest)
    assert store.empty()


def test_all_but_some_are_forgotten(store: ObjectStore) -> None:
    assert store.keep_only(()) == 0
    digests = [store.put({"a": np.arange(number)}) for number in range(9)]
    assert store.keep_only([*digests[:3], "A" * 43]) == 6
    assert [store.holds(digest) for digest in digests] == [True] * 3 + [False] * 6
    assert same(store.get(digests[2]), {"a": np.arange(2)})
    assert store.put({"a": np.arange(8)}) == digests[8]
    assert store.keep_only(()) == 4
    assert not any(store.holds(digest) for digest in digests)


@pytest.mark.parametrize("digest", ["", "a" * 42, "a" * 44, "../../../etc/passwd", "a" * 42 + "/", "a" * 43 + "\n"])
def test_what_is_no_digest_is_refused(store: ObjectStore, digest: str) -> None:
    for call in (store.get, store.holds, store.delete):
        with pytest.raises(ValueError, match="not a digest"):
            call(digest)


@pytest.mark.parametrize(
    "array",
    [np.array(["a"]), np.array([None]), np.zeros(1, "c8"), np.zeros(1, "M8[s]"), np.zeros(1, "V4"), np.array(1)],
)
def test_what_cannot_be_stored_is_named(store: ObjectStore, array: NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match=r"'odd'.*cannot be stored"):
        store.put({"odd": array})


def test_many_threads_put_and_get_the_same(store: ObjectStore) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for number in range(20):
                arrays = {"a": np.full(5000, number % 5)}
                assert same(store.get(store.put(arrays)), arrays)
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures

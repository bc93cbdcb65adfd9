from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load

from plainview.records.arrays import pack_floats, unpack_floats
from plainview.records.digests import arrays_digest

ARRAYS = {
    "b.value": np.arange(6, dtype=np.float32).reshape(2, 3),
    "a.value": np.array([1.5], np.float32),
}
PACKED = pack_floats(ARRAYS)


def file(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def entry(shape: list[object], start: int, end: int, dtype: str = "F32", **more: object) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end], **more}


def test_they_read_back_and_any_reader_reads_them() -> None:
    for found in (unpack_floats(PACKED), load(PACKED)):
        assert arrays_digest(found) == arrays_digest(ARRAYS)
    assert list(unpack_floats(PACKED)) == ["a.value", "b.value"]
    assert file({"a.value": entry([1], 0, 4), "b.value": entry([2, 3], 4, 28)}, PACKED[-28:]) == PACKED


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_one_byte_changed_is_none_or_others(at: int, by: int) -> None:
    changed = bytearray(PACKED)
    changed[at] ^= by
    try:
        found = unpack_floats(bytes(changed))
    except ValueError:
        return
    assert arrays_digest(found) != arrays_digest(ARRAYS)


@given(st.binary(max_size=80))
def test_what_is_none_is_refused(data: bytes) -> None:
    try:
        found = unpack_floats(data)
    except ValueError:
        return
    assert pack_floats(found) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PACKED[:-1],
        PACKED + b"\0",
        (2**63).to_bytes(8, "little") + PACKED[8:],
        file({"a": entry([], 0, 4)}, bytes(4)),
        file({"a": entry([0], 0, 0)}),
        file({"a": entry([-1], 0, 4)}, bytes(4)),
        file({"a": entry([1.0], 0, 4)}, bytes(4)),
        file({"a": entry([2**62, 2**62], 0, 4)}, bytes(4)),
        file({"a": entry([1], 0, 4, "F64")}, bytes(4)),
        file({"a": entry([1], 4, 8)}, bytes(8)),
        file({"b": entry([1], 0, 4), "a": entry([1], 4, 8)}, bytes(8)),
        file({"a": entry([1], 0, 4, more=1)}, bytes(4)),
        file({"a": entry([1], 0, 4), "__metadata__": {"a": "b"}}, bytes(4)),
        file(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
             bytes(4)),
        file(b'{"a":{"shape":[1],"dtype":"F32","data_offsets":[0,4]}}', bytes(4)),
    ],
)  # fmt: skip
def test_other_spellings_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"array|spelling|header"):
        unpack_floats(data)


@pytest.mark.parametrize(("shape", "told"), [([2**62, -1], "'a' is cut off"), ([1] * 65, "'a' has 65 sides")])
def test_a_shape_is_left_as_soon_as_it_is_too_large(shape: list[object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        unpack_floats(file({"a": entry(shape, 0, 4)}, bytes(4)))

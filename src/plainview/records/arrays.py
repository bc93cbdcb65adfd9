"""Named float32 arrays as a safetensors file that can be written in one way only, and read back from no other.

Of the format this is the part that learned parameters need; any reader of safetensors files reads it.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from plainview.records.digests import Arrays

Floats = dict[str, NDArray[np.float32]]
_LENGTH, _FLOAT = 8, 4
_SIDES = 64
"""Of an array at most: NumPy has no more."""


class _Array(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


def pack_floats(arrays: Arrays) -> bytes:
    """The file: u64 LE length of the header, the header (JSON, names ascending, filled up to 8), the arrays in C order,
    little-endian, one after the other."""
    header, end = {}, 0
    parts = []
    for name in sorted(arrays):
        data = np.ascontiguousarray(arrays[name], "<f4").tobytes()
        header[name] = _Array("F32", arrays[name].shape, (end, end := end + len(data)))
        parts.append(data)
    text = msgspec.json.encode(header)
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(_LENGTH, "little"), text, *parts])


def unpack_floats(data: bytes) -> Floats:
    """The arrays in `data`, read-only. Raises ValueError for anything that `pack_floats` does not write."""
    start = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
    try:
        header = msgspec.json.decode(data[_LENGTH:start], type=dict[str, _Array])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"no header of a safetensors file: {error}") from error
    arrays: Floats = {}
    at = start
    for name, one in header.items():
        if not 1 <= len(one.shape) <= _SIDES:
            raise ValueError(f"array {name!r} has {len(one.shape):,} sides, not 1 to {_SIDES}")
        end = at + _FLOAT
        for length in one.shape:
            if length < 1:
                raise ValueError(f"array {name!r} has a side of {length}")
            end = at + (end - at) * length
            if end > len(data):
                raise ValueError(f"array {name!r} is cut off")
        arrays[name] = np.frombuffer(data[at:end], "<f4").reshape(one.shape)
        at = end
    if pack_floats(arrays) != data:
        raise ValueError("not in the one spelling: names ascending, float32 alone, no gap, nothing after the last")
    return arrays

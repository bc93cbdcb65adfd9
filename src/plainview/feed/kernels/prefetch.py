"""Reading ahead: rows that lie far apart are asked for together, before each is needed. No value changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LINE = 64
"""Bytes of a cache line, as common CPUs have it."""


_BYTE, _NUMBER = ir.IntType(8).as_pointer(), ir.IntType(32)


def _ask(builder: Any, place: Any) -> None:
    wanted = ir.FunctionType(ir.VoidType(), [_BYTE, _NUMBER, _NUMBER, _NUMBER])
    function = cgutils.get_or_insert_function(builder.module, wanted, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
    builder.call(function, [builder.bitcast(place, _BYTE), _NUMBER(0), _NUMBER(3), _NUMBER(1)])


@intrinsic
def _prefetch(typing: Any, row: Any, offset: Any) -> Any:
    if not isinstance(row, types.Record):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _ask(builder, builder.gep(builder.bitcast(arguments[0], _BYTE), [arguments[1]]))
        return context.get_dummy_value()

    return types.void(row, types.intp), generate


@intrinsic
def _prefetch_at(typing: Any, array: Any, index: Any) -> Any:
    if not isinstance(array, types.Array):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        _ask(builder, builder.gep(data, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


prefetch = cast(Callable[[np.void, int], None], _prefetch)
"""Inside kernels: ask for the cache line that holds byte `offset` of a table's row (LLVM's `llvm.prefetch`)."""
prefetch_at = cast(Callable[[np.ndarray, int], None], _prefetch_at)
"""Inside kernels: ask for the cache line in which entry `index` of a contiguous array begins."""


def lines(layout: np.dtype[np.void], first: str, last: str) -> tuple[int, ...]:
    """Offsets to ask for so that a row's fields from `first` to `last` are read, wherever the row begins."""
    assert layout.fields is not None
    kind, begins = layout.fields[last][:2]
    start, stop = layout.fields[first][1], begins + kind.itemsize - 1
    return (*range(start, stop, LINE), stop)

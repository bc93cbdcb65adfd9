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


@intrinsic
def _prefetch(typing: Any, row: Any, offset: Any) -> Any:
    if not isinstance(row, types.Record):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        wanted = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, wanted, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
        place = builder.gep(builder.bitcast(arguments[0], byte), [arguments[1]])
        builder.call(function, [place, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(row, types.intp), generate


prefetch = cast(Callable[[np.void, int], None], _prefetch)
"""Inside kernels: ask for the cache line that holds byte `offset` of a table's row (LLVM's `llvm.prefetch`)."""


def lines(layout: np.dtype[np.void], first: str, last: str) -> tuple[int, ...]:
    """Offsets to ask for so that a row's fields from `first` to `last` are read, wherever the row begins."""
    assert layout.fields is not None
    kind, begins = layout.fields[last][:2]
    start, stop = layout.fields[first][1], begins + kind.itemsize - 1
    return (*range(start, stop, LINE), stop)

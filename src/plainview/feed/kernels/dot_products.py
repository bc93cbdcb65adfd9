"""Dot products of int8 codes, a tile of rows at a time: exact, since integers have no rounding.

Numba's loops reach a fraction of what a CPU's multiply-and-add of pairs does (SSE2's `pmaddwd` and its like): LLVM
finds it only in a certain shape of vector code. That shape is written down here, in LLVM's own portable vectors: what
CPU runs it changes its speed, and no value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from plainview.feed.tables import CODE, PAIRS, TILE

QUERIES = 3
"""Dot products of each row with so many queries are computed together: its code is read once."""

_BYTE, _SHORT, _WORD = ir.IntType(8), ir.IntType(16), ir.IntType(32)
_LANES = ir.VectorType(_WORD, TILE)
_PAIRS = ir.VectorType(_WORD, 2 * TILE)
_SHORTS = ir.VectorType(_SHORT, 2 * TILE)
_BYTES = ir.VectorType(_BYTE, 2 * TILE)


@intrinsic
def _products(typing: Any, codes: Any, tile: Any, weights: Any, out: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def begin(place: int, element: ir.Type) -> Any:
            array = context.make_array(signature.args[place])(context, builder, arguments[place])
            return builder.bitcast(array.data, element.as_pointer())

        def column(picked: list[int]) -> ir.Constant:
            return ir.Constant(_LANES, picked)

        number = arguments[1].type
        pairs, query = begin(0, _BYTE), begin(2, _WORD)
        pairs = builder.gep(pairs, [builder.mul(arguments[1], number(TILE * CODE))])
        nothing = ir.Constant(_PAIRS, ir.Undefined)
        totals = [ir.Constant(_LANES, [0] * TILE) for _ in range(QUERIES)]
        for pair in range(PAIRS):
            place = builder.gep(pairs, [number(pair * 2 * TILE)])
            read = builder.load(builder.bitcast(place, _BYTES.as_pointer()), align=1)
            wide = builder.sext(builder.sext(read, _SHORTS), _PAIRS)
            for i in range(QUERIES):
                both = builder.load(builder.gep(query, [number(i * PAIRS + pair)]))
                lanes = builder.insert_element(ir.Constant(_LANES, ir.Undefined), both, _WORD(0))
                lanes = builder.shuffle_vector(lanes, ir.Constant(_LANES, ir.Undefined), column([0] * TILE))
                product = builder.mul(wide, builder.sext(builder.bitcast(lanes, _SHORTS), _PAIRS))
                even = builder.shuffle_vector(product, nothing, column([2 * lane for lane in range(TILE)]))
                odd = builder.shuffle_vector(product, nothing, column([2 * lane + 1 for lane in range(TILE)]))
                totals[i] = builder.add(totals[i], builder.add(even, odd))
        for i in range(QUERIES):
            place = builder.gep(begin(3, _WORD), [number(i * TILE)])
            builder.store(totals[i], builder.bitcast(place, _LANES.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(codes, types.intp, weights, out), generate


_dots = cast(Callable[..., None], _products)


@njit(cache=True)
def tile_products(codes: NDArray[np.int8], tile: int, queries: NDArray[np.int32], out: NDArray[np.int32]) -> None:
    """out[i, lane] = query i . the code in `lane` of a tile.

    `codes` is int8 (tiles, PAIRS, TILE, 2); `queries` int32 (QUERIES, PAIRS), an int16 (QUERIES, CODE) seen two at a
    time; `out` int32 (QUERIES, TILE). All contiguous. Entries of codes and queries lie in [-127, 127], so that a sum is
    below CODE x 127 x 127 < 2^19.
    """
    _dots(codes, tile, queries, out)


@njit(cache=True)
def lay(codes: NDArray[np.int8], row: int, code: NDArray[np.int8]) -> None:
    """Write a row's code, int8 (CODE,), where `tile_products` reads it."""
    tile = codes[row // TILE]
    lane = row % TILE
    for k in range(CODE):
        tile[k // 2, lane, k % 2] = code[k]


def laid(codes: NDArray[np.int8]) -> NDArray[np.int8]:
    """Codes, int8 (rows, CODE), as tiles; what is left of the last one is 0."""
    rows = np.zeros((-(-len(codes) // TILE) * TILE, CODE), np.int8)
    rows[: len(codes)] = codes
    return np.ascontiguousarray(rows.reshape(-1, TILE, PAIRS, 2).transpose(0, 2, 1, 3))

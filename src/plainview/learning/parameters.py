"""What a release may bring along that was learned: the parameters that all videos and viewers share.

A world without records starts from them, in place of `initial`. Means keep the precision that they were learned with,
so that what a candidate learned on a million impressions is not gone after a hundred. Tags have no names here: a tag's
cells are those of its number in the journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from plainview.feed.tables import FIXED, LAYOUTS, Tables
from plainview.records.arrays import unpack_floats

Parameters = Mapping[str, NDArray[np.float32]]
"""`<table>.<field>`: one array a column of the tables of SHARED, or nothing at all."""
NONE: Parameters = MappingProxyType({})
"""Of a release that brings none."""
SHARED = ("bias", "group", "head_input", "head_surface", "ranking", "weight")
"""Tables whose rows mean the same whatever the catalogue."""
MEAN_LIMIT, PRECISION_LIMIT = 2.0**10, 2.0**60
"""What is larger was not learned, and sums of such could overflow."""

SHAPES = {
    f"{table}.{field}": (FIXED[table], *LAYOUTS[table][field].shape)
    for table in SHARED
    for field in LAYOUTS[table].names or ()
}


def learned(tables: Tables) -> dict[str, NDArray[np.float32]]:
    """The parameters of a world, copied."""
    columns = {}
    for name in SHAPES:
        table, field = name.split(".")
        columns[name] = getattr(tables, table)[field].copy()
    return columns


def lay(tables: Tables, parameters: Parameters) -> None:
    """Put parameters in their places."""
    for name, array in parameters.items():
        table, field = name.split(".")
        getattr(tables, table)[field] = array


def read_parameters(data: bytes) -> Parameters:
    """The parameters in a file's bytes; none in an empty one. Raises ValueError for what no fold of this release's
    leaves: other names or shapes, what is not finite or too large, a precision below zero."""
    if not data:
        return NONE
    arrays = unpack_floats(data)
    if arrays.keys() != SHAPES.keys():
        odd = sorted(arrays.keys() ^ SHAPES.keys())
        raise ValueError(f"{odd[0]!r} is {'not wanted' if odd[0] in arrays else 'missing'}")
    for name, array in arrays.items():
        precision = name.endswith("precision")
        if array.shape != SHAPES[name]:
            raise ValueError(f"{name} has shape {array.shape}, not {SHAPES[name]}")
        low, high = (0.0, PRECISION_LIMIT) if precision else (-MEAN_LIMIT, MEAN_LIMIT)
        if not np.all((array >= low) & (array <= high)):
            raise ValueError(f"{name} has a value that is no number from {low:g} to {high:g}")
    return arrays

"""The world: all aggregate state, a pure fold over the journal, and the deltas by which one copy follows another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plainview.feed.kernels.dot_products import laid
from plainview.feed.kernels.idmap import empty_slots, insert_all
from plainview.feed.tables import FIXED, LAYOUTS, PAIRS, TILE, Maps, Marks, Table, Tables
from plainview.records.digests import arrays_digest

COUNTED = {
    "code": "items",
    "creator": "creators",
    "daily": "days",
    "decision": "decisions",
    "entity": "entities",
    "free_entity": "free_entities",
    "free_item": "free_items",
    "item": "items",
    "order": "orders",
    "origin": "origins",
    "sound": "sounds",
    "tag": "tags",
    "video": "videos",
}
"""Growing tables, and the field of `head` that counts their rows."""

MAPPED = ("creator", "decision", "order", "sound", "tag", "video")


class World:
    """Tables with room to grow, marks for rows written since the last cut, and the maps from ids to rows.

    Not thread-safe: the fold writes one copy, ranking reads another that only `apply` writes.
    """

    def __init__(self) -> None:
        """A world of zeros, to which a snapshot is applied. Before any record it is `learning.fold.empty_world`."""
        sizes = {name: FIXED.get(name, 64) for name in LAYOUTS}
        self.tables = Tables(**{name: np.zeros(sizes[name], LAYOUTS[name]) for name in LAYOUTS})
        self.marks = Marks(**{name: np.zeros(sizes[name], np.uint8) for name in LAYOUTS})
        self.maps = Maps(
            codes=laid(self.tables.code["code"]),
            priors=np.zeros(64, np.int32),
            **{name: empty_slots(64) for name in MAPPED},
        )

    def rows(self, name: str) -> int:
        """How many rows of a table are in use."""
        if name in COUNTED:
            return int(self.tables.head[0][COUNTED[name]])
        return len(getattr(self.tables, name))

    @property
    def videos(self) -> int:
        """Videos in the catalogue."""
        return self.rows("video")

    @property
    def now(self) -> int:
        """The latest time folded in, ms."""
        return int(self.tables.head[0]["now"])

    def reserve(self, extra: Mapping[str, int]) -> None:
        """Make room for `extra` more rows of each table named."""
        tables, marks = {}, {}
        maps: dict[str, NDArray[Any]] = {}
        for name, more in extra.items():
            used = self.rows(name)
            table: Table = getattr(self.tables, name)
            if used + more > len(table):
                size = max(used + more, len(table) + len(table) // 2, 256)
                tables[name] = np.zeros(size, table.dtype)
                tables[name][:used] = table[:used]
                flags: NDArray[np.uint8] = getattr(self.marks, name)
                marks[name] = np.zeros(size, np.uint8)
                marks[name][: len(flags)] = flags
            if name in MAPPED and 2 * (used + more) > len(getattr(self.maps, name)):
                maps[name] = empty_slots(2 * (used + more))
                insert_all(maps[name], tables.get(name, table), 0, used)
        if "code" in tables:
            maps["codes"], maps["priors"] = laid(tables["code"]["code"]), tables["code"]["prior"].copy()
        if tables:
            self.tables = self.tables._replace(**tables)
            self.marks = self.marks._replace(**marks)
        if maps:
            self.maps = self.maps._replace(**maps)

    def cut(self) -> dict[str, NDArray[np.generic]]:
        """The rows written since the last cut, as named arrays; the marks are cleared.

        For each table with marks: `<table>.rows` (int32, ascending) and `<table>.data` (uint8, shape (rows, bytes a
        row), the rows' bytes as `tables.LAYOUTS` lays them out).
        """
        delta: dict[str, NDArray[np.generic]] = {}
        for name in LAYOUTS:
            used = self.rows(name)
            flags: NDArray[np.uint8] = getattr(self.marks, name)
            rows = np.flatnonzero(flags[:used].view(np.bool_)).astype(np.int32)
            if len(rows):
                data = getattr(self.tables, name)[rows]
                delta[f"{name}.rows"] = rows
                delta[f"{name}.data"] = data.view(np.uint8).reshape(len(rows), data.dtype.itemsize)
            flags[:] = 0
        return delta

    def apply(self, delta: Mapping[str, NDArray[np.generic]]) -> None:
        """Take up a delta that was cut from a copy which stood where this one stands.

        Raises ValueError where the delta does not fit the layouts; nothing is changed then.
        """
        pieces = {}
        for name, layout in LAYOUTS.items():
            if f"{name}.rows" not in delta:
                continue
            rows, data = delta[f"{name}.rows"], delta[f"{name}.data"]
            fits = rows.dtype == np.int32 and data.dtype == np.uint8 and data.shape == (len(rows), layout.itemsize)
            if not fits or (len(rows) and (rows[0] < 0 or np.any(np.diff(rows) <= 0))):
                raise ValueError(f"delta: rows or data of table {name} do not fit its layout")
            pieces[name] = (rows, np.ascontiguousarray(data).view(layout).reshape(len(rows)))
        before = {name: self.rows(name) for name in MAPPED}
        if "head" in pieces:
            head = pieces.pop("head")[1]
            growth = {name: max(0, int(head[0][field]) - self.rows(name)) for name, field in COUNTED.items()}
            self.reserve(growth)
            self.tables.head[:] = head
        for name, (rows, data) in pieces.items():
            getattr(self.tables, name)[rows] = data
            if name == "code":
                self.maps.codes[rows // TILE, :, rows % TILE] = data["code"].reshape(-1, PAIRS, 2)
                self.maps.priors[rows] = data["prior"]
        for name in MAPPED:
            if self.rows(name) > before[name]:
                insert_all(getattr(self.maps, name), getattr(self.tables, name), before[name], self.rows(name))

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """The whole world as a delta from the empty one."""
        arrays: dict[str, NDArray[np.generic]] = {}
        for name, layout in LAYOUTS.items():
            used = self.rows(name)
            data = getattr(self.tables, name)[:used]
            arrays[f"{name}.rows"] = np.arange(used, dtype=np.int32)
            arrays[f"{name}.data"] = data.view(np.uint8).reshape(used, layout.itemsize)
        return arrays

    def digest(self) -> bytes:
        """The state digest: tables in name order, each column with its name, dtype and shape, rows in id order.

        Tables without ids are in the order of their rows.
        """
        columns: dict[str, NDArray[np.generic]] = {}
        for name, layout in LAYOUTS.items():
            table = getattr(self.tables, name)[: self.rows(name)]
            if "id" in (layout.names or ()):
                table = table[np.argsort(table["id"], kind="stable")]
            for field in layout.names or ():
                columns[f"{name}.{field}"] = table[field]
        return arrays_digest(columns)

    def copy(self) -> World:
        """An independent copy with no marks."""
        twin = World()
        twin.apply(self.snapshot())
        return twin

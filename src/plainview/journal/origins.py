"""The origin gate: which imports may be journaled, and how many rows of each."""

from __future__ import annotations

from collections.abc import Callable

from plainview.records import UPLOAD, History, Impression, Origin, Record, Video


class OriginGate:
    """Knows which imports the journal has. Their rows are counted once, and from then on as they come.

    `admitted` says how many rows an import may have at most, by the acts so far; None where nobody let it in.
    """

    def __init__(self, admitted: Callable[[Origin], int | None]) -> None:
        self._admitted = admitted
        self._rows_of: Callable[[str], int] = lambda _: 0
        self._origins: dict[str, Origin] = {}
        self.rows: dict[str, int] = {}
        """By origin, of those whose rows were counted."""
        self._limits: dict[str, int] = {}
        """By origin, rows at most, as far as that was asked since the last act."""

    def rebuild(self, rows_of: Callable[[str], int]) -> None:
        """Know of none but those that are observed from here on, which have as many rows already as `rows_of` says."""
        self._rows_of = rows_of
        self._origins, self.rows, self._limits = {}, {}, {}

    def check(self, record: Record) -> str:
        """Why `record` may not be appended next, in words; empty where it may."""
        if type(record) is Origin:
            return self._check_origin(record)
        return self._check_row(record) if isinstance(record, (Video, History, Impression)) else ""

    def observe(self, record: Record) -> None:
        """Take in a record that was appended."""
        if type(record) is Origin:
            self._origins[record.origin] = record
        elif isinstance(record, (Video, History, Impression)) and record.origin in self.rows:
            self.rows[record.origin] += 1

    def ask_again(self) -> None:
        """An act was appended: it may let more in."""
        self._limits.clear()

    def _check_origin(self, origin: Origin) -> str:
        name = origin.origin
        if name == UPLOAD:
            return f"{UPLOAD} is the origin of what comes with no import"
        if name in self._origins:
            return f"origin {name} is in the journal already, and what it has of an import stays"
        if self._admitted(origin) is None:
            return (
                f"origin {name} was not let in: no admission that counts names it with digest {origin.digest} and the "
                "licence it gives"
            )
        return ""

    def _check_row(self, row: Video | History | Impression) -> str:
        name = row.origin
        if type(row) is Video and name == UPLOAD:
            return ""
        if name not in self._origins:
            return f"origin {name} is not in the journal, and its rows may not be"
        if name not in self._limits:
            self._limits[name] = self._admitted(self._origins[name]) or 0
        if name not in self.rows:
            self.rows[name] = self._rows_of(name)
        rows, limit = self.rows[name], self._limits[name]
        return f"origin {name} has {rows} rows already, and {limit} were let in" if rows >= limit else ""

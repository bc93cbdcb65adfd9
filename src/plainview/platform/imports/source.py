"""What an importer hands over: a data set's records in one fixed order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from plainview.platform.imports.tables import Faults, Rows, report
from plainview.records import Origin, Record
from plainview.records.fields import to_text

DAY = 86_400_000
FIRST_DAYLIGHT = 14 * 3_600_000
"""Milliseconds by which the first place on Earth to begin a day is ahead of UTC."""
TAGS = 4
"""Tags of a video at most; of more, the first four in the source's order count."""
PAST = 1000
"""Rows of a viewer's history at most, the latest: a `History` holds no more."""


class Provenance(NamedTuple):
    """What the `Origin` record of an import says of where its rows are from."""

    name: str
    """Of the import: its keys and its videos have it, so that two with one name are one."""
    source: str
    licence: str


class Source(Protocol):
    """A data set that has been read. A row that was still to come when the import began is a fault of that row.

    Rows of a log keep their numbers: row i of an `Impression` is the i-th row of the log's files in their order, from
    0, rows left out included.
    """

    origin: Origin
    faults: Faults
    total: int
    """Records that `records` yields."""
    last: int
    """Unix ms of the last impression, in the source's time; 0 where there is none."""
    older: int
    """Rows of histories that are left out, since they are older than the latest `PAST` of their viewer."""

    def viewers(self) -> NDArray[np.int64]:
        """Ids of its viewers, ascending."""
        ...

    def videos(self) -> NDArray[np.int64]:
        """Ids of its videos, ascending."""
        ...

    def records(self, shift: int) -> Iterator[Record]:
        """The origin, videos by id, viewers by id, histories by (last time, viewer), impressions by (time, row).

        Equal files and equal `shift` yield equal records. `shift` (ms, may be negative) is added to every time of the
        source, so that a log from years ago can be made to end now, when decayed counters are read; 0 keeps the
        source's own times. A time that would fall before 1970 becomes 0. Records carry `time` 0: the journal fills
        it in.
        """
        ...


def files_digest(paths: Iterable[Path]) -> str:
    """SHA-256 over files in name order, each as `name\\0size\\0` and its bytes; 43 characters of base64url."""
    state = hashlib.sha256(b"plainview/files/v1\x00")
    for path in sorted(paths, key=lambda path: path.name):
        state.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                state.update(block)
    return to_text(state.digest())


def midnight(date: str) -> int | None:
    """Unix ms of 00:00 UTC of a `YYYY-MM-DD` date; None where the text is no such date."""
    try:
        return int(datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return None


def dated(rows: Rows, path: Path, column: str, now: int, faults: Faults) -> Rows:
    """The rows with a `YYYY-MM-DD` date in `column` that has begun somewhere on Earth by `now`; the others are faults.

    They get one more column, `created`: `midnight` of that date.
    """
    dates = {text: midnight(text) for text in set(rows[column].tolist())}
    good = np.array([dates[text] is not None for text in rows[column].tolist()], np.bool_)
    rows = report(rows, path, good, column, "{} is not a date YYYY-MM-DD", faults)
    created = np.array([dates[text] for text in rows[column].tolist()], np.int64)
    rows = rows.with_column("created", created)
    return report(rows, path, created <= now + FIRST_DAYLIGHT, column, "{} is in the future", faults)


def tagged(rows: Rows, path: Path, column: str, faults: Faults) -> Rows:
    """The rows with a `tag_list` in `column`, which they get as one more column, `tags`; the others are faults."""
    lists = {text: tag_list(text) for text in set(rows[column].tolist())}
    good = np.array([lists[text] is not None for text in rows[column].tolist()], np.bool_)
    rows = report(rows, path, good, column, "{} is not a list of tag numbers", faults)
    tags = np.empty(len(rows.row), object)
    tags[:] = [lists[text] for text in rows[column].tolist()]
    return rows.with_column("tags", tags)


def past(rows: Rows, path: Path, column: str, now: int, faults: Faults) -> Rows:
    """Leave out the rows whose time (Unix ms in `column`) is later than `now`, with a fault for each."""
    return report(rows, path, rows[column] <= now, column, f"{{}} ms is in the future: it is {now} ms now", faults)


def tag_list(text: str, high: int = 2**16 - 1) -> tuple[int, ...] | None:
    """The first `TAGS` numbers of a comma list, with or without brackets; None where it is no such list.

    A tag named twice counts once.
    """
    text = text.strip().removeprefix("[").removesuffix("]").strip()
    if not text:
        return ()
    tags: dict[int, None] = {}
    for part in text.split(","):
        part = part.strip()
        # Python refuses to read a number of thousands of digits.
        if not (part.isascii() and part.isdigit()) or len(part) > 9 or int(part) > high:
            return None
        tags[int(part)] = None
    return tuple(tags)[:TAGS]


def first_of_each(ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mask of the rows where an id occurs for the first time."""
    mask = np.zeros(len(ids), np.bool_)
    mask[np.unique(ids, return_index=True)[1]] = True
    return mask


def member(ids: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where `ids` are among `known` (ascending)."""
    if not len(known):
        return np.zeros(len(ids), np.bool_)
    at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    mask: NDArray[np.bool_] = known[at] == ids
    return mask


def find_folder(folder: Path, names: Sequence[str]) -> Path | None:
    """`folder` or its `data` folder, whichever holds one of `names`."""
    for place in (folder, folder / "data"):
        if any((place / name).is_file() for name in names):
            return place
    return None

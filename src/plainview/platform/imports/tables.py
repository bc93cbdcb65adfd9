"""Reads columns of a CSV or Parquet file; what is wrong with a row is a fault of that row, never of the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

BLOCK = 1 << 24
"""Bytes of a CSV file parsed at once; also the longest row there may be."""
BATCH = 1 << 18
"""Rows of a Parquet file read at once."""
SHOWN = 20
"""Faults kept in memory to be shown; all of them go to the faults file."""


class SourceError(ValueError):
    """A data set that cannot be read at all: a file or a column is missing, or a file is not what its name says."""


class RowFault(msgspec.Struct, frozen=True):
    """One row that was left out, and why."""

    file: str
    line: int
    """Line in a CSV file, the heading being line 1; row in a Parquet file, the first being row 1."""
    column: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, column {self.column}: {self.reason}"


class Faults:
    """Counts rows left out, keeps the first `SHOWN` and writes all, one JSON object a line, to `path` (None: nowhere).

    The file is created with the first fault. Use as a context manager, so that it is closed.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.count = 0
        self.first: list[RowFault] = []
        self._file: IO[bytes] | None = None

    def add(self, fault: RowFault) -> None:
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(fault)
        if self.path is None:
            return
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("wb")
        self._file.write(msgspec.json.encode(fault) + b"\n")

    def __enter__(self) -> Faults:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Column(NamedTuple):
    """A column that is wanted, and what its values may be.

    `integer` takes whole numbers (`17200.0` too) in [low, high]; `seconds` takes decimal seconds and gives whole
    milliseconds in [low, high]; `text` takes any UTF-8. `empty` is the value of an empty or null field; where it is
    None, such a field is a fault.
    """

    name: str
    kind: Literal["integer", "seconds", "text"] = "integer"
    low: int = 0
    high: int = 2**53 - 1
    empty: int | str | None = None


@dataclass(frozen=True)
class Rows:
    """The good rows of a file, in its order."""

    columns: dict[str, NDArray[Any]]
    """int64 arrays, or object arrays of str for text."""
    row: NDArray[np.int64]
    """Each one's row in the file, from 0, bad rows counted."""
    line: NDArray[np.int64]
    """Each one's line, as a `RowFault` names it."""
    total: int
    """Rows in the file, bad ones included."""

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def with_column(self, name: str, values: NDArray[Any]) -> Rows:
        """The same rows with one more column."""
        return Rows(self.columns | {name: values}, self.row, self.line, self.total)

    def keep(self, mask: NDArray[np.bool_]) -> Rows:
        """Only the rows where `mask` holds."""
        return Rows(
            {name: column[mask] for name, column in self.columns.items()}, self.row[mask], self.line[mask], self.total
        )


def read(path: Path, columns: Sequence[Column], faults: Faults, quoted: bool = False) -> Rows:
    """The good rows of `path` (CSV by default, Parquet where the name ends so); the bad ones go to `faults`.

    `quoted`: fields of the CSV file may stand in double quotes and then hold commas and line breaks. Of a bad row the
    first bad column, in the order of `columns`, is named.

    Raises SourceError where the file or a column is missing, or the file cannot be parsed at all.
    """
    if not path.is_file():
        raise SourceError(f"{path}: no such file; download the data set whole and point the import at its folder")
    parquet = path.suffix == ".parquet"
    _check_heading(path, _parquet_names(path) if parquet else _csv_names(path), columns)
    bad: list[tuple[int, str, str]] = []
    parts: list[tuple[list[NDArray[Any]], NDArray[np.int64]]] = []
    total = 0
    for batch, rows in _parquet_batches(path, columns) if parquet else _csv_batches(path, columns, quoted, bad):
        values, good = _convert(batch, columns, rows, bad)
        parts.append(([value[good] for value in values], rows[good]))
        total = int(rows[-1]) + 1 if len(rows) else total
    total = max([total, *(row + 1 for row, _, _ in bad)])
    row = np.concatenate([part[1] for part in parts]) if parts else np.zeros(0, np.int64)
    arrays = {
        column.name: np.concatenate([part[0][i] for part in parts])
        if parts
        else np.zeros(0, object if column.kind == "text" else np.int64)
        for i, column in enumerate(columns)
    }
    # Only where quoted fields may break lines do lines and rows differ: such files are small, and read again.
    starts = (
        _row_lines(path, total) if quoted and not parquet else np.arange(total, dtype=np.int64) + (1 if parquet else 2)
    )
    for number, name, reason in sorted(bad):
        faults.add(RowFault(path.name, int(starts[number]), name, reason))
    return Rows(arrays, row, starts[row], total)


def report(rows: Rows, path: Path, mask: NDArray[np.bool_], column: str, reason: str, faults: Faults) -> Rows:
    """Leave out the rows where `mask` does not hold, with a fault for each; `{}` in `reason` becomes the value."""
    for at in np.flatnonzero(~mask):
        faults.add(RowFault(path.name, int(rows.line[at]), column, reason.format(rows.columns[column][at])))
    return rows.keep(mask)


def _check_heading(path: Path, names: Sequence[str], columns: Sequence[Column]) -> None:
    for column in columns:
        if column.name not in names:
            raise SourceError(
                f"{path}: no column {column.name!r}; the heading has {', '.join(names[:40]) or 'nothing'}. "
                "Is this the file of the published data set, with its heading?"
            )


def _csv_names(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return next(csv.reader(file), [])


def _parquet_names(path: Path) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{path}: not a Parquet file: {error}") from error


def _parquet_batches(path: Path, columns: Sequence[Column]) -> Iterator[tuple[list[pa.Array], NDArray[np.int64]]]:
    start = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH, columns=[column.name for column in columns]):
                yield (
                    [batch.column(column.name) for column in columns],
                    np.arange(start, start + len(batch), dtype=np.int64),
                )
                start += len(batch)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{path}: damaged near row {start + 1}: {error}; download it again") from error


def _csv_batches(
    path: Path, columns: Sequence[Column], quoted: bool, bad: list[tuple[int, str, str]]
) -> Iterator[tuple[list[pa.Array], NDArray[np.int64]]]:
    skipped: list[int] = []

    def note(row: pacsv.InvalidRow) -> str:
        # Arrow numbers rows from 1 and counts the heading; rows it skips do not appear in the batches.
        skipped.append(row.number - 2)
        short = "short" if row.actual_columns < row.expected_columns else "long"
        bad.append(
            (row.number - 2, "*", f"{short} row: {row.actual_columns} fields, the heading has {row.expected_columns}")
        )
        return "skip"

    names = [column.name for column in columns]
    try:
        reader = pacsv.open_csv(
            path,
            read_options=pacsv.ReadOptions(use_threads=False, block_size=BLOCK),
            parse_options=pacsv.ParseOptions(
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                invalid_row_handler=note,
                ignore_empty_lines=False,
            ),
            convert_options=pacsv.ConvertOptions(
                include_columns=names,
                column_types={name: pa.binary() for name in names},
                check_utf8=False,
                strings_can_be_null=False,
            ),
        )
        seen = 0
        taken = 0
        for batch in reader:
            rows = np.empty(len(batch), np.int64)
            at = 0
            while at < len(batch):
                # Between two skipped rows the numbers run on without a gap.
                if taken < len(skipped) and skipped[taken] == seen:
                    taken += 1
                    seen += 1
                    continue
                room = skipped[taken] - seen if taken < len(skipped) else len(batch) - at
                length = min(room, len(batch) - at)
                rows[at : at + length] = np.arange(seen, seen + length)
                at += length
                seen += length
            yield [batch.column(name) for name in names], rows
    except pa.ArrowInvalid as error:
        raise SourceError(f"{path}: cannot be read as CSV: {error}") from error


def _convert(
    batch: Sequence[pa.Array], columns: Sequence[Column], rows: NDArray[np.int64], bad: list[tuple[int, str, str]]
) -> tuple[list[NDArray[Any]], NDArray[np.bool_]]:
    """Values of every column, and which rows are good; the others are added to `bad`, once each."""
    good = np.ones(len(rows), np.bool_)
    values: list[NDArray[Any]] = []
    for array, column in zip(batch, columns, strict=True):
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        value, reasons = _texts(array, column) if column.kind == "text" else _numbers(array, column)
        for at, reason in reasons.items():
            if good[at]:
                good[at] = False
                bad.append((int(rows[at]), column.name, reason))
        values.append(value)
    return values, good


def _texts(array: pa.Array, column: Column) -> tuple[NDArray[Any], dict[int, str]]:
    reasons: dict[int, str] = {}
    if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        array = _utf8(array, reasons)
    texts = np.array(array.to_pylist(), dtype=object)
    for at in np.flatnonzero([not text for text in texts]):
        if column.empty is None:
            reasons.setdefault(int(at), "empty")
        texts[at] = column.empty
    return texts, reasons


def _utf8(array: pa.Array, reasons: dict[int, str]) -> pa.Array:
    """`array` of bytes as text, null where it is not UTF-8."""
    try:
        return array.cast(pa.large_string())
    except pa.ArrowInvalid:
        texts: list[str | None] = []
        for at, data in enumerate(array.to_pylist()):
            try:
                texts.append(data.decode())
            except UnicodeDecodeError as error:
                texts.append(None)
                reasons[at] = f"invalid UTF-8 at byte {error.start} of {data[:40]!r}"
        return pa.array(texts, pa.large_string())


def _numbers(array: pa.Array, column: Column) -> tuple[NDArray[Any], dict[int, str]]:
    reasons: dict[int, str] = {}
    source = array
    if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        array = _utf8(array, reasons)
    empty = pc.is_null(array)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = pc.utf8_trim_whitespace(array)
        empty = pc.or_(empty, pc.fill_null(pc.equal(array, ""), True))
        array = _parse(pc.if_else(empty, None, array), column, reasons)
    elif not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        raise SourceError(f"column {column.name!r} holds {array.type}, not numbers; is this the published file?")
    elif column.kind == "seconds" or pa.types.is_floating(array.type):
        array = _whole(array, column, reasons)
    numbers = pc.fill_null(array.cast(pa.int64()), column.low).to_numpy(zero_copy_only=False)
    numbers = np.array(numbers, np.int64)
    absent = empty.to_numpy(zero_copy_only=False)
    for at in np.flatnonzero((numbers < column.low) | (numbers > column.high)):
        if not absent[at]:
            reasons.setdefault(int(at), f"{_shown(source[int(at)])} is out of range [{column.low}, {column.high}]")
    if column.empty is None:
        for at in np.flatnonzero(absent):
            reasons.setdefault(int(at), "empty")
    else:
        numbers[absent] = column.empty
    return numbers, reasons


def _parse(array: pa.Array, column: Column, reasons: dict[int, str]) -> pa.Array:
    """Numbers written as text."""
    # Arrow would take hexadecimal for a number; no data set writes its ids so.
    if column.kind == "integer" and not pc.any(pc.match_substring(array, "x", ignore_case=True)).as_py():
        try:
            return array.cast(pa.int64())
        except pa.ArrowInvalid:
            pass
    # 17 digits at most: what does not fit int64 is no number that any column here may hold.
    number = pc.fill_null(pc.match_substring_regex(array, r"^[+-]?[0-9]{1,17}(\.[0-9]{0,17})?$"), True)
    for at in np.flatnonzero(~number.to_numpy(zero_copy_only=False)):
        reasons[int(at)] = f"{_shown(array[int(at)])} is not a number"
    return _whole(pc.if_else(number, array, None).cast(pa.float64()), column, reasons)


def _whole(array: pa.Array, column: Column, reasons: dict[int, str]) -> pa.Array:
    """Floats as whole numbers: rounded milliseconds of seconds, else only those that are whole."""
    values = array.cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
    null = pc.is_null(array).to_numpy(zero_copy_only=False)
    scaled = values * 1000 if column.kind == "seconds" else values
    with np.errstate(invalid="ignore"):
        whole = np.rint(scaled)
        odd = ~null & ~(np.abs(whole) < 2.0**62)
        part = ~null & ~odd & (whole != scaled) & (column.kind == "integer")
    for at in np.flatnonzero(odd):
        reasons[int(at)] = f"{values[at]!r} is not a number within range"
    for at in np.flatnonzero(part):
        reasons[int(at)] = f"{float(values[at])!r} is not a whole number"
    lost = null | odd | part
    return pa.array(np.where(lost, 0, whole).astype(np.int64), mask=lost)


def _shown(value: Any) -> str:
    value = value.as_py() if isinstance(value, pa.Scalar) else value
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _row_lines(path: Path, total: int) -> NDArray[np.int64]:
    """The line on which each row of a CSV file with quoted fields begins."""
    starts = np.zeros(total + 1, np.int64)
    row = 0
    open_quote = False
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not open_quote:
                if row <= total:
                    starts[row] = number
                row += 1
            open_quote ^= line.count(b'"') % 2 == 1
    return starts[1:]

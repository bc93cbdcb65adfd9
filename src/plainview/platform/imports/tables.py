"""Reads columns of a CSV or Parquet file; what is wrong with a row is a fault of that row, never of the file."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import suppress
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

from plainview.platform.imports import lines

BATCH = 1 << 18
"""Rows of a Parquet file read at once."""
SHOWN = 20
"""Faults kept in memory to be shown; all of them go to the faults file."""
LENGTH = 40
"""Characters of a value, or of a name, that a message shows."""
NAMES = 40
"""Names of a heading that a message shows."""
_UNREADABLE = (pa.ArrowException, UnicodeError, OSError)
"""What a damaged Parquet file raises."""


class SourceError(ValueError):
    """A data set that cannot be read at all: a file or a column is missing, or a file is not what its name says."""


class FaultsUnwritten(Exception):
    """The list of bad rows cannot be kept."""


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
    """Counts rows left out, keeps the first `SHOWN` and lists all, one JSON object a line, for `path` (None: nowhere).

    The list is written beside `path`, by one at a time, and takes its place with `keep`; as a context manager, what was
    not kept by the end is deleted. Raises FaultsUnwritten.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.count = 0
        self.first: list[RowFault] = []
        self.kept = False
        self._file: IO[bytes] | None = None

    def add(self, fault: RowFault) -> None:
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(fault)
        if self.path is None:
            return
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.with_name(f"{self.path.name}.new").open("wb")
            self._file.write(msgspec.json.encode(fault) + b"\n")
        except OSError as error:
            raise self._unwritten(error) from error

    def keep(self) -> None:
        """All faults are there: have the list at `path`, in place of an earlier one. Without a fault, nothing is."""
        if self._file is None or self.path is None:
            return
        try:
            self._file.close()
            Path(self._file.name).replace(self.path)
        except OSError as error:
            raise self._unwritten(error) from error
        self.kept = True

    def _unwritten(self, error: OSError) -> FaultsUnwritten:
        place = error.filename or self.path
        mend = "make room for it" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "mend that"
        return FaultsUnwritten(
            f"{place}: the list of bad rows cannot be written ({error.strerror}); {mend} and run the same command again"
        )

    def __enter__(self) -> Faults:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None and not self.kept:
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                Path(self._file.name).unlink()


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


class _Batch(NamedTuple):
    """Rows of a file that follow on each other."""

    columns: list[pa.Array]
    row: NDArray[np.int64]
    line: NDArray[np.int64]
    bad: list[tuple[int, str, str]]
    """Line, column and reason of the rows between them that are not here."""
    rows: int
    """Rows of the file up to the end of this batch."""


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


def read(path: Path, columns: Sequence[Column], faults: Faults) -> Rows:
    """The good rows of `path` (CSV by default, Parquet where the name ends so); the bad ones go to `faults`.

    What a row of a CSV file is, `lines` says. Of a bad row the first bad column, in the order of `columns`, is named.

    Raises SourceError where the file or a column is missing, or the file cannot be parsed at all.
    """
    if not path.is_file():
        raise SourceError(f"{path}: no such file; download the data set whole and point the import at its folder")
    parquet = path.suffix == ".parquet"
    names = _parquet_names(path) if parquet else _csv_names(path)
    _check_heading(path, names, columns)
    parts = []
    total = 0
    for batch in _parquet_batches(path, columns) if parquet else _csv_batches(path, names, columns):
        values, good, bad = _convert(batch, columns)
        for line, column, reason in sorted(bad):
            faults.add(RowFault(path.name, line, column, reason))
        parts.append(([value[good] for value in values], batch.row[good], batch.line[good]))
        total = batch.rows
    none = np.zeros(0, np.int64)
    arrays = {
        column.name: np.concatenate([none.astype(object) if column.kind == "text" else none, *(p[0][i] for p in parts)])
        for i, column in enumerate(columns)
    }
    return Rows(
        arrays, np.concatenate([none, *(p[1] for p in parts)]), np.concatenate([none, *(p[2] for p in parts)]), total
    )


def report(rows: Rows, path: Path, mask: NDArray[np.bool_], column: str, reason: str, faults: Faults) -> Rows:
    """Leave out the rows where `mask` does not hold, with a fault for each; `{}` in `reason` becomes the value."""
    for at in np.flatnonzero(~mask):
        value = rows.columns[column][at]
        told = _shown(value) if isinstance(value, str) else value
        faults.add(RowFault(path.name, int(rows.line[at]), column, reason.format(told)))
    return rows.keep(mask)


def _check_heading(path: Path, names: Sequence[str], columns: Sequence[Column]) -> None:
    for column in columns:
        if column.name not in names:
            there = ", ".join(_printable(name) for name in names[:NAMES]) or "nothing"
            more = f" and {len(names) - NAMES:,} more" if len(names) > NAMES else ""
            raise SourceError(
                f"{path}: no column {column.name!r}; the heading has {there}{more}. "
                "Is this the file of the published data set, with its heading?"
            )
        if names.count(column.name) > 1:
            raise SourceError(f"{path}: column {column.name!r} is there twice; leave the one that is meant")


def _csv_names(path: Path) -> list[str]:
    try:
        return lines.heading(path)
    except lines.NoLines as error:
        raise SourceError(f"{path}: {error}") from error


def _parquet_names(path: Path) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except _UNREADABLE as error:
        raise SourceError(f"{path}: not a Parquet file: {_sentence(error)}") from error


def _parquet_batches(path: Path, columns: Sequence[Column]) -> Iterator[_Batch]:
    start = 0
    try:
        with pq.ParquetFile(path) as file:
            _check_types(path, file.schema_arrow, columns)
            for batch in file.iter_batches(BATCH, columns=[column.name for column in columns]):
                row = np.arange(start, start + len(batch), dtype=np.int64)
                start += len(batch)
                yield _Batch([batch.column(column.name) for column in columns], row, row + 1, [], start)
    except _UNREADABLE as error:
        raise SourceError(f"{path}: damaged near row {start + 1}: {_sentence(error)}; download it again") from error


def _check_types(path: Path, schema: pa.Schema, columns: Sequence[Column]) -> None:
    types = pa.types
    texts = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary, types.is_null)
    for column in columns:
        kind = schema.field(column.name).type
        held = kind.value_type if types.is_dictionary(kind) else kind
        what, more = ("text", ()) if column.kind == "text" else ("numbers", (types.is_integer, types.is_floating))
        if not any(fits(held) for fits in (*texts, *more)):
            raise SourceError(f"{path}: column {column.name!r} holds {kind}, not {what}; is this the published file?")


def _csv_batches(path: Path, names: Sequence[str], columns: Sequence[Column]) -> Iterator[_Batch]:
    try:
        for block in lines.blocks(path, len(names)):
            yield _csv_batch(block, names, columns)
    except lines.NoLines as error:
        raise SourceError(f"{path}: {error}") from error


def _csv_batch(block: lines.Block, names: Sequence[str], columns: Sequence[Column]) -> _Batch:
    bad = []
    for line, field, text in block.malformed:
        what = "quote" if b'"' in text else "carriage return"
        column = names[field] if field < len(names) else "*"
        bad.append((line, column, f"{what} out of place in {_shown(text)}"))
    for line, fields in block.misfits:
        short = "short" if fields < len(names) else "long"
        bad.append((line, "*", f"{short} row: {fields} fields, the heading has {len(names)}"))
    wanted = [column.name for column in columns]
    if not len(block.row):
        return _Batch([pa.array([], pa.binary()) for _ in wanted], block.row, block.line, bad, block.rows)
    quoted = b'"' in block.data
    table = pacsv.read_csv(
        pa.BufferReader(block.data),
        read_options=pacsv.ReadOptions(use_threads=False, block_size=len(block.data), column_names=names),
        parse_options=pacsv.ParseOptions(
            quote_char='"' if quoted else False,
            newlines_in_values=quoted,
            ignore_empty_lines=False,
        ),
        convert_options=pacsv.ConvertOptions(
            include_columns=wanted,
            column_types={name: pa.binary() for name in wanted},
            check_utf8=False,
            strings_can_be_null=False,
        ),
    )
    arrays = [table.column(name).combine_chunks() for name in wanted]
    return _Batch(arrays, block.row, block.line, bad, block.rows)


def _convert(
    batch: _Batch, columns: Sequence[Column]
) -> tuple[list[NDArray[Any]], NDArray[np.bool_], list[tuple[int, str, str]]]:
    """Values of every column, which rows are good, and all that are bad, each once: line, column and reason."""
    good = np.ones(len(batch.row), np.bool_)
    bad = list(batch.bad)
    values: list[NDArray[Any]] = []
    for array, column in zip(batch.columns, columns, strict=True):
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
            array = array.cast(pa.large_binary())  # nobody has looked yet whether it is UTF-8
        value, reasons = _texts(array, column) if column.kind == "text" else _numbers(array, column)
        for at, reason in reasons.items():
            if good[at]:
                good[at] = False
                bad.append((int(batch.line[at]), column.name, reason))
        values.append(value)
    return values, good, bad


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
    elif column.kind == "seconds" or pa.types.is_floating(array.type):
        array = _whole(array, column, reasons)
    if pa.types.is_uint64(array.type):
        array = pc.min_element_wise(array, pa.scalar(2**63 - 1, pa.uint64()), skip_nulls=False)
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
    values = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).copy()
    null = pc.is_null(array).to_numpy(zero_copy_only=False)
    scaled = values * 1000 if column.kind == "seconds" else values
    with np.errstate(invalid="ignore"):
        whole = np.rint(scaled)
        odd = ~null & ~(np.abs(whole) < 2.0**62)
        part = ~null & ~odd & (whole != scaled) & (column.kind == "integer")
    for at in np.flatnonzero(odd):
        reasons[int(at)] = f"{float(values[at])!r} is not a number within range"
    for at in np.flatnonzero(part):
        reasons[int(at)] = f"{float(values[at])!r} is not a whole number"
    lost = null | odd | part
    return pa.array(np.where(lost, 0, whole).astype(np.int64), mask=lost)


def _shown(value: Any) -> str:
    """A value as a message may show it: in quotes, short, and without anything that a terminal would obey."""
    value = value.as_py() if isinstance(value, pa.Scalar) else value
    text = value[: 4 * LENGTH + 4].decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return repr(text if len(text) <= LENGTH else text[: LENGTH - 3] + "...")


def _sentence(error: Exception) -> str:
    """What Arrow says of a file, in one line: it quotes what it found there."""
    return " ".join("".join(char if char.isprintable() else " " for char in str(error)).split()).rstrip(".")


def _printable(name: str) -> str:
    shown = _shown(name)
    return name if shown == f"'{name}'" else shown

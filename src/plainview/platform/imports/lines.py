"""Cuts a CSV file into rows so that a quote out of place costs its own row and no other.

A row is a line, or what RFC 4180 takes for one: a field in double quotes may hold commas, doubled quotes and line
breaks, and whatever it holds is no row. Where a quote opens a field that makes no row of at most `HELD` lines and as
many fields as the heading, it was a stray one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

BLOCK = 1 << 24
"""Bytes of a file taken at once; a longer line may be refused."""
HELD = 256
"""Lines that a row may have."""
_NEWLINE, _RETURN, _QUOTE, _COMMA = b'\n\r",'

_VALUE = r'(?:"[^"]*(?:""[^"]*)*"|[^",\r\n]*)'
_ROW = rf"^(?:{_VALUE},)*{_VALUE}\r?\n?$"
_FIELD = re.compile(rf"{_VALUE}(?=,|\r?\n?\Z)".encode())


class NoLines(ValueError):
    """A file that has no lines as a CSV file has them."""


class Malformed(NamedTuple):
    """A row with a quote or a carriage return where none may be."""

    line: int
    field: int
    """From 0."""
    text: bytes
    """The line from that field on."""


class Misfit(NamedTuple):
    """A well-formed row that has more or fewer fields than the heading."""

    line: int
    fields: int


class Block(NamedTuple):
    """Rows of a file that follow on each other."""

    data: bytes
    """The well-formed ones with as many fields as the heading; an empty line is one of empty fields."""
    row: NDArray[np.int64]
    """Each one's number, from 0, those left out counted."""
    line: NDArray[np.int64]
    """Each one's first line; the file's first is line 1."""
    malformed: list[Malformed]
    misfits: list[Misfit]
    rows: int
    """Rows of the file up to the end of this block, those left out included."""


def heading(path: Path) -> list[str]:
    """The names in the first line. Raises NoLines."""
    with path.open("rb") as file:
        line = file.readline(BLOCK).removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
    if b"\r" in line:
        raise NoLines("line 1 has a carriage return in it; lines end with a line feed, or with both")
    fields, stop = _fields(line)
    if stop is not None:
        fields = line.split(b",")  # a quote out of place costs its own name
    return [field.strip(b'"').decode(errors="replace") for field in fields] if line else []


def blocks(path: Path, width: int) -> Iterator[Block]:
    """All rows below the heading, which has `width` fields. Raises NoLines."""
    with path.open("rb") as file:
        file.readline(BLOCK)
        rest, line, row = b"", 2, 0
        final = False
        while not final:
            more = file.read(BLOCK)
            final = not more
            data = rest + more
            stop = len(data) if final else data.rfind(b"\n") + 1
            if len(data) - stop > BLOCK:
                number = line + data.count(b"\n")
                raise NoLines(f"line {number} has more than {BLOCK:,} bytes; is this a CSV file, and whole?")
            block, taken = _cut(data[:stop], width, line, row, final)
            yield block
            rest, line, row = data[taken:], line + data.count(b"\n", 0, taken), block.rows


def _cut(data: bytes, width: int, line: int, row: int, final: bool) -> tuple[Block, int]:
    """The rows of whole lines, the first being line `line` and row `row`, and how many bytes they take.

    A row at the end that may go on is not taken, unless the data is `final`.
    """
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE) + 1
    if data and data[-1] != _NEWLINE:
        ends = np.append(ends, len(data))
    bounds = np.concatenate([[0], ends])
    count = len(ends)
    begins = np.ones(count, np.bool_)
    left_out: list[int] = []
    done = 0
    for at in _unsound(data, bounds).tolist():
        if at < done:
            continue
        stop = _stop(data, bounds, at, width, final)
        if stop is None:
            count = at
            break
        if stop == at:
            left_out.append(at)
        begins[at + 1 : stop] = False
        done = stop
    begins = begins[:count]
    rows = np.cumsum(begins) - 1 + row
    malformed = [Malformed(line + at, *_fault(data[bounds[at] : bounds[at + 1]])) for at in left_out]
    edges = [0, *(bounds[edge] for at in left_out for edge in (at, at + 1)), bounds[count]]
    sound = b"".join(data[start:stop] for start, stop in zip(edges[::2], edges[1::2], strict=True))
    lengths = np.diff(bounds[: count + 1])
    lengths[left_out] = 0
    begins[left_out] = False
    kept = np.flatnonzero(begins)
    starts = np.append((np.cumsum(lengths) - lengths)[kept], len(sound))
    fields = _counts(sound, starts, width)
    fits = fields == width
    misfits = [Misfit(line + at, held) for at, held in zip(kept[~fits].tolist(), fields[~fits].tolist(), strict=True)]
    if misfits:
        sound = b"".join(sound[starts[at] : starts[at + 1]] for at in np.flatnonzero(fits))
        kept = kept[fits]
    total = int(rows[-1]) + 1 if count else row
    return Block(sound, rows[kept], kept + line, malformed, misfits, total), int(bounds[count])


def _counts(data: bytes, starts: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """How many fields each of the well-formed rows has that begin at `starts`, the last of which is the data's end."""
    if len(starts) == 1:
        return np.zeros(0, np.int64)
    chars = np.frombuffer(data, np.uint8)
    commas = chars == _COMMA
    if b'"' in data:
        commas &= ~np.logical_xor.accumulate(chars == _QUOTE)
    counts = np.add.reduceat(commas, starts[:-1], dtype=np.int64) + 1
    first = chars[starts[:-1]]
    counts[(first == _NEWLINE) | (first == _RETURN)] = width
    return counts


def _unsound(data: bytes, bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lines that are no well-formed row by themselves."""
    chars = np.frombuffer(data, np.uint8)
    marks = chars == _QUOTE
    marks[:-1] |= (chars[:-1] == _RETURN) & (chars[1:] != _NEWLINE)
    marked = np.zeros(len(bounds) - 1, np.bool_)
    marked[np.searchsorted(bounds[1:], np.flatnonzero(marks), side="right")] = True
    offsets = pa.py_buffer(bounds.astype(np.int32))
    lines = pa.Array.from_buffers(pa.binary(), len(marked), [None, offsets, pa.py_buffer(data)])
    sound = pc.match_substring_regex(lines.filter(pa.array(marked)), _ROW)
    marked[marked] = ~sound.to_numpy(zero_copy_only=False)
    return np.flatnonzero(marked)


def _stop(data: bytes, bounds: NDArray[np.int64], at: int, width: int, final: bool) -> int | None:
    """One past the last line of the row that begins with line `at`, which is not sound by itself.

    That is `at` where the row is malformed, and None where the lines that are there cannot tell.
    """
    start = bounds[at]
    if data.count(b'"', start, bounds[at + 1]) % 2 == 0:
        return at
    for last in range(at + 1, min(at + HELD, len(bounds) - 1)):
        if data.count(b'"', bounds[last], bounds[last + 1]) % 2:
            fields, rest = _fields(data[start : bounds[last + 1]])
            return last + 1 if rest is None and len(fields) == width else at
    return at if final or len(bounds) > at + HELD or len(data) - start > BLOCK else None


def _fault(line: bytes) -> tuple[int, bytes]:
    """Which field of a malformed line is the first that is none, and the line from there on."""
    fields, stop = _fields(line)
    return len(fields), line[stop:].rstrip(b"\r\n")


def _fields(text: bytes) -> tuple[list[bytes], int | None]:
    """The well-formed fields that `text` begins with, and where they stop; None where they are all of it."""
    fields = []
    at = 0
    while found := _FIELD.match(text, at):
        fields.append(found.group())
        at = found.end() + 1
        if text[at - 1 : at] != b",":
            return fields, None
    return fields, at

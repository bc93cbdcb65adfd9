"""A seeded mutator of bytes: what a forger, a broken disk or another implementation's writer would change."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence


def mutate(data: bytes, others: Sequence[bytes], at: random.Random) -> bytes:
    """`data` changed in one to three ways; `others` are good examples from which parts may be taken."""
    for _ in range(at.choice([1, 1, 1, 2, 3])):
        data = at.choice(WAYS)(data, others, at)
    return data


def turn_a_bit(data: bytes, others: Sequence[bytes], at: random.Random) -> bytes:
    if not data:
        return data
    where = at.randrange(len(data))
    return data[:where] + bytes([data[where] ^ 1 << at.randrange(8)]) + data[where + 1 :]


def replace_a_byte(data: bytes, others: Sequence[bytes], at: random.Random) -> bytes:
    where = at.randrange(len(data) + 1)
    return data[:where] + bytes([at.choice(b"\0\t\n\r +-/09=AaZz_\x7f\xe2\xff#.p")]) + data[where + 1 :]


def cut_out(data: bytes, others: Sequence[bytes], at: random.Random) -> bytes:
    start, stop = _span(data, at)
    return data[:start] + data[stop:]


def cut_off(data: bytes, others: Sequence[bytes], at: random.Random) -> bytes:
    return data[: at.randrange(len(data) + 1)]


def insert(data: bytes, others: Sequence[bytes], at: random.Random) -> bytes:
    where = at.randrange(len(data) + 1)
    return data[:where] + at.choice([at.randbytes(at.randrange(1, 40)), b"\n", b" ", b"\r", b"0", b"="]) + data[where:]


def repeat(data: bytes, others: Sequence[bytes], at: random.Random) -> bytes:
    start, stop = _span(data, at)
    return data[:stop] + data[start:stop] + data[stop:]


def splice(data: bytes, others: Sequence[bytes], at: random.Random) -> bytes:
    """The beginning of one and the end of another."""
    other = at.choice(others)
    where = at.randrange(min(len(data), len(other)) + 1)
    return data[:where] + other[where:]


def exchange_lines(data: bytes, others: Sequence[bytes], at: random.Random) -> bytes:
    """A line dropped, repeated, moved, or taken from another."""
    lines = data.splitlines(keepends=True) or [b""]
    where = at.randrange(len(lines))
    match at.randrange(4):
        case 0:
            del lines[where]
        case 1:
            lines.insert(at.randrange(len(lines)), lines[where])
        case 2:
            lines.insert(at.randrange(len(lines)), lines.pop(where))
        case _:
            lines[where] = at.choice(at.choice(others).splitlines(keepends=True) or [b""])
    return b"".join(lines)


def exchange_hashes(data: bytes, others: Sequence[bytes], at: random.Random) -> bytes:
    """32 bytes at a multiple of 32 put elsewhere, or taken from another."""
    other = at.choice([data, *others])
    to, of = (at.randrange(max(len(part) // 32, 1)) * 32 for part in (data, other))
    return data[:to] + other[of : of + 32] + data[to + 32 :]


def respell(data: bytes, others: Sequence[bytes], at: random.Random) -> bytes:
    """The same said otherwise: leading zeros, spare bits of base64, other letters, other line ends."""
    match at.randrange(6):
        case 0:
            return _once(rb"(?<![0-9A-Za-z+/])(?=[0-9]+\n)", b"0", data, at)
        case 1:
            return _once(rb"[A-Za-z0-9+/](?==)", lambda found: bytes([found[0][0] + 1]), data, at)
        case 2:
            return _once(rb"=(?=\n)", b"", data, at)
        case 3:
            return data.replace(b"\n", b"\r\n")
        case 4:
            return _once(rb"[a-z]", lambda found: found[0].upper(), data, at)
        case _:
            return _once(rb" |\n", lambda found: found[0] * 2, data, at)


def count(data: bytes, others: Sequence[bytes], at: random.Random) -> bytes:
    """A number one higher or lower, doubled or cut."""
    return _once(
        rb"(?<![0-9A-Za-z+/])[0-9]{1,18}(?![0-9A-Za-z+/=])",
        lambda found: b"%d" % at.choice([int(found[0]) + 1, int(found[0]) - 1, int(found[0]) * 2, int(found[0]) // 10]),
        data,
        at,
    )


WAYS: list[Callable[[bytes, Sequence[bytes], random.Random], bytes]] = [
    turn_a_bit,
    turn_a_bit,
    replace_a_byte,
    cut_out,
    cut_off,
    insert,
    repeat,
    splice,
    exchange_lines,
    exchange_lines,
    exchange_hashes,
    respell,
    count,
]


def _span(data: bytes, at: random.Random) -> tuple[int, int]:
    start = at.randrange(len(data) + 1)
    return start, min(len(data), start + at.choice([1, 2, 8, 32, 64, 500]))


def _once(pattern: bytes, by: bytes | Callable[[re.Match[bytes]], bytes], data: bytes, at: random.Random) -> bytes:
    """One occurrence of the pattern replaced."""
    found = list(re.finditer(pattern, data))
    if not found:
        return data
    match = at.choice(found)
    return data[: match.start()] + (by if isinstance(by, bytes) else by(match)) + data[match.end() :]

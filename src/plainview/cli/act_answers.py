"""What a server answers about acts: read as anything may be, believed for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from plainview.cli.errors import CommandError

if TYPE_CHECKING:
    from plainview.ledger.notes import Note
    from plainview.platform.client import Client

PAGE = 100
"""Acts that are asked for at once."""

_Answer = TypeVar("_Answer")


class Taken(msgspec.Struct, frozen=True):
    """What it says became of an act."""

    index: int
    fresh: bool
    counts: bool
    reason: str


class Shown(msgspec.Struct, frozen=True):
    """An act that it shows."""

    index: int
    time: int
    note: str
    counts: bool
    reason: str


class _Page(msgspec.Struct, frozen=True):
    acts: list[Any]
    next: int | None


def hand_in(client: Client, note: Note) -> Taken:
    """What the server says of the note. Raises ClientError, and CommandError where that is something else."""
    return read_answer(client, client.post("/v1/acts", {"note": note.encode().decode()}), Taken)


def what_is_wrong(client: Client, note: Note, taken: Taken) -> str:
    """In what the record that the server says it made of the note differs, as it shows it; empty where in nothing."""
    from plainview.ledger.errors import FormatError
    from plainview.platform.client import ClientError

    try:
        page = read_answer(client, client.get("/v1/acts", **{"from": taken.index, "limit": 1}), _Page)
        shown = msgspec.convert(page.acts[0], Shown) if page.acts else None
        there = None if shown is None or shown.index != taken.index else note_of(shown)
    except (ClientError, CommandError, FormatError, msgspec.ValidationError) as error:
        return f"what is there cannot be read ({_said(error)})"
    if shown is None or there is None:
        return "the server shows no act there"
    if there.text != note.text:
        return "the act there has another text"
    for what, some, others in (("lacks the", note, there), ("has a", there, note)):
        if names := sorted({one.name for one in some.signatures if one not in others.signatures}):
            return f"the act there {what} signature of {', '.join(map(_printable, names))}"
    if shown.counts != taken.counts:
        return f"the act there is said {'to count' if shown.counts else 'not to count'}"
    return ""


def all_acts(client: Client) -> Iterator[Shown | str]:
    """All acts that the server shows, a page after the other; or of one what is wrong with it, in words.

    Raises ClientError, and CommandError where it answers with something else.
    """
    start: int | None = 0
    while start is not None:
        page = read_answer(client, client.get("/v1/acts", **{"from": start, "limit": PAGE}), _Page)
        if page.next is not None and page.next <= start:
            raise CommandError(f"{client.url} says after the acts from {start} on to go on from {page.next}")
        for place, one in enumerate(page.acts, 1):
            try:
                yield msgspec.convert(one, Shown)
            except msgspec.ValidationError as error:
                yield f"act {place} of those from {start} on is none: {_said(error)}"
        start = page.next


def note_of(shown: Shown) -> Note:
    """Its note; FormatError where that is none."""
    from plainview.ledger.notes import parse_note

    return parse_note(shown.note.encode("utf-8", "surrogatepass"))


def read_answer(client: Client, answer: object, kind: type[_Answer]) -> _Answer:
    """What the server answered, if it is of that kind; else CommandError."""
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:
        raise CommandError(
            f"{client.url} answers with something else: is it Plainview, and of this version? ({_said(error)})"
        ) from error


def _said(error: Exception) -> str:
    return _printable(str(error))


def _printable(text: str) -> str:
    from plainview.ledger.spelling import printable

    return printable(text)

"""Texts of lines in a fixed order, each a name, a space and what it says: how charters and acts are read."""

from __future__ import annotations

from plainview.ledger.errors import FormatError
from plainview.ledger.spelling import from_decimal, shown


class Lines:
    """A text's lines one by one. FormatError where the next is not what is asked for."""

    def __init__(self, text: str, what: str) -> None:
        """`text` without the newline of its last line; `what` it is, for messages."""
        self._lines = text.split("\n")
        self._what = what
        self._at = 0

    @property
    def where(self) -> str:
        """The line taken last."""
        return f"{self._what}, line {self._at}"

    def next_is(self, name: str) -> bool:
        return self._at < len(self._lines) and self._lines[self._at].startswith(f"{name} ")

    def take(self, name: str) -> str:
        """What stands after `name`, of which the next line must be."""
        if not self.next_is(name):
            found = shown(self._lines[self._at]) if self._at < len(self._lines) else "the end"
            raise FormatError(f"{self._what}, line {self._at + 1}: {found} is not `{name}` and what it is")
        self._at += 1
        return self._lines[self._at - 1].removeprefix(f"{name} ")

    def take_number(self, name: str) -> int:
        return from_decimal(self.take(name), self.where)

    def take_whole(self, line: str) -> None:
        """The first line, which must be this."""
        if self._lines[0] != line:
            raise FormatError(f"{self._what}, line 1: {shown(self._lines[0])} is not {line}")
        self._at = 1

    def end(self, expected: str = "the end") -> None:
        """Raises FormatError if a line is left, where `expected` should be."""
        if self._at < len(self._lines):
            raise FormatError(
                f"{self._what}, line {self._at + 1}: {shown(self._lines[self._at])} where {expected} should be"
            )

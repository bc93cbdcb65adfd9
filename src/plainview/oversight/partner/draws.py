"""The random audit as it goes on: a secret is drawn and its hash announced, then its draw re-run, then it is revealed.

Neither side can steer a draw. The seed is made of the secret and of the root of the tree that ends with the
announcement: the operator does not know the one, and the partner cannot choose the other.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Literal

from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.sampling import draw, most_tampered
from plainview.records.codec import Record, decode, encode
from plainview.records.digests import audit_seed
from plainview.records.fields import U53, Digest, DigestOrDashes, Millis, to_bytes, to_text

Announce = Callable[[str, dict[str, object]], str | None]
"""Puts an act of that kind with these fields into the partner's log, and gives its note; None where it cannot be said
(`announcing`)."""


class Draw(Record, frozen=True):
    """One draw, as far as it has come. Kept in a file that only its owner can read: until the reveal it is a secret."""

    number: U53
    began: Millis
    secret: Digest
    """32 bytes."""
    note: str
    """The act that announced its hash."""
    size: U53
    """Of the tree drawn from; 0 before there is one."""
    root: DigestOrDashes
    pages: tuple[U53, ...]
    """Indexes of the pages drawn, ascending."""
    population: U53
    """Pages in that tree."""
    state: Literal["announced", "drawn", "revealed"]
    differing: tuple[U53, ...]
    """Of those drawn, the ones that could not be re-run to the same bytes."""

    def bound(self) -> int:
        """How many of all pages were tampered with at most, with a confidence of 95 %."""
        return most_tampered(self.population, len(self.pages), len(self.differing))

    def sentence(self) -> str:
        """What a revealed one came to, in words."""
        most = self.bound()
        share = most / self.population if self.population else 0
        return (
            f"draw {self.number}: of {len(self.pages):,} pages out of {self.population:,}, {len(self.differing):,} "
            f"differ; with 95 % confidence at most {most:,} ({share:.3%}) were tampered with"
        )


class Draws:
    """For one thread. `entropy(n)` gives n random bytes."""

    def __init__(self, directory: Path, wanted: int, announce: Announce, entropy: Callable[[int], bytes]) -> None:
        """`wanted` pages are drawn at a time. The directory is there, and nobody else may read it."""
        self._files = MirrorFiles(directory)
        self._wanted = wanted
        self._announce = announce
        self._entropy = entropy
        self._last = self._read()

    @property
    def last(self) -> Draw | None:
        """The newest."""
        return self._last

    def begin(self, now: int) -> Draw | None:
        """Begin another, at that time in Unix milliseconds. None where one goes on, or none can be announced."""
        if self._last is not None and self._last.state != "revealed":
            return None
        secret = self._entropy(32)
        number = 1 if self._last is None else self._last.number + 1
        fields = {"number": number, "secret": hashlib.sha256(secret).digest()}
        begun = Draw(
            number=number, began=now, secret=to_text(secret), note="", size=0, root="-" * 43, pages=(), population=0,
            state="announced", differing=(),
        )  # fmt: skip
        self._write(begun)  # before anybody hears of it: a secret that was lost could not be revealed
        return self._announced(begun, fields)

    def go_on(
        self, index_of: Callable[[str], int | None], root: Callable[[int], bytes], pages: Sequence[int]
    ) -> Draw | None:
        """Draw, if the newest was announced and the log has that, whose pages these are; else None.

        `root` gives that of the log's tree of a size.
        """
        last = self._last
        if last is None or last.state != "announced":
            return None
        if not last.note:  # it was broken off in between
            secret = to_bytes(last.secret)
            self._announced(last, {"number": last.number, "secret": hashlib.sha256(secret).digest()})
            return None
        announced = index_of(last.note)
        if announced is None:
            return None
        size = announced + 1
        drawn_from = root(size)
        population = bisect_left(pages, size)
        drawn = draw(audit_seed(drawn_from, to_bytes(last.secret)), population, self._wanted)
        return self._write(
            _with(
                last,
                size=size,
                root=to_text(drawn_from),
                pages=tuple(pages[one] for one in drawn),
                population=population,
                state="drawn",
            )
        )

    def reveal(self, differing: Collection[int]) -> Draw | None:
        """Reveal the newest, all of whose pages were re-run: of all pages these differ. None where none is drawn."""
        last = self._last
        if last is None or last.state != "drawn":
            return None
        found = tuple(one for one in last.pages if one in differing)
        self._announce(
            "reveal",
            {
                "number": last.number,
                "secret": to_bytes(last.secret),
                "size": last.size,
                "root": to_bytes(last.root),
                "pages": last.population,
                "sampled": len(last.pages),
                "differing": len(found),
            },
        )
        return self._write(_with(last, state="revealed", differing=found))

    def _announced(self, begun: Draw, fields: dict[str, object]) -> Draw | None:
        note = self._announce("draw", fields)
        return None if note is None else self._write(_with(begun, note=note))

    def _read(self) -> Draw | None:
        names = sorted(self._files.names("."), key=lambda name: (len(name), name))
        data = self._files.read(names[-1]) if names else None
        return None if data is None else decode(Draw, data)

    def _write(self, draw: Draw) -> Draw:
        self._files.write(str(draw.number), encode(draw))
        self._last = draw
        return draw


def _with(draw: Draw, **changes: object) -> Draw:
    fields = {name: getattr(draw, name) for name in Draw.__struct_fields__}
    return Draw(**(fields | changes))

"""What replay finds: the first stage at which a stored record and what was computed again part ways.

Stages in the order of a page's way: `journal: ...` (the record is not what was appended), `bounds: ...` (the fence
would refuse it), `event: ...`, `setting: ...` and `viewer: ...` (it is not its viewer's), `epoch: ...`,
`viewer state: ...`, `retrieval: <source>`, `filter: <filter>`, `scoring: <head>`, `value`, `selection: ...`,
`receipt: <field>`, `trace`. Arms and orders come before all that rests on them.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace


class Difference(msgspec.Struct, frozen=True):
    """A record that is not what computing it again gives."""

    index: int
    kind: str
    """Its kind; `record` where it cannot be told."""
    stage: str
    detail: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a replay, or of the part of it that one call of `Replay.go_on` dealt with."""

    records: int
    """Read and checked."""
    missing: int
    """Between those: each gap is one of `differing`, by its first index."""
    epochs: int
    """Folded again, epoch 0 included."""
    snapshots: int
    """Epochs among them whose whole state was compared too."""
    pages: int
    """In the journal, or asked for."""
    identical: int
    inconclusive: dict[str, int]
    """Pages that could not be judged, by the release that served them."""
    why_inconclusive: dict[str, str]
    """Why those of a release could not be, in words."""
    stragglers: tuple[int, ...]
    """Pages that came when their epoch was passed already, by their index: each needs a run of its own."""
    unreached: int
    """Pages that rest on a damaged record, so that there is nothing to compare."""
    differing: tuple[Difference, ...]
    """In index order; at most one a record, and one a page."""
    installed: str
    """Digest of the release that ran."""
    seconds: float
    cpu_seconds: float
    """Of the process that read and folded."""

    @property
    def sound(self) -> bool:
        """Whether nothing differs."""
        return not self.differing and not self.unreached

    def and_then(self, later: Report, records: bool = True) -> Report:
        """Both as one: a record that differed before is not told again.

        Without `records` the later one is of a single page, and of all that it rests on only the page is counted.
        """
        known = {difference.index for difference in self.differing}
        new = tuple(difference for difference in later.differing if difference.index not in known)
        names = ("records", "missing", "epochs", "snapshots", *_OF_PAGES) if records else _OF_PAGES
        return replace(
            self,
            **{name: getattr(self, name) + getattr(later, name) for name in names},
            inconclusive={
                release: self.inconclusive.get(release, 0) + later.inconclusive.get(release, 0)
                for release in sorted(self.inconclusive | later.inconclusive)  # 0 where it is only its epochs
            },
            why_inconclusive=self.why_inconclusive | later.why_inconclusive,
            differing=tuple(sorted((*self.differing, *new), key=lambda difference: difference.index)),
        )


_OF_PAGES = ("pages", "identical", "unreached", "seconds", "cpu_seconds")

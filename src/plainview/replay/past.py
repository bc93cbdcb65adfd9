"""What a release at work may ask of the journal: see `learning.rerun.Past`."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from plainview.journal import JournalDamaged, JournalReader
from plainview.records import Record


class JournalPast:
    """A journal's own records of viewers, every hash checked."""

    def __init__(self, journal: JournalReader) -> None:
        self._journal = journal
        self.damaged = False
        """Whether it is known that a record is damaged: such are left out then, and nothing that rests on one counts.
        """

    def own(self, viewer: int, upto: int) -> Iterator[tuple[int, Record]]:
        """See `Past.own`. Raises JournalDamaged where that is not known."""
        start = 0
        while start < upto:
            try:
                for entry in self._journal.owned(f"viewer:{viewer}", start, upto):
                    start = entry.index + 1
                    yield entry.index, entry.record
                return
            except JournalDamaged as error:
                if not self.damaged:
                    raise
                start = max(start, error.after)

    def known(self, viewers: Collection[int], upto: int) -> Collection[int]:
        """See `Past.known`."""
        owners = {f"viewer:{viewer}": viewer for viewer in viewers}
        return [owners[owner] for owner in sorted(self._journal.owners(owners, upto))]

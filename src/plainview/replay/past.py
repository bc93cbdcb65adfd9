"""What a release at work may ask of the journal: see `learning.rerun.Past`."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from plainview.journal import JournalReader
from plainview.records import Record


class JournalPast:
    """A journal's own records of viewers, every hash checked."""

    def __init__(self, journal: JournalReader) -> None:
        self._journal = journal

    def own(self, viewer: int, upto: int) -> Iterable[tuple[int, Record]]:
        """See `Past.own`."""
        return ((entry.index, entry.record) for entry in self._journal.owned(f"viewer:{viewer}", 0, upto))

    def known(self, viewers: Collection[int], upto: int) -> Collection[int]:
        """See `Past.known`."""
        owners = {f"viewer:{viewer}": viewer for viewer in viewers}
        return [owners[owner] for owner in sorted(self._journal.owners(owners, upto))]

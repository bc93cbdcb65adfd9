"""What stood at every index of a log, by the charters and acts in it."""

from __future__ import annotations

from bisect import bisect_left

from plainview.ledger.errors import PolicyError
from plainview.ledger.licensing import begin, take, take_act, take_charter
from plainview.ledger.notes import Note
from plainview.ledger.standing import Standing


class Standings:
    """Append-only: what is refused leaves no trace, and what stood at an index stays."""

    def __init__(self, charter: Note, time: int) -> None:
        """Of a log whose first entry is this charter. Raises as `licensing.begin` does."""
        self._all = [begin(charter, time)]

    @property
    def last(self) -> Standing:
        return self._all[-1]

    def take(self, note: Note, index: int, time: int) -> Standing:
        """What stands after the charter or act in `note`. Raises as `licensing.take` does."""
        self._all.append(take(self.last, note, index, time))
        return self.last

    def take_charter(self, note: Note, index: int, time: int) -> Standing:
        """What stands after the charter in `note`. Raises as `licensing.take_charter` does."""
        self._all.append(take_charter(self.last, note, index, time))
        return self.last

    def take_act(self, note: Note, index: int, time: int) -> Standing:
        """What stands after the act in `note`. Raises as `licensing.take_act` does."""
        self._all.append(take_act(self.last, note, index, time))
        return self.last

    def before(self, index: int) -> Standing:
        """What stands for the record at that index: all that is below it. PolicyError where that is nothing."""
        at = bisect_left(self._all, index, key=lambda one: one.index)
        if not at:
            raise PolicyError(f"index {index}: no charter stands before it")
        return self._all[at - 1]

"""Record 0: what the parties agreed on, and each time they agreed anew."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from plainview.records.codec import Record
from plainview.records.fields import Millis

NOTE = 15_000
"""Characters of a charter's note at most: as an entry of the log, where escapes and bytes add up, it has to stay below
2^16 bytes."""


class Charter(Record, frozen=True):
    """A charter comes into force. The first is record 0: by its digest everything that follows is trusted."""

    time: Millis
    note: Annotated[str, Meta(min_length=1, max_length=NOTE)]
    """The signed note, as text: what it says and by whom it must be signed is `ledger.charters`'."""

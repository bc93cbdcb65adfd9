"""What operator and partner have put on pages by order, how often it was shown, and how much of all that was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from plainview.journal import Journal
from plainview.ledger.standing import Ordered
from plainview.platform.published import Published
from plainview.records import Order, Page
from plainview.replay.judged import Judged


class Counted(NamedTuple):
    """An order that counts, and how often it was shown."""

    ordered: Ordered
    note: str
    """As it was signed."""
    shown: int
    """Pages on which it placed its video."""


class Day(NamedTuple):
    """What was served on a day (UTC)."""

    day: str
    """As 2026-12-31."""
    videos: int
    """On all pages."""
    ordered: int
    """Those of them that orders placed."""


class Counts(NamedTuple):
    """All orders, by number, and all days on which pages were served; as far as `epoch` has counted."""

    epoch: int
    orders: list[Counted]
    days: list[Day]


class Orders:
    """May be used from many threads."""

    def __init__(self, journal: Journal, judged: Judged, published: Published) -> None:
        self._journal = journal
        self._judged = judged
        self._published = published

    def labels(self, page: Page) -> list[tuple[int, str]]:
        """The number and the label of each of the page's orders."""
        orders = self._judged.last.orders
        return [(number, orders[number - 1].act.label) for number in page.orders]

    def counts(self) -> Counts:
        """Raises JournalDamaged where an order's record is damaged."""
        with self._published as edition:
            head, tables = edition.world.tables.head[0], edition.world.tables
            held = tables.order[: head["orders"]]
            shown = dict(zip(held["id"].tolist(), held["shown"].tolist(), strict=True))
            daily = tables.daily[: head["days"]].tolist()
            epoch = edition.epoch.epoch
        counted = []
        for ordered in self._judged.last.orders:
            record = self._journal.entry(ordered.index).record
            assert isinstance(record, Order)
            counted.append(Counted(ordered, record.note, shown.get(ordered.act.number, 0)))
        return Counts(epoch, counted, [Day(_date(day), videos, by_order) for day, videos, by_order in daily])


def _date(day: int) -> str:
    return f"{datetime.fromtimestamp(0, UTC) + timedelta(days=day):%Y-%m-%d}"

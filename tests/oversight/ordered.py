"""An order, and its entry in a log."""

from __future__ import annotations

from msgspec.structs import replace

from plainview.ledger.notes import Note
from plainview.records.leaf import public_leaf
from plainview.records.order import Order
from plainview.replay.written import written
from tests.ledger.licensed import APPROVED, START, order, signed, standing

ORDER = signed(order(regions=("GB", "US")))


def ordered(act: Note = ORDER, time: int = START, **changes: object) -> bytes:
    """The leaf of an order, as its note says it but for `changes`."""
    right = written(act.encode().decode(), standing((*APPROVED, ORDER)), time)
    assert isinstance(right, Order)
    return public_leaf("order", replace(right, **changes))

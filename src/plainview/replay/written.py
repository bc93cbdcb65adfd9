"""How acts that count are written down: as an `act`, or, so that the algorithm can read it, as an `order`."""

from __future__ import annotations

from plainview.ledger import acts
from plainview.ledger.errors import PolicyError
from plainview.ledger.notes import parse_note
from plainview.ledger.standing import Standing
from plainview.records import Act, Order


def written(note: str, standing: Standing, time: int) -> Act | Order:
    """The record of the act in `note`, which counts, and after which that stands. Its time is `time`."""
    act = acts.parse_act(parse_note(note.encode()).text)
    if not isinstance(act, (acts.Order, acts.OrderEnd)):
        return Act(time=time, note=note, counts=True)
    order = standing.orders[act.number - 1].act
    return Order(
        time=time,
        order=order.number,
        video=order.video,
        regions=order.regions or (),
        begins=order.begins,
        until=order.until,
        cap=order.cap,
        label=order.label,
        ended=isinstance(act, acts.OrderEnd),
        note=note,
    )


def check_written(record: Act | Order, standing: Standing) -> None:
    """Raises PolicyError where the record of an act that counts, after which that stands, is not what its note says."""
    if record != (right := written(record.note, standing, record.time)):
        kind = "an order" if isinstance(right, Order) else "no order"
        raise PolicyError(f"it is not written down as its note says, which is of {kind}: every field has to be its own")

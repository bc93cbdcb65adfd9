"""Orders as their signed notes say them, out of what a server answers: who gave them, and why."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from plainview.ledger.acts import Order, parse_act
from plainview.ledger.errors import FormatError
from plainview.ledger.notes import parse_note
from plainview.ledger.spelling import moment, shown


@dataclass(frozen=True)
class Given:
    """An order, and the names of those who signed it. That the signatures are theirs is for the log's acts to show."""

    act: Order
    signers: tuple[str, ...]

    def leaves_out(self, video: int, region: str, now: int) -> str | None:
        """Why it may not place such a video then and there, in words; None where it may."""
        act = self.act
        if video != act.video:
            return f"for video {act.video}"
        if act.regions is not None and region not in act.regions:
            return f"not for region {shown(region)}"
        if not act.begins <= now < act.until:
            return f"from {moment(act.begins)} to {moment(act.until)}"
        return None


class _Noted(msgspec.Struct):
    note: str


class _Answer(msgspec.Struct):
    orders: list[_Noted]


def parse_orders(data: bytes) -> dict[int, Given]:
    """The orders in an answer of /v1/orders, by number; else FormatError. Nothing of it is read but the notes."""
    try:
        answer = msgspec.json.decode(data, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"orders: not an answer of /v1/orders ({shown(str(error))})") from None
    given = {}
    for one in answer.orders:
        note = parse_note(one.note.encode("utf-8", "surrogatepass"))
        act = parse_act(note.text)
        if not isinstance(act, Order):
            raise FormatError(f"orders: a note is of the kind {act.kind}, and no order")
        given[act.number] = Given(act, tuple(signature.name for signature in note.signatures))
    return given

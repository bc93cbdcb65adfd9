"""Orders as `plainview order show` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import typer

from plainview.cli.act_answers import read_answer

if TYPE_CHECKING:
    from plainview.platform.client import Client


class _Order(msgspec.Struct, frozen=True):
    order: int
    index: int
    video: int
    regions: list[str]
    begins: int
    until: int
    cap: int
    shown: int
    label: str
    reason: str
    signers: list[str]
    ended: int | None


class _Day(msgspec.Struct, frozen=True):
    day: str
    videos: int
    ordered: int
    share: float


class _Answer(msgspec.Struct, frozen=True):
    epoch: int
    orders: list[_Order]
    days: list[_Day]


def show_all(client: Client) -> None:
    """All orders of a server, and each day's share. Raises ClientError, and CommandError where it answers with
    something else."""
    from plainview.ledger.spelling import printable

    answer = read_answer(client, client.get("/v1/orders"), _Answer)
    for one in answer.orders:
        _show(one)
    for day in answer.days:
        share = f"{day.ordered:,} of {day.videos:,} videos shown were ordered ({day.share:.2%})"
        typer.echo(f"{printable(day.day)}: {share}")
    typer.echo(
        f"{len(answer.orders)} orders; counted as far as epoch {answer.epoch} goes. What the server says of them is "
        "proven by the log alone."
    )


def _show(one: _Order) -> None:
    from plainview.ledger.spelling import moment, printable

    where = ", ".join(map(printable, one.regions)) or "everywhere"
    over = "" if one.ended is None else f", ended by record {one.ended:,}"
    typer.echo(
        f"order {one.order}, record {one.index:,}{over}\n"
        f"  video {one.video}, {where}, from {moment(one.begins)} until {moment(one.until)}\n"
        f'  shown on {one.shown:,} of at most {one.cap:,} pages, labelled "{printable(one.label)}"\n'
        f"  why: {printable(one.reason)}\n"
        f"  signed by {', '.join(map(printable, one.signers))}\n"
    )

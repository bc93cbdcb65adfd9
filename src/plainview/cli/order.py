"""`plainview order`: videos put on pages by order, written down for two to sign; and what was ordered and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.act_files import client_of, write_act
from plainview.cli.errors import told
from plainview.cli.times import SPELLED, milliseconds

order = typer.Typer(
    help="Put a video on pages by order: with reason, label, cap and end, signed by two. Everybody can see it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

NewFile = Annotated[Path, typer.Argument(metavar="FILE", help="Where the act is to lie.", show_default=False)]
Log = Annotated[str, typer.Option(metavar="ORIGIN", help="The log it is for.", show_default=False)]
Begins = Annotated[str, typer.Option("--from", metavar="TIME", help=f"When it begins: {SPELLED}.", show_default=False)]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why.", show_default=False)]


@order.command()
def new(
    file: NewFile,
    log: Log,
    number: Annotated[int, typer.Option(min=1, help="Its number: each order counts one up.", show_default=False)],
    video: Annotated[int, typer.Option(min=0, help="The video.", show_default=False)],
    begins: Begins,
    until: Annotated[str, typer.Option(metavar="TIME", help="When it is over.", show_default=False)],
    cap: Annotated[int, typer.Option(min=1, help="Pages that it may be put on at most.", show_default=False)],
    label: Annotated[
        str, typer.Option(metavar="TEXT", help="What viewers are shown beside the video.", show_default=False)
    ],
    reason: Reason,
    region: Annotated[
        list[str] | None, typer.Option(metavar="CC", help="A region it holds in; all if none is given.")
    ] = None,
) -> None:
    """Order a video onto pages. Two operators sign; with one operator key, that and a partner."""
    with told():
        from plainview.ledger.acts import Order

        regions = tuple(sorted(set(region))) if region else None
        span = (milliseconds(begins), milliseconds(until))
        write_act(file, Order, log, number, video, regions, *span, cap, label, reason)


@order.command()
def end(
    file: NewFile,
    log: Log,
    number: Annotated[int, typer.Option(min=1, help="The order's number.", show_default=False)],
    reason: Reason,
) -> None:
    """End an order before its time. One operator or partner signs."""
    with told():
        from plainview.ledger.acts import OrderEnd

        write_act(file, OrderEnd, log, number, reason)


@order.command()
def show(
    url: Annotated[str, typer.Option(metavar="URL", help="A server whose orders are shown.", show_default=False)],
) -> None:
    """Show all orders of a server, how often each was shown, and which share of each day's videos was ordered."""
    with told():
        from plainview.cli.order_shown import show_all

        with client_of(url) as client:
            show_all(client)

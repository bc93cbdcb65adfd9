"""`plainview feed`: one page of one viewer's feed, and why each video is on it."""

from __future__ import annotations

import secrets
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plainview.cli.console import console
from plainview.cli.errors import CommandError, told
from plainview.cli.home import HomeOption, at_home

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

    from plainview.platform.client import Client
    from plainview.platform.faults import HomeError
    from plainview.platform.home import Home

LIMIT = 10
SHOWN_PARTS = 3
TABLE = 100
"""Columns that a table of the videos needs."""


def feed(
    viewer: Annotated[int, typer.Argument(min=0, max=2**53 - 1, help="The viewer's id.", metavar="VIEWER")],
    session: Annotated[
        str | None, typer.Option(help="The session, 22 characters; a new one by default.", show_default=False)
    ] = None,
    n: Annotated[int, typer.Option("--n", min=0, help="Page number in the session, from 0.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=30, help="Videos at most.")] = LIMIT,
    mode: Annotated[
        str | None, typer.Option(help="personal or plain; as the viewer registered by default.", show_default=False)
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            help="Ask this server (default: the data directory itself, or its server while one runs).",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Show one page of a viewer's feed, and why each video is on it. The page is served: it gets a receipt."""
    if mode not in (None, "personal", "plain"):
        raise typer.BadParameter(f"{mode!r} is neither personal nor plain", param_hint="--mode")
    if url is not None and home is not None:
        raise typer.BadParameter("give --url or --home, not both: a server has its data directory", param_hint="--url")
    asked = {
        "viewer": viewer,
        "session": session or _token(),
        "n": n,
        "nonce": _token(),
        "limit": limit,
        "mode": mode,
    }
    with told():
        answer = _ask_server(url, asked) if url is not None else _ask_home(at_home(home), asked)
    if as_json:
        import json

        typer.echo(json.dumps(answer))
    else:
        where = [] if home is None else ["--home", str(home)]
        options = [] if mode is None else ["--mode", mode]
        options += [] if limit == LIMIT else ["--limit", str(limit)]
        options += where if url is None else ["--url", url]
        _print(answer, options, where)


def _ask_server(url: str, asked: dict[str, Any]) -> dict[str, Any]:
    from plainview.platform.client import Client

    try:
        client = Client(url)
    except ValueError as error:
        raise CommandError(str(error)) from error
    with client:
        return _ask(client, asked)


def _ask(client: Client, asked: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/v1/feed", **asked)
    if "receipt" not in answer:
        raise CommandError(f"{client.url} answers with something else than a page: is it Plainview?")
    return answer


def _ask_holder(home: Home, held: HomeError, asked: dict[str, Any]) -> dict[str, Any]:
    """Ask the server that has `home` open and no other: a page is written where it is asked for."""
    from plainview.platform.client import Client, ClientError

    server = home.server()
    if server is None:
        raise CommandError(f"{held}; or, where it is a server, give its address with --url") from held
    address, instance = server
    with Client(address) as client:
        try:
            found = client.get("/health").get("instance")
        except ClientError:
            found = None
        if found != instance:
            raise CommandError(
                f"{home.path} is being served, but not at {address} as seen from here, where its server says it "
                "listens: give the server's address with --url"
            ) from held
        return _ask(client, asked)


def _ask_home(home: Home, asked: dict[str, Any]) -> dict[str, Any]:
    """Serve the page here; where another process has the directory open, ask that one."""
    import json

    import msgspec

    from plainview.platform.application import Application
    from plainview.platform.faults import HomeError
    from plainview.platform.kernels import sound_cache
    from plainview.platform.malformed import malformed
    from plainview.platform.serving import Ask
    from plainview.records import Page
    from plainview.server.answers import page_answer
    from plainview.storage import StoreLocked

    if not home.begun():  # opening it for writing would begin one
        raise home.unbegun()
    with sound_cache():
        try:
            application = Application(home, residents=4096)
        except HomeError as error:
            if isinstance(error.__cause__, StoreLocked):
                return _ask_holder(home, error, asked)
            raise
        with application:
            try:
                ask = msgspec.convert(asked, Ask)
            except msgspec.ValidationError as error:
                raise malformed(error, Ask, b"") from error
            application.check_log()
            entry = application.serving.page(ask).entry
            assert isinstance(entry.record, Page)
            cards, promise = application.cards(entry.record), application.log.promise(entry)
            baseline, labels = application.serving.baseline(entry), application.orders.labels(entry.record)
            answer = page_answer(entry, cards, promise, baseline, labels)
            return json.loads(msgspec.json.encode(answer))  # type: ignore[no-any-return]


def _print(answer: dict[str, Any], options: list[str], where: list[str]) -> None:
    """`options` ask for the next page as this one was asked for; `where` says where its journal is."""
    from rich.markup import escape

    out = console()
    rows: list[tuple[str, ...]] = []
    for place, shown in enumerate(answer["videos"], 1):
        video = shown["video"] or {"id": "?", "caption": "its record is damaged", "creator": "?"}
        chance = f" (1 in {1 / shown['propensity']:.0f})" if shown["propensity"] < 1 else ""
        rows.append(
            (
                str(place),
                str(video["id"]),
                escape(video["caption"][:32]),
                str(video["creator"]),
                shown["source"],
                shown["selector"] + chance + (f': "{escape(shown["label"])}"' if shown.get("label") else ""),
                f"{shown['value']:.3f}" if shown["parts"] else "",
                _reason(shown["parts"]),
            )
        )
    if rows:
        out.print(_table(rows) if out.width >= TABLE else _list(rows))
    else:
        out.print("No video is left to show: all were seen, or none is there yet.")
    if answer.get("baseline"):  # an older server says nothing of it
        out.print(f"The baseline, and not what was wanted: {escape(answer['baseline'])}.", soft_wrap=True)
    session, n, index = answer["session"], answer["n"], str(answer["receipt"]["index"])
    again = ["plainview", "feed", str(answer["viewer"]), "--session", session, "--n", str(n + 1), *options]
    out.print(
        f"page {n} of session {session} ({answer['mode']}), receipt {index}\n"
        f"next page: {escape(shlex.join(again))}\n"
        f"check this one, where its data is: {escape(shlex.join(['plainview', 'replay', index, *where]))}",
        soft_wrap=True,
    )


def _table(rows: list[tuple[str, ...]]) -> Table:
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False)
    for heading in ("", "video", "caption", "creator", "source", "placed by", "value", "why"):
        justify: JustifyMethod = "right" if heading in ("", "video", "creator", "value") else "left"
        table.add_column(heading, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _list(rows: list[tuple[str, ...]]) -> Table:
    """The same one below the other, where it is too narrow for a table."""
    from rich.table import Table

    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for place, video, caption, creator, source, selector, value, why in rows:
        lines = [caption, f"video {video} of creator {creator}", f"{source}, placed by {selector}"]
        lines += [f"{value}: {why}"] if value else []
        table.add_row(place, "\n".join(line for line in lines if line))
    return table


def _reason(parts: dict[str, float]) -> str:
    """The likeliest outcomes among the predictions."""
    best = sorted((item for item in parts.items() if item[0] != "rank"), key=lambda item: -item[1])[:SHOWN_PARTS]
    return ", ".join(f"{name.replace('_', ' ')} {chance:.0%}" for name, chance in best)


def _token() -> str:
    """16 random bytes in 22 characters."""
    return secrets.token_urlsafe(16)

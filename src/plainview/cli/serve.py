"""`plainview serve`: the platform over HTTP, from the data directory to a graceful stop."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from plainview.cli.address import http_address
from plainview.cli.console import console
from plainview.cli.errors import told
from plainview.cli.home import HomeOption, at_home
from plainview.journal.journal import now
from plainview.platform.home import Home

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all that this machine has.")]

_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""How this machine reaches who listens on all of its addresses."""

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}
)


@app.command()
def serve(home: HomeOption = None, port: Port = 8000, host: Host = "127.0.0.1") -> None:
    """Serve feeds over HTTP until Ctrl-C or SIGTERM.

    Exit code: 0 once stopped so; 2 where it cannot serve, or not go on, and a sentence says why.
    """
    began = time.perf_counter()
    out = console(stderr=True)
    with told():
        directory = at_home(home)
        directory.prepare()
        directory.check(now())
        _serve(out, directory, host, port, began)


def _serve(out: Console, home: Home, host: str, port: int, began: float) -> None:
    # Only now: kernels are compiled to where the cache was set when they are imported.
    from plainview.http.serving import check_address
    from plainview.platform.application import Application
    from plainview.platform.warming import warm
    from plainview.server.serve import serve_http

    def ready() -> None:
        home.announce(http_address(_HERE.get(host, host), port))
        address = escape(http_address(host, port))
        out.print(
            f"[bold]Plainview[/bold] answers at [bold]{address}[/bold] "
            f"({time.perf_counter() - began:.1f} s after its start)\n"
            f"release  {application.release}\n"
            f"data     {escape(str(home.path))}: {application.journal.size:,} records, "
            f"{len(application.catalogue):,} videos, epoch {application.epoch.epoch}\n"
            f"next     {address} is the app, {address}/schema shows what can be asked; Ctrl-C stops, with a snapshot",
            soft_wrap=True,
        )
        for line in application.key_notices.lines:  # and once a day from here on, in the log
            out.print(f"[yellow]note:[/yellow] {escape(line)}", soft_wrap=True)

    check_address(host, port)
    with out.status("Opening") as status:
        kernels = 0

        def compiling(kernel: str) -> None:
            nonlocal kernels
            if not kernels:
                out.print("Compiling kernels for this machine, once for this version")
            kernels += 1
            status.update(f"Compiling {escape(kernel)} ({kernels})")

        def progress(what: str, done: int, end: int) -> None:
            status.update(f"{what}: {done:,} of {end:,}")

        warm(home.release.configuration, compiling)
        application = Application(home, progress=progress, succeeding=True)
    try:
        serve_http(application, host, port, ready)
    finally:
        with out.status("Closing an epoch and keeping a snapshot"):
            application.close()
    out.print(f"Stopped at epoch {application.epoch.epoch}: all that was acknowledged is kept.")

"""`plainview demo`: a small simulated town against the real HTTP API, then every page it was served, computed again."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.console import console
from plainview.cli.errors import CommandError, told

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from plainview.platform.town import Moment, Size

CLIENTS = 2
"""Threads that play the town."""
STEPS = " ▁▂▃▄▅▆▇█"
START = 300
"""Seconds that a server may take to answer, kernels compiled for the first time included."""
PROJECTIONS = ("objects", "projections")


def demo(
    seed: Annotated[int, typer.Option(help="Seed of the town.")] = 1,
    seconds: Annotated[float, typer.Option(min=1, help="How long the town plays.")] = 20,
    home: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Data directory, empty or new; a temporary one by default.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the temporary data directory.")] = False,
) -> None:
    """Play a small simulated town against the real HTTP API, then compute every page again from the journal."""
    out = console()
    with told():
        temporary = home is None
        directory = Path(tempfile.mkdtemp(prefix="plainview-demo-")) if home is None else home.expanduser().absolute()
        _check_empty(directory)
        try:
            sound = _demo(out, directory, seed, seconds)
        finally:
            if temporary and not keep:
                shutil.rmtree(directory, ignore_errors=True)
    if not temporary or keep:
        out.print(
            f"The town's data is in {directory}. Go on with:\n"
            f"  plainview serve --home {directory}\n"
            f"  plainview feed 50 --home {directory}\n"
            f"  plainview evaluate --home {directory}",
            soft_wrap=True,
        )
    elif sound:
        out.print(
            "Next: `plainview demo --keep` keeps the town's data to look around in; `plainview import kuairand DIR` "
            "and `plainview serve` run on real data.",
            soft_wrap=True,
        )
    if not sound:
        raise typer.Exit(1)


def _check_empty(directory: Path) -> None:
    """Raises CommandError where anything is there, and HomeError where nothing can be. Makes the directory."""
    from plainview.platform.home import Home

    with suppress(OSError):  # `prepare` tells of it
        if any(directory.iterdir()):
            raise CommandError(f"{directory} is not empty: give a new directory with --home")
    Home(directory).prepare()


def _demo(out: Console, directory: Path, seed: int, seconds: float) -> bool:
    """Whether everything that was served came out the same."""
    from plainview.platform.town import Size

    out.print("[bold]1. A server[/bold], the real one, in a process of its own")
    address, server, log = _start(out, directory)
    try:
        out.print(f"\n[bold]2. A town[/bold] of {Size().viewers} viewers plays for {seconds:g} s against {address}")
        _play(out, address, seed, seconds, Size())
    finally:
        server.send_signal(signal.SIGTERM)
        code = _ended(server)
    if code:
        raise CommandError(f"the server ended with code {code}: {_tail(log)}")
    log.unlink()
    for name in PROJECTIONS:
        shutil.rmtree(directory / name, ignore_errors=True)
    out.print(
        "\n[bold]3. Replay[/bold]: the server is stopped; worlds, deltas, snapshots and the catalogue are deleted.\n"
        "   What is left is the journal. A fresh process computes every page again from it:"
    )
    command = [sys.executable, "-m", "plainview.cli", "replay", "--all", "--home", str(directory)]
    return subprocess.run(command, check=False).returncode == 0


def _start(out: Console, directory: Path) -> tuple[str, subprocess.Popen[bytes], Path]:
    """A server that answers at the address that comes back."""
    from plainview.platform.client import Client, ClientError

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "plainview.cli", "serve", "--home", str(directory), "--port", str(port)]
    with tempfile.NamedTemporaryFile(prefix="plainview-demo-", suffix=".log", delete=False) as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    log = Path(output.name)
    began = time.monotonic()
    with out.status("starting (the first start of a release compiles its kernels, half a minute or so)"):
        while True:
            try:
                with Client(address) as client:
                    health = client.get("/health")
                break
            except ClientError as error:
                if server.poll() is not None:
                    raise CommandError(f"the server did not start: {_tail(log)}") from error
                if time.monotonic() - began > START:
                    server.kill()
                    raise CommandError(f"the server did not answer within {START} s: {_tail(log)}") from error
            time.sleep(0.1)
    out.print(f"   answers at {address} after {time.monotonic() - began:.1f} s; release {health['release'][:12]}")
    return address, server, log


def _ended(server: subprocess.Popen[bytes]) -> int:
    try:
        return server.wait(timeout=60)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _play(out: Console, address: str, seed: int, seconds: float, size: Size) -> None:
    from rich.live import Live

    from plainview.platform.town import Town

    town = Town(address, seed, size)
    with out.status(f"{size.creators} creators upload {size.videos:,} videos, {size.viewers} viewers register"):
        town.prepare()
    moments: list[Moment] = []
    with Live(console=out, refresh_per_second=4) as live:

        def told_of(moment: Moment) -> None:
            moments.append(moment)
            live.update(_screen(moments, seconds))

        town.play(seconds, CLIENTS, told_of)
    if town.refused:
        out.print(f"   {town.refused} requests were refused")


def _screen(moments: list[Moment], seconds: float) -> RenderableType:
    from rich.table import Table

    from plainview.platform.town import ARMS

    now = moments[-1]
    table = Table.grid(padding=(0, 2))
    table.add_row(
        "  ",
        f"{min(now.seconds, seconds):4.0f} of {seconds:.0f} s",
        f"{now.pages:,} pages",
        f"{now.events:,} events",
        f"{now.uploads:,} new videos",
    )
    screen = Table.grid()
    screen.add_row(table)
    for arm in ARMS:
        shares = _shares(moments, arm)
        recent = _share(moments[-len(moments) // 4 or -1 :], arm)
        first = _share(moments[: max(1, len(moments) // 4)], arm)
        colour = "green" if arm == "personal" else "white"
        line = f"[{colour}]{_sparkline(shares)}[/{colour}]"
        screen.add_row(f"   long views, {arm:<9}{line} {first:.0%} at first, {recent:.0%} of late")
    return screen


def _shares(moments: list[Moment], arm: str, width: int = 32) -> list[float]:
    """Shares of long views, in at most `width` pieces of equal length."""
    pieces = min(width, len(moments))
    cuts = [len(moments) * piece // pieces for piece in range(pieces + 1)]
    return [_share(moments[start:stop], arm) for start, stop in pairwise(cuts)]


def _share(moments: list[Moment], arm: str) -> float:
    views = sum(moment.views[arm] for moment in moments)
    return sum(moment.long_views[arm] for moment in moments) / views if views else 0.0


def _sparkline(shares: list[float], top: float = 0.8) -> str:
    return "".join(STEPS[min(len(STEPS) - 1, round(share / top * (len(STEPS) - 1)))] for share in shares)

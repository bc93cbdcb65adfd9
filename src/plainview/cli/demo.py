"""`plainview demo`: a small simulated town against the real HTTP API, then every page it was served, computed again."""

from __future__ import annotations

import ctypes
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

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
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def demo(
    seed: Annotated[int, typer.Option(help="Seed of the town.")] = 1,
    seconds: Annotated[float, typer.Option(min=1, help="How long the town plays.")] = 20,
    home: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Data directory, empty or new; a temporary one by default.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the temporary data directory.")] = False,
) -> None:
    """Play a small simulated town against the real HTTP API, then compute every page again from the journal.

    Exit code: that of `plainview replay --all`, which does the latter; 2 where it does not come to that; 130 if
    interrupted.
    """
    out = console()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, signal.default_int_handler)
    with told():
        made = Path(tempfile.mkdtemp(prefix="plainview-demo-")) if home is None else None
        directory = _empty(home or Path(made or "", "home"))
        try:
            code = _demo(out, directory, seed, seconds)
        finally:
            if made is not None and not keep:
                shutil.rmtree(made, ignore_errors=True)
    if made is None or keep:
        here = shlex.quote(str(directory))
        out.print(
            f"The town's data is in {directory}. Go on with:\n"
            f"  plainview serve --home {here}\n"
            f"  plainview feed 50 --home {here}\n"
            f"  plainview evaluate --home {here}",
            soft_wrap=True,
        )
    elif not code:
        out.print(
            "Next: `plainview demo --keep` keeps the town's data to look around in; `plainview charter local PARTIES`, "
            "`plainview import kuairand DIR --parties PARTIES` and `plainview serve` run on real data.",
            soft_wrap=True,
        )
    raise typer.Exit(code)


def _empty(path: Path) -> Path:
    """The directory, made. Raises CommandError where anything is there, and HomeError where nothing can be."""
    from plainview.platform.home import Home

    home = Home(path)
    with suppress(OSError):  # `prepare` tells of it
        if any(home.path.iterdir()):
            raise CommandError(f"{home.path} is not empty: give a new directory with --home")
    home.prepare()
    return home.path


def _demo(out: Console, directory: Path, seed: int, seconds: float) -> int:
    """What replay says of everything that was served, as its exit code."""
    from plainview.platform.town import Size

    out.print("[bold]1. A charter[/bold] of operator, licensor and partner")
    _agree(out, directory)
    out.print("\n[bold]2. A server[/bold], the real one, in a process of its own")
    with _serving(out, directory) as address:
        out.print(f"\n[bold]3. A town[/bold] of {Size().viewers} viewers plays for {seconds:g} s against {address}")
        _play(out, address, seed, seconds, Size())
    for name in PROJECTIONS:
        shutil.rmtree(directory / name, ignore_errors=True)
    out.print(
        "\n[bold]4. Replay[/bold]: the server is stopped; worlds, deltas and snapshots are deleted.\n"
        "   A fresh process computes every page again from the journal alone:"
    )
    command = [sys.executable, "-m", "plainview.cli", "replay", "--all", "--home", str(directory)]
    return subprocess.run(command, check=False, preexec_fn=_end_with_parent).returncode


def _agree(out: Console, directory: Path) -> None:
    """Begin a journal there, with keys of all parties beside it."""
    from rich.markup import escape

    from plainview.cli.home import at_home
    from plainview.ledger.charters import digest_text

    home = at_home(directory)
    from plainview.platform.local_charter import begin_locally
    from plainview.platform.local_licence import license_locally

    parties = directory.with_name(f"{directory.name}-parties")
    charter = begin_locally(home, parties)
    license_locally(home, parties)
    out.print(
        f"   digest {digest_text(charter.digest())}, from which all that follows can be checked\n"
        f"   all their keys were made here, each in a directory of its own in {escape(str(parties))}: one hand holds "
        "them, so this charter proves nothing to others",
        soft_wrap=True,
    )


@contextmanager
def _serving(out: Console, directory: Path) -> Iterator[str]:
    """The address of a server that answers there, and ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "plainview.cli", "serve", "--home", str(directory), "--port", str(port)]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, preexec_fn=_end_with_parent)
        try:
            _await(out, address, server, log)
            yield address
        finally:
            _end(server)
        if server.returncode:
            raise CommandError(f"the server ended with code {server.returncode}: {_tail(log)}")


def _await(out: Console, address: str, server: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    """Return when `server` answers. Raises CommandError where it does not."""
    from plainview.platform.client import Client, ClientError

    began = time.monotonic()
    with out.status("starting; the first time it compiles kernels for half a minute"):
        while True:
            try:
                with Client(address) as client:
                    health = client.get("/health")
                break
            except ClientError as error:
                if server.poll() is not None:
                    raise CommandError(f"the server did not start: {_tail(log)}") from error
                if time.monotonic() - began > START:
                    raise CommandError(f"the server did not answer within {START} s: {_tail(log)}") from error
            time.sleep(0.1)
    out.print(f"   answers at {address} after {time.monotonic() - began:.1f} s; release {health['release'][:12]}")


def _end(server: subprocess.Popen[bytes]) -> None:
    """Have it stop; one that does not within a minute, or while nobody waits for it, is killed."""
    server.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=60)
    finally:
        server.kill()
        server.wait()


def _end_with_parent() -> None:
    """In a child: SIGTERM for it when the demo ends, however it does (prctl(2))."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _tail(log: IO[bytes]) -> str:
    """The last line of what a server said."""
    log.seek(0)
    lines = log.read().decode(errors="replace").strip().splitlines()
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

"""`plainview demo`: the whole arrangement as a play, each party a process or a key of its own."""

from __future__ import annotations

import shlex
import shutil
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.console import console
from plainview.cli.errors import CommandError, told

if TYPE_CHECKING:
    from rich.console import Console

    from plainview.cli.demo.stage import Stage

INTERRUPTED = 130


def demo(
    seed: Annotated[int, typer.Option(help="Seed of the town.")] = 1,
    seconds: Annotated[float, typer.Option(min=1, help="How long the town plays under one release.")] = 10,
    directory: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where all of it is to lie, empty or new; a temporary one by default."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the temporary directory.")] = False,
) -> None:
    """Play the whole arrangement with a small simulated town, on this machine.

    A release is licensed, offered, approved and served; a partner's program, which sees nothing but HTTP, computes
    every page again; the operator changes the algorithm, is found out, and the release is revoked; service goes on
    without it, until a corrected one is approved.

    Exit codes:

    0: everything came out as it must.
    1: something did not, and a sentence says what.
    2: it could not be played.
    130: it was interrupted.
    """
    out = console()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, signal.default_int_handler)
    with told():
        made = Path(tempfile.mkdtemp(prefix="plainview-demo-")) if directory is None else None
        place = _empty(directory or made)
        try:
            code = _play(out, place, seed, seconds, kept=keep or made is None)
        finally:
            if made is not None and not keep:
                shutil.rmtree(made, ignore_errors=True)
    raise typer.Exit(code)


def _empty(path: Path | None) -> Path:
    """The directory, made. Raises CommandError where that cannot be, or anything is there."""
    assert path is not None
    place = path.expanduser().absolute()
    try:
        place.mkdir(parents=True, exist_ok=True)
        if any(place.iterdir()):
            raise CommandError(f"{place} is not empty: give a new directory with --directory")
    except OSError as error:
        raise CommandError(f"{place}: cannot be used ({error.strerror}); give another with --directory") from error
    return place


def _play(out: Console, place: Path, seed: int, seconds: float, *, kept: bool) -> int:
    """All scenes; the exit code. Raises CommandError where they cannot be played."""
    from rich.markup import escape

    from plainview.cli.home import at_home

    at_home(place / "home")  # before any kernel is imported
    from plainview.cli.demo.scenes import SCENES
    from plainview.cli.demo.stage import Missed, Stage
    from plainview.platform.client import ClientError

    stack = ExitStack()
    stage = Stage(out, place, seed, seconds, stack)
    try:
        with stack:
            for play in SCENES:
                play(stage)
    except Missed as error:
        out.print(
            f"\n[bold red]Not as it must be[/bold red], in scene {stage.scene}: {escape(str(error))}", soft_wrap=True
        )
        return 1
    except (CommandError, ClientError) as error:
        raise CommandError(f"scene {stage.scene}: {error}") from error
    except KeyboardInterrupt:
        out.print(f"\nInterrupted in scene {stage.scene}. All that it had started has ended.", soft_wrap=True)
        # Met within an `exec` of text, as a dataclass is made by, it is the exit status of `python -m` for all that is
        # caught and returned here, until another such `exec` (CPython's `_Py_UnhandledKeyboardInterrupt`).
        exec("")
        return INTERRUPTED
    out.print("\n[bold green]Everything came out as it must.[/bold green]")
    if kept:
        _tell_of(stage)
    else:
        out.print(
            "Next: `plainview demo --keep` keeps all of it to look around in; `plainview charter local PARTIES`, "
            "`plainview import kuairand DIR --parties PARTIES` and `plainview serve` run on real data.",
            soft_wrap=True,
        )
    return 0


def _tell_of(stage: Stage) -> None:
    """Where everything lies, and how to go on with it."""
    lines = "\n".join(f"  plainview {shlex.join(arguments)}" for arguments in stage.going_on())
    stage.out.print(
        f"\nIt all lies in {stage.directory}: home is the operator's, partner the partner's program's, parties has the "
        "others' keys, releases the bundles. Go on with the server, and the partner's program beside it, without which "
        f"nothing is taken:\n{lines}",
        soft_wrap=True,
        markup=False,
    )

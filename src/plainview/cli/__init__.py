"""The `plainview` command: one command a file. What a command needs is imported when it runs."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn


def main() -> None:
    """Run it. `verify` needs what plainview[verify] installs and nothing else, so it is found before Typer is.

    What nobody foresaw keeps its traceback and ends with 2: Python's own 1 is a verdict's.
    """
    try:
        if sys.argv[1:2] == ["verify"]:
            from plainview.cli.verify import verify

            code = verify(sys.argv[2:])
            sys.stdout.flush()
            sys.exit(code)
        from plainview.cli.app import app

        app(prog_name="plainview")
    except BrokenPipeError:
        unread()
    except Exception as error:  # noqa: BLE001 - Python would end with 1
        name = error.name if isinstance(error, ModuleNotFoundError) else None
        if name is None or name.partition(".")[0] == "plainview":
            traceback.print_exception(error)
        else:
            print(f"error: {name} is needed and not installed; install plainview[serve]", file=sys.stderr)
        sys.exit(2)


def unread() -> NoReturn:
    """End with 2, where whoever was to read standard output has gone."""
    # What is left would be flushed once more when Python ends.
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
    sys.exit(2)

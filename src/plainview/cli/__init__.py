"""The `plainview` command: one command a file. What a command needs is imported when it runs."""

from __future__ import annotations

import sys
import traceback

from plainview.cli.console import forget_columns
from plainview.cli.output import watch_output


def main() -> None:
    """Run it. `verify` and `why` need only what plainview[verify] installs, so they are found before Typer is.

    What nobody foresaw keeps its traceback and ends with 2: Python's own 1 is a verdict's.
    """
    # Of a log, or a proof, 1 would say something; replay's says too that its report was not printed.
    watch_output(1 if sys.argv[1:2] == ["replay"] else 2)
    forget_columns()
    try:
        if sys.argv[1:2] == ["verify"]:
            from plainview.cli.verify import verify

            sys.exit(verify(sys.argv[2:]))
        if sys.argv[1:2] == ["why"]:
            from plainview.cli.why import why

            sys.exit(why(sys.argv[2:]))
        from plainview.cli.app import app

        app(prog_name="plainview")
    except Exception as error:  # noqa: BLE001 - Python would end with 1
        name = error.name if isinstance(error, ModuleNotFoundError) else None
        if name is None or name.partition(".")[0] == "plainview":
            traceback.print_exception(error)
        else:
            enough = "plainview[verify] is enough for `plainview verify` and `plainview why`"
            print(f"error: {name} is needed and not installed; install plainview[serve]: {enough}", file=sys.stderr)
        sys.exit(2)
    finally:
        sys.stdout.flush()

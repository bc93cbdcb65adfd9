"""The `plainview` command: one command a file. What a command needs is imported when it runs."""

from __future__ import annotations

import sys


def main() -> None:
    """Run it. `verify` needs what plainview[verify] installs and nothing else, so it is found before Typer is."""
    try:
        if sys.argv[1:2] == ["verify"]:
            from plainview.cli.verify import verify

            sys.exit(verify(sys.argv[2:]))
        from plainview.cli.app import app

        app(prog_name="plainview")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "plainview":
            raise
        print(f"error: {error.name} is needed and not installed; install plainview[serve]", file=sys.stderr)
        sys.exit(2)

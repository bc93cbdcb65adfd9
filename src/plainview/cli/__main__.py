"""`python -m plainview.cli`: the command, wherever its script was put."""

from plainview.cli import app

if __name__ == "__main__":
    app(prog_name="plainview")

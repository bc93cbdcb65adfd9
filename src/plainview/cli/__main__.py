"""`python -m plainview.cli`: the command, wherever its script was put."""

from plainview.cli import main

if __name__ == "__main__":
    main()

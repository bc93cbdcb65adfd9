"""`plainview` of an operator that takes acts and journals none, as a module to be run."""

from __future__ import annotations

from plainview.cli import main
from plainview.platform.acts import Acts, NewAct, Taken


def swallow(acts: Acts, new: NewAct) -> Taken:
    """Say that the act counts as the next record, and write nothing."""
    acts._check(new.note)
    return Taken(acts._journal.size, True, "")


if __name__ == "__main__":
    Acts.submit = swallow  # type: ignore[method-assign]
    main()

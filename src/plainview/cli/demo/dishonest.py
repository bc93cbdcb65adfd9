"""`plainview serve` of an operator who is not honest, as a module to be run. It is there to be caught.

It serves as `plainview serve` does until the file appears that is its first argument. From then on it trebles what
the chance of a share counts for, in one personal page of ten. Code on disk, manifest and receipts say what they said.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

HEAD = "share"
TIMES = 3
EVERY = 10


def main() -> None:
    """Serve, by the arguments of `plainview serve` after the first one."""
    switch, *arguments = sys.argv[1:]
    from plainview.cli.home import at_home

    at_home(None)  # before any kernel is imported
    from plainview.cli.serve import app
    from plainview.feed.heads import HEADS
    from plainview.feed.pipeline import Pipeline
    from plainview.platform import serving

    honest, file, pages = vars(serving)["rank"], Path(switch), count()

    def rank(pipeline: Pipeline, release: bytes, world: Any, epoch: bytes, viewer: Any, asked: Any, *rest: Any) -> Any:
        if asked.request.mode == "personal" and file.exists() and next(pages) % EVERY == 0:
            weights = (
                weight * TIMES if head == HEAD else weight for head, weight in zip(HEADS, pipeline.weights, strict=True)
            )
            pipeline = replace(pipeline, weights=tuple(weights))
        return honest(pipeline, release, world, epoch, viewer, asked, *rest)

    vars(serving)["rank"] = rank
    app(arguments, prog_name="plainview serve")


if __name__ == "__main__":
    main()

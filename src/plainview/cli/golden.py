"""Golden vectors, computed while somebody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from plainview.cli.console import console

if TYPE_CHECKING:
    from plainview.feed.trace import Ranked
    from plainview.replay.installed import Installed


def golden_vectors(release: Installed) -> tuple[str, str]:
    """The digest of the golden vectors as computed here, and their text."""
    from plainview.feed.probe import probe
    from plainview.learning.golden import golden, golden_digest
    from plainview.platform.kernels import sound_cache
    from plainview.records.fields import to_text

    out, pages = console(stderr=True), 0
    with sound_cache(), out.status("Golden vectors: loading kernels") as status:

        def each(rank: Callable[[int], Ranked], asked: Iterable[int]) -> Iterator[Ranked]:
            nonlocal pages
            for ranked in map(rank, asked):
                pages += 1
                status.update(f"Golden vectors: {pages} pages")
                yield ranked

        probe()
        lines = golden(release.configuration, release.parameters, each)
    return to_text(golden_digest(lines)), lines

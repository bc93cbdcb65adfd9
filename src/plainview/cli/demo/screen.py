"""How the town goes on, as it is drawn while it plays."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

    from plainview.platform.town import Moment

STEPS = " ▁▂▃▄▅▆▇█"
WIDTH = 24
"""Pieces at most of a line of shares."""


def screen(moments: list[Moment], before: tuple[int, int, int], partner: str) -> RenderableType:
    """The town since the first of `moments`, `before` which it had so many pages, of them the baseline's, and events;
    and what the partner's program said last."""
    from rich.console import Group
    from rich.text import Text

    from plainview.platform.town import ARMS

    now = moments[-1]
    pages, baseline, events = (
        count - earlier for count, earlier in zip((now.pages, now.baseline, now.events), before, strict=True)
    )
    views = ", ".join(f"{arm} {sparkline(shares(moments, arm))} {share(moments, arm):.0%}" for arm in ARMS)
    town = f"{now.seconds:.0f} s, {pages:,} pages ({baseline:,} the baseline instead), {events:,} events"
    return Group(
        Text.assemble("   ", ("town     ", "dim"), f"{town}; long views: {views}"),
        Text.assemble("   ", ("partner  ", "dim"), partner or "nothing re-run yet"),
    )


def shares(moments: list[Moment], arm: str, width: int = WIDTH) -> list[float]:
    """Shares of long views, in at most `width` pieces of equal length."""
    pieces = min(width, len(moments))
    cuts = [len(moments) * piece // pieces for piece in range(pieces + 1)]
    return [share(moments[start:stop], arm) for start, stop in pairwise(cuts)]


def share(moments: list[Moment], arm: str) -> float:
    """Of what an arm viewed, the part that was viewed long."""
    views = sum(moment.views[arm] for moment in moments)
    return sum(moment.long_views[arm] for moment in moments) / views if views else 0.0


def sparkline(shares: list[float], top: float = 0.8) -> str:
    """One character a share."""
    return "".join(STEPS[min(len(STEPS) - 1, round(share / top * (len(STEPS) - 1)))] for share in shares)

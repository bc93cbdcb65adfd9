"""Pages as the pipeline ranks them over a town's world, under any configuration."""

from __future__ import annotations

from functools import cache

from plainview.feed.configuration import DEFAULT, Configuration
from plainview.feed.pipeline import Pipeline
from plainview.feed.plain import pin
from plainview.feed.ranking import Asked, rank
from plainview.learning.fold import Fold
from plainview.records import Order, Page, Request
from plainview.records.fields import DASHES, Mode, to_text
from tests.feed.towns import START, TOKEN, ZERO, fold_town, town

NOW = START + 10**9


@cache
def world_of_a_town(*orders: Order) -> Fold:
    return fold_town([*town(), *enumerate(orders, 10_000)])


def ranked_page(
    configuration: Configuration = DEFAULT,
    viewer: int = 3,
    mode: Mode = "personal",
    limit: int = 10,
    region: str = "US",
    nonce: bytes = bytes(16),
    orders: tuple[Order, ...] = (),
) -> Page:
    """What the pipeline gives that viewer, as it would be written down."""
    fold = world_of_a_town(*orders)
    request = Request(surface=1, region=region, age="18+", mode=mode, limit=limit, nonce=to_text(nonce), acknowledged=0)
    number = configuration.regions.index(region) if region in configuration.regions else 0
    pinned = pin(fold.world, 3, number) if mode == "plain" else None
    asked = Asked(request, TOKEN, 0, NOW, 0)
    ranked = rank(
        Pipeline.of(configuration), bytes(32), fold.world, bytes(32), fold.residents.row(viewer), asked, pinned
    )
    return Page(
        time=NOW + 5, viewer=viewer, session=TOKEN, n=0, previous=DASHES, release=ZERO, grounds=(), charter=0, policy=7,
        epoch=3, epoch_digest=ZERO, pinned=3, cursor=ranked.cursor, viewer_upto=40, viewer_digest=ZERO, wanted=mode,
        request=request, now=NOW, arms=ranked.arms, orders=ranked.orders, items=ranked.items,
        trace=to_text(ranked.trace.digest()), environment=ZERO,
    )  # fmt: skip

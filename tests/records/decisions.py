"""Decisions that any release's policies of ours allow."""

from __future__ import annotations

from plainview.platform.releases import installed
from plainview.records import Decision
from plainview.records.fields import DASHES


def restricting(number: int, video: int, *regions: str) -> Decision:
    """Everywhere, or in these regions."""
    return Decision(
        time=0,
        decision=number,
        effect="restrict",
        pack=installed().manifest.policies.digest,
        policy="local_law" if regions else "spam",
        restriction="geo_disabled" if regions else "removed",
        video=video,
        regions=regions,
        ages=(),
        ground="a test",
    )


def lifting(number: int, video: int) -> Decision:
    """Its end."""
    return Decision(
        time=0, decision=number, effect="lift", pack=DASHES, policy="", restriction="", video=video, regions=(),
        ages=(), ground="",
    )  # fmt: skip

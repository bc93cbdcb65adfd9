"""A corrected release is approved as the first one was, and takes over."""

from __future__ import annotations

from plainview.cli.demo.releases import configured
from plainview.cli.demo.scenes.approval import approve, take_over
from plainview.cli.demo.stage import Stage

NAME, SHARE = "for-you-2", 1_000_000


def play(stage: Stage) -> None:
    """Have another release approved, and serve by it."""
    from plainview.records.fields import to_bytes

    stage.begin("A correction", "the licensor offers another release, and everybody looks at that one, too")
    release = configured(stage, NAME, share=SHARE)
    stage.tell(f"[bold]{release.name}[/bold], {release.digest[:12]}: a share counts {SHARE / 1e6:g}.")
    approve(stage, release, to_bytes(stage.ask("/health")["release"]))
    take_over(stage, release, "plainview.cli", "serve")
    stage.mark("a corrected release", ranked=True)
    before = stage.rerun()
    stage.play(stage.seconds)
    stage.caught_up()
    after = stage.rerun()
    stage.require(
        after.pages - before.pages == after.identical - before.identical and not after.rest,
        f"the partner's program found: {after}",
    )
    stage.tell(f"The partner computed {after.pages - before.pages:,} more pages again: all identical, bit for bit.")

"""The service begins, the partner's program beside it, and nothing has been approved."""

from __future__ import annotations

from rich.markup import escape

from plainview.cli.demo.stage import START, Stage


def play(stage: Stage) -> None:
    """Serve the town the baseline."""
    stage.begin("Service begins", "nothing is approved, so nothing ranks")
    stage.serve("plainview.cli", "serve")
    oversee(stage)
    with stage.out.status(f"{stage.size.creators} creators upload {stage.size.videos:,} videos, viewers register"):
        stage.town.prepare()
    stage.play(stage.seconds / 2)
    stage.require(stage.town.baseline, "nobody who wanted a personal page was served the baseline")
    stage.tell(
        f"Who wants a personal page gets what is popular and fresh, and is told why: {escape(stage.town.reason)}."
    )


def oversee(stage: Stage) -> None:
    """Have the partner's program run."""
    often = ("--every", "0.5", "--rerun-every", "1", "--canary-every", "2", "--draw-hours", "0.01")
    stage.partner = stage.start("plainview.cli", *stage.overseeing(*often))
    with stage.out.status("the partner's program starts"):
        stage.wait(lambda: stage.partner.heard("the log has grown"), "the partner's program mirrored nothing", START)
    stage.tell("The partner's program runs beside it, with keys, log and copy of its own: it sees nothing but HTTP")

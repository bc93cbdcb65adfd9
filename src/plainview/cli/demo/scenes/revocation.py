"""The partner stops the release; the service goes on without it."""

from __future__ import annotations

import time

from rich.markup import escape

from plainview.cli.demo.stage import Stage


def play(stage: Stage) -> None:
    """Revoke by the partner's own log, and serve the baseline."""
    from plainview.ledger.acts import Revocation
    from plainview.records.fields import to_bytes

    stage.begin("A revocation", "one key of the partner's is enough to stop a release")
    began, serves = time.monotonic(), stage.ask("/health")
    act = Revocation(stage.charter.origin, to_bytes(serves["release"]), serves["records"], "it is not run as approved")
    stopped = stage.say_by_partner(act, "partner")
    stage.tell(
        f"It took {time.monotonic() - began:.1f} s from the signature on; no record after it may be a page of it"
    )
    stage.mark("the release revoked", ranked=False, begins=stopped)
    before = stage.town.baseline
    stage.play(stage.seconds / 2)
    stage.require(stage.town.baseline > before, "after the revocation nobody was served the baseline")
    stage.tell(f"Service goes on, on the baseline: {escape(stage.town.reason)}")

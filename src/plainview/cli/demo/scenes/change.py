"""The operator changes the algorithm behind everybody's back, and is found out."""

from __future__ import annotations

import time

from rich.markup import escape

from plainview.cli.demo.dishonest import EVERY, HEAD, TIMES
from plainview.cli.demo.stage import Stage


def play(stage: Stage) -> None:
    """Have the partner's program find a page that is not what the approved release computes."""
    from plainview.ledger.charters import digest_text

    stage.begin("A dishonest change", "the operator ranks otherwise than was approved, and says nothing")
    stage.tell(
        f"In one personal page of {EVERY} the chance of a {HEAD} now counts {TIMES} times what the manifest says. Code "
        "on disk, manifest and receipts say what they said."
    )
    stage.mark("a dishonest change", ranked=True, honest=False)
    began = time.time()
    stage.switch.touch()
    stage.until(lambda: stage.partner.heard("FINDING", began), "the partner's program found nothing")
    found = stage.partner.heard("FINDING", began)
    assert found is not None
    said, _, path = found.line.removeprefix("FINDING: ").rpartition("; ")
    stage.tell(f"[red]found[/red] after {found.at - began:.1f} s: {escape(said)}")
    proven = stage.run("plainview verify", "verify", path, f"--charter={digest_text(stage.charter.digest())}", code=3)
    stage.tell(f"The partner keeps a file of it for others. `plainview verify` says of that: {escape(proven[0])}")
    stage.tell("That something else should have come out, re-running shows: that is done in the end, from the journal.")

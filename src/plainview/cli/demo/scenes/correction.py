"""A corrected release: learned from what was honest, looked at again, approved as the first one was."""

from __future__ import annotations

import hashlib

from plainview.cli.demo.releases import Offered, offered
from plainview.cli.demo.scenes.approval import Tested, approve, take_over
from plainview.cli.demo.stage import Stage

NAME = "for-you-2"


def play(stage: Stage) -> None:
    """Have a candidate learned and approved, and serve by it."""
    from plainview.records.fields import to_bytes

    stage.begin("A correction", "the licensor learns a new release from what was served before the change")
    before, lied = stage.released, next(one for one in stage.stretches if not one.honest)
    release = learned(stage, before, lied.begins)
    stage.tell(
        f"[bold]{release.name}[/bold], {release.digest[:12]}, is {before.name} with parameters that records 0 to "
        f"{lied.begins - 1:,} taught. The same records give the same bytes, to whoever learns again."
    )
    approve(stage, release, to_bytes(before.digest), retrained(stage, release, before))
    take_over(stage, release, "plainview.cli", "serve")
    stage.mark("a corrected release", ranked=True)
    earlier = stage.rerun()
    stage.play(stage.seconds)
    stage.caught_up()
    rerun = stage.rerun()
    pages, identical = rerun.pages - earlier.pages, rerun.identical - earlier.identical
    stage.require(pages == identical and not rerun.rest, f"the partner's program found: {rerun}")
    stage.tell(f"The partner computed {pages:,} more pages again, from this release's bundle: all identical.")


def learned(stage: Stage, base: Offered, upto: int) -> Offered:
    """Have the licensor learn a release from the journal's records below `upto`."""
    file = stage.releases / f"{NAME}.bundle"
    stage.run(
        "plainview learn", "learn", str(file), "--home", str(stage.home), "--release", str(base.file), "--upto",
        str(upto), "--name", NAME,
    )  # fmt: skip
    return offered(file)


def retrained(stage: Stage, release: Offered, base: Offered) -> Tested:
    """Have the auditor do that again, on the partner's own copy of the records."""
    from plainview.oversight.partner.directory import JOURNAL

    lines = stage.run(
        "plainview learn --check", "learn", str(release.file), "--check", "--home", str(stage.overseer / JOURNAL),
        "--release", str(base.file),
    )  # fmt: skip
    stage.tell("The auditor did the training again on the partner's own copy, and the same came out.")
    return Tested("training done again", hashlib.sha256("\n".join(lines).encode()).digest())

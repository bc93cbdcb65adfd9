"""How a release comes to rank: licensed, offered, built by two, tested, approved."""

from __future__ import annotations

import time
from typing import NamedTuple

from plainview.cli.demo.releases import Offered, configured
from plainview.cli.demo.stage import Stage

NAME, SHARE = "for-you-1", 2_000_000


def play(stage: Stage) -> None:
    """Have the licensor's release approved, and serve by it."""
    from plainview.ledger.acts import Licence
    from plainview.ledger.scopes import MILLION, Scope
    from plainview.ledger.spelling import TIME_LIMIT
    from plainview.platform.local_licence import UNTESTED

    stage.begin("An approval", "the licensor offers a release; two build it, one tests it, the partner approves it")
    release = configured(stage, NAME, share=SHARE)
    stage.tell(
        f"The licensor's release [bold]{release.name}[/bold], {release.digest[:12]}, is one file that all are given. A "
        f"share counts {SHARE / 1e6:g} in its value formula."
    )
    now, everybody = time.time_ns() // 1_000_000, Scope(None, None, MILLION)
    stage.say(Licence(stage.charter.origin, 1, everybody, now, TIME_LIMIT, 0, ()), "licensor", "operator")
    approve(stage, release, stage.charter.baseline, Tested(UNTESTED, bytes(32)))
    take_over(stage, release, "plainview.cli.demo.dishonest", str(stage.switch))
    stage.mark("an approved release", ranked=True)
    stage.play(stage.seconds)
    stage.caught_up()
    rerun = stage.rerun()
    stage.require(rerun.pages == rerun.identical and not rerun.rest, f"the partner's program found: {rerun}")
    stage.tell(f"The partner computed {rerun.pages:,} pages again as they were served: all identical, bit for bit.")


class Tested(NamedTuple):
    """What an auditor has run, and passed."""

    suite: str
    results: bytes
    """SHA-256 of all that came out."""


def approve(stage: Stage, release: Offered, base: bytes, tested: Tested) -> None:
    """Have all parties say what an approval takes, and the partner approve. `base` is the release that it changes."""
    from plainview.ledger.acts import Approval, Build, Result, Submission
    from plainview.ledger.attestations import PRETENDED
    from plainview.ledger.charters import BOUND_LIMIT
    from plainview.ledger.scopes import MILLION, Scope
    from plainview.ledger.spelling import TIME_LIMIT
    from plainview.platform.releases import environment_digest
    from plainview.records.fields import to_bytes

    log, digest = stage.charter.origin, to_bytes(release.digest)
    stage.say(Submission(log, digest, base, 1), "licensor")
    build(stage, release)
    pretended = Build(log, digest, to_bytes(release.golden), PRETENDED, to_bytes(environment_digest()))
    stage.say(pretended, "builder-2", remark="its CPU is pretended")
    stage.say_by_partner(Result(log, digest, tested.suite, True, tested.results), "auditor")
    now, everybody = time.time_ns() // 1_000_000, Scope(None, None, MILLION)
    act = Approval(log, digest, stage.records(), 1, everybody, now, TIME_LIMIT, 0, BOUND_LIMIT)
    stage.say_by_partner(act, "partner")
    stage.released = release


def build(stage: Stage, release: Offered) -> None:
    """Have a builder compute the golden vectors and attest to them."""
    from plainview.cli.note_files import read_note_file
    from plainview.ledger.notes import Note
    from plainview.platform.log.opening import KEY

    file = stage.licensor / f"{release.name}.build"
    stage.run(
        "plainview release attest", "release", "attest", str(file), "--key", str(stage.parties / "builder-1" / KEY),
        "--log", stage.charter.origin, "--release", str(release.file),
    )  # fmt: skip
    stage.hand_in(Note(*read_note_file(file)), "builder-1", "it computed the golden vectors")


def take_over(stage: Stage, release: Offered, module: str, *before: str) -> None:
    """Have the operator install the release and start its server again, as the module that is named."""
    stage.run("plainview release install", "release", "install", str(release.file), "--home", str(stage.home))
    stage.serve(module, *before)
    serves = stage.ask("/health")["release"]
    stage.require(serves == release.digest, f"the server serves by release {serves}, and not by {release.digest}")

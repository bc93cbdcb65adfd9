"""How a release comes to rank: licensed, offered, built by two, tested, approved."""

from __future__ import annotations

import time

from plainview.cli.demo.stage import Stage


def play(stage: Stage) -> None:
    """Have the licensor's release approved, and serve by it."""
    from plainview.ledger.acts import Licence
    from plainview.ledger.scopes import MILLION, Scope
    from plainview.ledger.spelling import TIME_LIMIT
    from plainview.platform.releases import installed, installed_digest

    stage.begin("An approval", "the licensor offers a release; two build it, one tests it, the partner approves it")
    now, everybody = time.time_ns() // 1_000_000, Scope(None, None, MILLION)
    stage.say(Licence(stage.charter.origin, 1, everybody, now, TIME_LIMIT, 0, ()), "licensor", "operator")
    begins = approve(stage, installed_digest(), installed().golden)
    stage.mark("an approved release", ranked=True, begins=begins)
    stage.play(stage.seconds)
    stage.caught_up()
    rerun = stage.rerun()
    stage.require(rerun.pages == rerun.identical and not rerun.rest, f"the partner's program found: {rerun}")
    stage.tell(f"The partner computed {rerun.pages:,} pages again as they were served: all identical, bit for bit")


def approve(stage: Stage, release: str, golden: str) -> int:
    """Have all parties say what an approval takes, and the partner approve: its index."""
    from plainview.ledger.acts import Approval, Build, Result, Submission
    from plainview.ledger.charters import BOUND_LIMIT
    from plainview.ledger.scopes import MILLION, Scope
    from plainview.ledger.spelling import TIME_LIMIT
    from plainview.platform.local_licence import PRETENDED, UNTESTED
    from plainview.platform.releases import environment, environment_digest
    from plainview.records.fields import to_bytes

    log, digest = stage.charter.origin, to_bytes(release)
    built, runs_with = to_bytes(golden), to_bytes(environment_digest())
    stage.say(Submission(log, digest, None, 1), "licensor")
    stage.say(Build(log, digest, built, environment()["cpu"] or "unknown", runs_with), "builder-1")
    stage.say(Build(log, digest, built, PRETENDED, runs_with), "builder-2")
    stage.say_by_partner(Result(log, digest, UNTESTED, True, bytes(32)), "auditor")
    now, everybody = time.time_ns() // 1_000_000, Scope(None, None, MILLION)
    span = (now, TIME_LIMIT)
    return stage.say_by_partner(Approval(log, digest, stage.records(), 1, everybody, *span, 0, BOUND_LIMIT), "partner")

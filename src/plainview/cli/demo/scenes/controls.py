"""Which of the arrangement's promises hold after all that, by what the partner's program has checked."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from plainview.cli.demo.children import end_with_parent
from plainview.cli.demo.stage import Missed, Stage

HOLD = {5: "approvals have a scope", 6: "revocation stops a release"}
"""Controls that must be met when all has gone as it was played."""
BROKEN = {2: "unapproved code does not rank", 14: "pages can be re-run", 17: "boosts exist only as orders"}
"""And those that a change of the algorithm must break, for good: a correction does not undo it."""


def play(stage: Stage) -> None:
    """Have `plainview controls` look at the partner's directory."""
    stage.begin("Controls", "what of all that was promised holds, by the partner's own records")
    rows = judged(stage)
    for state in ("met", "not met", "not applicable"):
        own = [row for row in rows if row["state"] == state]
        stage.tell(f"[bold]{len(own)} {state}[/bold]: {', '.join(str(row['number']) for row in own)}")
    for row in rows:
        if row["findings"]:
            stage.tell(f"[red]{row['number']} {row['title']}[/red]: not met, since {len(row['findings'])} were found")
    stage.tell("`plainview controls` says of each why, and by which records. Some are not met on one machine.")
    check(rows)


def check(rows: list[dict[str, Any]]) -> None:
    """Raises Missed where what was played has not left the verdicts that it must."""
    states = {row["number"]: row["state"] for row in rows}
    for wanted, controls in (("met", HOLD), ("not met", BROKEN)):
        for number, title in controls.items():
            if states[number] != wanted:
                raise Missed(f"control {number}, {title}, is {states[number]}, and had to be {wanted}")


def judged(stage: Stage) -> list[dict[str, Any]]:
    """What the command says of each control."""
    from plainview.ledger.charters import digest_text

    command = [
        sys.executable, "-m", "plainview.cli", "controls", str(stage.overseer), "--json",
        f"--charter={digest_text(stage.charter.digest())}",
    ]  # fmt: skip
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, preexec_fn=end_with_parent)
    try:
        rows: list[dict[str, Any]] = json.loads(done.stdout)["controls"]
    except ValueError as error:
        raise Missed(f"plainview controls ended with code {done.returncode}, and said nothing") from error
    return rows

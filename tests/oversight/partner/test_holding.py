"""What the partner knows, held against the log: what could not be written down is found again, what is late is told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plainview.oversight.mirror.files import MirrorFiles
from plainview.oversight.partner.canaries import RECEIPTS
from plainview.oversight.partner.holding import Holding
from plainview.oversight.tallies import Lost, Off
from tests.ledger.breaches import DEADLINE
from tests.oversight.pages import answer
from tests.platform.faulty import NO_SPACE

OFF = Off(7, "rankings", "2 rankings are counted", (3, 7))


class Failing:
    """A reporting that fails so often, be it at findings or at what is said."""

    def __init__(self, failures: int) -> None:
        self.telling = self
        self.failures = failures
        self.found: list[Any] = []

    def find(self, *given: Any, **how: Any) -> None:
        self.say(given)

    def say(self, line: Any) -> None:
        if self.failures:
            self.failures -= 1
            raise NO_SPACE
        self.found.append(line)


def test_what_could_not_be_written_is_found_at_the_next_look() -> None:
    following, reporting = SimpleNamespace(tallied=[OFF, Lost(9, 7, 9, 1)]), Failing(1)
    unused: Any = None
    holding = Holding(following, reporting, *[unused] * 8)  # type: ignore[arg-type]
    with pytest.raises(OSError, match="No space left"):
        holding.tallies()
    holding.tallies()
    assert [one[:4] for one in reporting.found[:1]] == [("tally", 7, "rankings", OFF.detail)]
    assert "record 9 says" in reporting.found[1]
    assert following.tallied == []
    holding.tallies()
    assert len(reporting.found) == 2


def test_what_was_promised_and_is_not_there_in_time_is_told(tmp_path: Path) -> None:
    receipts, told, now = MirrorFiles(tmp_path), list[tuple[str, list[str]]](), DEADLINE
    for index in (77, 78):
        receipts.write(f"{RECEIPTS}/{index}.json", answer(index))
    following = SimpleNamespace(keeps=lambda note: "\n78\n" in note.text)
    reporting = SimpleNamespace(telling=SimpleNamespace(remark=lambda *given: told.append(given)))
    unused: Any = None
    holding = Holding(
        following, reporting, *[unused] * 3, receipts, *[unused] * 2, lambda: now, unused  # type: ignore[arg-type]
    )  # fmt: skip
    holding.promises()
    now += 1
    holding.promises()
    late = "entries promised by now are not there (77); nothing that was cosigned proves it"
    assert told == [("promises", []), ("promises", [late])]
    assert [Path(one).name for one in receipts.names(RECEIPTS)] == ["77.json"]  # the other promise was kept

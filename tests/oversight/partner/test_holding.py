"""What was found of tallies while it cannot be written down: it is found again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from plainview.oversight.partner.holding import Holding
from plainview.oversight.tallies import Lost, Off
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

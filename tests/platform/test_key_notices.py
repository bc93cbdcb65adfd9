from __future__ import annotations

import logging
import math
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.ledger.charters import Charter
from plainview.ledger.key_ends import NOTICE
from plainview.platform.key_notices import EVERY, KeyNotices
from tests.platform.homes import begun, charter_of
from tests.platform.stepping import Clock
from tests.platform.towns import open_town, until

DAY = 86_400_000
END = 1_900_000_000_000


@pytest.fixture(scope="module")
def charter(tmp_path_factory: pytest.TempPathFactory) -> Charter:
    """The keys of partner and operator end, the partner's first."""
    home = tmp_path_factory.mktemp("notices") / "home"
    begun(home, licensed=False)
    ends = {"operator": END + 100 * DAY, "partner": END}
    made = charter_of(home)
    return replace(made, parties=tuple(replace(one, until=ends.get(one.role)) for one in made.parties))


def test_days_are_counted_to_the_first_end(charter: Charter) -> None:
    clock = Clock(END - 3 * DAY // 2)
    notices = KeyNotices(lambda: charter, clock)
    assert notices.days_left == 1.5
    assert ", in 1 day: " in notices.lines[0]
    assert len(notices.lines) == 1
    clock.now = END + DAY
    assert notices.days_left == -1
    assert "counts for nothing until an amendment renews it" in notices.lines[0]
    clock.now = END - NOTICE - 1
    assert notices.lines == []
    endless = replace(charter, parties=tuple(replace(one, until=None) for one in charter.parties))
    assert KeyNotices(lambda: endless, clock).days_left == math.inf


def test_a_server_that_runs_says_it_again_and_again(charter: Charter, caplog: pytest.LogCaptureFixture) -> None:
    """Started when nothing was to be said, and left to run until something is, and then for days."""
    assert EVERY == 86_400
    clock = Clock(END - NOTICE - 1)
    notices = KeyNotices(lambda: charter, clock, 0.01)

    def said(what: str) -> int:
        return sum(what in one.getMessage() for one in caplog.records)

    with caplog.at_level(logging.WARNING, logger="plainview.platform.key_notices"):
        notices.start()
        assert not caplog.records
        clock.now = END - DAY
        until(lambda: said(", in 1 day: ") >= 2)
        clock.now = END
        until(lambda: said("until an amendment renews it") >= 2)
        notices.close()
    assert not any(thread.name == "key notices" for thread in threading.enumerate())


def test_a_platform_starts_and_ends_it(tmp_path: Path) -> None:
    with open_town(tmp_path / "home") as town:
        assert town.key_notices._thread is not None
        assert town.key_notices._thread.is_alive()
        assert town.key_notices.lines == []
        assert "plainview_key_days_left +Inf" in town.metrics.text().decode()
    assert not town.key_notices._thread.is_alive()

from __future__ import annotations

import time
from pathlib import Path

import pytest

from plainview.platform import lineage
from plainview.platform.application import Application
from tests.platform.test_learner import epochs, play
from tests.platform.towns import open_town, populate, settled


@pytest.fixture
def played(home: Path) -> Application:
    application = open_town(home)
    populate(application)
    play(application)
    settled(application)
    return application


def test_any_epoch_in_any_order_is_the_same_world(played: Application) -> None:
    with played as application:
        numbers = [epoch.epoch for epoch in epochs(application)]
        found = {}
        for number in [*numbers, *reversed(numbers), numbers[-1], numbers[0]]:
            with application.lineage.at(number) as world:
                assert found.setdefault(number, world.digest()) == world.digest()
        for number in (numbers[0], numbers[-1]):
            epoch = application.lineage.epoch(number)
            assert epoch is not None
            assert application.lineage.restore(epoch).digest() == found[number]


def test_an_epoch_that_is_not_there(played: Application) -> None:
    with played as application:
        with pytest.raises(LookupError, match="epoch 999999 is not in the journal"), application.lineage.at(999_999):
            pass
        assert application.lineage.epoch(999_999) is None


def test_a_past_world_is_forgotten_when_nobody_asks(played: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineage, "KEPT", 0.01)
    with played as application:
        with application.lineage.at(1):
            pass
        deadline = time.monotonic() + 60
        while application.lineage._kept is not None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with application.lineage.at(1) as world:
            assert world.videos >= 0

"""What is counted of an item, and how it decays."""

from __future__ import annotations

import pytest

from plainview.feed.kernels.idmap import find
from plainview.feed.tables import LIKES, LONG_VIEWS, SHOWN
from plainview.records import Impression, Record, outcome_bits
from tests.feed.towns import START, fold_town, town

DAY = 86_400_000


def seen(row: int, at: int, *outcomes: str) -> Record:
    return Impression(
        time=START, origin="town", row=row, viewer=row, video=10, surface=1, at=START + at, watched=9_000,
        outcomes=outcome_bits(*outcomes),
    )  # fmt: skip


def test_sums_halve_in_seven_days_and_in_one() -> None:
    people = [record for _, record in town(impressions=0)]
    acts = [seen(0, 0, "long_view", "like"), seen(1, 0), seen(2, 7 * DAY, "long_view")]
    fold = fold_town(list(enumerate([*people, *acts])))
    tables = fold.world.tables
    item = tables.item[tables.video["item"][find(fold.world.maps.video, tables.video, 10)]]
    assert item["slow"][[SHOWN, LONG_VIEWS, LIKES]] == pytest.approx([2 / 2 + 1, 1 / 2 + 1, 1 / 2])
    assert item["fast"][[SHOWN, LONG_VIEWS]] == pytest.approx([2 / 128 + 1, 1 / 128 + 1])
    assert item["surface"][1][[SHOWN, LONG_VIEWS]].tolist() == [3, 2]

from __future__ import annotations

import msgspec
import numpy as np

from plainview.feed.configuration import DEFAULT
from plainview.feed.heads import HEADS
from plainview.learning.fold import Fold, empty_world
from plainview.learning.progressive import Foretold, Later, Progressive
from plainview.records import Event, Impression, Record
from tests.exactness.test_cuts import RECORDS, WHOLE
from tests.feed.towns import nothing

Entries = list[tuple[int, Record]]


def foretold(records: Entries, batch: int = len(RECORDS)) -> tuple[list[Foretold], list[Later], Fold]:
    fold = Fold(DEFAULT, empty_world(), 1000, nothing)
    progressive = Progressive(fold)
    pieces = [progressive.take(records[start : start + batch]) for start in range(0, len(records), batch)]
    return [piece[0] for piece in pieces], [piece[1] for piece in pieces], fold


def test_the_world_learns_as_it_does_without_being_asked() -> None:
    for batch in (len(RECORDS), 37):
        assert foretold(RECORDS, batch)[2].world.digest() == WHOLE.digest()


def test_every_impression_and_view_is_foretold_and_other_acts_come_later() -> None:
    (told,), (later,), _ = foretold(RECORDS)
    impressions = [record for _, record in RECORDS if isinstance(record, Impression)]
    views = [record for _, record in RECORDS if isinstance(record, Event) and record.action == "view"]
    others = [record for _, record in RECORDS if isinstance(record, Event) and record.action != "view"]
    # A page of a viewer's that lies more than a few pages back no longer counts, here as in the fold.
    assert len(impressions) < len(told.viewer) <= len(impressions) + len(views)
    assert 0 < len(later.viewer) <= len(others)
    assert told.parts.shape == (len(told.viewer), len(HEADS))
    assert np.all(np.isfinite(told.parts))
    assert np.all((told.parts[:, 1:] > 0) & (told.parts[:, 1:] < 1))
    assert set(told.list[told.list >= 0]) <= {index for index, record in RECORDS if type(record).__name__ == "Page"}


def test_what_came_of_an_impression_is_not_in_its_prediction() -> None:
    place = next(at for at in range(300, len(RECORDS)) if isinstance(RECORDS[at][1], Impression))
    index, record = RECORDS[place]
    assert isinstance(record, Impression)
    other: Entries = list(RECORDS)
    other[place] = (index, msgspec.structs.replace(record, outcomes=record.outcomes ^ 1, watched=77))
    before = sum(isinstance(one, Impression) for _, one in RECORDS[:place])
    for batch in (1, 50):
        one = np.concatenate([piece.parts for piece in foretold(RECORDS, batch)[0]])
        two = np.concatenate([piece.parts for piece in foretold(other, batch)[0]])
        # The impression itself, and all before it, are foretold alike; something after it is not.
        assert np.array_equal(one[: before + 1], two[: before + 1])
        assert not np.array_equal(one, two)


def test_videos_are_known_before_they_are_foretold_in_one_batch_or_many() -> None:
    (one,), _, _ = foretold(RECORDS)
    many = foretold(RECORDS, 1)[0]
    assert len(one.viewer) == sum(len(piece.viewer) for piece in many)


def test_nothing_is_no_error() -> None:
    told, later = Progressive(foretold(RECORDS)[2]).take([])
    assert len(told.viewer) == len(later.viewer) == 0

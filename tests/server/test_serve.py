from __future__ import annotations

import gc

from plainview.server.serve import COLLECTING, _spare_the_collector


def test_what_is_there_at_the_start_is_not_searched_for_cycles() -> None:
    before = gc.get_threshold()
    kept = [[number] for number in range(1000)]
    try:
        _spare_the_collector()
        assert gc.get_threshold() == COLLECTING
        assert gc.get_freeze_count() > len(kept)
        assert len(gc.get_objects()) < len(kept)
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)

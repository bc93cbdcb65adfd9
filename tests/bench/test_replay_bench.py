from __future__ import annotations

from pathlib import Path

import pytest

from bench import replay
from bench.journals import Size, build
from plainview.platform.home import Home


@pytest.mark.timeout(900)
def test_both_sides_are_measured_on_the_same_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "VIEWERS", 20)
    monkeypatch.setattr(replay, "RATE", 20)
    home = Home(tmp_path / "home")
    build(home, Size(200, 20, 20, 500), seed=1)
    served = replay.serve(home, 2, seed=1)
    assert served.pages > 10
    assert served.cpu_seconds > 0
    assert served.start > 720
    rolled = replay.roll(home, served.start)
    # The warm-up's pages are replayed too.
    assert rolled.identical == rolled.pages > served.pages
    assert rolled.cpu_seconds > 0
    assert rolled.import_seconds > 0
    folded = replay.fold(home)
    assert folded.acts >= 500 + 4 * served.pages
    assert folded.seconds > 0

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from bench import oversight
from bench.journals import Size
from plainview.platform.home import Home

SIZE = Size(200, 20, 20, 500)


@pytest.mark.timeout(900)
def test_all_that_was_served_is_re_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oversight, "EPOCH", 50)
    monkeypatch.setattr(oversight, "SESSION", 2)
    home = Home(tmp_path / "home")
    played = oversight.play(home, SIZE, 42, seed=1)
    with closing(home.read()) as journal:
        kinds = [entry.kind for entry in journal.read(played.start)]
        assert [kinds.count(one) for one in ("page", "event")] == [42, 42 * (oversight.VIEWS + 1)]
        assert kinds.count("epoch") > 2
        for cores in (1, 2):
            done = oversight.rerun(journal, played.start, cores)
            assert (done.pages, done.records) == (42, len(kinds))
            assert done.seconds > 0
            assert done.late > 0
            assert done.cpu_seconds > 0
            assert done.restart > 0
            assert done.kept > 10_000
    size = (home.path / "journal.sqlite").stat().st_size
    assert oversight.play(home, SIZE, 42, seed=1) == played  # what is there is used again
    assert (home.path / "journal.sqlite").stat().st_size == size
    with pytest.raises(RuntimeError, match="holds 42 pages"):
        oversight.play(home, SIZE, 41, seed=1)
    home = Home(tmp_path / "home")
    more = oversight.play(home, SIZE, 50, seed=1)
    assert more == played
    with closing(home.read()) as journal:
        assert oversight.rerun(journal, more.start, 1).pages == 50

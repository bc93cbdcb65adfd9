from __future__ import annotations

from io import StringIO

from rich.console import Console

from plainview.cli.demo.screen import screen, share, shares, sparkline
from plainview.platform.town import Moment


def moment(seconds: float, views: int, long_views: int, pages: int = 0, baseline: int = 0) -> Moment:
    arms = {"personal": views, "plain": 10}, {"personal": long_views, "plain": 5}
    return Moment(seconds, pages, 10 * pages, 0, *arms, baseline)


def test_a_share_is_of_what_was_viewed() -> None:
    moments = [moment(1, 10, 2), moment(2, 30, 18)]
    assert share(moments, "personal") == 0.5
    assert share([], "personal") == 0.0
    assert shares(moments, "personal") == [0.2, 0.6]
    assert shares(moments, "personal", width=1) == [0.5]


def test_a_line_is_as_high_as_its_shares() -> None:
    assert sparkline([0.0, 0.4, 0.8, 1.0]) == " ▄██"


def test_the_screen_says_what_came_since_the_first_moment() -> None:
    out = Console(file=StringIO(), width=200)
    moments = [moment(0.5, 10, 2, 105, 21), moment(1.0, 10, 4, 120, 25)]
    out.print(screen(moments, (100, 20, 1000), "records below 7 re-run: 1 pages, 1 identical"))
    assert isinstance(out.file, StringIO)
    said = out.file.getvalue()
    assert "1 s, 20 pages (5 the baseline instead), 200 events" in said
    assert "30%" in said
    assert "records below 7 re-run" in said

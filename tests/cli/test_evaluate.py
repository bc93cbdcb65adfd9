from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from plainview.journal import Draft
from plainview.journal.entry import Ack
from plainview.platform.application import Application
from plainview.platform.home import Home
from plainview.records import Event
from plainview.records.fields import to_text
from tests.cli.homes import invoke, one_line
from tests.platform.played import application


def test_figures_of_what_was_served(served: Path) -> None:
    figures = json.loads(invoke("evaluate", "--json", "--last", "0.5", "--home", served).stdout)
    assert figures["impressions"] > 100
    assert figures["measured"] == pytest.approx(figures["impressions"] / 2, abs=1)
    heads = {one["head"]: one for one in figures["heads"]}
    assert list(heads)[:3] == ["rank", "long_view", "complete"]
    assert 0 < heads["rank"]["primary"] < 1
    assert heads["like"]["positives"] > 0
    assert sum(one["rows"] for one in heads["long_view"]["calibration"]) == figures["measured"]
    assert len(figures["tenths"]) == 10
    assert figures["exploration"]["slots"] > 0
    assert figures["exploration"]["effective_slots"] == pytest.approx(figures["exploration"]["slots"])


def test_predictions_do_not_depend_on_how_records_are_read(served: Path) -> None:
    # With one batch nothing is learned before it is foretold; with many, later ones are foretold better or worse.
    one, again, many = (
        json.loads(invoke("evaluate", "--json", "--batch", batch, "--home", served).stdout)
        for batch in (9999, 9999, 50)
    )
    assert one == again
    assert one["impressions"] == many["impressions"]
    assert one["heads"] != many["heads"]


def test_a_view_told_twice_is_one_impression(served: Path) -> None:
    once = invoke("evaluate", "--json", "--batch", 9999, "--home", served).stdout
    with Application(Home(served), residents=4096) as running:
        views = [entry.record for entry in running.journal.of_kind("event")]
        again = [
            Draft(msgspec.structs.replace(view, time=0, id=to_text(place.to_bytes(16)), watched=view.watched ^ 2**15))
            for place, view in enumerate(views)
            if isinstance(view, Event) and view.action == "view"
        ]
        assert all(isinstance(outcome, Ack) and outcome.fresh for outcome in running.journal.append(again))
    assert invoke("evaluate", "--json", "--batch", 9999, "--home", served).stdout == once


def test_the_table_and_its_charts(served: Path) -> None:
    result = invoke("evaluate", "--home", served)
    assert result.exit_code == 0, result.output
    assert "each foretold before it was learned" in result.output
    assert "primary of rank, tenth by tenth" in result.output
    assert "█" in result.output
    assert "slots left to chance" in result.output


def test_the_table_is_whole_at_80_columns_and_folded_below(served: Path) -> None:
    wide = invoke("evaluate", "--home", served, COLUMNS="80").output
    assert len(re.findall(r"^not_interested +[\d,]+(?: +\d\.\d{4}){6}$", wide, re.MULTILINE)) == 1
    narrow = invoke("evaluate", "--home", served, COLUMNS="40").output
    assert "primary" in narrow
    assert "…" not in wide + narrow


def test_nothing_to_evaluate(tmp_path: Path) -> None:
    with application(tmp_path / "home"):
        pass
    result = invoke("evaluate", "--home", tmp_path / "home")
    assert result.exit_code == 2
    assert "no impressions yet" in one_line(result)

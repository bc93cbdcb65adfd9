from __future__ import annotations

import pytest

from plainview.cli.console import EDGELESS, console


@pytest.mark.parametrize(
    ("columns", "width"), [("0", EDGELESS), ("19", EDGELESS), ("-3", EDGELESS), ("wide", EDGELESS), ("20", 20)]
)
def test_columns_in_which_nothing_could_be_read_are_none(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    out = console()
    out.print("something")
    assert out.width == width
    assert capsys.readouterr().out == "something\n"

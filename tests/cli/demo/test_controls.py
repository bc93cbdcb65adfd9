from __future__ import annotations

from typing import Any

import pytest

from plainview.cli.demo.scenes.controls import BROKEN, HOLD, check
from plainview.cli.demo.stage import Missed


def rows(**changes: str) -> list[dict[str, Any]]:
    """What must have come out, but for the changes."""
    states = dict.fromkeys(HOLD, "met") | dict.fromkeys(BROKEN, "not met")
    states |= {int(number.removeprefix("c")): state for number, state in changes.items()}
    return [{"number": number, "state": state} for number, state in states.items()]


def test_what_must_come_out() -> None:
    check(rows())


@pytest.mark.parametrize(
    "changes", [{"c2": "met"}, {"c5": "not applicable"}, {"c6": "not met"}, {"c14": "met"}, {"c17": "not applicable"}]
)
def test_what_did_not_is_said(changes: dict[str, str]) -> None:
    (number,) = changes
    with pytest.raises(Missed, match=rf"control {number.removeprefix('c')}, .*, is {changes[number]}, and had to be"):
        check(rows(**changes))

"""`plainview order`, as operator and partner meet it."""

from __future__ import annotations

from pathlib import Path

import pytest

from plainview.ledger.acts import Order, OrderEnd, parse_act
from plainview.platform.log.opening import KEY
from tests.cli.homes import invoke, one_line
from tests.cli.test_act import ANSWERS, answering, url
from tests.platform.homes import charter_of, parties_of
from tests.platform.parties import Parties

LOG = "log.example/plainview"
NEW = (
    *("--log", LOG, "--number", 1, "--video", 5, "--from", "2030-01-01", "--until", "2030-02-01", "--cap", 100),
    *("--label", "Sponsored", "--reason", "the spring campaign"),
)
__all__ = ["url"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_an_order_is_given_and_ended(home: Path, url: str, tmp_path: Path) -> None:
    log, now = charter_of(home).origin, Parties(home).now

    def submitted(command: str, *options: object, by: tuple[str, ...]) -> str:
        file = tmp_path / f"{command}.act"
        assert invoke("order", command, file, "--log", log, *options).exit_code == 0
        for name in by:
            assert invoke("act", "sign", file, "--key", parties_of(home) / name / KEY).exit_code == 0
        return invoke("act", "submit", file, "--url", url).output

    shown = invoke("order", "show", "--url", url).output
    assert shown.startswith("0 orders; counted as far as epoch ")
    assert shown.endswith(" goes. What the server says of them is proven by the log alone.\n")
    said = submitted(
        *("new", "--number", 1, "--video", 5, "--from", now, "--until", now + 86_400_000, "--cap", 1_000),
        *("--label", "Sponsored", "--reason", "the spring campaign", "--region", "US", "--region", "DE"),
        by=("operator", "partner"),
    )
    assert "it counts" in said
    assert "it counts" in submitted("end", "--number", 1, "--reason", "called off", by=("partner",))
    shown = invoke("order", "show", "--url", url).output
    assert "order 1, record " in shown
    assert ", ended by record " in shown
    assert "  video 5, DE, US, from " in shown
    assert '  shown on 0 of at most 1,000 pages, labelled "Sponsored"\n  why: the spring campaign\n' in shown
    assert f"  signed by {log}/operator, {log}/partner\n" in shown


def test_what_is_written_down(tmp_path: Path) -> None:
    file = tmp_path / "order.act"
    said = invoke("order", "new", file, *NEW, "--region", "US", "--region", "DE").output
    act = parse_act(file.read_text())
    assert isinstance(act, Order)
    assert (act.regions, act.cap, act.begins, act.label) == (("DE", "US"), 100, 1_893_456_000_000, "Sponsored")
    assert "order, digest " in said
    assert invoke("order", "end", tmp_path / "end.act", "--log", LOG, "--number", 3, "--reason", "no").exit_code == 0
    assert parse_act((tmp_path / "end.act").read_text()) == OrderEnd(LOG, 3, "no")
    assert invoke("order", "new", tmp_path / "all.act", *NEW).exit_code == 0
    everywhere = parse_act((tmp_path / "all.act").read_text())
    assert isinstance(everywhere, Order)
    assert everywhere.regions is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (("--from", "tomorrow"), "'tomorrow' is no time"),
        (("--until", "2030-01-01"), "order: until 1893456000000 is not after from"),
        (("--label", "x" * 101), "order, label: 101 characters, at most 100 are shown"),
        (("--region", "usa"), "'usa' is not two capital letters"),
        (("--log", "two words"), "key name 'two words'"),
    ],
)
def test_what_is_no_order(tmp_path: Path, changes: tuple[str, ...], told: str) -> None:
    result = invoke("order", "new", tmp_path / "order.act", *NEW, *changes)
    assert result.exit_code == 2
    assert told in one_line(result)
    assert not (tmp_path / "order.act").exists()


ORDER = {
    "order": 1, "index": 7, "video": 5, "regions": ["DE"], "begins": -5, "until": 10**30, "cap": 3, "shown": 1,
    "label": "\x1b[2J", "reason": "\x1b[2J\ud800\n", "signers": ["\x1b[2J"], "ended": None,
}  # fmt: skip
DAY = {"day": "\x1b[2J", "videos": 8, "ordered": 1, "share": 0.125}


@pytest.mark.parametrize(
    "answer",
    [
        *ANSWERS,
        {"epoch": 1, "orders": [], "days": None},
        {"epoch": 1, "orders": [{}], "days": []},
        {"epoch": 1, "orders": [ORDER | {"shown": "1"}], "days": []},
        {"epoch": 1, "orders": [ORDER], "days": [DAY | {"share": "much"}]},
    ],
    ids=lambda answer: str(answer)[:20],
)
def test_another_server_is_told_apart(answer: object) -> None:
    with answering(answer) as url:
        result = invoke("order", "show", "--url", url)
    assert result.exit_code == 2
    assert "answers with something else" in one_line(result) or "does not answer in JSON" in one_line(result)


def test_what_a_server_says_cannot_steer_the_terminal() -> None:
    with answering({"epoch": 1, "orders": [ORDER], "days": [DAY]}) as url:
        result = invoke("order", "show", "--url", url)
    assert result.exit_code == 0
    assert "order 1, record 7\n  video 5, DE, from -5 ms until " in result.output
    assert "1 of 8 videos shown were ordered (12.50%)" in result.output
    assert "\x1b" not in result.output

"""A report as text."""

from __future__ import annotations

import re

import pytest

from plainview.ledger.errors import FormatError
from plainview.oversight.reports.report import OPENED, PUBLIC, Number, Report, parse_report, read_report

NUMBERS = (
    Number(PUBLIC, "records act", "12"),
    Number(PUBLIC, "draw 1 tampered-at-most", "3/400"),
    Number(OPENED, "arm calm:control pages", "7"),
    Number(OPENED, "order 1 pages on 2026-01-01", "1/2"),
)
REPORT = Report("feed.example/log", 2, 10, 500, bytes(32), 510, NUMBERS)
TEXT = f"""\
plainview/report/v1
log feed.example/log
number 2
start 10
upto 500
root {"A" * 43}
verification 510
public records act 12
public draw 1 tampered-at-most 3/400
opened arm calm:control pages 7
opened order 1 pages on 2026-01-01 1/2
"""


def test_it_is_read_as_it_is_written() -> None:
    assert REPORT.text() == TEXT
    assert parse_report(TEXT) == REPORT
    assert REPORT.what == "report 2 on records 10 to 499"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("plainview/report/v1", "plainview/report/v2", "report, line 1: 'plainview/report/v2' is not"),
        ("log feed.example/log\n", "", "report, line 2: 'number 2' is not `log`"),
        ("feed.example/log", "feed example", "key name 'feed example'"),
        ("number 2", "number 0", "number 0 on records from 10 until 500"),
        ("start 10", "start 500", "number 2 on records from 500 until 500"),
        ("start 10", "start 010", "report, line 4: '010'"),
        ("A" * 43, "A" * 42, "report, line 6"),
        ("act 12\n", "act 12.5\n", "report, line 8: 'records act 12.5' is not a name and a number"),
        ("act 12\n", "act 012\n", "'records act 012' is not a name and a number"),
        ("3/400", "3/0", "'draw 1 tampered-at-most 3/0' is not a name and a number"),
        ("records act", "records  act", "is not a name and a number"),
        (
            "opened arm calm:control pages 7",
            "public records act 3",
            "report, line 10: 'records act' stands there twice",
        ),
        ("opened arm", "sealed arm", "report, line 10: 'sealed arm calm:control pages 7' where `public` or"),
        ("on 2026-01-01 1/2\n", "on 2026-01-01 1/2", "the last line has no newline"),
    ],
)
def test_what_is_none(old: str, new: str, message: str) -> None:
    assert TEXT.count(old) == 1
    with pytest.raises(FormatError, match=re.escape(message)):
        parse_report(TEXT.replace(old, new))


def test_a_file_is_signed() -> None:
    with pytest.raises(FormatError, match="no empty line between text and signatures"):
        read_report(TEXT.encode())

from __future__ import annotations

import stat
from pathlib import Path

from plainview.oversight.partner.requests import Requests

FIRST, SECOND, THIRD = (bytes([byte]) * 32 for byte in (1, 2, 3))


def test_what_was_asked_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "requests"
    requests = Requests(path)
    assert not requests.made(FIRST)
    requests.add(FIRST)
    requests.add(SECOND)
    again = Requests(path)
    assert (again.made(FIRST), again.made(SECOND), again.made(THIRD)) == (True, True, False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_a_crash_cut_short_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "requests"
    path.write_bytes(FIRST + SECOND[:7])
    requests = Requests(path)
    requests.add(THIRD)
    again = Requests(path)
    assert (again.made(FIRST), again.made(SECOND), again.made(THIRD)) == (True, False, True)


def test_an_answer_without_an_access_is_told_once(tmp_path: Path) -> None:
    requests = Requests(tmp_path / "requests")
    for digest, now in ((FIRST, 10.0), (SECOND, 11.0), (THIRD, 30.0)):
        requests.add(digest)
        requests.answered(digest, now)
    requests.seen(SECOND)
    requests.seen(bytes(32))
    requests.answered(bytes(32), 10.0)  # the log was quicker than the answer
    assert requests.unseen(10.0) == []
    assert requests.unseen(20.0) == [FIRST]
    assert requests.unseen(20.0) == []
    assert requests.unseen(31.0) == [THIRD]

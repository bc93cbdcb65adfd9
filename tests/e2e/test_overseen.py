"""A platform that a partner oversees, both as processes: what is published, withheld, found."""

from __future__ import annotations

import re
import signal
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.overseen import Partner
from bench.serving import Server
from plainview.ledger.acts import Revocation
from plainview.ledger.charters import digest_text
from plainview.ledger.checkpoints import parse_checkpoint
from plainview.ledger.notes import parse_note
from plainview.platform.home import Home
from plainview.platform.releases import installed_digest
from plainview.records import Act
from plainview.records.fields import to_bytes
from tests.cli.homes import invoke
from tests.oversight.partner.partners import digest_of, partner_of, witnessed
from tests.platform.homes import charter_of, parties_of
from tests.platform.played import home_with_pages
from tests.server.clients import KERNELS, VIEWERS, Client, Viewer
from tests.server.typed import TYPES


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_with_pages(tmp_path / "home", 60)


def published(server: Server) -> int:
    """Records in the checkpoint that the server shows. Raises RuntimeError where it cannot be asked."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/log/checkpoint", timeout=30) as answer:
            return parse_checkpoint(parse_note(answer.read()).text).size
    except OSError as error:
        raise RuntimeError(f"{error}; {server.state}") from error


def grown(server: Server, size: int, seconds: float = 30) -> int:
    """What is published once it is more than `size`."""
    end = time.monotonic() + seconds
    while (found := published(server)) <= size:
        assert time.monotonic() < end, f"{found} records are published, and more than {size} were to be"
        time.sleep(0.1)
    return found


def health(server: Server) -> str:
    client = Client(server.port)
    detail: str = client.get("/health")["detail"]
    client.close()
    return detail


def register(server: Server) -> None:
    """Have one more record written."""
    client = Client(server.port)
    client.post("/v1/viewers", {"region": "US"})
    client.close()


def revocation(home: Path, path: Path) -> Path:
    """The partner's people revoke the installed release, in a file."""
    act = Revocation(charter_of(home).origin, to_bytes(installed_digest()), 1, "it pushes one creator")
    path.write_text(act.text())
    signed = invoke("act", "sign", path, "--key", parties_of(home) / "partner" / "key")
    assert signed.exit_code == 0, signed.stderr
    return path


@pytest.fixture
def looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where programs that are `tests.server.typed` note the types that msgspec looks at."""
    monkeypatch.setenv(TYPES, str(tmp_path / "types"))
    return tmp_path / "types"


def looked_late(path: Path) -> list[str]:
    """The types that were first decoded with threads about."""
    lines = path.read_text().splitlines()
    for program in ("serve", "oversee"):
        assert f"early plainview.records.page.Page by {program}" in lines
    return [line for line in lines if not line.startswith("early ")]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_an_operator_that_swallows_a_revocation_publishes_no_more(
    tmp_path: Path, home: Path, cache: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_ATTACK", "swallow")
    monkeypatch.setenv("BENCH_SIGNAL", str(tmp_path / "signal"))
    (tmp_path / "signal").touch()
    directory = tmp_path / "partner"
    keys = partner_of(home, directory)
    lying = Server(home, cache, KERNELS, program="bench.dishonest_server")
    partner = Partner(directory, digest_of(home), f"http://127.0.0.1:{lying.port}", KERNELS)
    witnessed(home, keys, f"http://127.0.0.1:{partner.port}/witness/")
    stack.callback(lying.stop)
    lying.start()
    partner.start()
    stack.callback(partner.end)
    size = grown(lying, published(lying))  # it is cosigned, and with it the charter that asks for that
    partner.hears("identical")
    done = invoke("oversee", "submit", directory, revocation(home, tmp_path / "stop"))
    assert (done.exit_code, done.stderr) == (0, "")
    assert re.match(r"act \d+ of the partner's log", done.stdout)
    partner.hears("was handed in: the operator answered 200")
    time.sleep(5.5)
    size = published(lying)
    for _ in range(3):
        register(lying)
        time.sleep(1.2)
    assert published(lying) == size
    assert "is missing from this l" in health(lying)
    finding = partner.hears("FINDING").line.rpartition("; ")[2]
    verified = invoke("verify", finding, f"--charter={digest_text(digest_of(home))}")
    assert verified.exit_code == 3, verified.stderr  # what the operator was given is the partner's word

    # It comes to its senses.
    lying.stop(signal.SIGTERM)
    honest = Server(home, cache, KERNELS)
    honest.port = lying.port
    stack.callback(honest.stop)
    honest.start()
    partner.hears("(revocation) is in the operator's log")
    register(honest)
    size = grown(honest, size)
    journal = Home(home).read()
    acts = [entry.record for entry in journal.of_kind("act") if isinstance(entry.record, Act)]
    journal.close()
    assert any("act revocation" in act.note and act.counts for act in acts)


def test_nothing_is_found_on_an_honest_operator_under_load_that_crashes(
    tmp_path: Path, home: Path, cache: Path, looked: Path, stack: ExitStack
) -> None:
    directory = tmp_path / "partner"
    keys = partner_of(home, directory)
    server = Server(home, cache, KERNELS, program="tests.server.typed")
    url = f"http://127.0.0.1:{server.port}"
    partner = Partner(directory, digest_of(home), url, KERNELS, program="tests.server.typed")
    witnessed(home, keys, f"http://127.0.0.1:{partner.port}/witness/")
    stack.callback(server.stop)
    server.start()
    partner.start()
    size = grown(server, published(server))
    viewers = [Viewer(server.port, viewer) for viewer in VIEWERS]
    for viewer in viewers:
        viewer.start()
    time.sleep(6)
    grown(server, size)
    partner.end(signal.SIGKILL)  # at any moment
    time.sleep(1)
    partner.start()
    time.sleep(4)
    server.kill()  # with all that it had counted
    for viewer in viewers:
        viewer.join()
    assert [viewer.wrong for viewer in viewers if viewer.wrong] == []
    server.start()
    partner.hears("was counted and lost")
    again = Viewer(server.port, next(iter(VIEWERS)))
    again.start()
    time.sleep(2)
    size = published(server)
    server.stop()
    again.join()
    assert again.wrong is None
    server.start()  # which publishes the last tally of the one before
    grown(server, size)
    time.sleep(2)
    server.stop()
    assert partner.end() == 0, partner.said[-1].line
    assert [one.line for one in partner.said if "FINDING" in one.line] == []
    assert list((directory / "findings").iterdir()) == []
    last = partner.said[-1].line
    assert last.startswith("Stopped: ")
    assert "identical" in last
    copy = invoke("verify", directory / "mirror", f"--charter={digest_text(digest_of(home))}")
    counted = re.search(r"its tallies count ([\d,]+) pages as they are, and say of ([\d,]+) that what", copy.stdout)
    assert copy.exit_code == 0
    assert counted is not None, copy.stdout
    answered = sum(len(viewer.pages) for viewer in [*viewers, again])
    assert sum(int(one.replace(",", "")) for one in counted.groups()) >= 60 + answered
    assert looked_late(looked) == []

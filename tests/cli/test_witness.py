from __future__ import annotations

import stat
from pathlib import Path

import pytest

from plainview.cli.address import http_address
from plainview.http import serving
from plainview.ledger.keys import parse_vkey
from plainview.ledger.private_keys import parse_private_key
from plainview.ledger.schemes import ED25519
from tests.cli.homes import invoke, one_line
from tests.ledger.logs import LOG, ORIGIN, signer

NAME = "witness.example/w1"


def test_a_new_witness(tmp_path: Path) -> None:
    result = invoke("witness", "new", tmp_path / "w", "--name", NAME, "--ml-dsa-44")
    assert result.exit_code == 0, result.output
    words = [line.split() for line in result.output.splitlines() if line.startswith("witness ")]
    assert [word[1] for word in words] == [NAME, f"{NAME}/ml-dsa-44"]
    for file, word in zip(("ed25519.key", "ml-dsa-44.key"), words, strict=True):
        path = tmp_path / "w" / file
        line = path.read_text().strip()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert parse_private_key(line).key == parse_vkey(word[2])
        assert line.split("+", 4)[4] not in result.output
        assert line.split("+", 4)[4] not in result.stderr


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    invoke("witness", "new", tmp_path / "w", "--name", NAME)
    before = (tmp_path / "w" / "ed25519.key").read_bytes()
    result = invoke("witness", "new", tmp_path / "w", "--name", NAME)
    assert result.exit_code == 2
    assert "not empty" in one_line(result)
    assert (tmp_path / "w" / "ed25519.key").read_bytes() == before


def told(*arguments: object) -> str:
    result = invoke("witness", *arguments)
    assert result.exit_code == 2
    return one_line(result)


def test_what_cannot_be_served_is_told(tmp_path: Path) -> None:
    directory = tmp_path / "w"
    assert "no key of a witness" in told("serve", directory)
    assert "cannot be read (File name too long)" in told("serve", tmp_path / ("x" * 256))
    invoke("witness", "new", directory, "--name", NAME)
    assert "no log in it" in told("serve", directory)
    (directory / "logs").write_text(f"log {LOG.key.vkey()}x\nquorum none\n")
    assert "line 1" in told("serve", directory)
    (directory / "logs").unlink()
    assert "logs: cannot be read" in told("serve", directory)
    (directory / "ed25519.key").chmod(0o640)
    assert "chmod 600" in told("serve", directory)
    secret = (directory / "ed25519.key").read_text().split("+", 4)[4].strip()
    (directory / "ed25519.key").chmod(0o600)
    (directory / "ed25519.key").write_text(f"PRIVATE+KEY+{NAME}+00000000+{secret}\n")
    assert secret not in told("serve", directory)
    assert "a space" in told("new", tmp_path / "v", "--name", "a witness")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_says_where_it_answers_and_for_which_logs(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "serve_app", lambda app, host, port, ready: ready())
    invoke("witness", "new", tmp_path / "w", "--name", NAME)
    logs = (LOG.key, signer("l\x9b31m", ED25519).key)
    (tmp_path / "w" / "logs").write_text("".join(f"log {key.vkey()}\n" for key in logs) + "quorum none\n")
    said = invoke("witness", "serve", tmp_path / "w", "--host", host).stdout.splitlines()
    assert said[1:3] == [f"log {ORIGIN}: nothing cosigned yet", "log 'l\\x9b31m': nothing cosigned yet"]
    assert said[3] == f"The witness answers at {http_address(host, 8100)}"

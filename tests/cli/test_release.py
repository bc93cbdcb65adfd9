"""`plainview release`, as a builder meets it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from plainview.feed.configuration import GOLDEN
from plainview.keys.key_files import make_key
from plainview.ledger.acts import Build, parse_act
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import verified_signatures
from plainview.ledger.schemes import ED25519
from plainview.platform.releases import environment, installed_digest
from plainview.records.fields import to_text
from tests.cli.homes import invoke, one_line

LOG = "log.example/plainview"


def test_the_manifest_is_what_the_digest_is_of() -> None:
    shown = invoke("release", "show")
    assert f"release      {installed_digest()}\n" in shown.output
    assert GOLDEN in shown.output
    manifest = invoke("release", "show", "--manifest").stdout_bytes
    assert to_text(hashlib.sha256(manifest).digest()) == installed_digest()


def test_what_a_release_is_made_of_is_shown() -> None:
    shown = invoke("release", "show").output
    for text in ("popular 512", "muted-tag", "report -40", "diversity, spacing, exploration", "50000 records"):
        assert text in shown


def test_a_bundle_is_written_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "bundle"
    said = f"{file}: release {installed_digest()}, baseline\n"
    for command in ("bundle", "check"):
        result = invoke("release", command, file)
        assert (result.exit_code, result.output) == (0, said)
    result = invoke("release", "bundle", file)
    assert result.exit_code == 2
    assert "is there already" in one_line(result)
    changed = bytearray(file.read_bytes())
    changed[100_000] ^= 1
    file.write_bytes(changed)
    result = invoke("release", "check", file)
    assert result.exit_code == 1
    assert f"{file}: no release's bundle: the digest of its source is" in one_line(result)
    for command, where, told in (("check", tmp_path, "cannot be read"), ("bundle", tmp_path / "a" / "b", "cannot be")):
        result = invoke("release", command, where)
        assert result.exit_code == 2
        assert told in one_line(result)


def test_golden_vectors_are_what_the_manifest_names(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke("release", "golden")
    assert (result.exit_code, result.output) == (0, f"golden {GOLDEN}: as the manifest says\n")
    result = invoke("release", "golden", "--text")
    assert to_text(hashlib.sha256(result.stdout_bytes).digest()) == GOLDEN
    monkeypatch.setattr("plainview.learning.golden.VIEWERS", 3)
    result = invoke("release", "golden")
    assert result.exit_code == 1
    assert f"the manifest says {GOLDEN}" in one_line(result)


def test_a_builder_signs_what_came_out(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key", "builder.example", ED25519).key
    result = invoke("release", "attest", tmp_path / "act", "--key", tmp_path / "key", "--log", LOG)
    assert result.exit_code == 0, result.output
    note = parse_note((tmp_path / "act").read_bytes())
    assert [one.key for one in verified_signatures(note, [key])] == [key]
    act = parse_act(note.text)
    assert isinstance(act, Build)
    assert (act.log, to_text(act.release), to_text(act.golden)) == (LOG, installed_digest(), GOLDEN)
    assert act.cpu == environment()["cpu"]


def test_what_cannot_be_signed_leaves_nothing(tmp_path: Path) -> None:
    make_key(tmp_path / "key", "builder.example", ED25519)
    (tmp_path / "there").write_text("mine")
    for arguments, said in (
        ((tmp_path / "there", "--key", tmp_path / "key", "--log", LOG), "is there already"),
        ((tmp_path / "act", "--key", tmp_path / "none", "--log", LOG), "cannot be read"),
        ((tmp_path / "act", "--key", tmp_path / "key", "--log", "a b"), "log"),
        ((tmp_path / "no" / "act", "--key", tmp_path / "key", "--log", LOG), "cannot be written"),
    ):
        result = invoke("release", "attest", *arguments)
        assert result.exit_code == 2
        assert said in one_line(result)
    assert (tmp_path / "there").read_text() == "mine"
    assert not (tmp_path / "act").exists()

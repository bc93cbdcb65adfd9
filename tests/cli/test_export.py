from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plainview.cli.app import app
from plainview.platform import export as module
from plainview.records import KINDS, PUBLIC, decode
from plainview.records.digests import commitment
from plainview.records.fields import to_bytes, to_text
from tests.replay.replays import reading


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["export", *map(str, arguments)])
    return result.exit_code, result.output


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_everybodys_records_are_there_each_with_what_proves_it(served: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    code, said = run(file, "--home", served)
    with reading(served) as journal:
        personal = [entry for entry in journal.read() if entry.kind not in PUBLIC]
    found = lines(file)
    assert (code, len(found)) == (0, len(personal))
    assert f"{len(personal):,} records of all viewers and creators" in said
    for line, entry in zip(found, personal, strict=True):
        assert (line["index"], line["owner"], line["kind"]) == (entry.index, entry.owner, entry.kind)
        body = json.dumps(line["record"], separators=(",", ":"), ensure_ascii=False).encode()
        assert decode(KINDS[line["kind"]], body) == entry.record
        assert to_text(commitment(to_bytes(line["salt"]), body)) == line["commitment"]
        assert entry.commitment == to_bytes(line["commitment"])


@pytest.mark.parametrize(("option", "owner"), [("--viewer", "viewer:5"), ("--creator", "creator:7")])
def test_one_persons_records_alone(served: Path, tmp_path: Path, option: str, owner: str) -> None:
    file = tmp_path / "one.jsonl"
    code, said = run(file, option, owner.split(":")[1], "--home", served)
    assert code == 0, said
    found = lines(file)
    assert {line["owner"] for line in found} == {owner}
    assert f"{len(found)} records of {owner}" in said


def test_nothing_is_written_over(served: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    file.write_text("mine")
    code, said = run(file, "--home", served)
    assert (code, file.read_text()) == (2, "mine")
    assert "is there already; give another name" in said
    file.unlink()
    (tmp_path / "all.jsonl.part").write_text("half")
    code, said = run(file, "--home", served)
    assert code == 2
    assert "another export is at work, or one was broken off; remove it" in said
    assert not file.exists()


def test_what_cannot_be_written_leaves_nothing_behind(
    served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = run(tmp_path / "no" / "all.jsonl", "--home", served)
    assert code == 2
    assert "cannot be written (No such file or directory)" in said

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.HostFileSystem, "sync", full)
    code, said = run(tmp_path / "all.jsonl", "--home", served)
    assert code == 2
    assert "cannot be written (No space left on device)" in said
    assert list(tmp_path.glob("all*")) == []


def test_viewer_or_creator(served: Path, tmp_path: Path) -> None:
    code, said = run(tmp_path / "one", "--viewer", 1, "--creator", 1, "--home", served)
    assert code == 2
    assert "give one of the two" in said

"""`plainview controls`, as the partner's people meet it: the operator is gone, and all is read from files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from plainview.cli.controls_shown import listed
from plainview.ledger.charters import digest_text
from plainview.oversight.controls.table import CONTROLS, TOPICS, rows
from plainview.oversight.controls.verdicts import State, cited
from plainview.oversight.partner.directory import FINDINGS
from tests.cli.homes import invoke, one_line
from tests.oversight.controls.town import Town


def controls(town: Town, *arguments: object, directory: Path | None = None, **environment: str) -> Any:
    given = (directory or town.directory, *arguments, f"--charter={digest_text(town.digest)}")
    return invoke("controls", *given, **environment)


def counts(town: Town) -> list[int]:
    """How many are met, not met and not applicable."""
    states = [row.verdict.state for row in rows(town.evidence)]
    return [states.count(state) for state in State]


def test_all_of_them(kept: Town) -> None:
    shown = controls(kept)
    assert (shown.exit_code, shown.stderr) == (1, "")
    first, about, *lines = shown.stdout.splitlines()
    met, *others = counts(kept)
    assert met >= 26
    assert first == "{} met, {} not met, {} not applicable".format(met, *others)
    assert about.startswith(f"{kept.evidence.standing.charter.origin}: {kept.evidence.size} records, ")
    assert [line for line in map(str.strip, lines) if line in TOPICS] == list(TOPICS)
    for control in CONTROLS:
        assert any(line.startswith(f"{control.number:2}  {control.title.split()[0]}") for line in lines), control.title
    assert shown.stdout.count("✔ met") == met
    assert "records 0 and " in shown.stdout


def test_it_can_be_read_at_eighty_columns(kept: Town) -> None:
    lines = controls(kept, COLUMNS="80").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert max(len(lines[at : at + 9]) for at in range(len(lines))) == 9
    assert len(lines) < 44 * 6


def test_what_the_licence_asks_for_by_now(kept: Town) -> None:
    shown = controls(kept).stdout
    _, _, due = shown.partition("Obligations whose time has come\n")
    assert due.startswith("licence 1, due 20")
    assert due.endswith(": publish the weights\n")


def test_one_of_them_with_all_its_records(kept: Town) -> None:
    shown = controls(kept, 2)
    assert shown.exit_code == 0
    assert shown.stdout.startswith("2. Unapproved code does not rank\n✔ met\n9 personal pages, each on acts")
    pages = [one.index for one in kept.of("page") if one.record.request.mode == "personal"]
    assert f"page: records {', '.join(map(str, pages[:-1]))} and {pages[-1]}\n" in shown.stdout
    assert "page, the baseline's: records " in shown.stdout
    assert "Looked at: " in shown.stdout
    shown = controls(kept, 44)
    assert shown.exit_code == 0
    assert f"act: record {kept.act('report').index}\n" in shown.stdout
    shown = controls(kept, 22)
    assert shown.exit_code == 1
    assert "✘ not met\n" in shown.stdout


@pytest.mark.parametrize("number", [12, 13, 16])
def test_the_partners_own_viewers_are_not_named(kept: Town, number: int) -> None:
    """Who is told their records' indexes could serve them otherwise from then on."""
    pages = kept.evidence.canaries.pages
    assert f"page, of the partner's own viewers: {pages} records\n" in controls(kept, number).stdout
    (one,) = json.loads(controls(kept, number, "--json").stdout)["controls"]
    (own,) = [cited for cited in one["records"] if cited["which"]]
    assert own == {"kind": "page", "count": pages, "first": [], "which": "of the partner's own viewers"}
    assert f"{pages} records" in controls(kept).stdout


def test_a_finding_is_told_with_its_file(kept: Town, tmp_path: Path) -> None:
    shutil.copytree(kept.directory, tmp_path / "partner")
    (tmp_path / "partner" / FINDINGS / "draw-1.plainview-finding").write_bytes(b"plainview/finding@v1\n{}\n")
    shown = controls(kept, 43, directory=tmp_path / "partner")
    assert shown.exit_code == 1
    assert "The file draw-1.plainview-finding proves nothing by itself: " in shown.stdout
    assert "finding draw-1.plainview-finding: the file is damaged: " in shown.stdout


def test_as_json(kept: Town) -> None:
    shown = controls(kept, "--json")
    assert shown.exit_code == 1
    said = json.loads(shown.stdout)
    assert said["charter"] == digest_text(kept.digest)
    assert (said["records"], said["opened"]) == (kept.evidence.size, kept.evidence.size)
    assert [said["met"], said["not_met"], said["not_applicable"]] == counts(kept)
    assert [one["number"] for one in said["controls"]] == list(range(1, 45))
    third = said["controls"][2]
    assert third["state"] == "met"
    assert [one["kind"] for one in third["records"]] == ["act"]
    assert third["records"][0]["count"] == len(third["records"][0]["first"]) == 2
    assert [one["text"] for one in said["obligations"]] == ["publish the weights"]
    (only,) = json.loads(controls(kept, 3, "--json").stdout)["controls"]
    assert only == third


def test_what_cannot_be_read(kept: Town, tmp_path: Path) -> None:
    def failed(*arguments: object) -> str:
        result = invoke("controls", *arguments)
        assert result.exit_code == 2
        return one_line(result)

    digest = f"--charter={digest_text(kept.digest)}"
    assert "no keys of a partner in it; `plainview oversee new` makes some" in failed(tmp_path, digest)
    assert "the charter there is" in failed(kept.directory, f"--charter={digest_text(bytes(32))}")
    assert "--charter: 'x' is no digest" in failed(kept.directory, "--charter=x")
    assert invoke("controls", kept.directory, 45, digest).exit_code == 2
    shutil.copytree(kept.directory, tmp_path / "partner")
    shutil.rmtree(tmp_path / "partner" / FINDINGS)
    assert "findings: cannot be read (No such file or directory)" in failed(tmp_path / "partner", digest)


@pytest.mark.parametrize(
    ("indexes", "said"),
    [
        ([5], "record 5"),
        ([5, 1234], "records 5 and 1,234"),
        ([5, 6, 7], "records 5, 6 and 7"),
        (range(12, 3219), "records 12, 13, 14 and 3,204 more"),
    ],
)
def test_records_are_listed_shortly(indexes: list[int], said: str) -> None:
    assert listed(cited("page", indexes)) == said

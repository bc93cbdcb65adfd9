"""The documents name only what is there."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import typer.main

import plainview
from plainview.cli import verify, why
from plainview.cli.app import app
from plainview.ledger.acts import parse_act
from plainview.ledger.charters import parse_charter

TOP = Path(__file__).parents[1]
DOCUMENTS = sorted([*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")])
TARGETS = set(re.findall(r"^([a-z][\w-]*):", (TOP / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))

MOUNTED = {"import": "plainview.cli.import_", "serve": "plainview.cli.serve"}
"""Commands whose options another module's app parses."""


def named(path: Path) -> str:
    return str(path.relative_to(TOP))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"`[^`]*`", "", document.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    here = [link for link in links if not re.match(r"[a-z]+:|#", link)]
    broken = [link for link in here if not (document.parent / link.partition("#")[0]).exists()]
    assert broken == []


def commands(document: Path) -> Iterator[list[str]]:
    """The words of each command of ours in the document's shell blocks, without the settings before it."""
    text = document.read_text(encoding="utf-8")
    for block in re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in re.findall(r"^(?:[A-Z_]+=\S+ )*((?:plainview|make|python -m) .*)", block, re.MULTILINE):
            yield shlex.split(line, comments=True)


@pytest.mark.parametrize("document", [one for one in DOCUMENTS if any(commands(one))], ids=named)
def test_commands_exist(document: Path) -> None:
    for words in commands(document):
        match words:
            case ["plainview", *rest]:
                check_command(rest)
            case ["make", *targets]:
                assert {target for target in targets if "=" not in target} <= TARGETS
            case ["python", "-m", module, *_] if module.startswith("bench."):
                assert importlib.util.find_spec(module), f"python -m {module}: no such bench"


def check_command(words: list[str]) -> None:
    """Raises AssertionError unless `words` are a command of `plainview` with options that it has."""
    said = "plainview"
    command = typer.main.get_command(app)
    if words[:1] and words[0] in MOUNTED:
        said += f" {words[0]}"
        command, words = typer.main.get_command(import_module(MOUNTED[words[0]]).app), words[1:]
    while words and (group := getattr(command, "commands", None)):
        said += f" {words[0]}"
        assert words[0] in group, f"{said}: no such command"
        command, words = group[words[0]], words[1:]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for passed_on in (verify, why):
        if said == passed_on.parser().prog:
            options |= set(passed_on.parser()._option_string_actions)
    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in {*options, "--help"}, f"{said} {word}: no such option"


@pytest.mark.parametrize("words", ["reply", "charter signs", "replay --al", "serve --prt 1", "verify x --polici y"])
def test_the_look_at_commands_can_fail(words: str) -> None:
    with pytest.raises(AssertionError, match="no such"):
        check_command(words.split())


@pytest.mark.parametrize(("kind", "parse"), [("charter", parse_charter), ("act", parse_act)])
def test_the_charter_and_the_act_that_are_shown_are_such(kind: str, parse: Callable[[str], object]) -> None:
    text = (TOP / "docs" / "reference" / "ledger.md").read_text(encoding="utf-8")
    (shown,) = re.findall(rf"```\n(plainview/{kind}/v1\n.*?)```", text, flags=re.DOTALL)
    parse(shown)


@pytest.mark.parametrize("name", ["records.md", "controls.md"])
def test_the_reference_is_what_the_source_says(name: str) -> None:
    generated: str = load(TOP / "docs" / "reference" / "generate.py").PAGES[name]()
    committed = (TOP / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert committed == generated, "run: make reference"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_changelog_opens_with_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (TOP / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert headings[0] == plainview.__version__


def test_make_bench_runs_benches_that_exist() -> None:
    makefile = (TOP / "Makefile").read_text(encoding="utf-8")
    (benches,) = re.findall(r"^BENCHES \?= (.+)$", makefile, flags=re.MULTILINE)
    absent = [name for name in benches.split() if not importlib.util.find_spec(f"bench.{name}")]
    assert absent == []

"""`plainview release diff`: bundles alone, and over a served journal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from plainview.cli.release_diff_words import MILLIONTHS, percent
from plainview.feed import configuration
from plainview.moderation.rules.pack import read_pack
from plainview.platform import releases
from plainview.records import Page, encode
from plainview.replay.bundles import Bundle, pack
from plainview.replay.counterfactual import Counterfactual
from tests.cli.homes import invoke, one_line
from tests.platform.forging import damage, forge
from tests.platform.second import FIRST, FIRST_DIGEST, SECOND, SECOND_DIGEST
from tests.replay.releases import manifested, running
from tests.replay.replays import OTHER, of, reading
from tests.replay.test_several_releases import children

WINKING = replace(FIRST.configuration, filters=("wink",))
OURS, THEIRS = releases.bundle_of(FIRST), releases.bundle_of(SECOND)


def written(path: Path, bundle: Bundle) -> Path:
    path.write_bytes(pack(bundle))
    return path


@pytest.fixture
def second(tmp_path: Path) -> Path:
    return written(tmp_path / "second.tar", THEIRS)


def test_what_is_another_is_said_in_words_without_a_journal(second: Path) -> None:
    result = invoke("release", "diff", "installed", second)
    assert result.exit_code == 0, result.output
    lines = [re.sub(r"\s{2,}", " | ", line).strip() for line in result.output.splitlines()]
    assert lines[:2] == [f"A | release {FIRST_DIGEST} | baseline", f"B | release {SECOND_DIGEST} | second"]
    assert "the slot of exploration, from 0 | 4 | 2 | configuration.exploration.slot" in {
        line.rstrip(" |") for line in lines
    }
    assert lines[-4:] == ["policies: the same", "source: the same", "app: the same", "lock: the same"]
    assert any(line.startswith("learned parameters, by digest | ") for line in lines)


def test_a_weight_is_said_as_the_number_it_stands_for(tmp_path: Path) -> None:
    weights = tuple(replace(one, weight=650_000) if one.head == "like" else one for one in SECOND.configuration.value)
    other = replace(FIRST.manifest, configuration=replace(SECOND.configuration, value=weights, filters=("age",)))
    source = dict(OURS.source) | {"feed/wink.py": b"one\n"}
    del source["feed/heads.py"]
    ui = {**OURS.ui, "x.css": b""}
    lock = OURS.lock.replace(b"numba==", b"numba==\x1b[31m", 1)
    bundle = manifested(replace(OURS, manifest=encode(other), source=source, ui=ui, lock=lock), colour="red\x1b[31m<b>")
    result = invoke("release", "diff", "installed", written(tmp_path / "other", bundle))
    assert re.search(r"what like counts in a video's value +0\.5 +0\.65 ", result.output)
    assert re.search(r"the filters, in order +ineligible, age, .* +age +configuration\.filters", result.output)
    assert "colour" in result.output
    assert "\x1b" not in result.output
    assert "lock: numba" in result.output
    assert "app: x.css is new (0 lines)" in result.output
    assert "source: feed/wink.py is new (1 line)" in result.output
    assert re.search(r"source: feed/heads.py is gone \(\d+ lines\)", result.output)


def test_what_changed_in_the_policies_is_said_in_words(tmp_path: Path) -> None:
    pack_ = read_pack(OURS.policies)
    spam = pack_.policy("spam")
    law = pack_.policy("local_law")
    assert spam is not None
    assert law is not None
    bounded = replace(law.allows[0], regions=("DE", "FR"))
    changed = {
        "spam": replace(spam, severity="high", allows=spam.allows[:1]),
        "local_law": replace(law, allows=(bounded,)),
    }
    policies = tuple(changed.get(one.code, one) for one in pack_.policies if one.code != "gambling")
    other = replace(OURS, policies=encode(replace(pack_, version=2, policies=policies)))
    result = invoke("release", "diff", "installed", written(tmp_path / "other", manifested(other)), COLUMNS="500")
    for line in (
        r"version of the policies +1 +2 +version",
        r"how grave policy spam is +low +high +policies\.spam\.severity",
        r"that policy spam allows fyf_ineligible +regions none, ages none +none +policies\.spam\.allows\.",
        r"where policy local_law allows geo_disabled; none: anywhere +none +DE, FR ",
        r"policy gambling +title Gambling, text Games for money",
    ):
        assert re.search(line, " ".join(result.output.split())), line
    assert "policies: the same" not in result.output
    assert "policies.digest" not in result.output


def test_every_field_in_millionths_is_said_so() -> None:
    structs = [one for one in vars(configuration).values() if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    fields = {name for one in structs for name, kind in one.__annotations__.items() if kind == "Micros"}
    assert fields
    assert fields <= MILLIONTHS


def test_one_release_twice_is_one(tmp_path: Path) -> None:
    ours = written(tmp_path / "ours", OURS)
    result = invoke("release", "diff", "installed", ours)
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "They are one release.")
    assert json.loads(invoke("release", "diff", ours, ours, "--json").stdout)["changes"] == {
        "manifest": [], "policies": [], "source": [], "lock": [], "app": [],
    }  # fmt: skip
    result = invoke("release", "diff", "installed", ours, "--home", tmp_path)
    assert result.exit_code == 2
    assert f"both are release {FIRST_DIGEST}" in one_line(result)


def test_what_cannot_be_compared_is_a_sentence(tmp_path: Path, second: Path, served: Path) -> None:
    (tmp_path / "text").write_text("no bundle")
    for arguments, said in (
        (("installed", tmp_path / "none"), "none: cannot be read"),
        ((tmp_path / "text", second), "text: no release's bundle: member 'no bundle' belongs to no bundle"),
        (("installed", second, "--pages", "5"), "say of which journal (--home)"),
        (("installed", second, "--picture", "x"), "say of which journal (--home)"),
        (("installed", second, "--home", served, "--from", "9", "--upto", "9"), "no record lies from 9 up to 9"),
        (("installed", second, "--home", served, "--picture", second), "is there already"),
        (("installed", second, "--home", tmp_path / "no home"), "no journal"),
        (
            ("installed", second, "--home", served, "--upto", "2"),
            "no page lies from record 0 up to 2; the journal has 60",
        ),
    ):
        result = invoke("release", "diff", *arguments)
        assert result.exit_code == 2, result.output
        assert said in one_line(result)


def test_over_a_journal_it_says_who_gains_and_who_loses(second: Path, served: Path) -> None:
    result = invoke("release", "diff", "installed", second, "--home", served, "--cores", "2")
    assert result.exit_code == 0, result.output
    said = result.output
    assert "60 pages served by A: all came out as they were logged." in said
    found = json.loads(invoke("release", "diff", "installed", second, "--home", served, "--json").stdout)
    most = found["comparison"]["exposure"]["creators"][0]
    points = f"{most['difference'] * 100:+.2f}"
    assert re.search(rf"creator {most['id']} +{re.escape(points)} .*█{{10}}", said)
    for heading in ("Creators, of all impressions", "Tags, ", "Viewers' regions"):
        assert heading in said
    assert said.strip().endswith("what would then have been learned, is not in it.")


def test_the_json_is_the_same_every_time_and_has_all_rows(second: Path, served: Path, tmp_path: Path) -> None:
    command = ("release", "diff", "installed", second, "--home", served, "--json")
    result = invoke(*command)
    assert result.stdout_bytes == invoke(*command, "--cores", "2").stdout_bytes
    report = json.loads(result.stdout)
    assert report["format"] == "plainview/release-diff/v1"
    assert (report["a"]["release"], report["b"]["release"]) == (FIRST_DIGEST, SECOND_DIGEST)
    with reading(served) as journal:
        pages = [entry.record for entry in journal.of_kind("page")]
        size = journal.size
    made = report["comparison"]
    assert (made["reach"]["pages"], made["reach"]["records"]) == (len(pages), size)
    shown = sum(len(page.items) for page in pages if isinstance(page, Page))
    assert sum(row["a"] for row in made["exposure"]["creators"]) == made["exposure"]["impressions_a"] == shown


def test_a_part_of_the_pages(second: Path, served: Path) -> None:
    with reading(served) as journal:
        pages = of(list(journal.read()), "page")
    options = ("--from", pages[10].index, "--upto", pages[50].index, "--pages", 7)
    result = invoke("release", "diff", "installed", second, "--home", served, *options)
    assert result.exit_code == 0
    assert f"7 pages ranked again by both, of 40 evenly spread, between records {pages[10].index} and" in result.output


def test_a_page_that_was_not_served_as_it_says_is_in_the_exit_code(second: Path, served: Path) -> None:
    with reading(served) as journal:
        pages = of(list(journal.read()), "page")
    forge(served, pages[5].index, trace=OTHER)
    forge(served, pages[6].index, release=OTHER)
    result = invoke("release", "diff", "installed", second, "--home", served)
    assert result.exit_code == 1
    assert "59 pages served by A, and only 58 came out as they were logged" in result.output
    assert f"1 page served by release {OTHER}, which is neither" in result.output


def test_a_damaged_journal_is_a_sentence(second: Path, served: Path) -> None:
    damage(served, 100)
    result = invoke("release", "diff", "installed", second, "--home", served)
    assert result.exit_code == 2
    assert "record 100, " in one_line(result)
    assert "restore the journal from a copy" in one_line(result)


def test_the_picture_says_what_the_terminal_says(served: Path, tmp_path: Path, second: Path) -> None:
    picture = tmp_path / "picture.html"
    command = ("release", "diff", "installed", second, "--home", served, "--picture", picture, "--pages", "30")
    result = invoke(*command)
    assert result.exit_code == 0, result.output
    assert "30 pages served by A: all came out as they were logged." in result.output
    page = Parts()
    page.feed(picture.read_text(encoding="utf-8"))
    assert page.fetched == []
    assert {"script", "link"} & page.tags == {"link"}
    bars = re.findall(r"^(creator \d+) +([+-])([\d.]+) ", result.output, flags=re.MULTILINE)
    assert bars
    text = " ".join("".join(page.text).split())
    for label, sign, points in bars:
        word = "▲ gains" if sign == "+" else "▼ loses"
        assert f"{label} {word} {points} points" in text
    assert "30 pages served by A: all came out as they were logged." in text


class Parts(HTMLParser):
    """What a page shows, and what it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.fetched: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.fetched += [
            value for name, value in attrs if name in ("src", "href") and value and not value.startswith("data:")
        ]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_release_that_cannot_run_is_named(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "own_kernels", lambda: tmp_path / "kernels")
    bundle = running("sys.exit(3)")
    result = invoke("release", "diff", written(tmp_path / "a", bundle), "installed", "--home", served)
    assert result.exit_code == 2
    assert f"release {bundle.release} cannot be run from its bundle: it ended with code 3" in one_line(result)


def test_nor_one_of_the_installed_code_whose_configuration_names_what_is_not_there(
    served: Path, tmp_path: Path
) -> None:
    bundle = manifested(replace(OURS, manifest=encode(replace(FIRST.manifest, configuration=WINKING))))
    result = invoke("release", "diff", "installed", written(tmp_path / "b", bundle), "--home", served)
    assert result.exit_code == 2
    assert f"release {bundle.release} cannot be run: configuration: no filter is called 'wink'" in one_line(result)


def test_an_interrupt_ends_what_runs(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Counterfactual) -> Iterator[Any]:
        assert len(children() - before) == 2
        raise KeyboardInterrupt

    monkeypatch.setattr(releases, "own_kernels", lambda: tmp_path / "kernels")
    monkeypatch.setattr(Counterfactual, "run", interrupted)
    before = children()
    files = [
        written(tmp_path / name, running(f"name = {name!r}; heard(); answer('ready', version=2); heard()"))
        for name in ("a", "b")
    ]
    result = invoke("release", "diff", *files, "--home", served)
    assert result.exit_code == 130
    assert children() <= before


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 0, "0.0%"), (0, 9, "0.0%"), (9, 9, "100.0%"), (1, 90_000, "0.1%"), (89_999, 90_000, "99.9%"), (1, 3, "33.3%")],
)
def test_no_share_is_said_to_be_all_or_nothing_that_is_not(part: int, whole: int, said: str) -> None:
    assert percent(part, whole) == said

"""Decisions that an operator slipped past their own fence: replay finds each that may not stand where it does."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.journal import Draft, Refused
from plainview.journal.decisions import DecisionGate
from plainview.moderation.rules.pack import name_of
from plainview.platform.application import Application
from plainview.platform.faults import HomeError
from plainview.platform.founding import adopt
from plainview.platform.home import Home
from plainview.platform.releases import bundle_of, installed, opened
from plainview.records import Decision, encode
from plainview.records.fields import to_bytes
from plainview.replay.bounds import Bounds
from plainview.replay.bundled import Bundles
from plainview.replay.bundles import pack, unpack
from tests.moderation.rules.packs import PACK, decision
from tests.platform.homes import amendment
from tests.platform.played import application, play
from tests.platform.second import take_over
from tests.records.decisions import lifting, restricting
from tests.replay.replays import KERNELS, reading, replayed

GOVERNED = installed()._replace(manifest=replace(installed().manifest, policies=name_of(PACK)), policies=encode(PACK))
"""The installed release with other policies."""
REGIONS = installed().manifest.configuration.regions


AGAIN = replace(PACK, version=installed().manifest.policies.version)
FORGED = installed()._replace(manifest=replace(installed().manifest, policies=name_of(AGAIN)), policies=encode(AGAIN))
"""With others under the number of its own."""


def append(running: Application, made: Decision) -> int | str:
    """Its index, or why it is refused."""
    (outcome,) = running.journal.append([Draft(made)])
    return f"{outcome.code}: {outcome.reason}" if isinstance(outcome, Refused) else outcome.index


PLANTED = [
    (replace(restricting(1, 1001), policy="because"), "version 1 of the policies has no policy because"),
    (replace(restricting(2, 1002), policy=""), "it names no policy"),
    (replace(restricting(3, 1003), restriction="age_restricted"), "policy spam does not allow"),
    (
        replace(restricting(4, 1004), policy="suggestive", restriction="age_restricted"),
        "it names none: that would be everybody",
    ),
    (replace(restricting(5, 1005), policy="grooming", ground="at the school"), "policy grooming is sealed"),
    (restricting(8, 1008, *REGIONS), "which is everybody"),
    (restricting(9, 1009, "AT"), "it names AT, and the release tells no such region from ZZ"),
    (replace(lifting(6, 1006), policy="spam"), "a lift names no policy"),
    (replace(lifting(7, 1007), regions=("US",)), "a lift names no regions and no age bands"),
    (restricting(7, 1007), "its number is that of one on video 1007, and is never used again"),
    (restricting(7, 1010), "its number is that of one on video 1007, and is never used again"),
    (lifting(7, 1010), "it lifts a decision of that number on video 1010, and nobody took one"),
    (lifting(11, 1011), "and nobody took one"),
    (replace(lifting(10, 1010), ground="at the school"), "it lifts a decision by a sealed policy"),
]


def test_each_beyond_its_policy_is_found_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else: pages after it were ranked with it, as the world has it."""
    home = tmp_path / "home"
    with application(home) as running:
        play(running, 6)
        for good in (restricting(7, 1007), replace(restricting(10, 1010), policy="grooming", ground="")):
            assert isinstance(append(running, good), int)
        before = len(list(running.journal.of_kind("decision")))
        for made, said in PLANTED:
            assert str(append(running, made)).startswith("decision: ")
            assert said in str(append(running, made))
        assert len(list(running.journal.of_kind("decision"))) == before
        with monkeypatch.context() as blind:
            blind.setattr(DecisionGate, "check", lambda *_: "")
            at = [append(running, made) for made, _ in PLANTED]
        play(running, 6, seed=2)
    report = replayed(home)
    assert [(one.index, one.stage) for one in report.differing] == [(index, "bounds: decision") for index in at]
    for one, (_, said) in zip(report.differing, PLANTED, strict=True):
        assert said in one.detail
    assert report.identical == report.pages == 12


def test_each_release_is_by_the_policies_of_its_own_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    with application(home) as running:
        append(running, restricting(1, 1001, "US"))
        play(running, 6)
    adopt(Home(home), amendment(home, baseline=to_bytes(GOVERNED.digest)))
    Home(home).install(bundle_of(GOVERNED))
    with take_over(home) as running:
        assert "and version 3 is in force" in str(append(running, restricting(2, 1002, "US")))
        assert isinstance(append(running, decision("law", "geo_disabled", ("DE",))), int)
        play(running, 6, seed=2)
    bundles = Bundles([unpack(pack(bundle_of(GOVERNED)))], KERNELS, opened=opened)
    report = replayed(home, bundles=bundles)
    assert (report.identical, report.differing, report.inconclusive) == (12, (), {})
    with take_over(home) as running, monkeypatch.context() as blind:
        blind.setattr(DecisionGate, "check", lambda *_: "")
        index = append(running, restricting(2, 1002, "US"))
    (found,) = replayed(home, bundles=bundles).differing
    assert (found.index, found.stage) == (index, "bounds: decision")
    with reading(home) as journal:
        (first, second) = [entry.record for entry in journal.of_kind("release")]
    assert (first.policies.encode(), second.policies.encode()) == (installed().policies, encode(PACK))  # type: ignore[attr-defined]


def test_a_version_is_one_pack_for_as_long_as_there_is_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the fence refuses, replay finds: it is asked the same."""
    home = tmp_path / "home"
    with application(home) as running:
        size = running.journal.size
    adopt(Home(home), amendment(home, baseline=to_bytes(FORGED.digest)))
    Home(home).install(bundle_of(FORGED))
    said = f"its policies are called version 1, which is {installed().manifest.policies.digest} in this log"
    with pytest.raises(HomeError, match=said):
        take_over(home)
    with monkeypatch.context() as blind:
        blind.setattr(DecisionGate, "check_pack", lambda *_: "")
        take_over(home).close()
    with reading(home) as journal:
        _, forged = journal.of_kind("release")
        bounds = Bounds(journal)
        outside = {entry.index: bounds.take(entry, None) for entry in journal.read(0, forged.index + 1)}
    found = outside.pop(forged.index)
    assert found is not None
    assert found[0] == "bounds: licence"
    assert said in found[1]
    assert forged.index > size
    assert set(outside.values()) == {None}

"""`plainview release`, as a builder meets it."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import to_builtins
from msgspec.structs import replace

from plainview.feed.configuration import GOLDEN, Manifest
from plainview.keys.key_files import make_key
from plainview.ledger.acts import Build, parse_act
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import verified_signatures
from plainview.ledger.schemes import ED25519
from plainview.moderation.rules.pack import name_of, read_pack
from plainview.platform import releases
from plainview.platform.home import RELEASE, Home
from plainview.platform.reigns import reign_of
from plainview.platform.releases import bundle_of, environment, installed, installed_digest
from plainview.records import decode
from plainview.records.arrays import pack_floats
from plainview.records.digests import arrays_digest
from plainview.records.fields import to_text
from plainview.replay.bundles import pack, unpack
from tests.cli.homes import invoke, one_line, unset
from tests.replay.releases import manifested

LOG = "log.example/plainview"
ODD = pack_floats({"a": np.ones(1, np.float32)})


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
    changed[changed.index(b"def gather(")] ^= 1
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


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a release for which a like counts otherwise."""
    path = tmp_path_factory.mktemp("calm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releases, "kernel_cache", unset)
        shown = invoke("release", "show", "--configuration").stdout
        changed = shown.replace('"baseline"', '"calm"').replace('"weight": 500000', '"weight": 600000', 1)
        (path / "calm.json").write_text(changed)
        result = invoke("release", "bundle", path / "calm", "--configuration", path / "calm.json")
    assert result.exit_code == 0, result.output
    assert result.output == f"{path / 'calm'}: release {unpack((path / 'calm').read_bytes()).release}, calm\n"
    return path / "calm"


def test_another_configuration_makes_another_release(calm: Path, tmp_path: Path) -> None:
    made, base = unpack(calm.read_bytes()), bundle_of(installed())
    assert (made.source, made.lock, made.parameters) == (base.source, base.lock, b"")
    outline = decode(Manifest, made.manifest)
    assert {one.head: one.weight for one in outline.configuration.value}["like"] == 600_000
    assert outline.golden != GOLDEN
    result = invoke("release", "golden", "--release", calm)
    assert (result.exit_code, result.stdout) == (0, f"golden {outline.golden}: as the manifest says\n")
    make_key(tmp_path / "key", "builder.example", ED25519)
    result = invoke("release", "attest", tmp_path / "act", "--release", calm, "--key", tmp_path / "key", "--log", LOG)
    assert result.exit_code == 0, result.output
    act = parse_act(parse_note((tmp_path / "act").read_bytes()).text)
    assert isinstance(act, Build)
    assert (to_text(act.release), to_text(act.golden)) == (made.release, outline.golden)


def test_other_policies_make_another_release(tmp_path: Path) -> None:
    shown = invoke("release", "show", "--policies").stdout
    changed = json.loads(shown)
    changed["policies"][-1]["text"] = "Videos of creators below 16 stay among friends."
    (tmp_path / "same").write_text(json.dumps(changed))
    result = invoke("release", "bundle", tmp_path / "no", "--policies", tmp_path / "same")
    assert result.exit_code == 2
    assert f"other policies than version 1 of release {installed_digest()}: number them anew" in one_line(result)
    (tmp_path / "new").write_text(json.dumps(changed | {"version": 2}))
    result = invoke("release", "bundle", tmp_path / "made", "--policies", tmp_path / "new")
    assert result.exit_code == 0, result.output
    made, base = unpack((tmp_path / "made").read_bytes()), bundle_of(installed())
    assert made.release in result.output
    assert made.release != base.release
    assert (made.source, made.ui, made.lock, made.outline.golden) == (base.source, base.ui, base.lock, GOLDEN)
    named = decode(Manifest, made.manifest).policies
    assert named == name_of(read_pack(made.policies))
    said = invoke("release", "show", "--release", tmp_path / "made").output
    assert f"  policies   {named.digest}, version 2\n" in said
    assert json.loads(invoke("release", "show", "--policies", "--release", tmp_path / "made").stdout)["version"] == 2
    assert invoke("release", "check", tmp_path / "made").exit_code == 0
    assert invoke("release", "install", tmp_path / "made", "--home", tmp_path / "home").exit_code == 0
    assert Home(tmp_path / "home").release.policies == made.policies
    again = invoke("release", "bundle", tmp_path / "again", "--policies", tmp_path / "new", "--home", tmp_path / "home")
    assert (again.exit_code, made.release in again.output) == (0, True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda pack: pack | {"version": 0}, "the first pack is version 1"),
        (lambda pack: pack | {"policies": pack["policies"][:1] * 2}, "policy minor_sexual is there twice"),
        (lambda pack: pack | {"more": 1}, "Pack: Object contains unknown field `more`"),
        (lambda pack: pack | {"policies": [pack["policies"][0] | {"severity": "grave"}]}, "Invalid enum value 'grave'"),
    ],
)
def test_policies_that_are_none_are_told(tmp_path: Path, change: Any, said: str) -> None:
    (tmp_path / "pack").write_text(json.dumps(change(json.loads(installed().policies))))
    result = invoke("release", "bundle", tmp_path / "made", "--policies", tmp_path / "pack")
    assert result.exit_code == 2
    assert f"{tmp_path / 'pack'}: no policies of a release: " in one_line(result)
    assert said in one_line(result)
    assert not (tmp_path / "made").exists()


def test_a_release_is_installed_in_a_home(calm: Path, tmp_path: Path) -> None:
    home, digest = tmp_path / "home", unpack(calm.read_bytes()).release
    result = invoke("release", "install", calm, "--home", home)
    assert result.exit_code == 0
    assert f"{home}: release {digest}, calm, from the next `plainview serve` on" in result.output
    assert f"release      {digest}\n" in invoke("release", "show", "--home", home).output
    assert f"release      {digest}\n" in invoke("release", "show", "--release", calm).output
    assert f"release      {installed_digest()}\n" in invoke("release", "show").output
    invoke("release", "bundle", tmp_path / "again", "--home", home)
    assert (tmp_path / "again").read_bytes() == calm.read_bytes()
    assert invoke("charter", "local", tmp_path / "parties", "--home", home).exit_code == 0
    with closing(Home(home).read()) as journal:
        assert reign_of(journal).release == digest
    (home / RELEASE).write_bytes(calm.read_bytes()[:-1])
    for command in (("release", "show"), ("replay", "--all"), ("serve",)):
        result = invoke(*command, "--home", home)
        assert result.exit_code == 2
        assert f"{home / RELEASE}: it does not end as a bundle does" in one_line(result)


def test_what_is_of_other_code_is_not_installed(tmp_path: Path) -> None:
    base = bundle_of(installed())
    other = manifested(replace(base, source={**base.source, "feed/new.py": b""}))
    app = manifested(replace(base, ui={**base.ui, "index.html": b""}))
    later = manifested(base, more=1)
    odd = manifested(replace(base, parameters=ODD), parameters=to_text(arrays_digest({"a": np.ones(1, np.float32)})))
    configuration = to_builtins(replace(installed().configuration, scorer="none"))
    for made, told in (
        (other, "and what is installed here has"),
        (app, f"has app {json.loads(app.manifest)['ui']}, and what is installed here has {installed().manifest.ui}"),
        (later, "is none that its own code runs: Manifest: "),
        (odd, "is none that its own code runs: 'a' is not wanted"),
        (manifested(base, configuration=configuration), "cannot be run: configuration: no scorer is called 'none'"),
    ):
        file = tmp_path / "made"
        file.write_bytes(pack(made))
        result = invoke("release", "install", file, "--home", tmp_path / "home")
        assert result.exit_code == 2
        assert f"release {made.release}" in one_line(result)
        assert told in one_line(result)
    (tmp_path / "none").write_text("no bundle")
    result = invoke("release", "install", tmp_path / "none", "--home", tmp_path / "home")
    assert (result.exit_code, "no release's bundle" in one_line(result)) == (2, True)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "command", [("golden",), ("attest", "act", "--key", "key", "--log", LOG), ("evaluate",), ("learn", "new")]
)
def test_what_cannot_be_run_is_a_sentence_wherever_it_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    make_key(tmp_path / "key", "builder.example", ED25519)
    configuration = to_builtins(replace(installed().configuration, scorer="none"))
    made = manifested(bundle_of(installed()), configuration=configuration)
    (tmp_path / "made").write_bytes(pack(made))
    group = () if command[0] in ("evaluate", "learn") else ("release",)
    result = invoke(*group, *command, "--release", "made", "--home", tmp_path / "home")
    assert result.exit_code == 2
    assert f"error: made: release {made.release} cannot be run: configuration: no scorer is called" in one_line(result)
    assert "scorer     none\n" in invoke("release", "show", "--release", "made").output


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"scorer": "none"}, "no scorer is called 'none'"),
        ({"candidates": -1}, "candidates"),
        ({"more": 1}, "more"),
        ({"value": [{"head": "likes", "weight": 1}]}, "no head is called 'likes'"),
        ({"learning": {"popular_period": 0}}, "popular_period"),
        ({"learning": {"popular_half_life": 0}}, "popular_half_life"),
        ({"candidates": 0}, "candidates"),
        ({"diversity": {"pool": 0}}, "pool"),
        ({"regions": []}, "region"),
        ({"regions": ["US"]}, "region"),
    ],
)
def test_a_configuration_that_cannot_be_run_is_told(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    file = tmp_path / "changed.json"
    configuration = to_builtins(installed().configuration)
    for name, value in change.items():
        configuration[name] = configuration[name] | value if isinstance(value, dict) else value
    file.write_text(json.dumps(configuration))
    result = invoke("release", "bundle", tmp_path / "made", "--configuration", file)
    assert result.exit_code == 2, result.output
    assert f"error: {file}: no configuration of a release: " in one_line(result)
    assert told in one_line(result)
    assert not (tmp_path / "made").exists()

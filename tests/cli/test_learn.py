"""`plainview learn`: a candidate out of a journal, and its training done again by others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from plainview.feed.configuration import Manifest
from plainview.learning.provenance import read_tier, tier
from plainview.oversight.partner.copy import JournalCopy
from plainview.platform import releases
from plainview.platform.home import RELEASE, Home
from plainview.platform.releases import bundle_of, installed_digest, opened
from plainview.records import decode, encode
from plainview.records.digests import arrays_digest
from plainview.records.fields import to_text
from plainview.replay.bundles import BundleError, pack, unpack
from plainview.replay.installed import Installed
from plainview.storage import SqliteRecords
from tests.cli.homes import invoke, one_line, unset
from tests.oversight.partner.opened import Opening
from tests.platform.forging import copied, forge
from tests.platform.homes import size_of
from tests.platform.taught import taught


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taught(tmp_path_factory.mktemp("taught") / "home")


@pytest.fixture(scope="module")
def candidate(home: Path) -> Path:
    """The bundle of what the whole journal teaches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releases, "kernel_cache", unset)
        result = invoke("learn", home.with_name("candidate"), "--home", home, "--name", "second-try")
    assert result.exit_code == 0, result.output
    return home.with_name("candidate")


def in_file(path: Path) -> Installed:
    return opened(unpack(path.read_bytes()))


def test_it_makes_a_candidate(candidate: Path, home: Path) -> None:
    made = in_file(candidate)
    assert made.configuration.name == "second-try"
    training = made.manifest.training
    assert training is not None
    assert (training.base, training.start, training.upto) == (installed_digest(), 0, size_of(home))
    assert read_tier(made.partner).data[0].impressions == 600
    shown = invoke("release", "show", "--release", candidate).output
    assert f"learned    by {installed_digest()} from records 0 to {training.upto - 1} of {training.log}\n" in shown
    assert invoke("release", "golden", "--release", candidate).exit_code == 0
    assert invoke("release", "check", candidate).output.endswith(f"release {made.digest}, second-try\n")


def test_whoever_has_the_records_comes_to_the_same_bytes(candidate: Path, home: Path, tmp_path: Path) -> None:
    """The partner, on its own copy of the journal."""
    partner = tmp_path / "partner" / "journal"
    partner.mkdir(parents=True)
    with closing(Home(home).read()) as journal, closing(JournalCopy(SqliteRecords(partner, writing=True))) as copy:
        opening = Opening(journal)
        while copy.size < journal.size:
            copy.take(journal.leaves(copy.size, journal.size), opening)
    result = invoke("learn", tmp_path / "again", "--home", partner, "--name", "second-try")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "again").read_bytes() == candidate.read_bytes()
    result = invoke("learn", "--check", candidate, "--home", partner)
    assert result.output == f"{candidate}: its training was done again, and the same came out\n"
    assert result.exit_code == 0


def test_its_training_can_be_done_again_under_another_configuration(
    candidate: Path, home: Path, tmp_path: Path
) -> None:
    shown = invoke("release", "show", "--configuration", "--release", candidate).stdout
    (tmp_path / "calm.json").write_text(shown.replace('"weight": 500000', '"weight": 600000', 1))
    arguments = (tmp_path / "calm", "--configuration", tmp_path / "calm.json", "--release", candidate)
    assert invoke("release", "bundle", *arguments).exit_code == 0
    assert in_file(tmp_path / "calm").parameters.keys() == in_file(candidate).parameters.keys()
    assert in_file(tmp_path / "calm").manifest.golden != in_file(candidate).manifest.golden
    assert invoke("learn", "--check", tmp_path / "calm", "--home", home).exit_code == 0


def test_a_range_is_learned_from(home: Path, candidate: Path, tmp_path: Path) -> None:
    upto = size_of(home) - 3
    result = invoke("learn", tmp_path / "part", "--home", home, "--from", "300", "--upto", upto)
    assert result.exit_code == 0, result.output
    made = in_file(tmp_path / "part")
    assert result.stdout == (
        f"{tmp_path / 'part'}: release {made.digest}, learned: release {installed_digest()}, taught by records 300 to "
        f"{upto - 1} of {made.manifest.training.log}\n"  # type: ignore[union-attr]
    )
    assert made.manifest.parameters != in_file(candidate).manifest.parameters


def test_who_learned_from_a_candidate_names_it(home: Path, candidate: Path, tmp_path: Path) -> None:
    result = invoke("learn", tmp_path / "third", "--home", home, "--release", candidate)
    assert result.exit_code == 0, result.output
    base = in_file(candidate).digest
    assert in_file(tmp_path / "third").manifest.training.base == base  # type: ignore[union-attr]
    result = invoke("learn", "--check", tmp_path / "third", "--home", home)
    assert result.exit_code == 2
    assert f"release {base} learned it, and release {installed_digest()} is at hand" in one_line(result)
    result = invoke("learn", "--check", tmp_path / "third", "--home", home, "--release", candidate)
    assert result.exit_code == 0


def another(made: Installed, **changes: object) -> Installed:
    return made._replace(manifest=replace(made.manifest, **changes))


def one_parameter(made: Installed) -> Installed:
    parameters = dict(made.parameters)
    value = parameters["ranking.value"].copy()
    value.view(np.uint32)[0, 3] ^= 1
    parameters["ranking.value"] = value
    return another(made, parameters=to_text(arrays_digest(parameters)))._replace(parameters=parameters)


def one_row(made: Installed) -> Installed:
    provenance = read_tier(made.partner)
    body, commitment = tier(replace(provenance, events=provenance.events + 1))
    return another(made, partner=commitment)._replace(partner=body)


def training(**changes: object) -> Callable[[Installed], Installed]:
    return lambda made: another(made, training=replace(made.manifest.training, **changes))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (one_parameter, "parameter ranking.value has other numbers"),
        (one_row, "events in the partner's tier is another"),
        (training(state=to_text(bytes(32))), f"and {to_text(bytes(32))} in its manifest"),
        (training(root=to_text(bytes(32))), "root is "),
        (training(log="other.example"), "and other.example in its manifest"),
        (lambda made: another(made, golden=to_text(bytes(32))), "golden is "),
    ],
)
def test_what_does_not_come_out_again_is_told(
    home: Path, candidate: Path, tmp_path: Path, change: Callable[[Installed], Installed], told: str
) -> None:
    file = tmp_path / "claimed"
    file.write_bytes(pack(bundle_of(change(in_file(candidate)))))
    result = invoke("learn", "--check", file, "--home", home)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{file}: something else came out: ")
    assert told in result.stdout


def test_what_cannot_be_learned_is_one_sentence(home: Path, candidate: Path, tmp_path: Path) -> None:
    new, size = tmp_path / "new", size_of(home)
    copy = copied(home, tmp_path / "copy")
    with closing(Home(copy).read()) as journal:
        index = next(journal.of_kind("impression")).index
    forge(copy, index, origin="planted")
    (tmp_path / "base").write_bytes(pack(bundle_of(releases.installed())))
    for arguments, told in (
        ((candidate,), "is there already"),
        ((new, "--upto", size + 1), f"records 0 to {size} are no range of its journal, which has {size}"),
        ((new, "--from", 9, "--upto", 9), "records 9 to 8 are no range"),
        ((new, "--name", "Not A Name"), "--name Not A Name: a name has"),
        ((new, "--upto", 9), "hold nothing that could be learned from"),
        ((new, "--release", tmp_path / "none"), "cannot be read"),
        ((tmp_path / "no" / "new",), "cannot be written"),
        ((new, "--check"), "cannot be read"),
        ((candidate, "--check", "--upto", 9), "leave out --from, --upto and --name"),
        ((tmp_path / "base", "--check"), "does not say what its parameters were learned from"),
        ((new, "--home", copy), f"record {index} should not be in this journal (bounds: origin"),
        ((new, "--home", tmp_path / "nowhere"), "nowhere"),
    ):
        where = () if "--home" in arguments else ("--home", home)
        result = invoke("learn", *arguments, *where)
        assert result.exit_code == 2, (arguments, result.output)
        assert told in one_line(result)
    assert not new.exists()


def test_one_byte_of_any_tier_changed_is_no_bundle_or_another_release(candidate: Path) -> None:
    packed = candidate.read_bytes()
    bundle = unpack(packed)
    for member in (bundle.partner, bundle.parameters, bundle.manifest):
        start = packed.index(member)
        for at in range(start, start + len(member), max(1, len(member) // 40)):
            changed = bytearray(packed)
            changed[at] ^= 1
            try:
                found = unpack(bytes(changed))
            except BundleError:
                continue
            assert found.release != bundle.release
    for part in ("partner", "parameters"):
        with pytest.raises(BundleError):
            unpack(pack(replace(bundle, **{part: b""})))
    with pytest.raises(BundleError, match=r"partner\.json is no partner's tier"):
        pack(replace(bundle, partner=b"{}"))
    with pytest.raises(BundleError, match=r"the commitment to its partner\.json is"):
        pack(replace(bundle, partner=bundle.partner.replace(b"town", b"gown")))


def test_the_manifest_alone_tells_no_business_figure(candidate: Path) -> None:
    manifest = unpack(candidate.read_bytes()).manifest
    for figure in (b'"town"', b'"impressions"', b'"events"'):
        assert figure not in manifest
    assert decode(Manifest, manifest).partner not in ("-" * 43, "")


def test_a_candidate_is_installed_and_evaluated(home: Path, candidate: Path, tmp_path: Path) -> None:
    copy = copied(home, tmp_path / "copy")
    assert invoke("release", "install", candidate, "--home", copy).exit_code == 0
    assert (copy / RELEASE).read_bytes() == candidate.read_bytes()
    assert Home(copy).release.digest == in_file(candidate).digest
    result = invoke("evaluate", "--home", home, "--release", candidate, "--json")
    assert result.exit_code == 0, result.output
    base = invoke("evaluate", "--home", home, "--json")
    figures, before = (msgspec.json.decode(one.stdout) for one in (result, base))
    assert figures["impressions"] == before["impressions"] > 0
    assert figures["heads"] != before["heads"]


def test_a_licensor_seals_and_opens(tmp_path: Path, candidate: Path) -> None:
    (tmp_path / "secret").write_bytes(b"the recipe\n")
    result = invoke("release", "seal", tmp_path / "secret", tmp_path / "deposit")
    assert result.exit_code == 0
    commitment = result.output.split()[-1]
    made = tmp_path / "sealed"
    assert invoke("release", "bundle", made, "--release", candidate, "--sealed", tmp_path / "deposit").exit_code == 0
    release = in_file(made)
    assert release.manifest.sealed == commitment
    assert release.manifest.golden == in_file(candidate).manifest.golden
    (tmp_path / "manifest").write_bytes(encode(release.manifest))
    result = invoke("release", "open", tmp_path / "manifest", tmp_path / "deposit")
    assert (result.exit_code, result.output) == (
        0,
        f"{tmp_path / 'deposit'}: what release {release.digest} commits to\n",
    )
    assert (tmp_path / "deposit").read_bytes().partition(b"\n")[2] == b"the recipe\n"
    invoke("release", "seal", tmp_path / "secret", tmp_path / "other")
    result = invoke("release", "open", tmp_path / "manifest", tmp_path / "other")
    assert result.exit_code == 1
    assert f"not what release {release.digest} commits to" in one_line(result)
    for arguments, told in (
        (("open", tmp_path / "deposit", tmp_path / "deposit"), "no manifest that can be read here"),
        (("open", tmp_path / "manifest", tmp_path / "secret"), "no deposit: its first line is not"),
        (("open", tmp_path / "manifest", tmp_path / "none"), "cannot be read"),
        (("seal", tmp_path / "secret", tmp_path / "deposit"), "is there already"),
        (("seal", tmp_path / "none", tmp_path / "new"), "cannot be read"),
        (("seal", tmp_path / "secret", tmp_path / "no" / "new"), "cannot be written"),
        (("bundle", tmp_path / "new", "--sealed", tmp_path / "secret"), "no deposit"),
    ):
        result = invoke("release", *arguments)
        assert result.exit_code == 2
        assert told in one_line(result)

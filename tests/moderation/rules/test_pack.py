from __future__ import annotations

import hashlib
from typing import Any

import pytest
from msgspec import json
from msgspec.structs import replace

from plainview.feed.configuration import DEFAULT
from plainview.moderation.rules.decisions import why_beyond
from plainview.moderation.rules.pack import Pack, Rules, check_pack, name_of, read_pack, rules_of
from plainview.platform.releases import installed, installed_policies
from plainview.platform.succession import release_record
from plainview.records import Release, encode
from plainview.records.fields import to_text
from tests.moderation.rules.packs import PACK, allowed, decision, policy

OURS = read_pack(installed_policies())
IN_FORCE = Rules(OURS, name_of(OURS), DEFAULT.regions)


def made(*policies: Any, version: int = 1) -> Pack:
    return Pack(version=version, policies=policies)


@pytest.mark.parametrize(
    ("pack", "said"),
    [
        (made(version=0), "the first pack is version 1"),
        (made(policy("a"), policy("a")), "policy a is there twice"),
        (made(policy("a", allowed("removed"), allowed("removed"))), "policy a allows one restriction twice"),
        (made(policy("a", allowed("removed", ("DE",)))), "policy a bounds removed by region or age"),
        (made(policy("a", allowed("fyf_ineligible", (), ("13-15",)))), "policy a bounds fyf_ineligible by region"),
        (made(policy("a", allowed("geo_disabled", (), ("13-15",)))), "policy a bounds geo_disabled by age"),
        (made(policy("a", allowed("age_restricted", (), ("18+",)))), "policy a allows age_restricted for 18+"),
        (made(*(policy(f"a{number}") for number in range(400))), "and a release's record holds 30,000"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_pack_does_not_contradict_itself(pack: Pack, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_pack(pack)
    with pytest.raises(ValueError, match=said):
        read_pack(encode(pack))


def test_it_is_read_from_its_exact_bytes_alone() -> None:
    data = encode(PACK)
    assert read_pack(data) == PACK
    for wrong in (data + b"\n", data[:-1], b"{}", b"\xff", data.replace(b'"sealed"', b'"Sealed"', 1)):
        with pytest.raises(ValueError, match="Pack"):
            read_pack(wrong)


def test_one_byte_of_it_is_another_name() -> None:
    data = installed_policies()
    other = data.replace(b"Spam", b"Spim", 1)
    assert name_of(read_pack(data)).digest == to_text(hashlib.sha256(data).digest())
    assert name_of(read_pack(other)).digest != name_of(read_pack(data)).digest


def test_ours_is_what_the_installed_manifest_names() -> None:
    assert installed().manifest.policies == name_of(OURS)
    assert rules_of(release_record(installed())) == IN_FORCE


def test_ours_can_be_used() -> None:
    """There is a decision for whatever a policy allows; those about persons who were harmed are sealed."""
    for one in OURS.policies:
        for may in one.allows:
            regions = ("DE",) if may.restriction == "geo_disabled" else ()
            ages = ("13-15",) if may.restriction == "age_restricted" else ()
            made = decision(one.code, may.restriction, regions, ages, pack=IN_FORCE.name.digest)
            assert why_beyond(IN_FORCE, made) == ""
    assert {one.code for one in OURS.policies if one.sealed} == {
        "minor_sexual", "grooming", "exploitation", "intimate_images",
    }  # fmt: skip


def test_what_local_law_forbids_in_some_regions_is_not_removed_by_it() -> None:
    """By it alone, as the pack that ships has it, no decision keeps a video from everybody."""
    for regions, said in ((DEFAULT.regions, "which is everybody"), (("AT",), "no such region"), (("DE", "ZZ"), "")):
        made = decision("local_law", "geo_disabled", regions, pack=IN_FORCE.name.digest)
        why = why_beyond(IN_FORCE, made)
        assert said in why
        assert bool(why) is bool(said)


def broken(manifest: str = "", policies: str = "") -> Release:
    record = release_record(installed())
    return replace(record, manifest=manifest or record.manifest, policies=policies or record.policies)


def other_regions(*regions: str) -> str:
    """The installed manifest with these."""
    manifest = installed().manifest
    return encode(replace(manifest, configuration=replace(manifest.configuration, regions=regions))).decode()


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            broken(policies=encode(PACK).decode()),
            r"its policies are version 3 \(.*\), and its manifest names version 1",
        ),
        (broken(policies=installed_policies().decode().replace("Spam", "Spim", 1)), "its policies are version 1"),
        (broken(policies="{}"), "Pack"),
        (broken(policies="\ud800"), "Pack"),
        (broken(manifest="{}"), "no release's manifest"),
        (broken(manifest="\ud800"), "no release's manifest"),
        (broken(manifest=other_regions()), "no release's manifest"),
        (broken(manifest=other_regions("US", "ZZ")), "the first of its regions is not ZZ"),
        (broken(manifest=json.encode({"policies": {"version": 1}}).decode()), "no release's manifest"),
    ],
)
def test_a_record_brings_what_its_manifest_names(record: Release, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        rules_of(record)

"""A pack of policies: for what a video may be kept from viewers, and from whom at most. Data of a release."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from plainview.records import Release
from plainview.records.codec import Record, decode, encode
from plainview.records.fields import U32, AgeBand, Digest, Name, Region, Restriction, to_text
from plainview.records.release import POLICIES_LIMIT

ADULT: AgeBand = "18+"
"""The band that no age restriction holds for."""
ELSEWHERE: Region = "ZZ"
"""As which every region counts that a release does not name."""
Category = Literal[
    "ANIMAL_WELFARE",
    "CONSUMER_INFORMATION",
    "CYBER_VIOLENCE",
    "CYBER_VIOLENCE_AGAINST_WOMEN",
    "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    "ILLEGAL_OR_HARMFUL_SPEECH",
    "INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    "NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
    "OTHER_VIOLATION_TC",
    "PROTECTION_OF_MINORS",
    "RISK_FOR_PUBLIC_SECURITY",
    "SCAMS_AND_FRAUD",
    "SELF_HARM",
    "UNSAFE_AND_PROHIBITED_PRODUCTS",
    "VIOLENCE",
]
"""As statements of reasons name it (DSA Transparency Database), without STATEMENT_CATEGORY_ before it."""
Severity = Literal["info", "low", "medium", "high", "critical"]


class Allowed(Record, frozen=True):
    """A restriction that decisions by a policy may make, and how far it may reach."""

    restriction: Restriction
    regions: tuple[Region, ...]
    """Where at most; empty: anywhere."""
    ages: tuple[AgeBand, ...]
    """For which age bands at most; empty: for all that such a restriction may be for."""


class Policy(Record, frozen=True):
    """One ground on which a video may be kept from viewers."""

    code: Name
    """By which decisions name it."""
    title: Annotated[str, Meta(min_length=1, max_length=100)]
    text: Annotated[str, Meta(min_length=1, max_length=1000)]
    """What is not allowed, for viewers."""
    category: Category
    severity: Severity
    sealed: bool
    """Whether decisions by it say nothing of what happened: it would hurt who was harmed."""
    allows: tuple[Allowed, ...]
    """Empty: no video is kept from a feed on this ground."""


class Pack(Record, frozen=True):
    """The policies of a release."""

    version: U32
    """Another pack has another."""
    policies: tuple[Policy, ...]

    def policy(self, code: str) -> Policy | None:
        """The one of that code; None where there is none."""
        return next((one for one in self.policies if one.code == code), None)


class PackName(Record, frozen=True):
    """How a release's manifest names its pack."""

    version: U32
    digest: Digest
    """SHA-256 of the pack's exact bytes."""


class Rules(NamedTuple):
    """What a release holds decisions to."""

    pack: Pack
    name: PackName
    regions: tuple[Region, ...]
    """Those that the release tells apart, ZZ first, as which all others count; empty where they are not known."""


class _Telling(msgspec.Struct, frozen=True):
    regions: tuple[Region, ...]


class _Naming(msgspec.Struct, frozen=True):
    policies: PackName
    configuration: _Telling


def read_pack(data: bytes) -> Pack:
    """The pack whose exact bytes these are. Raises ValueError where they are none, or it contradicts itself."""
    pack = decode(Pack, data)
    check_pack(pack)
    return pack


def name_of(pack: Pack) -> PackName:
    """What it is named by."""
    return PackName(version=pack.version, digest=to_text(hashlib.sha256(encode(pack)).digest()))


def rules_of(release: Release) -> Rules:
    """The pack that a release's record brings, and the regions of its manifest. Raises ValueError where the pack is
    none, or not the one of the manifest, and where that names no regions as a release does."""
    try:
        said = msgspec.json.decode(release.manifest, type=_Naming)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(f"no release's manifest: {error}") from error
    wanted, regions = said.policies, said.configuration.regions
    if regions[:1] != (ELSEWHERE,):
        raise ValueError(f"no release's manifest: the first of its regions is not {ELSEWHERE}")
    pack = read_pack(release.policies.encode("utf-8", "surrogatepass"))
    name = name_of(pack)
    if name != wanted:
        raise ValueError(
            f"its policies are version {name.version} ({name.digest}), and its manifest names version "
            f"{wanted.version} ({wanted.digest})"
        )
    return Rules(pack, name, regions)


def check_pack(pack: Pack) -> None:
    """Raises ValueError for one that contradicts itself, or that no `release` record holds."""
    if not pack.version:
        raise ValueError("version: the first pack is version 1")
    seen: set[str] = set()
    for policy in pack.policies:
        if policy.code in seen:
            raise ValueError(f"policy {policy.code} is there twice")
        seen.add(policy.code)
        made = [one.restriction for one in policy.allows]
        if len(set(made)) < len(made):
            raise ValueError(f"policy {policy.code} allows one restriction twice")
        for one in policy.allows:
            if wrong := _why_impossible(one):
                raise ValueError(f"policy {policy.code} {wrong}")
    if (size := len(encode(pack).decode())) > POLICIES_LIMIT:
        raise ValueError(f"it has {size:,} characters, and a release's record holds {POLICIES_LIMIT:,}")


def _why_impossible(allowed: Allowed) -> str:
    """Why there is no such restriction; empty where there is."""
    match allowed.restriction:
        case "removed" | "fyf_ineligible" if allowed.regions or allowed.ages:
            return f"bounds {allowed.restriction} by region or age: that holds everywhere and for everybody"
        case "geo_disabled" if allowed.ages:
            return "bounds geo_disabled by age: that holds for everybody in its regions"
        case "age_restricted" if ADULT in allowed.ages:
            return f"allows age_restricted for {ADULT}: that holds for younger viewers alone"
        case _:
            return ""

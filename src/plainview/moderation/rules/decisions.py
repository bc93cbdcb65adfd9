"""Whether a decision is within its policy."""

from __future__ import annotations

from collections.abc import Sequence

from plainview.moderation.rules.pack import ADULT, ELSEWHERE, Allowed, Policy, Rules
from plainview.records import Decision
from plainview.records.fields import DASHES


def why_beyond(in_force: Rules, decision: Decision) -> str:
    """What of the decision is beyond the policies that are in force where it is taken; empty where nothing is.

    Where the regions of the release are not known, nothing is said of what follows from them alone.
    """
    pack, name, regions = in_force
    if decision.effect == "lift":
        if decision.pack != DASHES or decision.policy or decision.restriction:
            return "a lift names no policy and no restriction: those are the decision's that it ends"
        if decision.regions or decision.ages:
            return "a lift names no regions and no age bands: it ends the decision for everybody"
        return ""
    if not decision.policy:
        return "it names no policy, and whatever restricts is by one"
    if decision.pack != name.digest:
        return f"it is by the policies {decision.pack}, and version {name.version} is in force, {name.digest}"
    policy = pack.policy(decision.policy)
    if policy is None:
        return f"version {pack.version} of the policies has no policy {decision.policy}"
    allowed = next((one for one in policy.allows if one.restriction == decision.restriction), None)
    if allowed is None:
        may = ", ".join(one.restriction for one in policy.allows) or "none"
        made = decision.restriction or "(none named)"
        return f"policy {policy.code} does not allow the restriction {made}; it allows {may}"
    return (
        _why_no_such(decision)
        or _why_wider(policy, allowed, decision)
        or _why_elsewhere(regions, decision)
        or _why_told(policy, decision)
    )


def _why_no_such(decision: Decision) -> str:
    """Why that is not what its restriction means."""
    match decision.restriction:
        case "geo_disabled" if not decision.regions:
            return "geo_disabled holds in the regions that it names, and it names none"
        case "geo_disabled" if decision.ages:
            return "geo_disabled holds for everybody in its regions, and it names age bands"
        case "age_restricted" if not decision.ages:
            return "age_restricted holds for the age bands that it names, and it names none: that would be everybody"
        case "age_restricted" if ADULT in decision.ages:
            return f"age_restricted holds for viewers below 18, and it names {ADULT}"
        case "removed" | "fyf_ineligible" if decision.regions or decision.ages:
            return f"{decision.restriction} holds everywhere and for everybody, and it names regions or age bands"
        case _:
            return ""


def _why_wider(policy: Policy, allowed: Allowed, decision: Decision) -> str:
    for what, most, found in (
        ("regions", allowed.regions, decision.regions),
        ("age bands", allowed.ages, decision.ages),
    ):
        if reaches := _beyond(most, found):
            return (
                f"policy {policy.code} allows {allowed.restriction} in the {what} {', '.join(most)}, and it holds in "
                f"{reaches}"
            )
    return ""


def _why_elsewhere(regions: Sequence[str], decision: Decision) -> str:
    """Why it would hold for others than those in some of the release's regions."""
    if not regions:
        return ""
    if unnamed := [one for one in decision.regions if one not in regions]:
        return (
            f"it names {', '.join(unnamed)}, and the release tells no such region from {ELSEWHERE}, all of which would "
            f"be kept from the video: it names {', '.join(regions)}"
        )
    if decision.restriction == "geo_disabled" and set(regions) <= set(decision.regions):
        return "geo_disabled holds in some regions, and it names all of the release, which is everybody"
    return ""


def _beyond(most: Sequence[str], found: Sequence[str]) -> str:
    """What of `found` is not in `most`, in words; of both nothing stands for all."""
    if not most:
        return ""
    return ", ".join(one for one in found if one not in most) if found else "all"


def _why_told(policy: Policy, decision: Decision) -> str:
    if policy.sealed and decision.ground:
        return f"policy {policy.code} is sealed: its decisions have an empty ground, since that is public"
    return ""

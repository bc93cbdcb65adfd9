"""A small pack of policies, and decisions on it."""

from __future__ import annotations

from typing import Any

from plainview.moderation.rules.pack import Allowed, Pack, Policy, Rules, name_of
from plainview.records import Decision
from plainview.records.fields import DASHES


def allowed(restriction: Any, regions: tuple[str, ...] = (), ages: Any = ()) -> Allowed:
    return Allowed(restriction=restriction, regions=regions, ages=ages)


def policy(code: str, *allows: Allowed, sealed: bool = False) -> Policy:
    return Policy(
        code=code, title=f"About {code}", text="Not here.", category="OTHER_VIOLATION_TC", severity="low",
        sealed=sealed, allows=allows,
    )  # fmt: skip


PACK = Pack(
    version=3,
    policies=(
        policy("spam", allowed("removed"), allowed("fyf_ineligible")),
        policy("law", allowed("geo_disabled", ("DE", "FR", "AT"))),
        policy("anywhere", allowed("geo_disabled")),
        policy("teens", allowed("age_restricted", ("DE",), ("13-15",))),
        policy("young", allowed("age_restricted")),
        policy("quiet", allowed("removed"), sealed=True),
        policy("label"),
    ),
)
REGIONS = ("ZZ", "US", "DE", "FR", "IT")
IN_FORCE = Rules(PACK, name_of(PACK), REGIONS)


def decision(
    policy: str,
    restriction: Any,
    regions: Any = (),
    ages: Any = (),
    ground: str = "",
    effect: Any = "restrict",
    pack: str = "",
) -> Decision:
    return Decision(
        time=0, decision=4, effect=effect, pack=pack or (DASHES if effect == "lift" else IN_FORCE.name.digest),
        policy=policy, restriction=restriction, video=7, regions=regions, ages=ages, ground=ground,
    )  # fmt: skip

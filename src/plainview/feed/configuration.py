"""A release's configuration: the pipeline as data, the value formula, caps and the learner's settings.

Numbers that are not whole are in millionths (`Micros`), so that the configuration has one way to bytes.
"""

from __future__ import annotations

import msgspec

from plainview.moderation.rules.pack import PackName
from plainview.records.codec import Record
from plainview.records.fields import U16, U32, U53, Digest, DigestOrDashes, Micros, Millis, Name, Region, Text, Token

MICRO = 1_000_000


class Retrieval(Record, frozen=True):
    """A stage that retrieves candidates."""

    name: Name
    limit: U16


class Weight(Record, frozen=True):
    """One term of the value formula."""

    head: Name
    weight: Micros


class Spacing(Record, frozen=True):
    """Each further video of a creator on a page keeps `decay` of the value of the one before, at least `floor`."""

    decay: Micros
    floor: Micros


class Diversity(Record, frozen=True):
    """Maximal marginal relevance among the `pool` best: a unit of likeness costs `penalty` of value."""

    pool: U16
    penalty: Micros


class Exploration(Record, frozen=True):
    """Slot `slot` of a page goes to a video drawn evenly among up to `pool` fresh ones with few impressions.

    `newcomers` is the number of impressions below which a video counts as new.
    """

    slot: U16
    pool: U16
    newcomers: U32


class Ordered(Record, frozen=True):
    """Slot `slot` of a page goes to a video that an order puts there; at most one a page."""

    slot: U16


class Arm(Record, frozen=True):
    """One way in which an experiment treats viewers: other weights of some heads."""

    name: Name
    share: U32
    """Of the viewers, in millionths."""
    value: tuple[Weight, ...]


class Experiment(Record, frozen=True):
    """Viewers are told apart by chance, for as long as it runs. Who is in none of `arms` is its control."""

    name: Name
    salt: Token
    """16 random bytes, so that nobody could choose which viewers come into which arm."""
    begins: Millis
    until: Millis
    arms: tuple[Arm, ...]


class Learning(Record, frozen=True):
    """Settings of the fold."""

    admit_after: U32
    expire_after: U32
    """Days."""
    daily_cap: U32
    """Acts of one viewer that teach in a day."""
    popular_half_life: U32
    """Seconds."""
    popular_period: U32
    """Seconds after which the lists of popular videos are drawn up anew, if anything was learned; see
    `learning.step.DRAW_AFTER` for busier times."""


class Configuration(Record, frozen=True):
    """Everything about a release that is neither code nor learned parameters."""

    name: Name
    regions: tuple[Region, ...]
    candidates: U16
    """Scored at most."""
    sources: tuple[Retrieval, ...]
    filters: tuple[Name, ...]
    scorer: Name
    value: tuple[Weight, ...]
    selectors: tuple[Name, ...]
    spacing: Spacing
    diversity: Diversity
    exploration: Exploration
    ordered: Ordered
    experiments: tuple[Experiment, ...]
    learning: Learning
    max_lag: U32
    """Records by which a page's epoch may lie behind the journal."""


class Training(Record, frozen=True):
    """What parameters were learned from: whoever has these records can learn them again, to the byte."""

    base: Digest
    """The release that learned, with the code that the manifest names."""
    log: Text
    """Origin line of the journal's log."""
    start: U53
    """Index of the first record that may have taught; before it, acts are left out as if nobody had done anything."""
    upto: U53
    """Index of the first record that was not read."""
    before: Digest
    """Root of the log's tree at size `start`."""
    root: Digest
    """And at size `upto`."""
    state: Digest
    """State digest of the world that all of it came to."""


class Manifest(Record, frozen=True):
    """What a release is made of, by digest. The digest of these bytes is the release's.

    It is the public tier: it stands in the log. The two others it names by salted commitments, and by these they are
    opened to whoever may read them.
    """

    configuration: Configuration
    source: Digest
    """SHA-256 over the files of `records`, `feed`, `learning` and `moderation.rules`, in path order."""
    lock: Digest
    """SHA-256 of the locked dependencies."""
    parameters: Digest
    """Digest of learned parameters that the release brings along (`records.digests.arrays_digest`)."""
    golden: Digest
    """What its golden vectors come to (`learning.golden`)."""
    ui: Digest
    """SHA-256 over the files of the viewers' app, in path order."""
    policies: PackName
    """The policies by which videos may be kept from viewers while it is in charge."""
    training: Training | None
    """Where its parameters come from; nil where it brings none, or none that can be learned again."""
    partner: DigestOrDashes
    """Commitment to what only the partner reads (`learning.provenance`), which a bundle brings; dashes for nothing."""
    sealed: DigestOrDashes
    """Commitment to what the licensor keeps, to be opened to a regulator later (`replay.deposits`); dashes for nothing.
    """


class _Bounded(msgspec.Struct, frozen=True):
    max_lag: U32


class _Bounding(msgspec.Struct, frozen=True):
    configuration: _Bounded


def max_lag_of(manifest: str) -> int:
    """The `max_lag` of any release's manifest, whatever else that has. Raises ValueError where it is none."""
    try:
        return msgspec.json.decode(manifest, type=_Bounding).configuration.max_lag
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"no release's manifest: {error}") from error


DEFAULT = Configuration(
    name="baseline",
    regions=("ZZ", "US", "GB", "DE", "FR", "BR", "JP", "IN"),
    candidates=1000,
    sources=(
        Retrieval(name="followed", limit=100),
        Retrieval(name="similar", limit=700),
        Retrieval(name="co-watched", limit=200),
        Retrieval(name="fresh", limit=100),
        Retrieval(name="popular", limit=512),
        Retrieval(name="ordered", limit=100),
    ),
    filters=("ineligible", "age", "blocked-creator", "muted-tag", "seen"),
    scorer="attention",
    value=(
        Weight(head="rank", weight=300_000),
        Weight(head="long_view", weight=1_000_000),
        Weight(head="complete", weight=300_000),
        Weight(head="like", weight=500_000),
        Weight(head="follow", weight=1_000_000),
        Weight(head="share", weight=1_000_000),
        Weight(head="comment", weight=500_000),
        Weight(head="watched", weight=200_000),
        Weight(head="not_interested", weight=-10_000_000),
        Weight(head="report", weight=-40_000_000),
    ),
    selectors=("diversity", "spacing", "exploration", "ordered"),
    spacing=Spacing(decay=500_000, floor=250_000),
    diversity=Diversity(pool=150, penalty=150_000),
    exploration=Exploration(slot=4, pool=64, newcomers=100),
    ordered=Ordered(slot=6),
    experiments=(),
    learning=Learning(admit_after=1, expire_after=60, daily_cap=500, popular_half_life=7 * 86_400, popular_period=600),
    max_lag=50_000,
)
"""The configuration that ships."""
GOLDEN = "Z-CLYEs3a1L-HD8bxhR8lUcV1x-q9i_A7yIxnF1OqHU"
"""What `learning.golden` comes to with it. Another value is another algorithm."""

__all__ = [
    "DEFAULT",
    "GOLDEN",
    "MICRO",
    "Arm",
    "Configuration",
    "Diversity",
    "Experiment",
    "Exploration",
    "Learning",
    "Manifest",
    "Ordered",
    "Retrieval",
    "Spacing",
    "Training",
    "Weight",
    "max_lag_of",
]

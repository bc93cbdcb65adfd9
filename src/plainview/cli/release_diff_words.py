"""What `plainview release diff` finds, in words: for the terminal and for the picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from plainview.ledger.spelling import printable

if TYPE_CHECKING:
    from plainview.replay.comparison import Comparison, Likeness, ReleaseDiff
    from plainview.replay.exposure import Share
    from plainview.replay.release_changes import File

MILLION = 1_000_000
MILLIONTHS = frozenset({"weight", "decay", "floor", "penalty", "share"})
"""Fields of a configuration that are numbers in millionths."""
NOTHING = "none"
LONGEST = 400
"""Characters of a value that are shown."""

_FIELDS = (
    (r"name", "what it is called"),
    (r"regions", "regions that are told apart"),
    (r"candidates", "videos that are scored, at most"),
    (r"sources\.([\w-]+)\.limit", "videos that {} finds, at most"),
    (r"sources\.([\w-]+)", "the source {}"),
    (r"sources\.order", "the order of the sources: a video belongs to the first that finds it"),
    (r"filters", "the filters, in order"),
    (r"scorer", "what predicts"),
    (r"value\.([\w-]+)\.weight", "what {} counts in a video's value"),
    (r"value\.([\w-]+)", "what {} counts in a video's value"),
    (r"selectors", "what places videos, in order"),
    (r"spacing\.decay", "of its value each further video of a creator keeps"),
    (r"spacing\.floor", "of its value each further video of a creator keeps at least"),
    (r"diversity\.pool", "best videos among which likeness counts"),
    (r"diversity\.penalty", "what a unit of likeness costs"),
    (r"exploration\.slot", "the slot of exploration, from 0"),
    (r"exploration\.pool", "videos that exploration draws from, at most"),
    (r"exploration\.newcomers", "impressions below which a video is new"),
    (r"ordered\.slot", "the slot of orders, from 0"),
    (r"experiments\.([\w.-]+)", "experiment {}"),
    (r"learning\.admit_after", "acts before a video is learned about"),
    (r"learning\.expire_after", "days after which it is forgotten"),
    (r"learning\.daily_cap", "acts of a viewer that teach in a day"),
    (r"learning\.popular_half_life", "seconds after which popularity counts half"),
    (r"learning\.popular_period", "seconds between lists of the popular"),
    (r"max_lag", "records by which a page's epoch may lag"),
)
_POLICIES = (
    (r"version", "version of the policies"),
    (r"policies\.order", "the order of the policies"),
    (r"policies\.([\w.-]+)\.title", "what policy {} is called"),
    (r"policies\.([\w.-]+)\.text", "what policy {} says"),
    (r"policies\.([\w.-]+)\.category", "the DSA's category of policy {}"),
    (r"policies\.([\w.-]+)\.severity", "how grave policy {} is"),
    (r"policies\.([\w.-]+)\.sealed", "whether decisions by policy {} say nothing of what happened"),
    (r"policies\.([\w.-]+)\.allows\.order", "the order of what policy {} allows"),
    (r"policies\.([\w.-]+)\.allows\.(\w+)\.regions", "where policy {} allows {}; none: anywhere"),
    (r"policies\.([\w.-]+)\.allows\.(\w+)\.ages", "for whom policy {} allows {}; none: for all that it may be for"),
    (r"policies\.([\w.-]+)\.allows\.(\w+)", "that policy {} allows {}"),
    (r"policies\.([\w.-]+)", "policy {}"),
)
"""Of a pack; the first that fits."""
_TIERS = {
    "parameters": "learned parameters, by digest",
    "golden": "golden vectors, by digest",
    "training": "what its parameters were learned from",
    "training.base": "the release that learned them",
    "training.log": "the log that taught them",
    "training.start": "the first record that taught",
    "training.upto": "the first record that was not read",
    "training.before": "root of that log at the first",
    "training.root": "root of that log at the second",
    "training.state": "the world they were taken from, by digest",
    "partner": "what the partner alone reads, by commitment",
    "sealed": "what the licensor sealed, by commitment",
}
"""What else a manifest has."""


class Field(NamedTuple):
    """A field that is another."""

    field: str
    words: str
    before: str
    after: str


class Bar(NamedTuple):
    """Who gains or loses."""

    label: str
    gains: bool
    part: float
    """Of the longest bar of its section."""
    points: str
    """The difference without its sign, in percentage points."""
    shares: str


class Section(NamedTuple):
    """Those who gain or lose most of one kind."""

    title: str
    note: str
    bars: tuple[Bar, ...]
    left: int
    """Others whose share is another, too."""


def fields(found: ReleaseDiff) -> list[Field]:
    """All that is another in the manifest and in the policies."""
    told = []
    for change, words in (
        *((one, _words(one.field)) for one in found.changes.manifest),
        *((one, _worded(_POLICIES, one.field) or one.field) for one in found.changes.policies),
    ):
        last = change.field.rpartition(".")[2]
        parts = change.field, words, _value(change.before, last), _value(change.after, last)
        told.append(Field(*map(_readable, parts)))
    return told


def others(found: ReleaseDiff) -> list[str]:
    """What of source, app and lock is another, a sentence each; that nothing is, of policies too, where nothing is."""
    changed = found.changes
    told = [] if changed.policies else ["policies: the same"]
    for what, files in (("source", changed.source), ("app", changed.app)):
        told += [f"{what}: {file.path} {_how(file)}" for file in files] or [f"{what}: the same"]
    for locked in changed.lock:
        before, after = (", ".join(one) or NOTHING for one in (locked.before, locked.after))
        how = f"{before} in A, {after} in B" if before != after else f"other wheels of {before}"
        told.append(f"lock: {locked.package}, {how}")
    if not changed.lock:
        told.append("lock: the same")
    return [_readable(one) for one in told]


def _how(file: File) -> str:
    match file.only:
        case "a":
            return f"is gone ({_counted(file.removed, 'line')})"
        case "b":
            return f"is new ({_counted(file.added, 'line')})"
        case _ if file.added or file.removed:
            return f"is another ({_counted(file.added, 'line')} added, {file.removed:,} removed)"
        case _:
            return "has the same lines, in another order or with other ends"


def sentences(made: Comparison) -> list[str]:
    """What the pages came to, in the order in which it matters."""
    reach, like, exposure = made.reach, made.likeness, made.exposure
    spread = "" if reach.pages + reach.left_out == reach.found else f", of {reach.found:,} evenly spread"
    left_out = (
        f"{_counted(reach.left_out, 'page')} left out: the receipts cite what no page can rest on; "
        "`plainview replay --all` says which."
    )
    return [
        (
            f"{_counted(reach.pages, 'page')} ranked again by both{spread}, between records {reach.start:,} and "
            f"{reach.stop - 1:,} of a journal whose first {reach.records:,} have the root {reach.root}."
        ),
        *([left_out] if reach.left_out else []),
        (
            f"{percent(like.same, like.pages)} of the pages are the same, {percent(like.reordered, like.pages)} have "
            f"the same videos in another order, {percent(like.others, like.pages)} other videos."
        ),
        (
            f"Of a page's videos both have {like.overlap:.1%} on average; rank-biased overlap (p = 0.9) is "
            f"{like.rank_biased_overlap:.3f}, where 1 is the same."
        ),
        (
            f"New creators have {exposure.new_creators.share_a:.2%} of the impressions under A, "
            f"{exposure.new_creators.share_b:.2%} under B; the most shown hundredth of creators "
            f"{exposure.concentration_a.top:.2%} and {exposure.concentration_b.top:.2%}; the Gini coefficient is "
            f"{exposure.concentration_a.gini:.3f} and {exposure.concentration_b.gini:.3f}."
        ),
    ]


def served(found: ReleaseDiff, made: Comparison) -> list[tuple[str, bool]]:
    """Who served the pages and whether theirs came out as logged; each with whether that is well."""
    names = {found.a.release: "A", found.b.release: "B"}
    told = []
    for one in made.served:
        by = f"{_counted(one.pages, 'page')} served by {names.get(one.release, f'release {one.release}')}"
        if one.as_logged is None:
            text = f"{by}, which is neither: what A and B would have given instead is compared."
        elif one.as_logged == one.pages:
            text = f"{by}: all came out as they were logged."
        else:
            text = (
                f"{by}, and only {one.as_logged:,} came out as they were logged: another release served the others, or "
                "the journal is not what it was, and nothing here is to be believed. `plainview replay` says which."
            )
        told.append((text, one.as_logged in (None, one.pages)))
    return told


LIMIT = (
    "One step, and exactly: each page on the inputs that it had. What viewers would have done with other pages, and "
    "what would then have been learned, is not in it."
)
"""What a counterfactual replay is not."""


def sections(made: Comparison, most: int) -> list[Section]:
    """Who gains and who loses, `most` of each kind: those whose share changes most."""
    exposure = made.exposure
    return [
        _section("Creators", "of all impressions", "creator {}", exposure.creators, most),
        _section("Tags", "of all impressions; a video has several", "tag {}", exposure.tags, most),
        _section("Regions", "of the videos", "{}", exposure.regions, most),
        _section("Sources", "which found the videos", "{}", exposure.sources, most),
        _section("Selectors", "which placed them; “ordered” is by order", "{}", exposure.selectors, most),
    ]


def likeness(like: Likeness) -> tuple[str, str, str]:
    """Pages, those that differ, and overlap."""
    return f"{like.pages:,}", percent(like.pages - like.same, like.pages), f"{like.overlap:.1%}"


def percent(part: int, whole: int) -> str:
    """A share of a count, which says 0 or 100 of nothing else."""
    share = part / whole if whole else 0.0
    if 0 < part < whole:
        share = min(max(share, 0.001), 0.999)
    return f"{share:.1%}"


def _section(title: str, note: str, label: str, rows: tuple[Share, ...], most: int) -> Section:
    moved = [row for row in rows if row.difference]
    longest = max((abs(row.difference) for row in moved), default=1.0)
    bars = tuple(
        Bar(
            _readable(label.format(row.id)),
            row.difference > 0,
            abs(row.difference) / longest,
            f"{abs(row.difference) * 100:.2f}",
            f"{row.share_a:.2%} → {row.share_b:.2%}",
        )
        for row in moved[:most]
    )
    return Section(title, note, bars, len(moved) - len(bars))


def _words(field: str) -> str:
    """What a field is; the field itself where no words are known."""
    if field in _TIERS:
        return _TIERS[field]
    name = field.removeprefix("configuration.")
    return (_worded(_FIELDS, name) if name != field else "") or field


def _worded(patterns: tuple[tuple[str, str], ...], name: str) -> str:
    """What the first pattern that fits says; empty where none does."""
    for pattern, words in patterns:
        if match := re.fullmatch(pattern, name):
            return words.format(*match.groups())
    return ""


def _value(value: object, field: str) -> str:
    match value:
        case None:
            return NOTHING
        case bool() | str():
            return str(value)
        case int() if field in MILLIONTHS:
            return f"{value / MILLION:g}"
        case list():
            return ", ".join(_value(one, field) for one in value) or NOTHING
        case dict():
            return ", ".join(f"{name} {_value(one, name)}" for name, one in value.items())
        case _:
            return f"{value}"


def _readable(text: str) -> str:
    """A bundle may come from anybody."""
    return printable(text if len(text) <= LONGEST else f"{text[:LONGEST]}...")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 else ''}"

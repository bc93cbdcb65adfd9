"""Records as rows that kernels can read: one `ACTION` for each act that viewer state or the world takes up.

An action's `time` is the fold's time: journal time for what happened here, the (shifted) time of the source for rows
of an import. Nothing of a record's index is in it but the page an event cites, which is used only to find that page
among the viewer's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plainview.feed.orders import EVERYWHERE, region_words
from plainview.feed.tables import REGIONS, UNKNOWN_SURFACE
from plainview.moderation.rules.restrictions import mask
from plainview.records import (
    ACTIONS,
    Decision,
    Event,
    History,
    Impression,
    Order,
    Origin,
    Page,
    Record,
    Setting,
    Video,
    Viewer,
)
from plainview.records.fields import AGE_BANDS

ACTION = np.dtype(
    [
        ("time", "<i8"),
        ("viewer", "<i8"),  # video: its sound
        ("video", "<i8"),  # or the decision's, or 0
        ("target", "<i8"),  # creator, tag, page, decision or order number, origin key
        ("other", "<i8"),  # video: created; decision: mask; page: the session's key
        ("offset", "<i8"),  # into the payload
        ("count", "<i4"),  # payload words
        ("slot", "<i4"),  # row of the viewer in a ViewerTable, filled in by whoever applies the action
        ("watched", "<i4"),  # video: its duration; page: how many orders follow on the videos in the payload
        ("bits", "<u2"),  # outcomes
        ("kind", "u1"),
        ("code", "u1"),  # setting, decision effect, mode, form, whether an order is ended
        ("surface", "u1"),
        ("region", "u1"),
        ("age", "u1"),
        ("position", "u1"),
    ]
)

VIDEO, VIEWER, SETTING, PAGE, EVENT, IMPRESSION, PAST, DECISION, ORIGIN, ORDER = range(1, 11)
"""Kinds of actions. PAST is one row of a viewer's imported history."""

FOLLOW, UNFOLLOW, BLOCK, UNBLOCK, MUTE, UNMUTE = range(6)
_SETTINGS = {"follow": FOLLOW, "unfollow": UNFOLLOW, "block": BLOCK, "unblock": UNBLOCK, "mute": MUTE, "unmute": UNMUTE}

LONG_VIEW, COMPLETE, LIKE, FOLLOWED, SHARE, COMMENT, NOT_INTERESTED, REPORT, CLICK, PROFILE = (
    1 << i for i in range(10)
)
VIEWED = 1 << 14
"""Set once watch time is known."""
NATIVE = 1 << 15
"""Watched here: long view and completion follow from watch time and duration. Imports bring their own bits."""

_ACTION_BITS = {
    "view": VIEWED | NATIVE,
    "like": LIKE | NATIVE,
    "follow": FOLLOWED | NATIVE,
    "share": SHARE | NATIVE,
    "comment": COMMENT | NATIVE,
    "not_interested": NOT_INTERESTED | NATIVE,
    "report": REPORT | NATIVE,
}
assert tuple(_ACTION_BITS) == ACTIONS

_NO_WORDS: tuple[int, ...] = ()


class Actions(NamedTuple):
    """Actions in order, with the numbers that some of them bring in varying count."""

    rows: NDArray[np.void]
    payload: NDArray[np.int64]


@lru_cache(maxsize=256)  # asked for each row of an import
def origin_key(name: str) -> int:
    """63 bits that stand for an origin inside the world."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1


def session_key(session: str) -> int:
    """63 bits that stand for a session inside a viewer's state."""
    return int.from_bytes(hashlib.sha256(session.encode()).digest()[:8], "big") >> 1


class Reader:
    """Turns records into actions. `regions` is the release's list; a region that is not in it counts as ZZ (0)."""

    def __init__(self, regions: Sequence[str]) -> None:
        if not regions or regions[0] != "ZZ" or len(regions) > REGIONS:
            raise ValueError(f"a release names at most {REGIONS} regions, the first of them ZZ")
        self._region = {name: number for number, name in enumerate(regions)}

    def region(self, name: str) -> int:
        """The number of a region, 0 for one that the release does not name."""
        return self._region.get(name, 0)

    def mask(self, decision: Decision) -> int:
        """For whom `decision` keeps its video back (`moderation.rules.restrictions`)."""
        return mask(decision, self.region)

    def read(self, entries: Iterable[tuple[int, Record]]) -> Actions:
        """The actions of (index, record) pairs, in order; records that neither fold takes up give none."""
        rows: list[tuple[int, ...]] = []
        words: list[int] = []
        append = rows.append
        for index, record in entries:
            match record:
                case Event():
                    append(
                        (
                            record.time, record.viewer, record.video, record.page, record.creator, 0, 0, -1,
                            min(record.watched, 2**31 - 1), _ACTION_BITS[record.action], EVENT, 0, 0, 0, 0,
                            record.position,
                        )
                    )  # fmt: skip
                case Impression():
                    append(
                        (
                            record.at, record.viewer, record.video, origin_key(record.origin), 0, 0, 0, -1,
                            min(record.watched, 2**31 - 1), record.outcomes | VIEWED, IMPRESSION, 0,
                            min(record.surface, UNKNOWN_SURFACE - 1), 0, 0, 0,
                        )
                    )  # fmt: skip
                case Page():
                    append(
                        (
                            record.time, record.viewer, 0, index, session_key(record.session), len(words),
                            len(record.items), -1, len(record.orders), 0, PAGE, record.request.mode == "plain",
                            min(record.request.surface, UNKNOWN_SURFACE - 1), 0, 0, 0,
                        )
                    )  # fmt: skip
                    words.extend(item.video for item in record.items)
                    words.extend(record.orders)
                case History():
                    key = origin_key(record.origin)
                    for video, outcomes in record.past:
                        append(
                            (
                                record.at, record.viewer, video, key, 0, 0, 0, -1, 0, outcomes | VIEWED, PAST, 0,
                                UNKNOWN_SURFACE, 0, 0, 0,
                            )
                        )  # fmt: skip
                case Video():
                    append(
                        (
                            record.time, record.sound, record.video, record.creator, record.created, len(words),
                            len(record.tags), -1, min(record.duration, 2**31 - 1), 0, VIDEO, record.form, 0,
                            self.region(record.region), AGE_BANDS.index(record.audience), 0,
                        )
                    )  # fmt: skip
                    words.extend(record.tags)
                case Viewer():
                    append(
                        (
                            record.time, record.viewer, 0, 0, 0, 0, 0, -1, 0, 0, VIEWER, record.mode == "plain", 0,
                            self.region(record.region), AGE_BANDS.index(record.age), 0,
                        )
                    )  # fmt: skip
                case Setting():
                    append(
                        (
                            record.time, record.viewer, 0, record.target, 0, 0, 0, -1, 0, 0, SETTING,
                            _SETTINGS[record.setting], 0, 0, 0, 0,
                        )
                    )  # fmt: skip
                case Decision():
                    append(
                        (
                            record.time, 0, record.video, record.decision, self.mask(record), 0, 0, -1, 0, 0, DECISION,
                            record.effect == "lift", 0, 0, 0, 0,
                        )
                    )  # fmt: skip
                case Order():
                    append(
                        (
                            record.time, 0, record.video, record.order, 0, len(words), 3 + len(EVERYWHERE), -1, 0, 0,
                            ORDER, record.ended, 0, 0, 0, 0,
                        )
                    )  # fmt: skip
                    words.extend((record.begins, record.until, record.cap, *region_words(record.regions)))
                case Origin():
                    append((record.time, 0, 0, origin_key(record.origin), 0, 0, 0, -1, 0, 0, ORIGIN, 0, 0, 0, 0, 0))
                case _:
                    pass
        return Actions(np.array(rows, ACTION), np.array(words, np.int64))

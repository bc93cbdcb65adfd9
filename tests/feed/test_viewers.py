"""Viewer state: a pure fold over the viewer's own records, in a row of constant size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.feed.actions import COMMENT, LIKE, NATIVE, VIEWED, Actions, Reader
from plainview.feed.residents import Residents
from plainview.feed.viewers import (
    BLOCKS,
    HISTORY,
    PAGES,
    SEEN,
    apply_all,
    begins_list,
    digest,
    new_viewers,
    without_profile,
)
from plainview.records import UNSIGNED, Event, Impression, Item, Page, Record, Request, Setting, Viewer
from plainview.records.fields import to_text

READER = Reader(("ZZ", "US"))
TOKEN = to_text(bytes(16))
ZERO = to_text(bytes(32))


def page(index: int, videos: tuple[int, ...], viewer: int = 7) -> tuple[int, Record]:
    items = tuple(
        Item(video=video, source="popular", parts=(), value=0, selector="value", propensity=0) for video in videos
    )
    request = Request(surface=3, region="US", age="18+", mode="personal", limit=5, nonce=TOKEN, acknowledged=0)
    return index, Page(
        time=1000 + index, viewer=viewer, session=TOKEN, n=0, previous="", release=ZERO, grounds=(), charter=0,
        policy=0, epoch=0, epoch_digest=ZERO, pinned=0, cursor=0, viewer_upto=0, viewer_digest=ZERO, wanted="personal",
        request=request, now=0, arms=(), orders=(), items=items, trace=ZERO, environment=ZERO,
    )  # fmt: skip


def event(
    index: int, cited: int, position: int, video: int, action: str = "view", watched: int = 0
) -> tuple[int, Record]:
    return index, Event(
        time=2000 + index, viewer=7, id=TOKEN, page=cited, position=position, video=video, creator=90 + video,
        action=action, watched=watched, at=0, key="A" * 43, signature="A" * 86,
    )  # type: ignore[arg-type]  # fmt: skip


def impression(row: int, video: int, at: int = 0) -> tuple[int, Record]:
    return row, Impression(
        time=0, origin="source", row=row, viewer=7, video=video, surface=1, at=at, watched=10, outcomes=LIKE
    )


def setting(name: str, target: int) -> tuple[int, Record]:
    return 0, Setting(time=0, viewer=7, id=TOKEN, setting=name, target=target, signature="A" * 86)  # type: ignore[arg-type]


def state(*entries: tuple[int, Record]) -> np.ndarray:  # type: ignore[type-arg]
    rows = new_viewers(1)
    actions = READER.read(entries)
    actions.rows["slot"] = 0
    apply_all(rows, actions.rows, actions.payload)
    return rows


def test_registration_sets_who_asks() -> None:
    row = state((0, Viewer(time=0, viewer=7, region="US", age="16-17", mode="plain", **UNSIGNED)))[0]
    assert (row["id"], row["known"], row["region"], row["age"], row["plain"]) == (7, 1, 1, 2, 1)


def test_an_event_that_cites_its_page_enters_the_history_once() -> None:
    row = state(
        page(10, (1, 2, 3)),
        event(11, 10, 1, 2, "view", 500),
        event(12, 10, 1, 2, "like"),
        event(13, 10, 1, 2, "view", 300),
    )[0]
    assert row["history"] == 1
    assert row["h_video"][0] == 2
    assert row["h_bits"][0] == NATIVE | VIEWED | LIKE
    assert row["h_watched"][0] == 500
    assert row["h_surface"][0] == 3


def test_events_that_cite_another_page_position_or_video_change_nothing() -> None:
    before = state(page(10, (1, 2, 3)))
    for bad in (event(11, 9, 1, 2), event(11, 10, 2, 2), event(11, 10, 3, 2), event(11, 10, 0, 2)):
        assert state(page(10, (1, 2, 3)), bad).tobytes() == before.tobytes()


def test_only_the_last_pages_take_events() -> None:
    pages = [page(10 + k, (k + 1,)) for k in range(PAGES + 1)]
    assert state(*pages, event(50, 10, 0, 1))[0]["history"] == 0
    assert state(*pages, event(50, 11, 0, 2))[0]["history"] == 1


def test_history_and_seen_are_rings() -> None:
    count = SEEN + 5
    row = state(*(impression(k, 1000 + k) for k in range(count)))[0]
    assert row["history"] == count
    assert sorted(row["h_video"]) == [1000 + k for k in range(count - HISTORY, count)]
    assert sorted(row["s_video"]) == [1000 + k for k in range(count - SEEN, count)]


def test_a_follow_event_and_a_follow_setting_are_one() -> None:
    row = state(page(10, (1,)), event(11, 10, 0, 1, "follow"), setting("follow", 91), setting("follow", 5))[0]
    assert row["follows"] == 2
    assert row["f_creator"][:2].tolist() == [91, 5]


@given(
    st.lists(
        st.tuples(st.sampled_from(["block", "unblock", "mute", "unmute", "follow", "unfollow"]), st.integers(1, 9))
    )
)
def test_settings_are_bounded_sets(acts: list[tuple[str, int]]) -> None:
    row = state(*(setting(name, target) for name, target in acts))[0]
    for on, off, count, values in (
        ("block", "unblock", "blocks", "b_creator"),
        ("mute", "unmute", "mutes", "m_tag"),
        ("follow", "unfollow", "follows", "f_creator"),
    ):
        expected: dict[int, None] = {}
        for name, target in acts:
            if name == on:
                expected.setdefault(target)
            elif name == off:
                expected.pop(target, None)
        assert row[values][: row[count]].tolist() == list(expected)
        assert not row[values][row[count] :].any()


def test_a_full_set_forgets_its_oldest() -> None:
    row = state(*(setting("block", k) for k in range(1, BLOCKS + 3)))[0]
    assert row["b_creator"].tolist() == list(range(3, BLOCKS + 3))


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_fold_may_be_cut_anywhere(first: int, second: int) -> None:
    entries = [
        page(5, (1, 2)),
        *(impression(k, k, at=k * 7_000_000) for k in range(50)),
        event(70, 5, 0, 1, "view", 9),
        setting("mute", 4),
    ]
    rows = new_viewers(1)
    for part in (
        entries[: min(first, second)],
        entries[min(first, second) : max(first, second)],
        entries[max(first, second) :],
    ):
        actions = READER.read(part)
        actions.rows["slot"] = 0
        apply_all(rows, actions.rows, actions.payload)
    assert digest(rows[0]) == digest(state(*entries)[0])


def test_a_plain_page_sees_settings_and_no_history() -> None:
    full = state(
        page(10, (1, 2)), impression(0, 5), event(11, 10, 0, 1, "comment"), setting("block", 3), setting("follow", 4)
    )
    plain = without_profile(full)
    assert plain[0]["b_creator"][0] == 3
    assert plain.tobytes() == without_profile(state(setting("block", 3))).tobytes()
    assert COMMENT & int(full[0]["h_bits"][1])


def test_lists_of_an_import_are_short_and_within_a_day() -> None:
    row = state(*(impression(k, k) for k in range(7)))[0]
    assert not begins_list(row, 0)
    assert begins_list(row, 86_400_001)
    row = state(*(impression(k, k) for k in range(8)))[0]
    assert begins_list(row, 0)


def test_residents_rebuild_whom_they_forgot() -> None:
    histories = {viewer: [impression(k, 100 * viewer + k) for k in range(viewer)] for viewer in range(1, 9)}
    residents = Residents(3, lambda viewer: READER.read(histories[viewer]))
    before = {viewer: residents.row(viewer).tobytes() for viewer in histories}
    assert len(residents) == 3
    for viewer in (5, 1, 8, 1, 2):
        assert residents.row(viewer).tobytes() == before[viewer]


def test_a_viewer_whose_records_cannot_be_read_is_nobody_and_takes_nobodys_place() -> None:
    def load(viewer: int) -> Actions:
        if viewer == 9:
            raise OSError("damaged")
        return READER.read([page(1, (3,), viewer)])

    residents = Residents(1, load)
    before = residents.row(5).tobytes()
    for _ in range(2):
        with pytest.raises(OSError, match="damaged"):
            residents.slot(9)
    assert 9 not in residents
    assert 5 in residents
    assert residents.row(5).tobytes() == before

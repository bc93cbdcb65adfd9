from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from plainview.feed.viewers import PAGES
from plainview.journal import Draft
from plainview.platform.application import Application
from plainview.platform.catalogue import NewVideo
from plainview.platform.events import AHEAD, LONGEST
from plainview.platform.viewers import NewViewer
from plainview.records import Event, Page
from tests.platform.signing import of_name, session
from tests.platform.towns import event, now, open_town, page_of, populate, raw, settled, token

DAY = 24 * 60 * 60 * 1000


@pytest.fixture(scope="module")
def shown(town: Application) -> tuple[int, Page]:
    return page_of(town, viewer=1)


def test_a_good_event_is_in_the_journal(town: Application, shown: tuple[int, Page]) -> None:
    index, page = shown
    (taken,) = town.events.take(raw(event(index, page)))
    assert taken.fault is None
    assert taken.fresh
    assert taken.index is not None
    record = town.journal.entry(taken.index).record
    assert isinstance(record, Event)
    assert record.creator == town.catalogue.record(page.items[0].video).creator


def test_a_repeated_id_gets_its_first_index_back(town: Application, shown: tuple[int, Page]) -> None:
    one = event(*shown)
    first, second = town.events.take(raw(one, one))
    (third,) = town.events.take(raw(one))
    assert first.index == second.index == third.index
    assert [taken.fresh for taken in (first, second, third)] == [True, False, False]


@pytest.mark.parametrize("change", [{"watched": 5}, {"action": "like", "watched": 0}, {"at": -1}, {"position": 1}])
def test_another_event_with_the_same_id_is_refused(
    town: Application, shown: tuple[int, Page], change: dict[str, Any]
) -> None:
    one = event(*shown)
    if "position" in change:
        change = change | {"video": shown[1].items[1].video}
    if "at" in change:
        change = {"at": one["at"] + change["at"]}
    first, within, last = town.events.take(raw(one, one | change, event(*shown)))
    (after,) = town.events.take(raw(one | change))
    assert first.fresh
    assert last.fresh
    for taken in (within, after):
        assert taken.fault is not None
        assert (taken.index, taken.fault.code, taken.fault.field) == (None, "id_reused", "id")
        assert f"record {first.index} has this id and another {', '.join(change)}:" in taken.fault.message


BAD: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("unknown video", {"video": 99_999}, "unknown_video", "video", "no video 99999"),
    ("unknown viewer", {"viewer": 77_777}, "unknown_viewer", "viewer", "viewer 77777 is not known"),
    ("another viewer's page", {"viewer": 2}, "unknown_page", "page", "no page of viewer 2"),
    ("a record that is no page", {"page": 0}, "unknown_page", "page", "record 0 is no page"),
    ("a page to come", {"page": 10**9}, "unknown_page", "page", "is no page"),
    ("a position off the page", {"position": 200}, "wrong_position", "position", "none at position 200"),
    ("another position's video", {"position": 1}, "wrong_position", "video", "position 1 of page"),
    ("the future", {"at": now() + AHEAD + DAY}, "future", "at", "in the future"),
    ("an ancient time", {"at": now() - 31 * DAY}, "ancient", "at", "30 days ago"),
    ("time zero", {"at": 0}, "ancient", "at", "30 days ago"),
    ("a negative time", {"at": -1}, "malformed", "at", "at: send a whole number from 0 to 2**53 - 1"),
    ("a negative watch time", {"watched": -5}, "malformed", "watched", "a whole number from 0 to 4294967295, or leave"),
    ("an absurd watch time", {"watched": LONGEST + 1}, "wrong_watched", "watched", "more than a day"),
    ("a watch time past all bounds", {"watched": 2**40}, "malformed", "watched", "from 0 to 4294967295"),
    ("a watched like", {"action": "like"}, "wrong_watched", "watched", "only a view"),
    ("an unknown action", {"action": "wink"}, "malformed", "action", "send comment, follow, like, not_interested,"),
    ("no key", {"key": "short"}, "malformed", "key", "send 32 bytes in unpadded base64url: 43 characters"),
    ("a bad id", {"id": "short"}, "malformed", "id", "send 16 random bytes in unpadded base64url"),
    ("a position that is no number", {"position": "first"}, "malformed", "position", "from 0 to 255"),
    ("a fraction", {"watched": 1.5}, "malformed", "watched", "a whole number"),
    ("an unknown field", {"mood": "good"}, "malformed", "mood", "no such field; send id, viewer,"),
]


@pytest.mark.parametrize(("change", "code", "field", "message"), [case[1:] for case in BAD], ids=[c[0] for c in BAD])
def test_a_bad_event_says_what_is_wrong_and_the_others_are_kept(
    town: Application, shown: tuple[int, Page], change: dict[str, Any], code: str, field: str, message: str
) -> None:
    good = [event(*shown), event(*shown, 2)]
    first, bad, last = town.events.take(raw(good[0], event(*shown) | change, good[1]))
    assert bad.index is None
    assert bad.fault is not None
    assert (bad.fault.code, bad.fault.field) == (code, field)
    assert message in bad.fault.message
    for taken in (first, last):
        assert taken.fault is None
        assert taken.index is not None
        assert isinstance(town.journal.entry(taken.index).record, Event)


@pytest.mark.parametrize("text", [b"3", b'"x"', b"null", b"[]"])
def test_what_is_no_event_is_malformed(town: Application, text: bytes) -> None:
    (taken,) = town.events.take([msgspec.Raw(text)])
    assert taken.fault is not None
    assert taken.fault.code == "malformed"
    assert taken.fault.message.startswith("send a JSON object with id, viewer, page,")


def test_a_missing_field_is_named(town: Application, shown: tuple[int, Page]) -> None:
    one = event(*shown)
    del one["position"]
    (taken,) = town.events.take(raw(one))
    assert taken.fault is not None
    assert taken.fault.field == "position"
    assert taken.fault.message == "position: it is missing; send a whole number from 0 to 255"


def test_a_little_ahead_is_no_future(town: Application, shown: tuple[int, Page]) -> None:
    (taken,) = town.events.take(raw(event(*shown) | {"at": now() + AHEAD // 2}))
    assert taken.fault is None


def test_an_old_page_and_an_absent_viewer_are_read_from_the_journal(town: Application) -> None:
    town.viewers.register(NewViewer(viewer=50))
    session = token()
    pages = [page_of(town, viewer=50, session=session, n=n, limit=2) for n in range(9)]
    index, page = pages[0]
    (taken,) = town.events.take(raw(event(index, page)))
    assert taken.fault is None
    assert taken.late
    (taken,) = town.events.take(raw(event(index, page, video=pages[1][1].items[0].video)))
    assert taken.fault is not None
    assert taken.fault.code == "wrong_position"


def test_what_cites_none_of_the_last_pages_is_late_and_changes_nothing(town: Application) -> None:
    town.viewers.register(NewViewer(viewer=52))
    session = token()
    pages = [page_of(town, viewer=52, session=session, n=n, limit=2) for n in range(PAGES + 1)]
    before = town.residency.standing(52).row.tobytes()
    old, follow = event(*pages[0]), event(*pages[0], action="follow", watched=0)
    first, second = town.events.take(raw(old, follow))
    assert (first.fresh, first.late, second.fresh, second.late) == (True, True, True, True)
    assert town.residency.standing(52).row.tobytes() == before
    again, oldest = town.events.take(raw(old, event(*pages[1])))
    assert (again.fresh, again.late) == (False, False)
    assert (oldest.fresh, oldest.late) == (True, False)
    assert town.residency.standing(52).row.tobytes() != before


@pytest.mark.parametrize("before", [True, False])
def test_a_page_served_while_an_event_is_written_makes_it_late_where_it_came_before(
    town: Application, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    viewer = 53 + before
    town.viewers.register(NewViewer(viewer=viewer))
    session = token()
    pages = [page_of(town, viewer=viewer, session=session, n=n, limit=2) for n in range(PAGES)]
    append = town.journal.append

    def serving(drafts: list[Draft]) -> object:
        monkeypatch.setattr(town.journal, "append", append)
        if before:
            page_of(town, viewer=viewer, session=session, n=PAGES, limit=2)
        outcomes = append(drafts)
        if not before:
            page_of(town, viewer=viewer, session=session, n=PAGES, limit=2)
        return outcomes

    monkeypatch.setattr(town.journal, "append", serving)
    oldest, last = town.events.take(raw(event(*pages[0]), event(*pages[-1])))
    assert (oldest.fresh, oldest.late) == (True, before)
    assert (last.fresh, last.late) == (True, False)
    assert town.residency.standing(viewer).row[0]["history"] == (1 if before else 2)


def test_what_comes_when_its_viewer_is_not_in_memory_is_not_late_for_that(tmp_path: Path) -> None:
    with open_town(tmp_path / "home", residents=1) as town:
        populate(town)
        shown = page_of(town, viewer=1)
        town.residency.standing(2)
        (taken,) = town.events.take(raw(event(*shown)))
        assert (taken.fresh, taken.late) == (True, False)


def test_a_batch_of_nothing(town: Application) -> None:
    assert town.events.take([]) == []


def test_a_video_just_added_can_be_watched_once_it_was_shown(town: Application) -> None:
    town.catalogue.add(NewVideo(video=900, creator=900, duration=1000))
    settled(town)
    town.viewers.register(NewViewer(viewer=51))
    index, page = page_of(town, viewer=51, limit=30, mode="plain")
    (place,) = (place for place, item in enumerate(page.items) if item.video == 900)
    (taken,) = town.events.take(raw(event(index, page, place)))
    assert taken.fault is None


def sent(one: dict[str, Any]) -> msgspec.Raw:
    """As it is, not signed anew."""
    return msgspec.Raw(msgspec.json.encode(one))


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"watched": 9_001}, "signature", "it is not this key's signature"),
        ({"signature": "A" * 86}, "signature", "it is not this key's signature"),
        ({"key": "A" * 43}, "key", "is not named after this key"),
    ],
)
def test_what_somebody_else_says_is_refused(
    town: Application, shown: tuple[int, Page], change: dict[str, Any], field: str, message: str
) -> None:
    size = town.journal.size
    forged, good = town.events.take([sent(event(*shown) | change), sent(event(*shown))])
    assert forged.fault is not None
    assert (forged.fault.code, forged.fault.field) == ("foreign_event", field)
    assert message in forged.fault.message
    assert [entry.index for entry in town.journal.of_kind("event", size)] == [good.index]


def test_another_sessions_key_says_nothing_about_this_page(town: Application, shown: tuple[int, Page]) -> None:
    other = of_name(session())
    said = {name: value for name, value in event(*shown).items() if name not in ("key", "signature")}
    (taken,) = town.events.take([sent(other.signed(said))])
    assert taken.fault is not None
    assert (taken.fault.code, taken.fault.field) == ("foreign_event", "key")

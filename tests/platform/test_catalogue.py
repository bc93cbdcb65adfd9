from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from plainview.journal import Draft
from plainview.platform.application import Application
from plainview.platform.catalogue import Card, NewVideo, Place
from plainview.platform.faults import Fault
from plainview.records import Video
from tests.platform.towns import VIDEOS, now, open_town, populate


def video(number: int = 500, **fields: object) -> NewVideo:
    return msgspec.convert({"video": number, "creator": 7, "duration": 1000} | fields, NewVideo)


def test_a_video_is_shown_as_it_was_sent(town: Application) -> None:
    index = town.catalogue.add(video(500, caption="Grüße", tags=[3, 1], sound=9, created=123))
    card = msgspec.json.decode(town.catalogue.card(500), type=Card)
    assert (card.id, card.caption, card.tags, card.created, card.origin) == (500, "Grüße", (3, 1), 123, "upload")
    record = town.journal.entry(index).record
    assert isinstance(record, Video)
    assert town.catalogue.record(500) == record


def test_sent_again_it_replaces_what_was_there(town: Application) -> None:
    town.catalogue.add(video(501, caption="one"))
    assert b"one" in bytes(town.catalogue.card(501))
    town.catalogue.add(video(501, caption="two"))
    assert b"two" in bytes(town.catalogue.card(501))


def test_cards_that_are_not_at_hand_are_read_together(town: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[list[int]] = []
    some = town.journal.some
    monkeypatch.setattr(
        town.journal, "some", lambda indexes, **how: looks.append(list(indexes)) or some(indexes, **how)
    )
    indexes = [town.catalogue.add(video(number, caption=f"no {number}")) for number in (510, 511, 512)]
    town.catalogue.card(511)
    town.catalogue.gather([510, 511, 512])
    town.catalogue.gather([510, 511, 512])
    assert looks == [[indexes[0], indexes[2]]]
    monkeypatch.setattr(town.journal, "read", lambda *_, **__: pytest.fail("it was read once more"))
    assert [b"no %d" % number in bytes(town.catalogue.card(number)) for number in (510, 511, 512)] == [True] * 3


def test_a_card_at_hand_that_was_replaced_is_read_again(town: Application) -> None:
    town.catalogue.add(video(513, caption="one"))
    town.catalogue.gather([513])
    town.catalogue.add(video(513, caption="two"))
    town.catalogue.gather([513])
    assert b"two" in bytes(town.catalogue.card(513))


def test_another_creators_video_stays(town: Application) -> None:
    town.catalogue.add(video(502))
    with pytest.raises(Fault, match="another creator's") as caught:
        town.catalogue.add(video(502, creator=8))
    assert caught.value.code == "foreign_video"
    assert town.catalogue.record(502).creator == 7


def test_a_video_published_tomorrow_is_refused(town: Application) -> None:
    with pytest.raises(Fault, match="in the future") as caught:
        town.catalogue.add(video(503, created=now() + 86_400_000))
    assert (caught.value.code, caught.value.field) == ("future", "created")


def test_an_unknown_video(town: Application) -> None:
    assert town.catalogue.find(10**15) is None
    for look in (town.catalogue.card, town.catalogue.record, lambda number: town.catalogue.gather([1, number])):
        with pytest.raises(Fault, match="no video") as caught:
            look(10**15)
        assert caught.value.code == "unknown_video"


@pytest.mark.parametrize("damage", ["nothing", "listing", "object", "foreign", "all gone"])
def test_the_projection_can_be_lost(home: Path, damage: str) -> None:
    with open_town(home) as application:
        populate(application)
        before = [application.catalogue.find(number) for number in range(VIDEOS + 2)]
    listing = home / "projections" / "catalogue.json"
    match damage:
        case "listing":
            listing.write_text("{")
        case "foreign":
            text = msgspec.json.decode(listing.read_bytes())
            listing.write_bytes(msgspec.json.encode(text | {"journal": "A" * 43}))
        case "object":
            for path in (home / "objects").rglob("*.safetensors"):
                if path.stem == msgspec.json.decode(listing.read_bytes())["object"]:
                    path.write_bytes(path.read_bytes()[:-8] + b"damaged!")
        case "all gone":
            listing.unlink()
    with open_town(home) as application:
        assert [application.catalogue.find(number) for number in range(VIDEOS + 2)] == before
        assert len(application.catalogue) == VIDEOS


def test_a_tail_is_read_from_the_journal(home: Path) -> None:
    with open_town(home) as application:
        populate(application)
    with open_town(home) as application:
        application.catalogue.add(video(700))
        application.catalogue.add(video(1, creator=101, caption="anew"))
    (home / "projections" / "catalogue.json").unlink()
    with open_town(home) as application:
        assert len(application.catalogue) == VIDEOS + 1
        assert application.catalogue.record(1).caption == "anew"


def test_videos_are_counted_as_they_come_and_each_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_town(home) as application:
        catalogue = application.catalogue
        for count in range(1, 4):
            catalogue.add(video(count, caption="one"))
            catalogue.add(video(count, caption="two"))
            assert len(catalogue) == count
        catalogue.save()  # sorted in
        catalogue.add(video(2, caption="three"))
        catalogue.add(video(9))
        monkeypatch.setattr(type(catalogue), "find", None)  # /health asks often: nobody is looked up for it
        assert len(catalogue) == 4
        monkeypatch.undo()
    with open_town(home) as application:
        assert len(application.catalogue) == 4


def test_many_new_videos_are_sorted_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainview.platform.catalogue.MERGE", 10)
    with open_town(home) as application:
        populate(application)
        application.journal.append(
            [
                Draft(
                    Video(
                        time=0, video=number, creator=5, created=0, duration=1, tags=(), sound=0, form=0, region="ZZ",
                        audience="unknown", origin="upload", caption="",
                    )
                )
                for number in range(2000, 2050)
            ]
        )  # fmt: skip
        assert len(application.catalogue) == VIDEOS + 50
        assert all(application.catalogue.find(number) is not None for number in (1, 2000, 2049))


def test_a_video_sent_again_as_it_is_sorted_in_is_the_new_one(home: Path) -> None:
    with open_town(home) as application:
        catalogue = application.catalogue
        first = catalogue.add(video(500, caption="one"))
        second: list[int] = []
        sending = threading.Thread(target=lambda: second.append(catalogue.add(video(500, caption="two"))))

        class Recent(dict[int, Place]):
            """Somebody sends a video again just after it was looked for."""

            def get(self, number: int, default: Any = None) -> Any:
                found = super().get(number, default)
                if found is not None and found.index == first and sending.ident is None:
                    sending.start()
                    sending.join(0.2)
                return found

        catalogue._recent = recent = Recent(catalogue._recent)
        catalogue._merge(recent)
        sending.join()
        place = catalogue.find(500)
        assert place is not None
        assert place.index == second[0] > first

"""The release's end of the pipes: what is asked is answered as `Rerun` does, and what cannot be followed is told."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from plainview.feed.configuration import DEFAULT
from plainview.learning import messages
from plainview.learning.conversation import Conversation
from plainview.learning.epochs import first
from plainview.learning.fold import empty_world
from plainview.learning.messages import FromRelease, Given, ToRelease, frame, read_frame
from plainview.records import KIND_OF, Record, encode
from tests.records.examples import EXAMPLES

RELEASE = "A" * 43
DECODER = msgspec.msgpack.Decoder(FromRelease)


def begin(**changes: Any) -> messages.Begin:
    fields = {
        "version": 2, "release": RELEASE, "configuration": encode(DEFAULT), "parameters": b"", "residents": 4096,
        "threads": 1,
    }  # fmt: skip
    return messages.Begin(**(fields | changes))


def said(to: Iterable[ToRelease | bytes]) -> list[FromRelease]:
    """What it answers to these, the end of the stream after them."""
    inward = io.BytesIO(b"".join(one if isinstance(one, bytes) else frame(one) for one in to))
    outward = io.BytesIO()
    Conversation(inward, outward).hold()
    outward.seek(0)
    answers: list[FromRelease] = []
    while (data := read_frame(outward)) is not None:
        answers.append(DECODER.decode(data))
    return answers


def given(*records: Record) -> list[Given]:
    return [Given(index, KIND_OF[type(one)], encode(one)) for index, one in enumerate(records)]


def test_it_answers_in_turn_and_ends_with_the_stream() -> None:
    answers = said([begin(), messages.Cut(None, 0, True), messages.Draw(["US"]), messages.Drop([(0, "US")])])
    made = first(empty_world()).record
    epoch = messages.Epoch(made.parent, made.delta, made.digest, made.state)
    assert answers == [messages.Ready(2), epoch, messages.Done(), messages.Done()]
    assert said([]) == []
    assert said([frame(begin())[:-1]]) == []  # whoever asked is gone


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ([begin(version=1)], "version 1 is asked for, and this release speaks 2"),
        ([messages.Draw([])], "Draw is out of turn"),
        ([begin(configuration=b"{}")], "Object missing required field `name`"),
        ([begin(residents=1)], "1 residents: at least 4096 are needed"),
        ([begin(), begin()], "Begin is out of turn"),
        ([begin(), b"\0\0\0\1\xc1"], "MessagePack data is malformed|invalid opcode"),
        ([begin(), messages.Take([Given(7, "event", b"{}")], 0)], "record 7 is none that this release reads: Event: "),
        ([begin(), messages.Take(given(EXAMPLES["viewer"]), 1), begin()], "Begin is out of turn"),
    ],
)
def test_what_it_cannot_follow_it_says_and_ends(to: list[ToRelease | bytes], told: str) -> None:
    *_, last = said(to)
    assert isinstance(last, messages.Failed)
    assert re.search(told, last.reason)


def test_it_asks_for_what_it_was_not_given() -> None:
    viewer = messages.Take(given(EXAMPLES["viewer"]), 1)
    number = EXAMPLES["viewer"].viewer  # type: ignore[attr-defined]
    answers = said([begin(), viewer, messages.Viewers([number]), messages.Records([])])
    assert answers[1:] == [messages.Known([number], 0), messages.Own(number, 0), messages.Done()]
    assert said([begin(), viewer, messages.Viewers([])])[1:] == [messages.Known([number], 0), messages.Done()]


def test_kinds_of_later_releases_are_none_of_its_inputs() -> None:
    later = messages.Take([Given(0, "a kind that comes", b"\xff")], 1)
    assert said([begin(), later]) == [messages.Ready(2), messages.Done()]


def test_fields_of_later_programs_are_passed_over() -> None:
    body = msgspec.msgpack.encode({"type": "draw", "regions": [], "colour": "red"})
    assert said([begin(), len(body).to_bytes(4, "big") + body])[1:] == [messages.Done()]


def test_the_reference_names_every_message_and_field() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "bundle.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)$", text, flags=re.MULTILINE))
    for message in (*get_args(ToRelease), *get_args(FromRelease)):
        row = rows[message.__struct_config__.tag]
        assert [name for name in message.__struct_fields__ if f"`{name}`" not in row] == [], message

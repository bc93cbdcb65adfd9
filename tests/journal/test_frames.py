from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.journal.frames import Frame, encode_frames, parse_frames
from plainview.ledger.errors import FormatError

FRAMES = [Frame("page", bytes(range(32)), b'{"time":1}'), Frame("act", b"", b'{"time":2}')]
DATA = encode_frames(7, [one.encode() for one in FRAMES])

kinds = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=20)
frames = st.lists(st.builds(Frame, kinds, st.one_of(st.just(b""), st.binary(min_size=32, max_size=32)), st.binary()))


def test_as_it_is_written() -> None:
    assert (
        b"plainview/records/v1 7 9\n"
        b"\x04page\x20" + bytes(range(32)) + b'\x00\x00\x00\x0a{"time":1}'
        b'\x03act\x00\x00\x00\x00\x0a{"time":2}'
    ) == DATA


@given(st.integers(0, 2**53), frames)
def test_frames_come_back(first: int, written: list[Frame]) -> None:
    assert parse_frames(encode_frames(first, [one.encode() for one in written])) == (first, written)


@pytest.mark.parametrize("stop", range(len(DATA)))
def test_cut_off_anywhere_it_is_told(stop: int) -> None:
    with pytest.raises(FormatError, match="records"):
        parse_frames(DATA[:stop])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DATA + b"x", "1 bytes after record 8"),
        (DATA.replace(b"v1 7 9", b"v1 7 8"), "bytes after record 7"),
        (DATA.replace(b"v1 7 9", b"v1 7 10"), "within record 9"),
        (DATA.replace(b"v1 7 9", b"v1 07 9"), "leading zeros"),
        (DATA.replace(b"records/v1", b"records/v2"), "first line"),
        (DATA.replace(b"page", b"p\xffge"), "is no kind"),
        (b"x" * 1000, "first line"),
    ],
)
def test_what_is_no_answer(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_frames(data)

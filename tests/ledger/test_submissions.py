from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.consistency import consistency_proof
from plainview.ledger.errors import FormatError
from plainview.ledger.notes import Note
from plainview.ledger.spelling import to_base64
from plainview.ledger.submissions import SUBMISSION_LIMIT, Submission, parse_submission
from tests.ledger.logs import checkpoint, signed
from tests.ledger.strategies import checkpoints, hashes, numbers, signatures
from tests.ledger.trees import tree

TREE = tree(300)
GOOD = Submission(77, consistency_proof(77, 300, TREE.read), signed(checkpoint(TREE).text())).encode()
HASH = to_base64(bytes(32)).encode()

submissions = st.builds(
    Submission,
    numbers,
    st.lists(hashes, max_size=5).map(tuple),
    st.builds(Note, checkpoints.map(Checkpoint.text), st.lists(signatures, min_size=1, max_size=3).map(tuple)),
)


@given(submissions)
def test_submissions_come_back(submission: Submission) -> None:
    assert parse_submission(submission.encode()) == submission


@given(st.binary() | st.binary().map(GOOD.__add__) | st.integers(0, len(GOOD) - 1).map(lambda cut: GOOD[:cut]))
def test_parsing_is_total(data: bytes) -> None:
    with suppress(FormatError):
        assert parse_submission(data).encode() == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no empty line"),
        (GOOD.replace(b"\n", b"\r\n"), "no empty line"),
        (GOOD.replace(b"old 77", b"old 077"), "line 1"),
        (GOOD.replace(b"old 77", b"old -1"), "line 1"),
        (GOOD.replace(b"old 77", b"old  77"), "line 1"),
        (GOOD.replace(b"old 77", b"77"), "line 1"),
        (GOOD.replace(b"old 77", b"old 77\nAAAA"), "hash 0: a hash has 32 bytes, not 3"),
        (GOOD.replace(b"old 77", b"old 77" + (b"\n" + HASH) * 60), "hashes, at most 63"),
        (GOOD.replace(b"old 77", b"old 77\n\xe2\x80\x94"), "not ASCII"),
        (GOOD.replace(b"old 77\n", b"old 77\n\n"), "checkpoint|note"),
        (GOOD[:-1], "note: the last line has no newline"),
        (b"x" * (SUBMISSION_LIMIT + 1), "at most"),
    ],
)
def test_bytes_that_are_no_submission(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        parse_submission(data)
    assert len(str(error.value)) < 300

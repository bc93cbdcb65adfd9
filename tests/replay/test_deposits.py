from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.replay.deposits import deposit, sealed

SALT = bytes(range(32))
DEPOSIT = deposit(b"weights of 2019\nnot to be told\n", SALT)


def test_the_salt_keeps_what_is_in_it_from_being_tried_out() -> None:
    assert DEPOSIT.partition(b"\n")[2] == b"weights of 2019\nnot to be told\n"
    assert sealed(DEPOSIT) != sealed(deposit(b"weights of 2019\nnot to be told\n", bytes(32)))
    assert sealed(deposit(b"", SALT)) != sealed(deposit(b"\n", SALT))


@given(st.integers(0, len(DEPOSIT) - 1), st.integers(1, 255))
def test_one_byte_changed_is_another_or_none(at: int, by: int) -> None:
    changed = bytearray(DEPOSIT)
    changed[at] ^= by
    try:
        found = sealed(bytes(changed))
    except ValueError:
        return
    assert found != sealed(DEPOSIT)


@pytest.mark.parametrize("data", [b"", b"plainview/sealed/v1 \n", DEPOSIT[:63], DEPOSIT.replace(b"v1", b"v2")])
def test_what_is_no_deposit_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match="its first line is not `plainview/sealed/v1 ` and a salt"):
        sealed(data)

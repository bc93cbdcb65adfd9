from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.journal.keys import (
    KEY,
    access_key,
    act_key,
    epoch_key,
    event_key,
    guarded,
    history_key,
    import_key,
    key_of,
    page_key,
    setting_key,
    unguarded,
)
from plainview.records import Act, Record
from tests.journal.drafts import epoch, event, named, page
from tests.records.examples import EXAMPLES, digest, token
from tests.strategies import records


@given(records())
def test_a_key_has_sixteen_bytes_and_does_not_depend_on_time(record: Record) -> None:
    key = key_of(record)
    assert key is None or len(key) == KEY
    assert key is None or unguarded(guarded(key)) == key


def test_which_kinds_make_their_own_key() -> None:
    assert {kind for kind, record in EXAMPLES.items() if key_of(record) is not None} == {
        "act",
        "access",
        "epoch",
        "event",
        "history",
        "impression",
        "order",
        "page",
        "setting",
    }


def test_keys_are_made_of_what_makes_a_record_the_same() -> None:
    assert key_of(event(12).record) == event_key(5, named(12), 1)
    assert key_of(page(3).record) == page_key(named(1), 3)
    assert key_of(epoch(4, 0, digest(1)).record) == epoch_key(4)
    assert key_of(EXAMPLES["access"]) == access_key(digest(15), True) != access_key(digest(15), False)
    assert key_of(EXAMPLES["setting"]) == setting_key(5, token(14))
    assert key_of(EXAMPLES["impression"]) == import_key("kuairand-pure", 41)
    assert key_of(EXAMPLES["history"]) == history_key("kuairand-pure", 5)


def test_an_act_has_one_key_however_its_signatures_stand_and_another_where_it_counts() -> None:
    note = "act\n\nand more\n\n\N{EM DASH} one AAAA\n\N{EM DASH} two BBBB\n"
    same = "act\n\nand more\n\n\N{EM DASH} two BBBB\n\N{EM DASH} one AAAA\n"
    others = (
        "and more\n\nact\n\n\N{EM DASH} one AAAA\n\N{EM DASH} two BBBB\n",
        "act\n\nand more\n\n\N{EM DASH} one AAAA\n",
        "act\n\nand more\n\n\N{EM DASH} one BBBB\n\N{EM DASH} two AAAA\n",
    )
    assert act_key(same, True) == act_key(note, True) == key_of(Act(time=5, note=note, counts=True))
    assert act_key(same, False) == key_of(Act(time=7, note=note, counts=False))
    assert len({act_key(one, counts) for one in (note, same, *others) for counts in (False, True)}) == 8


def test_keys_of_different_records_differ() -> None:
    numbers = (0, 1, 2**31, 2**32 - 1)
    texts = ("a", "b", named(1))
    keys = [page_key(text, number) for text in texts for number in numbers]
    keys += [event_key(number, text, page) for text in texts for number in numbers for page in (0, 2**53 - 1)]
    keys += [setting_key(number, text) for text in texts for number in numbers]
    keys += [import_key(text, number) for text in texts for number in (*numbers, 2**53 - 1)]
    keys += [history_key(text, number) for text in texts for number in (*numbers, 2**53 - 1)]
    keys += [epoch_key(number) for number in numbers]
    assert len(set(keys)) == len(keys)


def test_keys_that_come_together_sort_together() -> None:
    rows = [import_key("kuairand-pure", row) for row in range(0, 10**6, 997)]
    assert rows == sorted(rows)
    pages = [event_key(number % 7, named(number), number) for number in range(1000)]
    assert pages == sorted(pages)


@given(st.binary(min_size=KEY, max_size=KEY), st.integers(0, 8 * (KEY + 4) - 1))
def test_a_flipped_bit_of_a_guarded_key_is_found(key: bytes, bit: int) -> None:
    stored = bytearray(guarded(key))
    stored[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError, match="not what was stored"):
        unguarded(bytes(stored))

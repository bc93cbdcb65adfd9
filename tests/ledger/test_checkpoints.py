from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.checkpoints import Checkpoint, parse_checkpoint
from plainview.ledger.errors import FormatError
from tests.ledger.strategies import checkpoints

ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
GOOD = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"


def test_the_specification_s_example() -> None:
    checkpoint = parse_checkpoint(GOOD)
    assert checkpoint.origin == "example.com/behind-the-sofa"
    assert checkpoint.size == 20852163
    assert checkpoint.root.hex() == "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    assert checkpoint.extensions == ()
    assert checkpoint.text() == GOOD


@given(checkpoints)
def test_checkpoints_come_back(checkpoint: Checkpoint) -> None:
    assert parse_checkpoint(checkpoint.text()) == checkpoint


@given(st.text() | st.text().map(GOOD.__add__))
def test_parsing_is_total(text: str) -> None:
    with suppress(FormatError):
        assert parse_checkpoint(text).text() == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "three lines"),
        ("\n", "three lines"),
        ("a\n1\n", "three lines"),
        (f"a\n1\n{ROOT}", "three lines"),
        (f"\n1\n{ROOT}\n", "line 1"),
        (f"a\n01\n{ROOT}\n", "line 2"),
        (f"a\n\n{ROOT}\n", "line 2"),
        (f"a\n-1\n{ROOT}\n", "line 2"),
        (f"a\n+1\n{ROOT}\n", "line 2"),
        (f"a\n1_0\n{ROOT}\n", "line 2"),
        (f"a\n1 \n{ROOT}\n", "line 2"),
        (f"a\n0x1\n{ROOT}\n", "line 2"),
        (f"a\n\u0661\n{ROOT}\n", "line 2"),
        (f"a\n9223372036854775808\n{ROOT}\n", "line 2"),
        (f"a\n{'9' * 10_000}\n{ROOT}\n", "line 2"),
        (f"a\n1\n{ROOT[:-1]}\n", "line 3"),
        (f"a\n1\n{ROOT[:-2]}J=\n", "line 3"),
        (f"a\n1\n{ROOT} \n", "line 3"),
        ("a\n1\nAAAA\n", "line 3 .*32 bytes, not 3"),
        (f"a\n1\n{ROOT}\n\n", "line 4"),
        (f"a\n1\n{ROOT}\nmore\n\n", "line 5"),
        (f"a\n1\n{ROOT}\nmore", "three lines"),
        (f"a\rb\n1\n{ROOT}\n", "line 1"),
        (f"a\n1\n{ROOT}\n\ud800\n", "line 4"),
    ],
)
def test_a_text_that_is_none(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        parse_checkpoint(text)
    assert len(str(error.value)) < 300


def test_the_largest_size() -> None:
    assert parse_checkpoint(f"a\n9223372036854775807\n{ROOT}\n").size == 2**63 - 1


@pytest.mark.parametrize(
    ("origin", "size", "root", "extensions"),
    [
        ("", 1, bytes(32), ()),
        ("a\nb", 1, bytes(32), ()),
        ("a", -1, bytes(32), ()),
        ("a", 2**63, bytes(32), ()),
        ("a", 1, bytes(31), ()),
        ("a", 1, bytes(32), ("",)),
        ("a", 1, bytes(32), ("x\ny",)),
    ],
)
def test_values_that_no_checkpoint_has(origin: str, size: int, root: bytes, extensions: tuple[str, ...]) -> None:
    with pytest.raises(FormatError, match="checkpoint, line"):
        Checkpoint(origin, size, root, extensions)

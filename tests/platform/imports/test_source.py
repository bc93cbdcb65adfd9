from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from plainview.platform.imports.source import files_digest, tag_list
from plainview.records.fields import to_text


def test_the_digest_of_files_is_of_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"two")
    (tmp_path / "a").write_bytes(b"one")
    expected = to_text(hashlib.sha256(b"plainview/files/v1\0a\x003\0oneb\x003\0two").digest())
    assert files_digest([tmp_path / "b", tmp_path / "a"]) == expected
    (tmp_path / "a").rename(tmp_path / "c")
    assert files_digest([tmp_path / "b", tmp_path / "c"]) != expected


@pytest.mark.parametrize(
    ("text", "tags"),
    [("", ()), ("[]", ()), ("[8]", (8,)), (" 3, 7,3", (3, 7)), ("65536", None), ("1,,2", None), ("1" * 5000, None)],
)
def test_a_list_of_tags(text: str, tags: tuple[int, ...] | None) -> None:
    assert tag_list(text) == tags

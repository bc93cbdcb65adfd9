from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from plainview.keys.key_files import KeyFileError, make_key, read_key
from plainview.ledger.schemes import ED25519


def test_a_key_comes_back_and_is_its_owners_alone(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key", "log.example", ED25519).key
    assert read_key(tmp_path / "key").key == key
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_key(tmp_path / "key")


def test_a_key_is_whole_or_not_there_and_never_over_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(KeyFileError, match="No space left"):
            make_key(tmp_path / "key", "log.example", ED25519)
    assert list(tmp_path.iterdir()) == []
    key = make_key(tmp_path / "key", "log.example", ED25519).key
    with pytest.raises(KeyFileError, match="never overwritten"):
        make_key(tmp_path / "key", "other.example", ED25519)
    assert read_key(tmp_path / "key").key == key
    assert len(list(tmp_path.iterdir())) == 1

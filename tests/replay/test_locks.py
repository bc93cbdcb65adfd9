from __future__ import annotations

from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from plainview.platform import releases
from plainview.replay.locks import LOCKED, departures, lock_of

FILE = Path(__file__).parents[2] / "requirements" / "verify.txt"
ENTRIES = {"llvmlite": "1", "msgspec": "2", "numba": "3", "numpy": "4"}


def lock(**versions: str) -> bytes:
    return "".join(f"{name}=={one} \\\n    --hash=sha256:00\n" for name, one in (ENTRIES | versions).items()).encode()


def test_it_holds_whole_entries_of_what_the_algorithm_computes_with() -> None:
    kept = lock_of(FILE.read_bytes())
    assert kept == releases.lock()
    lines = kept.decode().splitlines()
    assert sorted({line.partition("==")[0] for line in lines if not line.startswith(" ")}) == list(LOCKED)
    assert set(lines) <= set(FILE.read_text().splitlines())
    assert sum("--hash=sha256:" in line for line in lines) > 50


def test_what_the_algorithm_computes_with_needs_nothing_else() -> None:
    needed = {Requirement(one) for name in LOCKED for one in requires(name) or ()}
    assert {one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})} <= set(LOCKED)


def test_a_lock_without_one_of_them_is_none() -> None:
    with pytest.raises(ValueError, match="no entry of numpy"):
        lock_of(lock().partition(b"numpy")[0])


def test_what_is_installed_has_to_be_what_the_lock_names() -> None:
    assert departures(releases.lock(), version) == ""
    assert departures(lock(), ENTRIES.__getitem__) == ""
    assert departures(lock(numba="5"), ENTRIES.__getitem__) == "numba 3 is installed, not 5"
    of_two_pythons = lock() + b'numpy==5 ; python_full_version >= "3.12" \\\n    --hash=sha256:00\n'
    assert departures(of_two_pythons, (ENTRIES | {"numpy": "5"}).__getitem__) == ""
    assert departures(of_two_pythons, (ENTRIES | {"numpy": "6"}).__getitem__) == "numpy 6 is installed, not 4 or 5"


def test_with_other_versions_nothing_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    releases.check_locked()
    monkeypatch.setattr(releases, "_version", lambda name: "0.1")
    with pytest.raises(releases.NotAsLocked, match=r"numpy 0\.1 is installed, not .*pip install --require-hashes -r"):
        releases.check_locked()

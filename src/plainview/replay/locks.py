"""The lock: which versions of what the algorithm computes with belong to a release, and whether they are installed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

LOCKED = ("llvmlite", "msgspec", "numba", "numpy")
"""What the algorithm computes with. None of them needs anything else."""
_ENTRY = re.compile(r"^(?=\S)", re.MULTILINE)
LOWERED = (
    "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_DISABLE_INTEL_SVML", "NPY_DISABLE_CPU_FEATURES",
    "OPENBLAS_CORETYPE", "GLIBC_TUNABLES",
)  # fmt: skip
"""Settings of the environment that make another CPU of this one, as far as what is computed can tell."""


def lock_of(requirements: bytes) -> bytes:
    """The entries of LOCKED, versions and hashes of their wheels, out of a lock file with one line a hash.

    Raises ValueError where one of them is not there.
    """
    entries = _ENTRY.split(requirements.decode())
    kept = [entry for entry in entries if entry.partition("==")[0] in LOCKED]
    absent = set(LOCKED) - {entry.partition("==")[0] for entry in kept}
    if absent:
        raise ValueError(f"the lock has no entry of {', '.join(sorted(absent))}")
    return "".join(kept).encode()


class Entry(NamedTuple):
    """A version of a package that may be installed."""

    version: str
    rest: str
    """For which versions of Python, and the hashes of its wheels."""


def entries_of(lock: bytes) -> dict[str, list[Entry]]:
    """The entries of a release's lock, by package; of LOCKED each has a list.

    Raises ValueError for an entry of a version alone.
    """
    entries: dict[str, list[Entry]] = {name: [] for name in LOCKED}
    for entry in _ENTRY.split(lock.decode())[1:]:
        name, _, rest = entry.partition("==")
        parts = rest.split(maxsplit=1)
        if len(parts) != len(Entry._fields):
            raise ValueError(f"its entry of {name} has no hashes")
        entries.setdefault(name, []).append(Entry(*parts))
    return entries


def departures(lock: bytes, version: Callable[[str], str]) -> str:
    """What is installed that `lock` does not name, in words; empty where nothing is. `version` tells a package's.

    Of a package with several entries, for several versions of Python, any of their versions will do: golden vectors
    say whether it computes the same.
    """
    allowed = {name: [one.version for one in entries] for name, entries in entries_of(lock).items()}
    wrong = [
        f"{name} {version(name)} is installed, not {' or '.join(versions) or 'any that the lock names'}"
        for name, versions in allowed.items()
        if version(name) not in versions
    ]
    return "; ".join(wrong)

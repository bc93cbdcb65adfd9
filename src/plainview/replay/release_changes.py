"""What is another in one release than in another: of its manifest, its source and its lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

import msgspec

from plainview.replay.bundles import Bundle, BundleError
from plainview.replay.locks import LOCKED, entries_of

ORDER = "order"
"""Stands for the order of named things, where that is all that changed of them."""
NESTED = 32
"""Levels of a manifest at most; ours has six."""
_NAMING = ("name", "head")
"""Fields by which the entries of a list are told apart."""
_APART = ("source", "lock")
"""Fields of a manifest that are digests of what is compared by itself."""


class Change(msgspec.Struct, frozen=True):
    """A field of the manifest, as the manifest spells it: reals in millionths, times in milliseconds."""

    field: str
    """`configuration.value.like.weight`; entries of lists go by their name or head."""
    before: Any
    """None where A does not have it."""
    after: Any


class File(msgspec.Struct, frozen=True):
    """A file of the source."""

    path: str
    removed: int
    """Lines of A's that are not in B's."""
    added: int
    only: str
    """`a` or `b` where only that release has the file, else empty."""


class Locked(msgspec.Struct, frozen=True):
    """A package of the lock that is another: other versions, or other wheels of the same."""

    package: str
    before: tuple[str, ...]
    """Versions; several where they differ by the version of Python."""
    after: tuple[str, ...]


class Changes(msgspec.Struct, frozen=True):
    """What is another in B than in A; nothing where they are one release."""

    manifest: tuple[Change, ...]
    source: tuple[File, ...]
    lock: tuple[Locked, ...]


def changes(a: Bundle, b: Bundle) -> Changes:
    """What is another in `b` than in `a`, each list in the order of its names.

    Raises BundleError for a manifest that is nested too deep to be compared.
    """
    return Changes(
        tuple(_fields(_manifest(a), _manifest(b))), tuple(_files(a.source, b.source)), tuple(_locked(a.lock, b.lock))
    )


def _manifest(bundle: Bundle) -> dict[str, Any]:
    whole = msgspec.json.decode(bundle.manifest, type=dict[str, Any])
    level: list[Any] = [whole]
    for _ in range(NESTED):
        level = [part for one in level for part in (one.values() if isinstance(one, dict) else one)]
        level = [one for one in level if isinstance(one, dict | list)]
    if level:
        raise BundleError(f"the manifest of release {bundle.release} is nested more than {NESTED} deep")
    return {name: value for name, value in whole.items() if name not in _APART}


def _fields(a: object, b: object, field: str = "") -> Iterator[Change]:
    """The innermost fields that differ."""
    left, right = _named(a), _named(b)
    if left is None or right is None:
        if a != b:
            yield Change(field, a, b)
        return
    for name in sorted(left.keys() | right.keys()):
        yield from _fields(left.get(name), right.get(name), f"{field}.{name}" if field else name)
    if isinstance(a, list):
        kept = [[name for name in one if name in left and name in right] for one in (left, right)]
        if kept[0] != kept[1]:
            yield Change(f"{field}.{ORDER}", list(left), list(right))


def _named(value: object) -> dict[str, Any] | None:
    """Its parts by their names; None for a value without any."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return None
    for naming in _NAMING:
        names = [one.get(naming) for one in value]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            parts = [{key: part for key, part in one.items() if key != naming} for one in value]
            return dict(zip(names, parts, strict=True))
    return None


def _files(a: Mapping[str, bytes], b: Mapping[str, bytes]) -> Iterator[File]:
    for path in sorted(a.keys() | b.keys()):
        if a.get(path) == b.get(path):
            continue
        before, after = (one.get(path, b"").splitlines() for one in (a, b))
        kept = sum(size for _, _, size in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks())
        only = "" if path in a and path in b else "a" if path in a else "b"
        yield File(path, len(before) - kept, len(after) - kept, only)


def _locked(a: bytes, b: bytes) -> Iterator[Locked]:
    before, after = entries_of(a), entries_of(b)
    for package in LOCKED:
        if before[package] != after[package]:
            versions = (tuple(one.version for one in entries[package]) for entries in (before, after))
            yield Locked(package, *versions)

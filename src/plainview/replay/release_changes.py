"""What is another in one release than in another: of its manifest, policies, source, lock and app."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from plainview.replay.bundles import Bundle
from plainview.replay.locks import LOCKED, entries_of

ORDER = "order"
"""Stands for the order of named things, where that is all that changed of them."""
_NAMING = ("name", "head", "code", "restriction")
"""Fields by which the entries of a list are told apart."""
_APART = ("source", "lock", "ui", "policies")
"""Fields of a manifest that are digests of what is compared by itself."""


class Change(msgspec.Struct, frozen=True):
    """A field of the manifest or the policies, as these spell it: reals in millionths, times in milliseconds."""

    field: str
    """`configuration.value.like.weight`; entries of lists go by their name, head, code or restriction."""
    before: Any
    """None where A does not have it."""
    after: Any


class File(msgspec.Struct, frozen=True):
    """A file of the source or the app."""

    path: str
    removed: int
    """Lines of A's that are not in B's, each as often as it is there; a line that was moved is in both."""
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
    policies: tuple[Change, ...]
    source: tuple[File, ...]
    lock: tuple[Locked, ...]
    app: tuple[File, ...]


def changes(a: Bundle, b: Bundle) -> Changes:
    """What is another in `b` than in `a`, each list in the order of its names."""
    return Changes(
        tuple(_fields(_manifest(a), _manifest(b))),
        tuple(_fields(_policies(a), _policies(b))),
        tuple(_files(a.source, b.source)),
        tuple(_locked(a.lock, b.lock)),
        tuple(_files(a.ui, b.ui)),
    )


def _manifest(bundle: Bundle) -> dict[str, Any]:
    whole = msgspec.json.decode(bundle.manifest, type=dict[str, Any])
    return {name: value for name, value in whole.items() if name not in _APART}


def _policies(bundle: Bundle) -> dict[str, Any]:
    return msgspec.json.decode(bundle.policies, type=dict[str, Any])


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
        before, after = (Counter(one.get(path, b"").splitlines()) for one in (a, b))
        only = "" if path in a and path in b else "a" if path in a else "b"
        yield File(path, (before - after).total(), (after - before).total(), only)


def _locked(a: bytes, b: bytes) -> Iterator[Locked]:
    before, after = entries_of(a), entries_of(b)
    for package in LOCKED:
        if before[package] != after[package]:
            versions = (tuple(one.version for one in entries[package]) for entries in (before, after))
            yield Locked(package, *versions)

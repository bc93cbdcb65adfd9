"""A release as one file: its manifest, lock, source and parameters, from which its pages can be ranked again anywhere,
and the files of its app, as every viewer's browser is given them.

A bundle is a tar (POSIX ustar) that can be written in one way only: members sorted by name, plain files alone, no
owner, no time, mode 0644. So a file that differs in any byte is either no bundle or another release's.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from plainview.ledger.spelling import printable
from plainview.moderation.rules.pack import PackName, name_of, read_pack
from plainview.records import Release
from plainview.records.arrays import unpack_floats
from plainview.records.digests import arrays_digest, commitment
from plainview.records.fields import DASHES, U32, Digest, DigestOrDashes, Name, to_bytes, to_text
from plainview.records.leaf import public_leaf
from plainview.records.release import MANIFEST_LIMIT
from plainview.replay.locks import LOCKED, entries_of, lock_of

ROOMS = ("feed", "learning", "moderation/rules", "records")
"""Whose files are the algorithm."""
SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of a bundle at most."""
NESTED = 32
"""Levels of a manifest at most; ours has six."""
MANIFEST, LOCK, POLICIES = "manifest.json", "lock.txt", "policies.json"
PARAMETERS, PARTNER = "parameters.safetensors", "partner.json"
_PACKAGE = "plainview"
_SOURCE = re.compile(rf"{_PACKAGE}/(({'|'.join(ROOMS)})/(\w+/)*\w+\.py)", re.ASCII)
UI = "ui"
UI_FILE = re.compile(r"(\w+/)*\w+\.(css|html|js|svg)", re.ASCII)
"""What a file of the app is called, below UI."""
_INITS = (f"{_PACKAGE}/__init__.py", f"{_PACKAGE}/moderation/__init__.py")
"""Empty: what a release needs of these packages is that they are some."""
_LATEST = 2**53 - 1
"""The last time that a record can have."""
_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)


class BundleError(Exception):
    """A file that is not a release's bundle, and the first thing that is wrong with it, maybe in its own words."""

    def __init__(self, wrong: str) -> None:
        super().__init__(printable(wrong))


class _Configured(msgspec.Struct, frozen=True):
    name: Name
    max_lag: U32


class Outline(msgspec.Struct, frozen=True):
    """What every release's manifest has, whatever else it may have."""

    configuration: _Configured
    source: Digest
    lock: Digest
    parameters: Digest
    golden: Digest
    ui: Digest
    policies: PackName
    partner: DigestOrDashes


class _Salted(msgspec.Struct, frozen=True):
    """What every partner's tier has."""

    salt: Digest


class Bundle(msgspec.Struct, frozen=True):
    """A release, all of it."""

    manifest: bytes
    """Its exact bytes."""
    lock: bytes
    """Versions, and hashes of their wheels, of what it computes with (`locks.lock_of`)."""
    source: Mapping[str, bytes]
    """Its files by their path in the package, `feed/ranking.py`."""
    ui: Mapping[str, bytes]
    """The app's files by their path below UI, `index.html`."""
    policies: bytes
    """The exact bytes of its policies."""
    parameters: bytes = b""
    """The file of those that it brings along, empty where it brings none."""
    partner: bytes = b""
    """Its partner's tier, empty where it has none."""

    @property
    def release(self) -> str:
        """The release's digest: SHA-256 of the manifest, 43 characters of base64url."""
        return to_text(hashlib.sha256(self.manifest).digest())

    @property
    def name(self) -> str:
        """What its configuration is called."""
        return self.outline.configuration.name

    @property
    def outline(self) -> Outline:
        """What is known of its manifest, whatever its code."""
        return msgspec.json.decode(self.manifest, type=Outline)

    @property
    def code(self) -> str:
        """See `code_digest`."""
        return code_digest(self.outline.source, self.outline.lock)

    def files(self) -> dict[str, bytes]:
        """Name and contents of all members, in their order."""
        source = {f"{_PACKAGE}/{name}": data for name, data in self.source.items()}
        ui = {f"{UI}/{name}": data for name, data in self.ui.items()}
        brought = {name: data for name, data in ((PARAMETERS, self.parameters), (PARTNER, self.partner)) if data}
        whole = {LOCK: self.lock, MANIFEST: self.manifest, POLICIES: self.policies}
        members = {**whole, **dict.fromkeys(_INITS, b""), **brought, **source, **ui}
        return dict(sorted(members.items()))


def source_of(package: Path) -> dict[str, bytes]:
    """The files of the algorithm below `package`, by their path there."""
    paths = (path for room in ROOMS for path in (package / room).rglob("*.py"))
    return {path.relative_to(package).as_posix(): path.read_bytes() for path in paths}


def source_digest(source: Mapping[str, bytes]) -> bytes:
    """SHA-256 over the files in path order, each as its path and its bytes with their lengths (u64 BE) before them."""
    return _files_digest("source", source)


def ui_of(package: Path) -> dict[str, bytes]:
    """The files of the app below `package`, by their path in its UI."""
    top = package / UI
    return {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def ui_digest(files: Mapping[str, bytes]) -> bytes:
    """As `source_digest`, of the app's files."""
    return _files_digest("ui", files)


def _files_digest(what: str, files: Mapping[str, bytes]) -> bytes:
    state = hashlib.sha256(f"plainview/{what}/v1\0".encode())
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            state.update(len(part).to_bytes(8, "big") + part)
    return state.digest()


def code_digest(source: str, lock: str) -> str:
    """What kernels are compiled from, by the digests of source and lock: others of it differ in data alone."""
    return to_text(hashlib.sha256(f"plainview/code/v1\0{source}{lock}".encode()).digest())


def pack(bundle: Bundle) -> bytes:
    """The bundle's bytes. Raises BundleError where reading them would not give it back."""
    parts: list[bytes] = []
    for name, data in bundle.files().items():
        parts += [_header(name, len(data)), data, bytes(-len(data) % _BLOCK)]
    packed = b"".join([*parts, _END])
    unpack(packed)
    return packed


def read_bundle(path: Path) -> bytes:
    """A file of at most one byte more than a bundle may have. Raises OSError."""
    with path.open("rb") as file:
        return file.read(SIZE_LIMIT + 1)


def unpack(data: bytes) -> Bundle:
    """The bundle in `data`, every digest computed again. Raises BundleError."""
    if len(data) > SIZE_LIMIT:
        raise BundleError(f"longer than {SIZE_LIMIT:,} bytes")
    members: dict[str, bytes] = {}
    last = ""
    for name, contents in _members(data):
        if name <= last:
            raise BundleError(f"member {name!r} is out of order, or there twice")
        last, members[name] = name, contents
    for name in (LOCK, MANIFEST, POLICIES, *_INITS):
        if name not in members:
            raise BundleError(f"it has no {name}")
    for name in _INITS:
        if members.pop(name):
            raise BundleError(f"{name} is not empty")
    manifest, lock, policies = members.pop(MANIFEST), members.pop(LOCK), members.pop(POLICIES)
    packed, partner = members.pop(PARAMETERS, None), members.pop(PARTNER, None)
    ui = {name.removeprefix(f"{UI}/"): members.pop(name) for name in list(members) if name.startswith(f"{UI}/")}
    source = {name.removeprefix(f"{_PACKAGE}/"): contents for name, contents in members.items()}
    try:
        outline = msgspec.json.decode(manifest, type=Outline)
        _check_manifest(manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{MANIFEST} is no release's: {error}") from error
    try:
        parameters = {} if packed is None else unpack_floats(packed)
    except ValueError as error:
        raise BundleError(f"{PARAMETERS}: {error}") from error
    if packed is not None and not parameters:
        raise BundleError(f"{PARAMETERS} holds none")
    for what, found, named in (
        ("source", source_digest(source), outline.source),
        (LOCK, hashlib.sha256(lock).digest(), outline.lock),
        ("parameters", arrays_digest(parameters), outline.parameters),
        ("app", ui_digest(ui), outline.ui),
    ):
        if to_text(found) != named:
            raise BundleError(f"the digest of its {what} is {to_text(found)}, and {MANIFEST} says {named}")
    _check_policies(manifest, policies, outline.policies)
    if (committed := DASHES if partner is None else _commitment(partner)) != outline.partner:
        raise BundleError(f"the commitment to its {PARTNER} is {committed}, and {MANIFEST} says {outline.partner}")
    try:
        if lock_of(lock) != lock:
            raise BundleError(f"{LOCK} has entries of others than {', '.join(LOCKED)}")
        entries_of(lock)
    except ValueError as error:  # UnicodeDecodeError too
        raise BundleError(f"{LOCK}: {error}") from error
    return Bundle(manifest, lock, source, ui, policies, packed or b"", partner or b"")


def _check_manifest(manifest: bytes) -> None:
    """Raises BundleError for one that no `release` record holds, or that whoever reads it could not go through."""
    if len(manifest.decode()) > MANIFEST_LIMIT:
        raise BundleError(f"{MANIFEST} has more than {MANIFEST_LIMIT:,} characters: no journal could name it")
    level: list[Any] = [msgspec.json.decode(manifest)]
    for _ in range(NESTED):
        level = [part for one in level for part in (one.values() if isinstance(one, dict) else one)]
        level = [one for one in level if isinstance(one, dict | list)]
    if level:
        raise BundleError(f"{MANIFEST} is nested more than {NESTED} deep")


def _check_policies(manifest: bytes, policies: bytes, named: PackName) -> None:
    """Raises BundleError for policies that are not the manifest's, or that no `release` record holds with it."""
    try:
        found = name_of(read_pack(policies))
    except ValueError as error:
        raise BundleError(f"{POLICIES}: {error}") from error
    if found != named:
        raise BundleError(
            f"its {POLICIES} is version {found.version} with the digest {found.digest}, and {MANIFEST} says version "
            f"{named.version} with {named.digest}"
        )
    record = Release(time=_LATEST, name="n" * 64, digest=DASHES, manifest=manifest.decode(), policies=policies.decode())
    try:
        public_leaf("release", record)
    except ValueError as error:
        raise BundleError(f"no journal could name it: {error}") from error


def _commitment(partner: bytes) -> str:
    try:
        salt = msgspec.json.decode(partner, type=_Salted).salt
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{PARTNER} is no partner's tier: {error}") from error
    return to_text(commitment(to_bytes(salt), partner))


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while data[at : at + _BLOCK].strip(b"\0"):
        header = data[at : at + _BLOCK]
        name = header[:100].rstrip(b"\0").decode(errors="backslashreplace")
        named = name in (LOCK, MANIFEST, POLICIES, PARAMETERS, PARTNER, *_INITS) or _SOURCE.fullmatch(name)
        if not named and not (name.startswith(f"{UI}/") and UI_FILE.fullmatch(name, len(UI) + 1)):
            raise BundleError(f"member {name!r} belongs to no bundle")
        try:
            size = int(header[124:135], 8)
        except ValueError:
            size = -1
        if size < 0 or header != _header(name, size):
            raise BundleError(f"member {name!r} is no plain file of mode 0644 without owner and time")
        start, at = at + _BLOCK, at + _BLOCK + size + -size % _BLOCK
        if at > len(data) or data[start + size : at].strip(b"\0"):
            raise BundleError(f"member {name!r} is cut off, or something follows it")
        yield name, data[start : start + size]
    if data[at:] != _END:
        raise BundleError("it does not end as a bundle does: two blocks of zeros")


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    try:
        return member.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
    except ValueError as error:
        raise BundleError(f"member {name[:120]!r}: {error}") from error


class _Apped(msgspec.Struct, frozen=True):
    ui: Digest


def app_named(manifest: str) -> str:
    """The digest of the app that any release's manifest names. Raises ValueError where it is none."""
    try:
        return msgspec.json.decode(manifest, type=_Apped).ui
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"no release's manifest: {error}") from error

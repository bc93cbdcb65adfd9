"""Sessions of clients, known by name and key, and viewers, known by their ids: what a test sends can be signed wherever
it is put together."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import msgspec

from plainview.keys.client_session import ClientSession
from plainview.keys.client_viewer import ClientViewer
from plainview.records import Said

_BY_NAME: dict[str, ClientSession] = {}
_BY_KEY: dict[str, ClientSession] = {}


def session(seed: bytes | None = None) -> str:
    """A new one's name; of that seed where one is given."""
    made = ClientSession(secrets.token_bytes(32) if seed is None else seed)
    _BY_NAME[made.name] = _BY_KEY[made.key] = made
    return made.name


def of_name(name: str) -> ClientSession:
    return _BY_NAME[name]


def of_viewer(viewer: int) -> ClientViewer:
    """Any test's viewer with that id, with the key that it has in all of them."""
    return ClientViewer(viewer, hashlib.sha256(f"viewer {viewer}".encode()).digest())


def signed(event: dict[str, Any]) -> dict[str, Any]:
    """The event signed as it is now, by the session whose key it names. One that cannot be signed stays as it is."""
    said = {name: event[name] for name in Said.__struct_fields__ if name in event}
    try:
        return event | _BY_KEY[event["key"]].signed(said)
    except (KeyError, msgspec.ValidationError):
        return event

"""Records for journal tests, each told from the others by a number."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from msgspec import json, to_builtins
from msgspec.structs import replace

from plainview.journal import Draft
from plainview.moderation.rules.pack import Pack, name_of
from plainview.records import Epoch, Release, encode
from plainview.records.digests import epoch_digest
from plainview.records.fields import DASHES, to_bytes, to_text
from tests.moderation.rules.packs import PACK, REGIONS
from tests.records.examples import EXAMPLES, digest

NOW = 1_767_225_600_000
RELEASE = digest(9)


def named(number: int) -> str:
    """A token that is this number's."""
    return to_text(number.to_bytes(16, "big"))


def example(kind: str, **changes: Any) -> Draft:
    """The kind's example, not yet timed, with these fields changed."""
    return Draft(replace(EXAMPLES[kind], time=0, **changes))


def event(number: int, viewer: int = 5) -> Draft:
    return example("event", id=named(number), viewer=viewer, page=number // 10)


def viewer(number: int) -> Draft:
    return example("viewer", viewer=number)


def epoch(number: int, upto: int, parent: str) -> Draft:
    """A right epoch upon `parent`."""
    delta = digest(number % 256)
    made = to_text(epoch_digest(to_bytes(parent), upto, to_bytes(delta)))
    return example("epoch", epoch=number, upto=upto, parent=parent, delta=delta, digest=made)


FIRST_EPOCH = epoch(0, 0, digest(0))
assert isinstance(FIRST_EPOCH.record, Epoch)
FIRST_DIGEST = FIRST_EPOCH.record.digest


def page(n: int = 0, previous: str = DASHES, session: int = 1, **changes: Any) -> Draft:
    """A page that the fence lets through after RELEASE and FIRST_EPOCH, at journal time NOW."""
    given: dict[str, Any] = {
        "n": n,
        "previous": previous,
        "session": named(session),
        "release": RELEASE,
        "grounds": (),
        "epoch": 0,
        "epoch_digest": FIRST_DIGEST,
        "now": NOW,
    }
    return example("page", **(given | changes))


def release() -> Draft:
    return example("release", digest=RELEASE)


def approved(max_lag: int = 100, pack: Pack = PACK, **changes: Any) -> Draft:
    """A release whose digest is its manifest's, and whose policies are, as of one that is judged they have to be."""
    made = {"configuration": {"max_lag": max_lag, "regions": REGIONS}, "policies": to_builtins(name_of(pack))}
    manifest = json.encode(made).decode()
    digest = to_text(sha256(manifest.encode()).digest())
    fields = {"name": "approved", "digest": digest, "manifest": manifest, "policies": encode(pack).decode()}
    return example("release", **(fields | changes))


_APPROVED = approved().record
assert isinstance(_APPROVED, Release)
APPROVED = _APPROVED.digest

"""A charter, its parties' keys, and what amends it."""

from __future__ import annotations

from msgspec.structs import replace

from plainview.ledger.charters import Bounds, Charter, Party
from plainview.ledger.notes import Note
from plainview.ledger.policies import Group, Log, Policy, Witness
from plainview.ledger.schemes import ED25519
from tests.ledger.logs import LOG, ORIGIN, WITNESSES, signer

KEYS = {
    name: signer(f"{name}.example", ED25519)
    for name in (
        *("operator", "operator-spare", "licensor", "partner-1", "partner-2", "partner-3"),
        *("builder-1", "builder-2", "builder-3", "auditor", "new"),
    )
}
PARTIES = (
    Party("operator", KEYS["operator"].key),
    Party("operator", KEYS["operator-spare"].key),
    Party("licensor", KEYS["licensor"].key),
    Party("partner", KEYS["partner-1"].key),
    Party("partner", KEYS["partner-2"].key),
    Party("partner", KEYS["partner-3"].key),
    Party("builder", KEYS["builder-1"].key),
    Party("builder", KEYS["builder-2"].key),
    Party("builder", KEYS["builder-3"].key),
    Party("auditor", KEYS["auditor"].key),
)
POLICY = Policy(
    (Log(LOG.key, "https://feed.example/log/"),),
    tuple(Witness(name, one.key, f"https://{name}.example/") for name, one in WITNESSES.items()),
    (Group("two", 2, tuple(WITNESSES)),),
    "two",
)
QUORUMS = (1, 1, 2, 2, 1)
CHARTER = Charter(0, None, ORIGIN, PARTIES, QUORUMS, Bounds(), bytes(range(32)), POLICY)
QUORUM = ("operator", "licensor", "partner-1", "partner-3")


def note_of(charter: Charter, *names: str) -> Note:
    text = charter.text()
    return Note(text, tuple(KEYS[name].sign(text) for name in names))


def amended(charter: Charter = CHARTER, **changes: object) -> Charter:
    return replace(charter, number=charter.number + 1, previous=charter.digest(), **changes)

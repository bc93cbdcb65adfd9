"""Write `tests/vectors/ledger.json` again: `python -m tests.ledger.vectors`. Only when a format is meant to change.

ML-DSA-44 signatures of one message differ, so each run writes others that verify as well.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from plainview.ledger.access_requests import AccessRequest
from plainview.ledger.acts import parse_act
from plainview.ledger.bundles import Bundle, bundles, encode_entries
from plainview.ledger.charters import digest_text
from plainview.ledger.consistency import consistency_proof
from plainview.ledger.cosignatures import ed25519_message, ml_dsa_44_message
from plainview.ledger.inclusion import inclusion_proof
from plainview.ledger.policy_files import encode_policy
from plainview.ledger.standing import Allowed
from plainview.ledger.standings import Standings
from plainview.ledger.submissions import Submission
from plainview.ledger.tiles import tile_data, tiles
from tests.ledger.breaches import late, twice
from tests.ledger.chartered import CHARTER, QUORUM, note_of
from tests.ledger.contradictions import fork
from tests.ledger.licensed import (
    APPROVED,
    DAY,
    FIRST,
    HOUR,
    SECOND,
    START,
    admission,
    approval,
    draw,
    emergency,
    extension,
    finding,
    order,
    order_end,
    report,
    reveal,
    review,
    revocation,
    submission,
    verification,
)
from tests.ledger.licensed import signed as act_note
from tests.ledger.logs import LOG, LOG_ML_DSA, ORIGIN, TIME, WITNESSES, checkpoint, signed
from tests.ledger.trees import entry, tree
from tests.ledger.witnessed import POLICY, log_proof

PATH = Path(__file__).parents[1] / "vectors" / "ledger.json"
SIZE, OLD, INDEX = 600, 300, 299
REQUEST = AccessRequest(ORIGIN, "audit", 100, 4196, 1_790_000_005_000, bytes(range(16)))


def bundle_data(bundle: Bundle) -> bytes:
    return encode_entries([entry(bundle.index * 256 + at) for at in range(bundle.width)])


def vectors() -> dict[str, object]:
    """A log of 600 entries: `entry <index> of a`. Bytes in hexadecimal, texts as they are."""
    grown = tree(SIZE)
    head = checkpoint(grown)
    note = signed(head.text(), "north", "south", "west")
    return {
        "access_request": {"text": REQUEST.text(), "digest": REQUEST.digest().hex()},
        "size": SIZE,
        "entry_0": entry(0).decode(),
        "root": head.root.hex(),
        "frontier": [hashed.hex() for hashed in grown.frontier().hashes],
        "inclusion": {"index": INDEX, "proof": [one.hex() for one in inclusion_proof(INDEX, SIZE, grown.read)]},
        "consistency": {
            "old": OLD,
            "old_root": grown.root(OLD).hex(),
            "proof": [one.hex() for one in consistency_proof(OLD, SIZE, grown.read)],
        },
        "sha256_of_tiles": {tile.path: hashlib.sha256(tile_data(tile, grown.read)).hexdigest() for tile in tiles(SIZE)},
        "sha256_of_bundles": {bundle.path: hashlib.sha256(bundle_data(bundle)).hexdigest() for bundle in bundles(SIZE)},
        "vkeys": {
            "log": LOG.key.vkey(),
            "log, ML-DSA-44": LOG_ML_DSA.key.vkey(),
            **{name: one.key.vkey() for name, one in WITNESSES.items()},
        },
        "checkpoint": note.encode().decode(),
        "cosigned": {
            "north": ed25519_message(head, TIME + 1).hex(),
            "south": ml_dsa_44_message(WITNESSES["south"].key.name, head, TIME + 2).hex(),
        },
        "policy": encode_policy(POLICY).decode(),
        "tlog-proof": log_proof(grown, INDEX, "north", "south", extra=b"salt").encode().decode(),
        "submission": Submission(OLD, consistency_proof(OLD, SIZE, grown.read), signed(head.text())).encode().decode(),
        "tlog-misbehaviour": fork(OLD, SIZE, "north").encode().decode(),
        "tlog-broken-promise, twice": twice(OLD).encode().decode(),
        "tlog-broken-promise": late(SIZE, OLD, north=1, west=2).encode().decode(),
        "charter": note_of(CHARTER, *QUORUM).encode().decode(),
        "charter_digest": digest_text(CHARTER.digest()),
        "acts": [
            {"index": index, "time": time, "note": note.encode().decode()} for index, (time, note) in enumerate(ACTS, 1)
        ],
        "act_digests": [digest_text(parse_act(note.text).digest()) for _, note in ACTS],
        "may_rank": [answer(index, *request) for index in (6, 7, 9, 10, 11, 15) for request in REQUESTS],
    }


ACTS = [
    *((START, note) for note in APPROVED),
    (START + 1, act_note(extension(approval(), 25 * DAY))),
    (START + 1, act_note(submission(SECOND, FIRST))),
    (START + HOUR, act_note(emergency(SECOND))),
    (START + 10 * HOUR, act_note(review(emergency(SECOND)))),
    (START + 11 * HOUR, act_note(revocation())),
    (START + 11 * HOUR, act_note(draw())),
    (START + 12 * HOUR, act_note(reveal(size=13))),
    (START + 12 * HOUR, act_note(verification(14))),
    (START + 13 * HOUR, act_note(finding())),
    (START + 13 * HOUR, act_note(report(upto=15))),
    (START + 13 * HOUR, act_note(admission())),
    (START + 14 * HOUR, act_note(order(regions=("GB", "US"), begins=14 * HOUR))),
    (START + 15 * HOUR, act_note(order_end())),
]
"""Of each kind at least one, each at the index after the one before; the charter stands at index 0."""
REQUESTS = (
    (FIRST, "US", 0, 0, START + HOUR),
    (FIRST, "US", 0, 500_000, START + HOUR),
    (FIRST, "DE", 0, 0, START + HOUR),
    (FIRST, "GB", 1, 499_999, START + 20 * DAY),
    (SECOND, "US", 0, 0, START + 2 * HOUR),
)


def answer(after: int, release: bytes, region: str, surface: int, draw: int, time: int) -> dict[str, object]:
    """Whether that may rank after the act at that index, and by which."""
    standings = Standings(note_of(CHARTER, *QUORUM), START)
    for index, (when, note) in enumerate(ACTS[:after], 1):
        standings.take(note, index, when)
    found = standings.last.may_rank(release, region, surface, draw, time)
    request = {"release": digest_text(release), "region": region, "surface": surface, "draw": draw, "time": time}
    return {"after": after, **request, "by": list(found.indexes) if isinstance(found, Allowed) else None}


if __name__ == "__main__":
    PATH.write_text(json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"wrote {PATH.name}")

"""Write `records.json` again: `python -m tests.vectors`. Only when a format is meant to change."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np

from plainview.ledger.hashing import leaf_hash
from plainview.oversight.sampling import draw, most_tampered
from plainview.records import PUBLIC, encode
from plainview.records.digests import (
    arm_draw,
    arrays_digest,
    audit_seed,
    commitment,
    epoch_digest,
    page_seed,
    refused_digest,
    session_name,
)
from plainview.records.leaf import personal_leaf, public_leaf
from tests.records.examples import EXAMPLES

SALT = bytes(range(32))


def vectors() -> dict[str, object]:
    """Byte strings in hexadecimal, bodies and leaves as text."""
    bodies = []
    for kind, record in EXAMPLES.items():
        body = encode(record)
        committed = commitment(SALT, body)
        leaf = public_leaf(kind, record) if kind in PUBLIC else personal_leaf(kind, committed)
        bodies.append(
            {
                "kind": kind,
                "body": body.decode(),
                "salt": SALT.hex(),
                "commitment": committed.hex(),
                "leaf": leaf.decode(),
                "leaf_hash": leaf_hash(leaf).hex(),
            }
        )
    parent, delta, release, epoch = (bytes([byte]) * 32 for byte in (1, 2, 3, 4))
    nonce, session, root, secret = bytes([5]) * 16, bytes([6]) * 16, bytes([7]) * 32, bytes([8]) * 32
    arrays = {
        "b": np.array([[1.5, -0.0], [2.0, 3.25]], dtype="<f4"),
        "a": np.array([1, -2, 3], dtype="<i8"),
        "empty": np.zeros((0, 4), dtype="|u1"),
        "flag": np.array([True, False]),
    }
    return {
        "records": bodies,
        "epoch_digest": {
            "parent": parent.hex(),
            "upto": 2**40 + 1,
            "delta": delta.hex(),
            "digest": epoch_digest(parent, 2**40 + 1, delta).hex(),
        },
        "page_seed": {
            "release": release.hex(),
            "epoch": epoch.hex(),
            "nonce": nonce.hex(),
            "session": session.hex(),
            "n": 258,
            "seed": page_seed(release, epoch, nonce, session, 258).hex(),
        },
        "arm_draws": [
            {"salt": nonce.hex(), "experiment": name, "viewer": viewer, "draw": arm_draw(nonce, name, viewer)}
            for name in ("calm", "a-longer.name_2")
            for viewer in (0, 1, 2**53 - 1)
        ],
        "audit_seed": {"root": root.hex(), "secret": secret.hex(), "seed": audit_seed(root, secret).hex()},
        "session_name": {"key": root.hex(), "name": session_name(root).hex()},
        "refused_digest": {
            "bodies": [bodies[0]["body"], bodies[1]["body"]],
            "digest": refused_digest(body["body"].encode() for body in bodies[:2]).hex(),
        },
        "audit_draw": {
            "seed": audit_seed(root, secret).hex(),
            "draws": [
                {"pages": pages, "wanted": wanted, "drawn": list(draw(audit_seed(root, secret), pages, wanted))}
                for pages, wanted in ((1000, 10), (3, 5), (10**7, 4), (2**53 - 1, 3))
            ],
            "bounds": [
                {"pages": pages, "sampled": sampled, "failed": failed, "at_most": most_tampered(pages, sampled, failed)}
                for pages, sampled, failed in (
                    (10**6, 3000, 0),
                    (10**6, 300, 0),
                    (10**6, 300, 2),
                    (50, 10, 2),
                    (9, 0, 0),
                )
            ],
        },
        "arrays_digest": {
            "arrays": [
                {
                    "name": name,
                    "dtype": array.dtype.str,
                    "shape": list(array.shape),
                    "data": base64.b16encode(array.tobytes()).decode().lower(),
                }
                for name, array in arrays.items()
            ],
            "digest": arrays_digest(arrays).hex(),
        },
    }


if __name__ == "__main__":
    path = Path(__file__).with_name("records.json")
    path.write_text(json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"wrote {path.name}")

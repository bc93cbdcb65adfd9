"""Pages of a log, as the API answers them."""

from __future__ import annotations

import json
from typing import Any

from plainview.ledger.hashing import leaf_hash
from plainview.ledger.promises import Promise
from plainview.ledger.signers import Signer
from plainview.records.digests import commitment
from plainview.records.fields import to_text
from plainview.records.leaf import personal_leaf
from tests.ledger.breaches import DEADLINE
from tests.ledger.logs import LOG, ORIGIN
from tests.oversight.mirror.logs import DirectoryLog

SALT = bytes(range(32))


def body(index: int) -> str:
    return f'{{"a page":{index}}}'


def page_entry(index: int) -> bytes:
    """The log's entry for the page of that index."""
    return personal_leaf("page", commitment(SALT, body(index).encode()))


def receipt(index: int, by: Signer = LOG, /, **changed: Any) -> dict[str, Any]:
    """What the API answers as the receipt of the page of that index, promised by DEADLINE."""
    promise = Promise(by.key.name, index, leaf_hash(page_entry(index)), DEADLINE).signed(by)
    return {
        "index": index,
        "salt": to_text(SALT),
        "commitment": to_text(commitment(SALT, body(index).encode())),
        "body": body(index),
        "promise": promise.decode(),
    } | changed


def answer(index: int, by: Signer = LOG, /, **changed: Any) -> bytes:
    """The whole answer with that receipt."""
    return json.dumps({"viewer": 1, "videos": [{"value": 0.5}], "receipt": receipt(index, by, **changed)}).encode()


def other_answer(index: int) -> bytes:
    """One with another page, promised as the entry of the same index."""
    committed = commitment(SALT, b"{}")
    promise = Promise(ORIGIN, index, leaf_hash(personal_leaf("page", committed)), DEADLINE).signed(LOG)
    return answer(index, body="{}", commitment=to_text(committed), promise=promise.decode())


class PageLog(DirectoryLog):
    """A log in a directory all of whose entries are pages; as log b, those before `common` alone."""

    def entry(self, index: int) -> bytes:
        entry = super().entry(index)
        return page_entry(index) if entry.endswith(b"a") else entry

"""A page's receipt, as the API answers it: the page's record, and what the log promised for it."""

from __future__ import annotations

import json

import msgspec

from plainview.ledger.errors import FormatError, ProofError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.policies import Policy
from plainview.ledger.promises import Promise, open_promise, parse_promise
from plainview.ledger.spelling import shown
from plainview.records.digests import commitment
from plainview.records.fields import to_bytes
from plainview.records.leaf import personal_leaf

RECEIPT_LIMIT = 1 << 23
"""Bytes of an answer at most. One with a whole trace has less than a million."""


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an answer's `receipt` holds, whose parts need not fit each other: `check` says whether they do."""

    index: int
    salt: str
    commitment: str
    body: str
    promise: str

    def note(self) -> Note:
        """The promise as it was signed. FormatError where it is no note."""
        return parse_note(self.promise.encode("utf-8", "surrogatepass"))

    def entry(self) -> bytes:
        """The log's entry for this page. FormatError for what no receipt holds, ProofError for another commitment."""
        try:
            salt, body, said = to_bytes(self.salt), self.body.encode(), to_bytes(self.commitment)
            committed = commitment(salt, body)
        except UnicodeEncodeError as error:
            raise FormatError(f"receipt: body, character {error.start} is no character") from None
        except ValueError as error:
            raise FormatError(f"receipt: {error}") from None
        if committed != said:
            raise ProofError("receipt: its commitment is not that of its salt and body")
        return personal_leaf("page", committed)

    def check(self, policy: Policy) -> Promise:
        """The promise, if a log that `policy` knows made it of this very page. Raises LedgerError."""
        note = self.note()
        origin = parse_promise(note.text).origin
        promise = open_promise(note, origin, policy.keys_of(origin))
        if promise.index != self.index:
            raise ProofError(f"receipt: index {self.index}, and the promise is of entry {promise.index}")
        if promise.leaf != leaf_hash(self.entry()):
            raise ProofError(f"receipt: what was promised as entry {promise.index} is not this page")
        return promise


def parse_receipt(data: bytes) -> Receipt:
    """The receipt that `data` is, or that the answer `data` holds as its `receipt`; else FormatError.

    Strict JSON in UTF-8: no name twice in an object, no number that JSON has not.
    """
    if len(data) > RECEIPT_LIMIT:
        raise FormatError(f"receipt: {len(data)} bytes, at most {RECEIPT_LIMIT} are read")
    try:
        found = json.loads(data.decode(), object_pairs_hook=_once_each, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise FormatError(f"receipt: byte {error.start} is not UTF-8") from None
    except FormatError:
        raise
    except ValueError as error:
        raise FormatError(f"receipt: not JSON ({error})") from None
    except RecursionError:
        raise FormatError("receipt: not JSON of an answer: nested too deep") from None
    if isinstance(found, dict) and "receipt" in found:
        found = found["receipt"]
    try:
        return msgspec.convert(found, Receipt)
    except msgspec.ValidationError as error:
        raise FormatError(
            f"receipt: {shown(str(error))}; what is read is an answer of /v1/feed or /v1/pages/INDEX, or its `receipt` "
            "with index, salt, commitment, body and promise"
        ) from None


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise FormatError(f"receipt: {shown(name)} is there twice")
        found[name] = value
    return found


def _no_number(word: str) -> None:
    raise FormatError(f"receipt: {word} is not JSON")

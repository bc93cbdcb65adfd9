"""Who must sign an act: the parties of the charter in force where it stands."""

from __future__ import annotations

from plainview.ledger.charters import Charter, ends_told
from plainview.ledger.errors import PolicyError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note
from plainview.ledger.opening import verified_signatures
from plainview.ledger.quorums import Asked, lacking, said

_QUORUMS = {
    "licence": ("licensor", "operator"),
    "submission": ("licensor",),
    "approval": ("partner",),
    "review": ("partner",),
    "admission": ("partner",),
}
"""The roles whose quorum signs an act of that kind."""
_ONES = {
    "build": ("builder",),
    "result": ("auditor",),
    "emergency": ("partner", "operator"),
    "revocation": ("partner",),
    "draw": ("auditor",),
    "reveal": ("auditor",),
    "verification": ("auditor",),
    "finding": ("auditor",),
    "report": ("auditor",),
}
"""The roles of which one key is enough, of each."""


def check_signers(note: Note, kind: str, charter: Charter, at: int) -> frozenset[VerifierKey]:
    """The charter's parties who signed the note of an act of that kind; of an extension, of the kind that it extends.

    Whose key has ended at the journal time `at`, in Unix milliseconds, has not signed. Raises SignatureError where a
    party's signature does not verify, of a key that has ended too; PolicyError where signatures are missing.
    """
    signed = frozenset(one.key for one in verified_signatures(note, [party.key for party in charter.parties]))
    signed -= {party.key for party in charter.ended(at)}
    if left := lacking(_asked(kind, charter, at), signed):
        raise PolicyError(f"signatures are missing: {said(left, ends_told(note, charter, at))}")
    return signed


def _asked(kind: str, charter: Charter, at: int) -> list[Asked]:
    operators, partners = charter.keys_of("operator", at), charter.keys_of("partner", at)
    if kind == "order":
        # Who orders and who approves: two keys, of the operator's where it was given so many, ended ones too: or the
        # end of a key would change who must agree.
        if len(charter.keys_of("operator")) > 1:
            return [Asked("operator", operators, 2)]
        return [Asked("operator", operators, 1), Asked("partner", partners, 1)]
    if kind == "order-end":
        return [Asked("operator or partner", (*operators, *partners), 1)]
    if kind in _QUORUMS:
        return [charter.quorum_of(role, at) for role in _QUORUMS[kind]]
    return [Asked(role, charter.keys_of(role, at), 1) for role in _ONES[kind]]

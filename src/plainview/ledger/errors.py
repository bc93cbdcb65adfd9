"""What the ledger raises. Every message says what is wrong and where."""

from __future__ import annotations


class LedgerError(ValueError):
    """Any of the below: for whoever refuses whatever does not hold."""


class FormatError(LedgerError):
    """Bytes, text or fields that are not what they are said to be. The only error of every parser."""


class ProofError(LedgerError):
    """A proof, tile or entry that does not lead to the root it is checked against."""


class SignatureError(LedgerError):
    """A known key's signature that does not verify, or a note that no known key signed."""


class PolicyError(LedgerError):
    """A checkpoint whose valid signatures are not what a policy asks for."""

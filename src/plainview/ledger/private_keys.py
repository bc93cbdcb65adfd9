"""Private keys as a line of text: `PRIVATE+KEY+<name>+<key id>+<base64 of type and seed>`, as Go's sumdb/note has them.

No message quotes what follows the key id.
"""

from __future__ import annotations

from plainview.ledger.errors import FormatError
from plainview.ledger.schemes import SCHEMES, Scheme
from plainview.ledger.signers import Signer
from plainview.ledger.spelling import from_base64, shown, to_base64

_MARK = "PRIVATE+KEY+"


def encode_private_key(name: str, scheme: Scheme, seed: bytes) -> str:
    """The line, without a newline. Raises FormatError where `Signer` does."""
    key_id = Signer(name, scheme, seed).key.key_id.hex()
    return f"{_MARK}{name}+{key_id}+{to_base64(bytes([scheme.code]) + seed)}"


def parse_private_key(text: str) -> Signer:
    """The key whose line this is; else FormatError. Key id and seed must fit each other."""
    parts = text.removeprefix(_MARK).split("+", 2)
    if not text.startswith(_MARK) or len(parts) != 3:
        raise FormatError(f"private key: not {_MARK}, a name, a key id and a seed with + between")
    name, key_id, encoded = parts
    try:
        data = from_base64(encoded, "")
    except FormatError:
        raise FormatError(f"private key of {shown(name)}: what follows its key id is not base64") from None
    if not data or data[0] not in SCHEMES:
        raise FormatError(f"private key of {shown(name)}: of no known signature type")
    signer = Signer(name, SCHEMES[data[0]], data[1:])
    if signer.key.key_id.hex() != key_id:
        raise FormatError(
            f"private key of {shown(name)}: key id {shown(key_id)}, that of its seed is {signer.key.key_id.hex()}"
        )
    return signer

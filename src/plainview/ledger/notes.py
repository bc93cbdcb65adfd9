"""Signed notes (C2SP signed-note): a text, an empty line, and a line for each signature.

Nothing here says that a signature is right: `opening` does.
"""

from __future__ import annotations

import msgspec

from plainview.ledger.errors import FormatError
from plainview.ledger.spelling import check_characters, from_base64, shown, to_base64

NOTE_LIMIT = 1 << 20
"""Bytes of a note at most."""
SIGNATURE_LIMIT = 64
"""Signatures of a note at most; signed-note asks for 16."""
KEY_ID_SIZE = 4

DASH = "\N{EM DASH} "
"""How a signature line begins."""


class NoteSignature(msgspec.Struct, frozen=True):
    """One signature line. Raises FormatError for a name or an id that no line can have."""

    name: str
    """The key's name."""
    key_id: bytes
    """4 bytes; name and id together say which key."""
    data: bytes
    """The signature itself, at least a byte."""

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.key_id) != KEY_ID_SIZE or not self.data:
            raise FormatError(
                f"signature of {shown(self.name)}: a key id of 4 bytes and a signature after it are needed"
            )

    def line(self) -> str:
        """`— <name> base64(key id || signature)`, with its newline."""
        return f"{DASH}{self.name} {to_base64(self.key_id + self.data)}\n"


class Note(msgspec.Struct, frozen=True):
    """A text, which ends in a newline, and its signatures, at least one. Raises FormatError where it cannot be so."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n"):
            raise FormatError("note: its text does not end in a newline")
        check_characters(self.text, "note")
        if not 1 <= len(self.signatures) <= SIGNATURE_LIMIT:
            raise FormatError(f"note: {len(self.signatures)} signatures, 1 to {SIGNATURE_LIMIT} are allowed")

    def encode(self) -> bytes:
        """The note's one spelling."""
        return "".join([self.text, "\n", *(signature.line() for signature in self.signatures)]).encode()


def parse_note(data: bytes) -> Note:
    """The note whose bytes are `data`; else FormatError. `encode` gives the same bytes back."""
    if len(data) > NOTE_LIMIT:
        raise FormatError(f"note: {len(data)} bytes, at most {NOTE_LIMIT} are read")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"note: byte {error.start} is not UTF-8") from None
    check_characters(whole, "note")
    text, empty, lines = whole.rpartition("\n\n")
    if not empty:
        raise FormatError("note: no empty line between text and signatures")
    if not lines.endswith("\n"):
        raise FormatError("note: the last line has no newline, or there is no signature")
    signatures = lines.removesuffix("\n").split("\n")
    if len(signatures) > SIGNATURE_LIMIT:
        raise FormatError(f"note: {len(signatures)} signatures, at most {SIGNATURE_LIMIT} are read")
    return Note(text + "\n", tuple(parse_signature(line, at) for at, line in enumerate(signatures, 1)))


def parse_signature(line: str, number: int = 1) -> NoteSignature:
    """The signature whose `line` this is, less its newline; else FormatError, which calls it the `number`th."""
    what = f"note, signature {number}"
    name, space, encoded = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not space:
        raise FormatError(f"{what}: {shown(line)} is not an em dash, a key's name and base64 with a space between")
    data = from_base64(encoded, what)
    if len(data) <= KEY_ID_SIZE:
        raise FormatError(f"{what}: {len(data)} bytes are not a key id of 4 and a signature")
    return NoteSignature(name, data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])


def check_key_name(name: str) -> None:
    """Raises FormatError unless `name` can name a key: not empty, no plus sign, Unicode space or control character."""
    if not name or "+" in name or any(character.isspace() for character in name):
        raise FormatError(f"key name {shown(name)}: empty, or with a space or a plus sign")
    check_characters(name, "key name")

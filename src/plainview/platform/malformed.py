"""What to send instead of JSON that is not what a call takes, in words made from the struct that it takes."""

from __future__ import annotations

import re
from functools import cache
from typing import get_args

import msgspec
from msgspec import inspect

from plainview.platform.faults import Fault
from plainview.records.fields import Digest, Region, Signature, Token

TOKEN = "16 random bytes in unpadded base64url: 22 characters"
SIGNATURE = "64 bytes in unpadded base64url: 86 characters"
DIGEST = "32 bytes in unpadded base64url: 43 characters"
REGION = "two capital letters (ISO 3166-1), ZZ for unknown"
NAME = 40
"""Characters of a client's own name for something that an answer repeats."""
_TEXTS = ((Token, TOKEN), (Digest, DIGEST), (Signature, SIGNATURE), (Region, REGION))
_PATTERNS = {get_args(kind)[1].pattern: words for kind, words in _TEXTS}


def malformed(error: Exception, kind: type[msgspec.Struct], data: bytes | msgspec.Raw) -> Fault:
    """The fault of `data`, which could not be decoded to a `kind` because of `error`."""
    # msgspec's messages are all there is to tell one error from another; tests hold each of them.
    message = str(error)
    fields = ", ".join(kind.__struct_fields__)
    if isinstance(error, UnicodeDecodeError):
        return Fault("malformed", f"not UTF-8 at byte {error.start}: send JSON in UTF-8")
    if isinstance(error, RecursionError):
        return Fault("malformed", f"lists or objects lie too deep in each other: send a JSON object with {fields}")
    if not isinstance(error, msgspec.ValidationError):
        text = bytes(data)
        cause, at = "it breaks off", str(len(text))
        if found := re.fullmatch(r"JSON is malformed: (.*) \(byte (\d+)\)", message):
            cause, at = found.groups()
        elif b"\\u" in text:
            # Half of a surrogate pair is reported as if the text ended with it.
            cause += ", or a \\u escape before it is half of a pair"
        return Fault("malformed", f"not JSON at byte {at} ({cause}): send a JSON object with {fields}")
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", message, re.DOTALL):
        name = quoted(unknown[1])
        return Fault("malformed", f"{name}: there is no such field; send {fields}", name)
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", message):
        return Fault("malformed", f"{missing[1]}: it is missing; send {_wanted(kind)[missing[1]]}", missing[1])
    # What stands before the path may be the client's own words.
    if wrong := re.fullmatch(r".* - at `\$\.((\w+)[^`]*)`", message, re.DOTALL):
        return Fault("malformed", f"{wrong[2]}: send {_wanted(kind)[wrong[2]]}", wrong[1])
    return Fault("malformed", f"send a JSON object with {fields}")


def quoted(name: str) -> str:
    """A name that a client made up, as an answer may repeat it: printable and short."""
    return repr(name if len(name) <= NAME else name[: NAME - 3] + "...")[1:-1]


@cache
def _wanted(kind: type[msgspec.Struct]) -> dict[str, str]:
    """What to send, by field."""
    struct = inspect.type_info(kind)
    assert isinstance(struct, inspect.StructType)
    return {field.name: _words(field.type) + ("" if field.required else ", or leave it out") for field in struct.fields}


def _words(of: inspect.Type) -> str:
    match of:
        case inspect.IntType(ge=low, le=high):
            return f"a whole number from {low} to {'2**53 - 1' if high == 2**53 - 1 else high}"
        case inspect.StrType(pattern=str(pattern)):
            return _PATTERNS[pattern]
        case inspect.StrType(max_length=length):
            return f"text of at most {length} characters"
        case inspect.LiteralType(values=values):
            return f"{', '.join(map(str, values[:-1]))} or {values[-1]}"
        case inspect.VarTupleType(item_type=inner, max_length=length):
            return f"a list of at most {length}, each {_words(inner)}"
        case inspect.UnionType(types=(inner, *_)):
            return _words(inner)
        case _:
            return "a list"

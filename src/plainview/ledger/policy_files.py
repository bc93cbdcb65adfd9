"""Policy files (C2SP tlog-policy): a log, witness, group or the quorum a line, comments after #.

Names and URLs are opaque bytes to the specification. Here they are text, any byte that is not UTF-8 as a surrogate.
"""

from __future__ import annotations

import re

from plainview.ledger.errors import FormatError
from plainview.ledger.keys import VerifierKey, parse_vkey
from plainview.ledger.policies import (
    FORBIDDEN_BYTE,
    Definition,
    Group,
    Log,
    Policy,
    Quorum,
    Witness,
    check_definitions,
)
from plainview.ledger.spelling import shown

POLICY_LIMIT = 1 << 20
"""Bytes of a policy file at most."""

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


def parse_policy(data: bytes) -> Policy:
    """The policy whose file is `data`; else FormatError, which names the line."""
    if len(data) > POLICY_LIMIT:
        raise FormatError(f"policy: {len(data)} bytes, at most {POLICY_LIMIT} are read")
    lines = data.split(b"\n")
    if lines.pop():
        raise FormatError(f"policy, line {len(lines) + 1}: has no newline at its end")
    definitions = []
    for number, line in enumerate(lines, 1):
        where = f"policy, line {number}"
        if match := FORBIDDEN_BYTE.search(line):
            raise FormatError(f"{where}: control character {match[0]!r}")
        words = [word.decode("utf-8", "surrogateescape") for word in line.split()]
        if words and not words[0].startswith("#"):
            definitions.append((where, _definition(words, where)))
    check_definitions(definitions)
    found = [definition for _, definition in definitions]
    return Policy(
        tuple(one for one in found if isinstance(one, Log)),
        tuple(one for one in found if isinstance(one, Witness)),
        tuple(one for one in found if isinstance(one, Group)),
        next(one.name for one in found if isinstance(one, Quorum)),
    )


def encode_policy(policy: Policy) -> bytes:
    """A file that says this: logs, witnesses, groups, quorum, without comments."""
    lines = []
    for _, definition in policy.definitions():
        match definition:
            case Log(key, url):
                words = ["log", key.vkey(), url or ""]
            case Witness(name, key, url):
                words = ["witness", name, key.vkey(), url or ""]
            case Group(name, threshold, members):
                words = ["group", name, str(threshold), *members]
            case Quorum(name):
                words = ["quorum", name]
        lines.append(" ".join(words).rstrip(" ") + "\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


def _definition(words: list[str], where: str) -> Definition:
    match words:
        case ["log", vkey]:
            return Log(_key(vkey, where))
        case ["log", vkey, url]:
            return Log(_key(vkey, where), url)
        case ["witness", name, vkey]:
            return Witness(name, _key(vkey, where))
        case ["witness", name, vkey, url]:
            return Witness(name, _key(vkey, where), url)
        case ["group", name, "all", *members]:
            return Group(name, len(members), tuple(members))
        case ["group", name, "any", *members]:
            return Group(name, 1, tuple(members))
        case ["group", name, threshold, *members] if _NUMBER.fullmatch(threshold):
            return Group(name, int(threshold), tuple(members))
        case ["quorum", name]:
            return Quorum(name)
    raise FormatError(
        f"{where}: {shown(' '.join(words))} is none of: log <vkey> [<url>]; witness <name> <vkey> [<url>]; "
        "group <name> all|any|<k> <name>...; quorum <name>|none"
    )


def _key(vkey: str, where: str) -> VerifierKey:
    try:
        return parse_vkey(vkey)
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from error

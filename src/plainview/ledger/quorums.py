"""How many of whose keys must sign, and who still has to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from plainview.ledger.keys import VerifierKey
from plainview.ledger.spelling import shown


class Asked(NamedTuple):
    """Signatures that are needed, or still missing."""

    role: str
    """Whose, for messages: a role, or `new keys`, which must show that somebody holds them."""
    keys: tuple[VerifierKey, ...]
    """Any `number` of these."""
    number: int


def lacking(asked: Iterable[Asked], signed: Collection[VerifierKey]) -> list[Asked]:
    """What is missing of `asked` where these keys have signed."""
    left = []
    for role, keys, number in asked:
        others = tuple(key for key in keys if key not in signed)
        if (still := number - (len(keys) - len(others))) > 0:
            left.append(Asked(role, others, still))
    return left


def said(missing: Iterable[Asked], others: Iterable[str] = ()) -> str:
    """What is missing, for a message, and what `others` say beside it: why signatures that are there do not count."""
    return "; ".join([*(f"{one.number} more of {one.role}: {_names(one)}" for one in missing), *others])


def _names(one: Asked) -> str:
    names = ", ".join(shown(key.name) for key in one.keys)
    if len(one.keys) >= one.number:
        return names
    return f"{names}, and no other key of it is left" if names else "no key of it is left"

"""What the options of `plainview charter new` and `amend` say, as a charter has it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from plainview.cli.errors import CommandError
from plainview.cli.times import milliseconds

if TYPE_CHECKING:
    from plainview.ledger.charters import Bounds, Party
    from plainview.ledger.policies import Policy


def parties_in(**vkeys: list[str]) -> tuple[Party, ...]:
    from plainview.ledger.charters import ROLES, Party
    from plainview.ledger.errors import FormatError
    from plainview.ledger.keys import parse_vkey

    for role in vkeys:
        if role not in ROLES:
            raise CommandError(f"{role}: a party is one of {', '.join(ROLES)}")
    parties = []
    for role in ROLES:
        try:
            parties += [Party(role, parse_vkey(vkey)) for vkey in vkeys.get(role, ())]
        except FormatError as error:
            raise CommandError(f"{role}: {error}") from error
    return tuple(parties)


def until_in(parties: Iterable[Party], changes: list[str] | None) -> tuple[Party, ...]:
    """The parties with the ends of their keys as NAME=TIME says, or NAME=none; what is not said stays."""
    from msgspec.structs import replace

    until: dict[str, int | None] = {}
    for one in changes or ():
        name, found, time = one.rpartition("=")
        if not found:
            raise CommandError(f"--until {one}: write NAME=TIME, with a key's name, or NAME=none")
        until[name] = None if time == "none" else milliseconds(time)
    held = tuple(parties)
    if unknown := set(until) - {party.key.name for party in held}:
        raise CommandError(f"--until: no party has the key {', '.join(sorted(unknown))}")
    return tuple(replace(party, until=until.get(party.key.name, party.until)) for party in held)


def in_order(parties: list[Party]) -> tuple[Party, ...]:
    from plainview.ledger.charters import ROLES

    return tuple(sorted(parties, key=lambda party: ROLES.index(party.role)))


def quorums_in(before: tuple[int, ...], changes: list[str] | None) -> tuple[int, ...]:
    from plainview.ledger.charters import ROLES
    from plainview.ledger.spelling import from_decimal

    quorums = dict(zip(ROLES, before, strict=True))
    for one in changes or ():
        role, found, number = one.partition("=")
        if role not in ROLES or not found:
            raise CommandError(f"--quorum {one}: write ROLE=K, with a role of {', '.join(ROLES)} and a number")
        quorums[role] = from_decimal(number, f"--quorum {role}")
    return tuple(quorums[role] for role in ROLES)


def bounds_in(before: Bounds, *changes: int | None) -> Bounds:
    """In the order of its fields; None leaves what was."""
    from msgspec.structs import astuple

    return type(before)(*(old if new is None else new for old, new in zip(astuple(before), changes, strict=True)))


def policy_in(path: Path) -> Policy:
    from plainview.ledger.errors import FormatError
    from plainview.ledger.policy_files import POLICY_LIMIT, parse_policy

    try:
        with path.open("rb") as file:
            return parse_policy(file.read(POLICY_LIMIT + 1))
    except OSError as error:
        raise CommandError(f"{path}: cannot be read ({error.strerror})") from error
    except FormatError as error:
        raise CommandError(f"{path}: {error}") from error


def first_baseline(home: Path | None) -> bytes:
    """The release that the data directory is computed with. Raises HomeError."""
    from plainview.platform.home import Home, default_home
    from plainview.records.fields import to_bytes

    return to_bytes(Home(home or default_home()).release.digest)


def baseline_in(digest: str) -> bytes:
    from plainview.records.fields import to_bytes

    try:
        return to_bytes(digest)
    except ValueError as error:
        raise CommandError(f"--baseline {digest}: a release's digest has 43 characters") from error

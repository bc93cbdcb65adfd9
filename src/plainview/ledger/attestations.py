"""Whether builders agree on a release and auditors have passed it: what an approval rests on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

import msgspec

from plainview.ledger.acts import Build, Result
from plainview.ledger.charters import Charter, digest_text
from plainview.ledger.errors import PolicyError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.spelling import shown

PRETENDED = "another model, pretended: one machine made this charter"
"""The CPU of a build that was not made, where one hand holds all keys to try things out."""

_Act = TypeVar("_Act", Build, Result)


class Attested(msgspec.Struct, Generic[_Act], frozen=True):
    """What builders or auditors said, and which of them."""

    index: int
    act: _Act
    keys: frozenset[VerifierKey]


class Evidence(NamedTuple):
    """What an approval rests on."""

    golden: bytes
    """What the builders agree on."""
    indexes: tuple[int, ...]
    """Of all that was counted, ascending."""


def check_evidence(
    release: bytes, builds: Iterable[Attested[Build]], results: Iterable[Attested[Result]], charter: Charter, at: int
) -> Evidence:
    """That the release may be approved under the charter: by its builders and auditors, and by nobody who was one.

    Whose key has ended at the journal time `at` speaks for it no more, and against it as before: that stays until an
    amendment takes the key out. Raises PolicyError that says what is missing or speaks against it.
    """
    built = _of(release, builds, charter.keys_of("builder"))
    for one in built:
        if one.act.golden != built[0].act.golden:
            raise PolicyError(
                f"its builders disagree on the golden vectors: {digest_text(built[0].act.golden)} at index "
                f"{built[0].index}, {digest_text(one.act.golden)} at index {one.index}"
            )
    counted = _of(release, builds, charter.keys_of("builder", at))
    agreed = apart((key, cpu_model(one.act.cpu)) for one in counted for key in one.keys)
    if agreed < (quorum := charter.quorum_of("builder").number):
        raise PolicyError(f"{agreed} of {quorum} builders have attested to it, each on another model of CPU")
    tested = _of(release, results, charter.keys_of("auditor"))
    for test in tested:
        if not test.act.passed:
            raise PolicyError(f"it failed the suite {shown(test.act.suite)} at index {test.index}")
    passing = _of(release, results, charter.keys_of("auditor", at))
    passed = {key for test in passing for key in test.keys}
    if len(passed) < (quorum := charter.quorum_of("auditor").number):
        raise PolicyError(f"{len(passed)} of {quorum} auditors have passed it")
    indexes = sorted([*(one.index for one in counted), *(test.index for test in passing)])
    return Evidence(counted[0].act.golden, tuple(indexes))


def apart(pairs: Iterable[tuple[VerifierKey, str]]) -> int:
    """The most of the pairs of key and CPU no two of which share either: a maximum matching, by augmenting paths."""
    models: dict[VerifierKey, list[str]] = {}
    for key, model in pairs:
        models.setdefault(key, []).append(model)
    on: dict[str, VerifierKey] = {}

    def placed(key: VerifierKey, tried: set[str]) -> bool:
        for model in models[key]:
            if model not in tried:
                tried.add(model)
                if model not in on or placed(on[model], tried):
                    on[model] = key
                    return True
        return False

    return sum(placed(key, set()) for key in models)


def _of(release: bytes, attested: Iterable[Attested[_Act]], keys: tuple[VerifierKey, ...]) -> list[Attested[_Act]]:
    """Of the attestations those of the release by one of the keys, and by no others."""
    own = (Attested(one.index, one.act, one.keys.intersection(keys)) for one in attested if one.act.release == release)
    return [one for one in own if one.keys]


def cpu_model(cpu: str) -> str:
    """One text for one model, however it is spaced and written large or small."""
    return " ".join(cpu.casefold().split())

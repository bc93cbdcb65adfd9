"""Hypothesis strategies for the ledger's values."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from plainview.ledger.act_fields import ID_LIMIT, TEXT_LIMIT, Obligation
from plainview.ledger.acts import KINDS, LABEL_LIMIT, AnyAct, Report, Reveal, Verification
from plainview.ledger.charters import BOUND_LIMIT
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note, NoteSignature
from plainview.ledger.schemes import SCHEMES
from plainview.ledger.scopes import MILLION, SURFACE_LIMIT, Scope
from plainview.ledger.spelling import TIME_LIMIT

hashes = st.binary(min_size=32, max_size=32)
numbers = st.integers(0, 2**63 - 1) | st.integers(0, 300)

characters = st.characters(codec="utf-8", exclude_characters=[chr(code) for code in range(32)])
lines = st.text(characters, min_size=1, max_size=30)
texts = st.text(characters | st.just("\n"), max_size=80).map(lambda text: text + "\n")
names = st.text(characters, min_size=1, max_size=30).filter(
    lambda name: "+" not in name and not any(character.isspace() for character in name)
)
signatures = st.builds(NoteSignature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=100))
notes = st.builds(Note, texts, st.lists(signatures, min_size=1, max_size=4).map(tuple))
checkpoints = st.builds(Checkpoint, lines, numbers, hashes, st.lists(lines, max_size=3).map(tuple))


def keys(*codes: int, names: st.SearchStrategy[str] = names) -> st.SearchStrategy[VerifierKey]:
    """Keys of these types, by default of all."""
    return st.sampled_from(codes or tuple(SCHEMES)).flatmap(
        lambda code: st.builds(
            VerifierKey,
            names,
            st.just(code),
            # A public key of ML-DSA-44 is drawn from 32 bytes: Hypothesis need not find its length.
            hashes.map(lambda seed: (seed * 41)[: SCHEMES[code].public_size]),
        )
    )


def sets(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """None, or some, ascending."""
    return st.none() | st.sets(of, min_size=1, max_size=4).map(lambda some: tuple(sorted(some)))


capitals = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
regions = st.tuples(capitals, capitals).map("".join) | st.sampled_from(["GB", "US"])
scopes = st.builds(
    Scope,
    sets(regions),
    sets(st.integers(0, SURFACE_LIMIT) | st.sampled_from([0, 1])),
    st.integers(1, MILLION),
)
said = st.text(characters, min_size=1, max_size=TEXT_LIMIT).map(str.strip).filter(bool)
times = st.integers(0, TIME_LIMIT)
obligations = st.lists(st.builds(Obligation, times, said), max_size=3, unique=True).map(
    lambda some: tuple(sorted(some, key=lambda one: (one.due, one.text)))
)
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "log": names,
    "number": numbers.filter(bool),
    "video": st.integers(0, ID_LIMIT),
    "regions": sets(regions),
    "cap": st.integers(1, BOUND_LIMIT),
    "label": st.text(characters, min_size=1, max_size=LABEL_LIMIT).map(str.strip).filter(bool),
    "seen": numbers,
    "licence": numbers,
    "scope": scopes,
    "wind_down": times,
    "obligations": obligations,
    "base": st.none() | hashes,
    "passed": st.booleans(),
    "origin": st.from_regex("[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True),
    "rows": numbers,
    "terms": said,
    "cpu": said,
    "suite": said,
    "reason": said,
    "outcome": said,
    "until": times,
    "size": numbers,
    "pages": numbers,
    "sampled": numbers,
    "differing": numbers,
    "upto": numbers,
    "identical": numbers,
    "inconclusive": numbers,
    "record": st.none() | numbers,
    "sentence": said,
}


@st.composite
def acts(draw: st.DrawFn) -> AnyAct:
    """Of any kind. What is not in the table is a digest."""
    kind = draw(st.sampled_from([*KINDS.values()]))
    values = {field: draw(_FIELDS.get(field, hashes)) for field in kind.__struct_fields__ if field != "begins"}
    if "begins" in kind.__struct_fields__:
        values["begins"], values["until"] = sorted(draw(st.sets(times, min_size=2, max_size=2)))
    if "epoch_most" in kind.__struct_fields__:
        most = draw(st.integers(1, BOUND_LIMIT))
        values["epoch_least"], values["epoch_most"] = draw(st.integers(0, most)), most
    if "base" in values and values["base"] == values["release"]:
        values["base"] = None
    if kind is Reveal:
        values["differing"], values["sampled"], values["pages"] = sorted(draw(st.tuples(numbers, numbers, numbers)))
    if kind is Report:
        values["start"], values["upto"] = sorted(draw(st.sets(numbers, min_size=2, max_size=2)))
    if kind is Verification:
        parts = {name: values[name] // 3 for name in ("identical", "inconclusive", "differing")}
        values |= parts | {"pages": sum(parts.values())}
    return kind(**values)

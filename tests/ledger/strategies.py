"""Hypothesis strategies for the ledger's values."""

from __future__ import annotations

from hypothesis import strategies as st

from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note, NoteSignature
from plainview.ledger.schemes import SCHEMES

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

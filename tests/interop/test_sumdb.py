"""Go's `x/mod/sumdb`, with which every Go installation checks its modules, reads our notes, proofs and tiles.

It knows Ed25519 keys alone, and its tile paths have one more element (the height), which the Go program takes out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from plainview.ledger.consistency import consistency_proof
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import inclusion_proof
from plainview.ledger.private_keys import encode_private_key
from plainview.ledger.schemes import ED25519
from plainview.ledger.tiles import tile_data, tiles
from tests.interop.logs import EDGES, TREE, altered
from tests.ledger.logs import LOG, ORIGIN, checkpoint, signed
from tests.ledger.test_keys import NOTE, VKEY
from tests.ledger.trees import entry

SOURCE = Path(__file__).parent / "sumdb"
LIBRARIES = Path("/usr/share/gocode")
"""Where Debian's packages of Go libraries lie."""

Questions = list[tuple[dict[str, Any], bool]]
"""What is asked, and whether the answer should be yes."""
Ask = Callable[[Questions], None]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Puts questions to the Go program and compares its answers."""
    if not (shutil.which("go") and (LIBRARIES / "src/golang.org/x/mod/sumdb").is_dir()):
        pytest.skip("no Go with x/mod here; on Debian: apt install golang-go golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("sumdb")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(LIBRARIES), "GOCACHE": str(folder / "cache")}
    program = folder / "sumdb"
    subprocess.run(["go", "build", "-o", str(program), "main.go"], cwd=SOURCE, env=environment, check=True)

    def asked(questions: Questions) -> None:
        lines = "".join(json.dumps(question, default=encoded) + "\n" for question, _ in questions)
        answers = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
        for (question, wanted), answer in zip(questions, answers, strict=True):
            assert answer.startswith("yes" if wanted else "no "), f"{answer}: {str(question)[:2000]}"

    return asked


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def both(proof: tuple[bytes, ...], at: random.Random, **question: object) -> Questions:
    """The question with the proof, and with an altered one."""
    return [
        ({**question, "Proof": proof}, True),
        ({**question, "Proof": at.choice(altered(proof, at))}, False),
    ]


def test_proofs(ask: Ask) -> None:
    questions: Questions = []
    for size in (*range(1, 1_001), *EDGES):
        at = random.Random(size)
        index, old, root = at.randrange(size), at.randrange(1, size + 1), TREE.root(size)
        proof = inclusion_proof(index, size, TREE.read)
        leaf = leaf_hash(entry(index))
        questions += both(proof, at, Kind="record", Size=size, Root=root, Index=index, Hash=leaf)
        proof = consistency_proof(old, size, TREE.read)
        questions += both(proof, at, Kind="tree", Size=size, Root=root, Index=old, Hash=TREE.root(old))
    ask(questions)


@pytest.mark.parametrize("size", [2, 255, 256, 257, 1_000, 70_000])
def test_tiles(ask: Ask, size: int) -> None:
    served = {tile.path: tile_data(tile, TREE.read) for tile in tiles(size)}
    index = random.Random(size).randrange(size)
    proof = inclusion_proof(index, size, TREE.read)
    tree = {"Kind": "tiles", "Size": size, "Root": TREE.root(size), "Index": index, "Proof": proof}
    broken = {path: data[:-1] + bytes([data[-1] ^ 1]) for path, data in served.items()}
    ask([({**tree, "Tiles": served}, True), ({**tree, "Tiles": broken}, False), ({**tree, "Tiles": {}}, False)])


def test_notes(ask: Ask) -> None:
    questions: Questions = [({"Kind": "note", "Note": NOTE.decode(), "Vkey": VKEY}, True)]
    witnesses: Sequence[Sequence[str]] = [(), ("north",), ("south",), ("north", "south", "west")]
    for size in (1, 300, 70_000):
        for named in witnesses:
            note = signed(checkpoint(TREE, size).text(), *named).encode().decode()
            other = note.replace(f"\n{size}\n", f"\n{size + 1}\n")
            questions += [
                ({"Kind": "note", "Note": note, "Vkey": LOG.key.vkey()}, True),
                ({"Kind": "note", "Note": other, "Vkey": LOG.key.vkey()}, False),
                ({"Kind": "note", "Note": note, "Vkey": VKEY}, False),
            ]
    ask(questions)


def test_private_keys(ask: Ask) -> None:
    note = signed(checkpoint(TREE, 300).text()).encode().decode()
    seed = hashlib.sha256(f"{ORIGIN} {ED25519.code}".encode()).digest()
    line = encode_private_key(ORIGIN, ED25519, seed)
    ask(
        [
            ({"Kind": "key", "Note": note, "Key": line}, True),
            ({"Kind": "key", "Note": note, "Key": encode_private_key(ORIGIN, ED25519, seed[::-1])}, False),
            ({"Kind": "key", "Note": note, "Key": line.replace("+KEY+f", "+KEY+g")}, False),
        ]
    )

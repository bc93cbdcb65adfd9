"""Nothing forged passes: mutated proofs, notes, checkpoints, tiles, bundles, policies and charters, thousands of each.

Each forger makes one attempt from a seeded generator, has it checked as a client would, and says whether it was
refused. What is accepted must say what was true anyway, or the attempt raises AssertionError: two logs, which part at
entry 150, are signed and witnessed, and a forger may take parts from both. Any error but LedgerError fails the test.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

import pytest
from msgspec.structs import replace

from plainview.ledger.broken_promises import BrokenPromise, Kind, parse_broken_promise
from plainview.ledger.bundles import bundles, encode_entries, parse_entries, verify_entries
from plainview.ledger.charters import AGREEING, Charter, Party, check_charter
from plainview.ledger.checkpoints import parse_checkpoint
from plainview.ledger.consistency import consistency_proof, prefix_proof, verify_consistency
from plainview.ledger.errors import LedgerError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import inclusion_proof, verify_inclusion
from plainview.ledger.keys import parse_vkey
from plainview.ledger.log_proofs import parse_log_proof
from plainview.ledger.misbehaviour import Misbehaviour, parse_misbehaviour
from plainview.ledger.nodes import Node
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import Log, Policy
from plainview.ledger.policy_files import encode_policy, parse_policy
from plainview.ledger.promises import Promise
from plainview.ledger.schemes import ED25519
from plainview.ledger.spelling import to_base64
from plainview.ledger.tile_reading import TileReader
from plainview.ledger.tiles import parse_tile_path, tile_data, tiles
from plainview.ledger.tree import Tree
from tests.ledger.breaches import DEADLINE, promised
from tests.ledger.chartered import CHARTER, KEYS, PARTIES, QUORUM, amended, note_of
from tests.ledger.logs import LOG, LOG_ML_DSA, ORIGIN, TIME, WITNESSES, checkpoint, signed, signer
from tests.ledger.mutations import mutate
from tests.ledger.trees import Tiles, entry, tree
from tests.ledger.witnessed import POLICY, log_proof

PARTED = 150
TREES = {"a": tree(700), "b": tree(700, "b", common=PARTED)}
SIZES = (1, 2, 3, 149, 150, 151, 255, 256, 257, 511, 512, 513, 700)
HEADS = {(log, size): checkpoint(grown, size) for log, grown in TREES.items() for size in SIZES}
NOTES = [
    signed(head.text(), *witnesses, by=by).encode()
    for head, by, witnesses in zip(
        HEADS.values(),
        [LOG, LOG_ML_DSA] * len(SIZES),
        [("north", "south"), ("west", "north")] * len(SIZES),
        strict=True,
    )
]
SAID = {(signer.key, head.text()) for head in HEADS.values() for signer in (LOG, LOG_ML_DSA, *WITNESSES.values())}
GUILTY = [(151, 151), (256, 257), (512, 700)]
CONTRADICTIONS = [
    Misbehaviour(
        signed(HEADS["a", small].text(), "north"),
        signed(HEADS["b", large].text(), "north", "west"),
        prefix_proof(small, large, TREES["b"].read) if small < large else (),
    ).encode()
    for small, large in GUILTY
] + [
    # Of these, none is one: two honest checkpoints with the hashes between them.
    Misbehaviour(
        signed(HEADS[log, 149].text(), "north"),
        signed(HEADS[log, 700].text(), "north"),
        prefix_proof(149, 700, TREES[log].read),
    ).encode()
    for log in "ab"
]
PROMISES = {(index, log): promised(index, log) for index, log in ((0, "a"), (151, "a"), (151, "b"), (256, "b"))}
BREACHES = [
    # Some break a promise: the other log's leaf, or all cosignatures, which are later, and the entry not there.
    # Others were kept, or lack a cosignature.
    BrokenPromise(
        PROMISES[promise],
        signed(HEADS[log, size].text(), *witnesses),
        (*TREES[log].read([Node(0, promise[0])]), *inclusion_proof(promise[0], size, TREES[log].read))
        if size > promise[0]
        else (),
    ).encode()
    for promise in PROMISES
    for log, size in (("a", 150), ("b", 151), ("b", 512))
    for witnesses in (("north",), ("north", "west"))
] + [
    # Two promises of one index: of both logs, or the same again.
    BrokenPromise(PROMISES[first], PROMISES[second]).encode()
    for first in PROMISES
    for second in PROMISES
    if first[0] == second[0]
]
PARTED_TEXTS = [
    {HEADS["a", one].text(), HEADS["b", other].text()} for one in SIZES for other in SIZES if min(one, other) > PARTED
]
SMALL = {"a": tree(300), "b": tree(300, "b", common=PARTED)}
PROOFS = [
    log_proof(SMALL[log], index, "north", "west", extra=extra).encode()
    for log, index, extra in (("a", 0, None), ("a", 299, b"salt"), ("b", 151, None), ("b", 149, b"\0" * 32))
]


def entries(log: str, start: int, stop: int) -> list[bytes]:
    return [entry(index, "a" if index < PARTED else log) for index in range(start, stop)]


def hashes_of(data: bytes) -> tuple[bytes, ...]:
    return tuple(data[at : at + 32] for at in range(0, len(data), 32))


def inclusion(at: random.Random) -> bool:
    """A leaf, an index or hashes altered, under a head that is right."""
    log, size = at.choice(list(HEADS))
    head = HEADS[log, size]
    index = at.randrange(size)
    leaf = leaf_hash(entry(index, "a" if index < PARTED else log))
    proof = b"".join(inclusion_proof(index, size, TREES[log].read))
    claimed, shown, where = leaf, proof, index
    match at.randrange(3):
        case 0:
            claimed = mutate(leaf, [proof or leaf], at)
        case 1:
            other = at.choice(SIZES)
            others = b"".join(inclusion_proof(at.randrange(other), other, TREES[at.choice("ab")].read))
            shown = mutate(proof, [others, leaf, head.root], at)
        case _:
            where = at.choice(
                [index + 1, index - 1, index ^ 1 << at.randrange(64), size - 1 - index, at.randrange(size)]
            )
    try:
        verify_inclusion(claimed, where, size, head.root, hashes_of(shown))
    except LedgerError:
        return True
    assert (claimed, where, shown) == (leaf, index, proof)
    return False


def consistency(at: random.Random) -> bool:
    """Heads of both logs, with a proof of another pair or an altered one."""
    (log, old), (other, new) = at.choice(list(HEADS)), at.choice(list(HEADS))
    sizes = sorted((at.choice(SIZES), at.choice(SIZES))) if at.random() < 0.3 else sorted((old, new))
    proof = b"".join(consistency_proof(sizes[0], sizes[1], TREES[at.choice("ab")].read))
    shown = mutate(proof, [HEADS[log, old].root, HEADS[other, new].root], at) if at.random() < 0.7 else proof
    first, second = HEADS[log, old], HEADS[other, new]
    try:
        verify_consistency(first.size, first.root, second.size, second.root, hashes_of(shown))
    except LedgerError:
        return True
    assert old <= new
    assert TREES[other].root(old) == first.root
    assert shown == b"".join(consistency_proof(old, new, TREES[other].read))
    return False


def note(at: random.Random) -> bool:
    """A checkpoint's note, for a client with a policy."""
    original = at.choice(NOTES)
    forged = mutate(original, NOTES, at)
    try:
        accepted = POLICY.check(parse_note(forged))
    except LedgerError:
        return True
    text = accepted.checkpoint.text()
    assert parse_note(forged).encode() == forged
    assert all((one.key, text) in SAID for one in accepted.log)
    assert all((WITNESSES[one.witness].key, text) in SAID for one in accepted.witnessed)
    assert all(TIME < one.time < TIME + 3 for one in accepted.witnessed)
    assert len({one.witness for one in accepted.witnessed}) >= 2
    return False


def head(at: random.Random) -> bool:
    """A checkpoint's text alone under the log's signature: anything but the text that was signed."""
    log, size = at.choice(list(HEADS))
    by = at.choice([LOG, LOG_ML_DSA])
    text = HEADS[log, size].text()
    forged = mutate(text.encode(), [one.text().encode() for one in HEADS.values()], at)
    try:
        made = parse_note(forged + b"\n" + SIGNED[text, by.key.code].line().encode())
        opened, _ = open_checkpoint(made, ORIGIN, [LOG.key, LOG_ML_DSA.key])
    except LedgerError:
        return True
    assert forged == text.encode() == opened.text().encode()
    return False


SIGNED = {
    (one.text(), by.key.code): signed(one.text(), by=by).signatures[0]
    for one in HEADS.values()
    for by in (LOG, LOG_ML_DSA)
}


def tile(at: random.Random) -> bool:
    """One tile of a log altered on its way to a client who knows the head."""
    log, size = at.choice(list(HEADS))
    grown: Tree = TREES[log]
    served = list(tiles(size))
    altered = at.choice(served)
    data = tile_data(altered, grown.read)
    other = at.choice(list(tiles(at.choice(SIZES))))
    forged = mutate(data, [tile_data(other, TREES[at.choice("ab")].read), data[::-1]], at)
    fetch = Tiles(grown)
    fetch.altered[altered] = forged or b"\0"
    nodes = altered.nodes()
    try:
        read = TileReader(size, HEADS[log, size].root, fetch).read(nodes)
    except LedgerError:
        return True
    assert read == grown.read(nodes)
    assert forged == data
    return False


def bundle(at: random.Random) -> bool:
    """An entry bundle altered, held against the leaf hashes of its tile."""
    log, size = at.choice(list(HEADS))
    altered = at.choice(list(bundles(size)))
    start = altered.index * 256
    true = entries(log, start, start + altered.width)
    data = encode_entries(true)
    forged = mutate(data, [encode_entries(entries(at.choice("ab"), start, start + at.randrange(1, 257)))], at)
    try:
        read = parse_entries(altered, forged)
        verify_entries(altered, read, TREES[log].read(altered.tile.nodes()))
    except LedgerError:
        return True
    assert forged == data
    return False


def proof_file(at: random.Random) -> bool:
    """A `.tlog-proof` altered: what it accepts is an entry at its index in a log that was witnessed."""
    forged = mutate(at.choice(PROOFS), PROOFS, at)
    log, index = at.choice([("a", 0), ("a", 299), ("b", 151), ("b", 149)])
    try:
        proof = parse_log_proof(forged)
        accepted = proof.verify(leaf_hash(entry(index, "a" if index < PARTED else log)), POLICY)
    except LedgerError:
        return True
    assert proof.encode() == forged
    assert (LOG.key, accepted.checkpoint.text()) in SAID | {(LOG.key, checkpoint(one).text()) for one in SMALL.values()}
    assert proof.index == index
    grown = next(one for one in SMALL.values() if one.root() == accepted.checkpoint.root)
    assert proof.hashes == inclusion_proof(index, 300, grown.read)
    return False


def misbehaviour(at: random.Random) -> bool:
    """A proof of misbehaviour altered, or made of what honest logs said: it convicts only who did sign both."""
    forged = mutate(at.choice(CONTRADICTIONS), CONTRADICTIONS, at)
    try:
        proof = parse_misbehaviour(forged)
        found = proof.check(POLICY)
    except LedgerError:
        return True
    assert proof.encode() == forged
    assert found.log
    texts = {found.smaller.text(), found.larger.text()}
    assert texts <= {text for _, text in SAID}
    assert texts in PARTED_TEXTS
    assert all((WITNESSES[name].key, text) in SAID for name in found.witnesses for text in texts)
    return False


def broken_promise(at: random.Random) -> bool:
    """A proof of a broken promise altered, or of one that was kept: it convicts a log that did sign what it says."""
    forged = mutate(at.choice(BREACHES), BREACHES, at)
    try:
        proof = parse_broken_promise(forged)
        found = proof.check(POLICY)
    except LedgerError:
        return True
    assert proof.encode() == forged
    promise, head = found.promise, found.against
    texts = {note.text for note in PROMISES.values()}
    assert promise.text() in texts
    if isinstance(head, Promise):
        assert head.text() in texts
        assert (head.index, found.kind) == (promise.index, Kind.TWICE)
        assert head.leaf != promise.leaf
        return False
    assert (LOG.key, head.text()) in SAID
    if found.kind is Kind.LATE:
        assert head.size <= promise.index
        assert len({one.witness for one in found.late}) >= 2
        assert all((WITNESSES[one.witness].key, head.text()) in SAID for one in found.late)
        assert all(one.time * 1000 > DEADLINE for one in found.late)
    else:
        (log,) = {log for log, grown in TREES.items() if grown.root(head.size) == head.root}
        assert TREES[log].read([Node(0, promise.index)]) != [promise.leaf]
    return False


def key(at: random.Random) -> bool:
    """A vkey altered: the key id binds name, type and public key, so only another spelling could pass."""
    keys = [signer.key.vkey() for signer in (LOG, LOG_ML_DSA, *WITNESSES.values())]
    forged = mutate(at.choice(keys).encode(), [one.encode() for one in keys], at).decode("utf-8", "surrogateescape")
    try:
        parsed = parse_vkey(forged)
    except LedgerError:
        return True
    assert parsed.vkey() == forged
    assert forged in keys
    return False


def policy(at: random.Random) -> bool:
    """A policy file altered: what is read can be written again, and asks for keys that were in it."""
    data = encode_policy(POLICY)
    forged = mutate(data, [data, b"quorum north\n", b"group two any north south west\n"], at)
    try:
        parsed = parse_policy(forged)
    except LedgerError:
        return True
    assert parse_policy(encode_policy(parsed)) == parsed
    assert {one.key for one in parsed.witnesses} <= {one.key for one in POLICY.witnesses}
    assert {one.key for one in parsed.logs} <= {one.key for one in POLICY.logs}
    return False


def charter(at: random.Random) -> bool:
    """A charter's note altered: what is in force says what was signed, by as many keys as the one before asks for."""
    made, before = at.choice(CHARTERS)
    forged = mutate(note_of(made, *at.choice(SIGNERS)).encode(), CHARTER_NOTES, at)
    if at.random() < 0.2:
        before = at.choice(CHARTERS)[1]
    agreed = AGREED
    if at.random() < 0.4:  # signed once it was altered
        text = forged.partition(b"\n\n")[0].decode("utf-8", "replace") + "\n"
        names = at.choice(SIGNERS)
        agreed = AGREED | {(KEYS[name].key, text) for name in names}
        forged = "".join([text, "\n", *(KEYS[name].sign(text).line() for name in names)]).encode()
    try:
        found = check_charter(parse_note(forged), before, at=None)
    except LedgerError:
        return True
    assert parse_note(forged).text == found.text()
    assert (found.number, found.previous) == ((before.number + 1, before.digest()) if before else (0, None))
    said = {key.key for key in KEYS.values() if (key.key, found.text()) in agreed}
    deciding = before or found
    for role, quorum in zip(AGREEING, deciding.quorums[:3], strict=True):
        assert len({one.key.public for one in deciding.parties if one.role == role and one.key in said}) >= quorum > 0
    assert not before or said >= {one.key for one in found.parties if one not in before.parties}
    return False


AMENDED = amended(parties=(PARTIES[1], Party("operator", KEYS["new"].key), *PARTIES[2:]))
RIVAL = amended(quorums=(1, 1, 1, 2, 1))
ELSEWHERE = replace(CHARTER, origin="other", policy=Policy((Log(signer("other", ED25519).key),), (), (), "none"))
CHARTERS: list[tuple[Charter, Charter | None]] = [
    (CHARTER, None),
    (ELSEWHERE, None),
    *((later, CHARTER) for later in (AMENDED, RIVAL)),
    *((amended(before, quorums=(2, 1, 3, 2, 1)), before) for before in (AMENDED, RIVAL, ELSEWHERE)),
]
SIGNERS = [
    # Enough, a partner too few, those alone who are parties of the amended.
    (*QUORUM, "new", "operator-spare"),
    ("operator", "operator-spare", "licensor", "partner-1"),
    ("new", "licensor", "partner-2"),
]
CHARTER_NOTES = [note_of(one, *names).encode() for one, _ in CHARTERS for names in SIGNERS]
AGREED = {(KEYS[name].key, one.text()) for one, _ in CHARTERS for names in SIGNERS for name in names}


def tile_path(at: random.Random) -> bool:
    """A tile's path altered: one spelling for each tile."""
    paths = [one.path for size in (700, 70_000, 300_000_000) for one in list(tiles(size, size - 300))]
    forged = mutate(at.choice(paths).encode(), [one.encode() for one in paths], at).decode("utf-8", "replace")
    try:
        parsed = parse_tile_path(forged)
    except LedgerError:
        return True
    assert parsed.path == forged
    return False


FORGERS: dict[Callable[[random.Random], bool], tuple[int, int]] = {
    inclusion: (400, 30_000),
    consistency: (400, 20_000),
    note: (300, 25_000),
    head: (300, 20_000),
    tile: (60, 10_000),
    bundle: (100, 5_000),
    proof_file: (200, 20_000),
    misbehaviour: (200, 5_000),
    broken_promise: (200, 5_000),
    key: (200, 5_000),
    policy: (200, 5_000),
    charter: (300, 25_000),
    tile_path: (200, 5_000),
}
"""Attempts in `make test`, and in `make soak`: 180,000."""


def attempts(forger: Callable[[random.Random], bool], numbers: range) -> int:
    """How many were refused; the rest said what is true."""
    refused = 0
    for number in numbers:
        seed = f"{forger.__name__} {number}"
        try:
            refused += forger(random.Random(seed))
        except BaseException as error:
            error.add_note(f"attempt: {forger.__name__}(random.Random({seed!r}))")
            raise
    return refused


@pytest.mark.parametrize("forger", FORGERS, ids=lambda forger: forger.__name__)
def test_nothing_forged_passes(forger: Callable[[random.Random], bool]) -> None:
    count, _ = FORGERS[forger]
    assert attempts(forger, range(count)) > count * 0.3


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("forger", FORGERS, ids=lambda forger: forger.__name__)
def test_nothing_forged_passes_in_180_000_attempts(forger: Callable[[random.Random], bool]) -> None:
    short, long = FORGERS[forger]
    refused = attempts(forger, range(short, short + long))
    print(f"{forger.__name__}: {refused} of {long} refused, the rest unaltered or true")
    assert refused > long * 0.3
    assert sum(long for _, long in FORGERS.values()) == 180_000


def test_unaltered_all_pass() -> None:
    for one in NOTES:
        POLICY.check(parse_note(one))
    kinds = []
    for one in BREACHES:
        with suppress(LedgerError):
            kinds.append(parse_broken_promise(one).check(POLICY).kind)
    assert [kinds.count(kind) for kind in (Kind.LATE, Kind.OTHER, Kind.TWICE)] == [6, 2, 2]
    for one in HEADS.values():
        assert parse_checkpoint(one.text()) == one
    assert to_base64(HEADS["a", 150].root) == to_base64(HEADS["b", 150].root)
    assert HEADS["a", 151].root != HEADS["b", 151].root

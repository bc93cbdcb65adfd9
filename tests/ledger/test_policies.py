from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.errors import FormatError, PolicyError, SignatureError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.notes import Note
from plainview.ledger.policies import Group, Log, Policy, Quorum, Witness, Witnessed
from plainview.ledger.schemes import ED25519_COSIGNATURE
from tests.ledger.logs import LOG, LOG_ML_DSA, STRANGER, TIME, WITNESSES, checkpoint, signed, signer
from tests.ledger.test_opening import broken
from tests.ledger.trees import tree
from tests.ledger.witnessed import POLICY

HEAD = checkpoint(tree(9))
TEXT = HEAD.text()


def test_a_quorum() -> None:
    accepted = POLICY.check(signed(TEXT, "north", "south"))
    assert accepted.checkpoint == HEAD
    assert [one.key for one in accepted.log] == [LOG.key]
    assert accepted.witnessed == (Witnessed("north", TIME + 1), Witnessed("south", TIME + 2))


@pytest.mark.parametrize("witnesses", [(), ("north",), ("north", "north")])
def test_no_quorum(witnesses: tuple[str, ...]) -> None:
    with pytest.raises(PolicyError, match=r"quorum 'two' not reached; cosigned by: ('north'|none)$"):
        POLICY.check(signed(TEXT, *witnesses))


def test_strangers_do_not_count() -> None:
    note = STRANGER.add_to(signed(TEXT, "north"), TIME)
    with pytest.raises(PolicyError, match="not reached"):
        POLICY.check(note)


def test_cosignatures_of_another_checkpoint_do_not_count() -> None:
    other = signed(checkpoint(tree(8)).text(), "north", "south")
    with pytest.raises(SignatureError, match="does not verify"):
        POLICY.check(Note(TEXT, (*signed(TEXT).signatures, *other.signatures[1:])))


def test_a_bad_cosignature_refuses_the_note_even_beside_a_quorum() -> None:
    note = signed(TEXT, "north", "south", "west")
    with pytest.raises(SignatureError, match="does not verify"):
        POLICY.check(Note(TEXT, (*note.signatures[:3], broken(note.signatures[3]))))


def test_witnesses_without_the_log() -> None:
    note = signed(TEXT, "north", "south", "west")
    with pytest.raises(SignatureError, match="no signature of a known key"):
        POLICY.check(Note(TEXT, note.signatures[1:]))


def test_an_unknown_log() -> None:
    with pytest.raises(PolicyError, match="no log of this name"):
        POLICY.check(signed(Checkpoint("other.example", 9, HEAD.root).text()))


def test_a_log_known_from_elsewhere() -> None:
    policy = Policy((), POLICY.witnesses, (), "north")
    note = signed(TEXT, "north")
    with pytest.raises(PolicyError, match="no log of this name"):
        policy.check(note)
    assert policy.check(note, [LOG.key]).checkpoint == HEAD


def test_no_witnesses_needed() -> None:
    policy = Policy((Log(LOG_ML_DSA.key),), (), (), "none")
    assert policy.check(signed(TEXT, by=LOG_ML_DSA)).witnessed == ()
    assert policy.check(signed(TEXT, "north", by=LOG_ML_DSA)).witnessed == ()


def test_groups_of_groups() -> None:
    """The specification's example: two of X1 to X3, and one of Y1 to Y3."""
    names = [f"{side}{number}" for side in "XY" for number in (1, 2, 3)]
    policy = Policy(
        (Log(LOG.key),),
        tuple(Witness(name, signer(f"{name}.example", ED25519_COSIGNATURE).key) for name in names),
        (
            Group("X-witnesses", 2, ("X1", "X2", "X3")),
            Group("Y-witnesses", 1, ("Y1", "Y2", "Y3")),
            Group("X-and-Y", 2, ("X-witnesses", "Y-witnesses")),
        ),
        "X-and-Y",
    )
    for some in chain.from_iterable(combinations(names, count) for count in range(7)):
        enough = sum(name[0] == "X" for name in some) >= 2 and any(name[0] == "Y" for name in some)
        assert policy.reaches_quorum(some) == enough


SEVEN = tuple(Witness(f"w{number}", signer(f"w{number}.example", ED25519_COSIGNATURE).key) for number in range(7))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Groups of groups over up to seven witnesses."""
    witnesses = SEVEN[: draw(st.integers(1, 7))]
    free = [one.name for one in witnesses]
    groups = []
    for number in range(draw(st.integers(0, 4))):
        members = draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
        groups.append(Group(f"g{number}", draw(st.integers(1, len(members))), tuple(members)))
        free = [name for name in free if name not in members] + [f"g{number}"]
    return Policy((Log(LOG.key),), witnesses, tuple(groups), draw(st.sampled_from([*free, "none"])))


@given(policies())
def test_how_many_witnesses_a_quorum_has_and_two_share(policy: Policy) -> None:
    names = [one.name for one in policy.witnesses]
    every = [set(some) for some in chain.from_iterable(combinations(names, count) for count in range(len(names) + 1))]
    quorums = [some for some in every if policy.reaches_quorum(some)]
    assert policy.fewest() == min(map(len, quorums))
    assert policy.overlap() == min(len(one & other) for one in quorums for other in quorums)


A, B, C = (Witness(name, one.key) for name, one in WITNESSES.items())
G = Group("g", 1, ("north",))


@pytest.mark.parametrize(
    ("logs", "witnesses", "groups", "quorum", "message"),
    [
        ((), (), (), "", "not defined"),
        ((), (A,), (), "south", "'south' is not defined"),
        ((), (Witness("a", VerifierKey("a\x7f", A.key.code, A.key.public)),), (), "none", "one word"),
        ((), (A, A), (), "none", "is there already"),
        ((), (A, Witness("other", A.key)), (), "none", "is there already"),
        ((), (A, Witness("north", B.key)), (), "none", "the name 'north' is taken"),
        ((), (A, Witness("none", B.key)), (), "none", "the name 'none' is taken"),
        ((), (Witness("a b", A.key),), (), "none", "one word"),
        ((), (Witness("", A.key),), (), "none", "one word"),
        ((), (Witness("a\x7f", A.key),), (), "none", "one word"),
        ((), (Witness("\ud800", A.key),), (), "none", "one word"),
        ((), (Witness("a", A.key, "u rl"),), (), "none", "one word"),
        ((), (Witness("a", LOG.key),), (), "none", "type 0x04 or 0x06, not 0x01"),
        ((Log(A.key),), (), (), "none", "type 0x01 or 0x06, not 0x04"),
        ((Log(LOG.key), Log(LOG.key, "u")), (), (), "none", "is there already"),
        ((), (A,), (Group("g", 0, ("north",)),), "g", "0 of 1 members"),
        ((), (A,), (Group("g", 2, ("north",)),), "g", "2 of 1 members"),
        ((), (A,), (Group("g", 0, ()),), "g", "0 of 0 members"),
        ((), (A,), (Group("g", 1, ("south",)),), "g", "'south' is not defined"),
        ((), (A,), (Group("g", 1, ("none",)),), "g", "'none' is not defined"),
        ((), (A,), (Group("g", 1, ("g",)),), "g", "'g' is not defined"),
        ((), (A, B), (Group("g", 1, ("north", "north")),), "g", "member of a group already"),
        ((), (A, B), (G, Group("h", 1, ("north", "g"))), "g", "member of a group already"),
        ((), (A, B), (G, Group("g", 1, ("south",))), "g", "the name 'g' is taken"),
        ((), (A, B), (Group("h", 1, ("g",)), G), "g", "'g' is not defined"),
        ((), (A,), (Group("north", 1, ("north",)),), "north", "the name 'north' is taken"),
    ],
)  # fmt: skip
def test_what_no_file_could_say(
    logs: tuple[Log, ...], witnesses: tuple[Witness, ...], groups: tuple[Group, ...], quorum: str, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        Policy(logs, witnesses, groups, quorum)


def test_definitions_are_in_an_order_a_file_may_have() -> None:
    kinds = [type(definition) for _, definition in POLICY.definitions()]
    assert kinds == [Log, Log, Witness, Witness, Witness, Group, Quorum]

from __future__ import annotations

import functools
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.errors import FormatError
from plainview.ledger.keys import VerifierKey
from plainview.ledger.policies import NO_QUORUM, Group, Log, Policy, Witness
from plainview.ledger.policy_files import POLICY_LIMIT, encode_policy, parse_policy
from plainview.ledger.schemes import ED25519, ED25519_COSIGNATURE
from tests.ledger.logs import LOG, WITNESSES, signer
from tests.ledger.strategies import keys, names

L, N, S, W = (one.key.vkey() for one in (LOG, *WITNESSES.values()))
GOOD = f"""\
# who is believed
log {L} https://feed.example/log/

\t witness north  {N}\thttps://north.example/ \n\
witness south {S}
group both all north south
  # an indented comment
quorum both
witness west {W}
""".encode()


words = st.binary(min_size=1, max_size=12).map(
    lambda data: bytes(byte for byte in data if byte > 32 and byte != 127).decode("utf-8", "surrogateescape") or "w"
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any policy: groups of witnesses and of groups before them, each a member once at most."""
    named_keys = functools.partial(keys, names=names.filter(lambda name: "\x7f" not in name))
    urls = st.none() | words
    logs = draw(
        st.lists(st.builds(Log, named_keys(0x01, 0x06), urls), max_size=3, unique_by=lambda log: log.key.public)
    )
    taken = draw(st.lists(words.filter(lambda word: word != NO_QUORUM), max_size=8, unique=True))
    named = taken[: draw(st.integers(0, len(taken)))]
    signing = draw(
        st.lists(named_keys(0x04, 0x06), min_size=len(named), max_size=len(named), unique_by=lambda key: key.public)
    )
    witnesses = [Witness(name, key, draw(urls)) for name, key in zip(named, signing, strict=True)]
    free = list(named)
    groups = []
    for name in taken[len(named) :]:
        if not free:
            break
        members = free[: draw(st.integers(1, len(free)))]
        free = [*free[len(members) :], name]
        groups.append(Group(name, draw(st.integers(1, len(members))), tuple(members)))
    quorum = draw(st.sampled_from([NO_QUORUM, *named, *(group.name for group in groups)]))
    return Policy(tuple(logs), tuple(witnesses), tuple(groups), quorum)


def test_a_file() -> None:
    north, south, west = (one.key for one in WITNESSES.values())
    assert parse_policy(GOOD) == Policy(
        (Log(LOG.key, "https://feed.example/log/"),),
        (Witness("north", north, "https://north.example/"), Witness("south", south), Witness("west", west)),
        (Group("both", 2, ("north", "south")),),
        "both",
    )


@given(policies())
def test_policies_come_back(policy: Policy) -> None:
    assert parse_policy(encode_policy(policy)) == policy


def test_thresholds() -> None:
    for written, threshold in (("any", 1), ("all", 3), ("1", 1), ("2", 2), ("3", 3)):
        text = f"witness a {N}\nwitness b {S}\nwitness c {W}\ngroup g {written} a b c\nquorum g\n"
        assert parse_policy(text.encode()).groups == (Group("g", threshold, ("a", "b", "c")),)


def test_names_are_opaque_bytes() -> None:
    data = (
        b"witness K " + N.encode() + b"\nwitness \xe2\x84\xaa " + S.encode() + b"\nwitness \xff\xc2\xa0 " + W.encode()
    )
    policy = parse_policy(data + b"\nquorum \xff\xc2\xa0\n")
    assert len({witness.name for witness in policy.witnesses}) == 3
    assert policy.quorum.encode("utf-8", "surrogateescape") == b"\xff\xc2\xa0"
    assert encode_policy(policy) == data + b"\nquorum \xff\xc2\xa0\n"


def test_at_least_32_of_everything() -> None:
    lines = [f"log {signer(f'l{at}', ED25519).key.vkey()}" for at in range(32)]
    lines += [f"witness w{at} {signer(f'w{at}', ED25519_COSIGNATURE).key.vkey()}" for at in range(32)]
    lines += [f"group g{at} any w{at}" + (f" g{at - 1}" if at else "") for at in range(32)]
    policy = parse_policy("\n".join([*lines, "quorum g31", ""]).encode())
    assert policy.reaches_quorum(["w0"])
    assert not policy.reaches_quorum([])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no quorum line"),
        ("# nothing\n", "no quorum line"),
        ("quorum none", "line 1: has no newline"),
        ("quorum none\n# end", "line 2: has no newline"),
        ("quorum none\nquorum none\n", "line 2: a second quorum"),
        ("quorum\n", "line 1: 'quorum' is none of"),
        ("quorum a b\n", "line 1: 'quorum a b' is none of"),
        ("quorum a\n", "line 1: quorum 'a' is not defined"),
        ("Quorum none\n", "line 1: 'Quorum none' is none of"),
        ("quorum none\r\n", r"line 1: control character b'\\r'"),
        ("quorum none\n#\x7f\n", r"line 2: control character b'\\x7f'"),
        ("quorum none\n\x00\n", "line 2: control character"),
        ("quorum none\n\x0b\n", "line 2: control character"),
        ("quorum none # why\n", "line 1: .* is none of"),
        ("trust none\n", "line 1: 'trust none' is none of"),
        ("log\n", "line 1: 'log' is none of"),
        (f"log {L} u v\nquorum none\n", "line 1: .* is none of"),
        (f"log {L}\nlog {L}\nquorum none\n", "line 2: a log's key is there already"),
        (f"log {L[:-1]}\nquorum none\n", "line 1: vkey of"),
        (f"log {N}\nquorum none\n", "line 1: a log's key has signature type 0x01 or 0x06, not 0x04"),
        (f"witness a {L}\nquorum none\n", "line 1: a witness's key has signature type 0x04 or 0x06, not 0x01"),
        ("witness a\nquorum none\n", "line 1: .* is none of"),
        (f"witness none {N}\nquorum none\n", "line 1: the name 'none' is taken"),
        (f"witness a {N}\nwitness a {S}\nquorum a\n", "line 2: the name 'a' is taken"),
        (f"witness a {N}\nwitness b {N}\nquorum a\n", "line 2: a witness's key is there already"),
        (f"quorum a\nwitness a {N}\n", "line 1: quorum 'a' is not defined on a line before"),
        (f"group g any a\nwitness a {N}\nquorum g\n", "line 1: member 'a' is not defined on a line before"),
        (f"witness a {N}\ngroup g\nquorum a\n", "line 2: 'group g' is none of"),
        (f"witness a {N}\ngroup g any\nquorum a\n", "line 2: 1 of 0 members"),
        (f"witness a {N}\ngroup g all\nquorum a\n", "line 2: 0 of 0 members"),
        (f"witness a {N}\ngroup g 0 a\nquorum a\n", "line 2: .* is none of"),
        (f"witness a {N}\ngroup g 01 a\nquorum a\n", "line 2: .* is none of"),
        (f"witness a {N}\ngroup g -1 a\nquorum a\n", "line 2: .* is none of"),
        (f"witness a {N}\ngroup g ANY a\nquorum a\n", "line 2: .* is none of"),
        (f"witness a {N}\ngroup g 2 a\nquorum a\n", "line 2: 2 of 1 members"),
        (f"witness a {N}\ngroup g {'9' * 5000} a\nquorum a\n", "line 2: .* is none of"),
        (f"witness a {N}\ngroup g any a a\nquorum a\n", "line 2: 'a' is a member of a group already"),
        (f"witness a {N}\ngroup g any none\nquorum a\n", "line 2: member 'none' is not defined"),
        (f"witness a {N}\ngroup a any a\nquorum a\n", "line 2: the name 'a' is taken"),
        (f"witness a {N}\ngroup g any a\ngroup h any a\nquorum a\n", "line 3: 'a' is a member of a group already"),
        ("#" * POLICY_LIMIT + "\nquorum none\n", "at most"),
    ],
)  # fmt: skip
def test_a_file_that_is_none(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=f"policy.*{message}") as error:
        parse_policy(text.encode())
    assert len(str(error.value)) < 400


def test_one_public_key_under_two_names() -> None:
    """A key id differs with the name, the signer does not: the second witness would be the first one's echo."""
    key = WITNESSES["north"].key
    echo = VerifierKey("other.example", key.code, key.public).vkey()
    with pytest.raises(FormatError, match="line 2: a witness's key is there already"):
        parse_policy(f"witness a {N}\nwitness b {echo}\nquorum a\n".encode())


@given(
    st.binary()
    | st.lists(st.sampled_from([*GOOD.splitlines(True), b"quorum north\n", b"\xff\n", b"log"])).map(b"".join)
)
def test_parsing_is_total(data: bytes) -> None:
    with suppress(FormatError):
        policy = parse_policy(data)
        assert parse_policy(encode_policy(policy)) == policy

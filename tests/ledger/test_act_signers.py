from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.ledger.act_signers import check_signers
from plainview.ledger.acts import KINDS, AnyAct
from plainview.ledger.errors import PolicyError, SignatureError
from plainview.ledger.notes import Note
from tests.ledger.chartered import CHARTER, KEYS, amended
from tests.ledger.licensed import START, order, order_end, signed
from tests.ledger.test_acts import EACH

NEEDED = {
    "licence": {"licensor": 1, "operator": 1},
    "submission": {"licensor": 1},
    "build": {"builder": 1},
    "result": {"auditor": 1},
    "approval": {"partner": 2},
    "emergency": {"partner": 1, "operator": 1},
    "review": {"partner": 2},
    "revocation": {"partner": 1},
    "draw": {"auditor": 1},
    "reveal": {"auditor": 1},
    "verification": {"auditor": 1},
    "finding": {"auditor": 1},
    "report": {"auditor": 1},
    "admission": {"partner": 2},
    "order": {"operator": 2},
}
STRICT = amended(quorums=(2, 1, 3, 3, 1))


def test_every_kind_has_its_signers() -> None:
    assert {*NEEDED, "extension", "order-end"} == {*KINDS}


@given(
    st.sampled_from([act for act in EACH if act.kind in NEEDED]),
    st.lists(st.sampled_from(list(KEYS)), min_size=1, max_size=8),
)
def test_an_act_counts_with_the_keys_of_its_roles_and_no_others(act: AnyAct, names: list[str]) -> None:
    note = signed(act, *names)
    enough = all(len({one for one in names if one.startswith(role)}) >= few for role, few in NEEDED[act.kind].items())
    if enough:
        assert check_signers(note, act.kind, CHARTER, START) == {KEYS[name].key for name in names if name != "new"}
    else:
        with pytest.raises(PolicyError, match="signatures are missing"):
            check_signers(note, act.kind, CHARTER, START)


@given(st.lists(st.sampled_from(list(KEYS)), min_size=1, max_size=4))
def test_an_order_of_an_operator_with_one_key_is_approved_by_a_partner(names: list[str]) -> None:
    single = amended(parties=tuple(party for party in CHARTER.parties if party.key != KEYS["operator-spare"].key))
    if "operator" in names and any(name.startswith("partner") for name in names):
        assert check_signers(signed(order(), *names), "order", single, START)
    else:
        with pytest.raises(PolicyError, match="signatures are missing: 1 more of"):
            check_signers(signed(order(), *names), "order", single, START)


@pytest.mark.parametrize("name", KEYS)
def test_any_operator_or_partner_ends_an_order(name: str) -> None:
    note = signed(order_end(), name)
    if name.startswith(("operator", "partner")):
        assert check_signers(note, "order-end", CHARTER, START) == {KEYS[name].key}
    else:
        with pytest.raises(PolicyError, match="signatures are missing: 1 more of operator or partner: 'operator"):
            check_signers(note, "order-end", CHARTER, START)


def test_what_is_missing_is_said() -> None:
    note = signed(EACH[0], "partner-1", "operator")
    with pytest.raises(PolicyError, match=re.escape("signatures are missing: 1 more of licensor: 'licensor.example'")):
        check_signers(note, "licence", CHARTER, START)


def test_a_stricter_charter_asks_for_its_own_quorum_but_never_for_more_than_one_to_stop() -> None:
    for at, role in ((4, "partner"), (0, "operator")):
        with pytest.raises(PolicyError, match=f"are missing: 1 more of {role}: '{role}[^;]*$"):
            check_signers(signed(EACH[at]), EACH[at].kind, STRICT, START)
    for at in (2, 3, 5, 7):
        assert check_signers(signed(EACH[at]), EACH[at].kind, STRICT, START)


def test_a_wrong_signature_of_any_party_refuses_it_whole() -> None:
    note = signed(EACH[7], "partner-1")
    for name in ("partner-2", "auditor"):
        forged = Note(note.text, (*note.signatures, KEYS[name].sign(EACH[6].text())))
        with pytest.raises(SignatureError, match="does not verify"):
            check_signers(forged, "revocation", CHARTER, START)
    # Of somebody who is no party it is passed over.
    others = Note(note.text, (*note.signatures, KEYS["new"].sign("x\n")))
    assert check_signers(others, "revocation", CHARTER, START) == {KEYS["partner-1"].key}

"""Acts on their way: what is handed in again, what a witness may cosign meanwhile, what counts as swallowed."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from msgspec.structs import replace

from plainview.ledger.acts import Revocation
from plainview.ledger.checkpoints import Checkpoint
from plainview.ledger.errors import LedgerError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import inclusion_proof
from plainview.ledger.notes import Note
from plainview.ledger.tree import Tree
from plainview.oversight.partner.opening import Unanswered
from plainview.oversight.partner.outbox import ALLOWED, OperatorServer, Outbox, Sent, check_act
from plainview.records import Act
from plainview.records.leaf import public_leaf
from tests.ledger.chartered import CHARTER, KEYS
from tests.ledger.licensed import order_end, signed
from tests.ledger.logs import ORIGIN
from tests.oversight.ordered import ORDER, ordered

NOTE = KEYS["partner-1"].note(Revocation(ORIGIN, bytes(32), 1, "it pushes one creator").text()).decode()
OTHER = KEYS["partner-1"].note(Revocation(ORIGIN, bytes(32), 2, "it pushes one creator").text()).decode()
TURNED = Note(ORDER.text, ORDER.signatures[::-1])
BUSY = Sent(None, False, "the operator answered 503")
REFUSED = Sent(None, True, "the operator answered 403")


class Operator:
    """Has a log of its own, and answers as it is told to."""

    def __init__(self) -> None:
        self.answer: Sent | None = None
        self.entries: list[bytes] = [b"0", b"1"]
        self.sent: list[str] = []
        self.mute = False

    def send(self, note: str) -> Sent:
        self.sent.append(note)
        if self.answer is not None:
            return self.answer
        self.entries.append(public_leaf("act", Act(time=5, note=note, counts=True)))
        return Sent(len(self.entries) - 1, True, "the operator answered 200")

    def proof(self, index: int, size: int) -> tuple[bytes, tuple[bytes, ...]] | None:
        if self.mute:
            raise Unanswered("no answer")
        tree = Tree(map(leaf_hash, self.entries))
        if not index < size <= tree.size:
            return None
        return self.entries[index], inclusion_proof(index, size, tree.read)

    def grown(self, *entries: bytes) -> Checkpoint:
        self.entries += entries
        tree = Tree(map(leaf_hash, self.entries))
        return Checkpoint(ORIGIN, tree.size, tree.root())


class Case:
    def __init__(self) -> None:
        self.operator = Operator()
        self.now = 100.0
        self.outbox = Outbox(self.operator, lambda: self.now)
        self.published = 2
        """Entries of the operator's log that the partner has mirrored."""

    def look(self, *notes: str) -> list[str]:
        def taken(note: str) -> bool:
            entries = self.operator.entries[: self.published]
            return public_leaf("act", Act(time=5, note=note, counts=True)) in entries

        return self.outbox.look([note.encode() for note in notes], taken, self.published, CHARTER)


@pytest.fixture
def case() -> Case:
    return Case()


def test_an_act_is_handed_in_once_and_appears(case: Case) -> None:
    assert case.look(NOTE) == []
    assert case.outbox.deliver() == ["act 0 (revocation) was handed in: the operator answered 200"]
    assert case.outbox.deliver() == []
    assert case.operator.sent == [NOTE]
    case.published = 3
    assert case.look(NOTE) == ["act 0 (revocation) is in the operator's log"]
    assert case.outbox.waiting == 0
    case.now += 1000
    assert case.outbox.withheld(case.operator.grown(b"more")) == ""


def test_before_its_time_nothing_is_withheld(case: Case) -> None:
    case.operator.answer = REFUSED
    case.look(NOTE)
    assert case.outbox.withheld(case.operator.grown(b"more")) == ""  # not handed in yet
    case.now += 1000
    case.outbox.deliver()
    case.now += ALLOWED
    assert case.outbox.withheld(case.operator.grown(b"more")) == ""
    case.now += 0.1
    reason = case.outbox.withheld(case.operator.grown(b"more"))
    assert reason.startswith("the partner's act 0 (revocation) is missing from this log")
    assert len("the partner's act 0 (revocation) is missing from this log") <= 57  # what an operator shows of it
    assert "answered 403" in reason


def test_what_is_proven_to_have_it_is_cosigned(case: Case) -> None:
    """However late: an operator that was held up must be able to go on."""
    case.look(NOTE)
    case.outbox.deliver()
    case.now += 1000
    without = Checkpoint(ORIGIN, 2, Tree(map(leaf_hash, case.operator.entries[:2])).root())
    assert case.outbox.withheld(without)
    assert case.outbox.withheld(case.operator.grown(b"more")) == ""
    case.operator.mute = True  # later ones begin with what was proven
    assert case.outbox.withheld(case.operator.grown(b"more")) == ""
    assert case.outbox.swallowed() == []


@pytest.mark.parametrize(
    ("act", "entry"),
    [
        (ORDER, ordered()),
        (signed(order_end()), ordered(signed(order_end()))),
        (ORDER, public_leaf("act", Act(time=5, note=ORDER.encode().decode(), counts=False))),  # it came too late
        (TURNED, ordered()),  # somebody else had handed it in
    ],
)
def test_what_it_is_written_down_as_may_be_another_kind_and_order_of_lines(case: Case, act: Note, entry: bytes) -> None:
    check_act(act.encode(), CHARTER)
    case.operator.answer = Sent(2, True, "the operator answered 200")
    case.look(act.encode().decode())
    case.outbox.deliver()
    case.now += 1000
    assert case.outbox.withheld(case.operator.grown(entry)) == ""
    assert case.outbox.swallowed() == []


def test_no_answer_is_no_proof_and_no_lie(case: Case) -> None:
    case.look(NOTE)
    case.outbox.deliver()
    case.now += 1000
    case.operator.mute = True
    assert case.outbox.withheld(case.operator.grown(b"more"))
    assert case.outbox.swallowed() == []
    case.operator.mute = False
    assert case.outbox.withheld(case.operator.grown(b"more")) == ""


@pytest.mark.parametrize(
    "entry",
    [
        b"swallowed",
        public_leaf("act", Act(time=5, note=OTHER, counts=True)),
        ordered(),
        b'{"k":"act","c":"' + b"-" * 43 + b'","p":{}}',
    ],
)
def test_an_act_that_is_not_where_the_operator_says_is_swallowed(case: Case, entry: bytes) -> None:
    case.operator.answer = Sent(2, True, "the operator answered 200")
    case.look(NOTE)
    case.outbox.deliver()
    assert case.outbox.withheld(case.operator.grown(entry)) == ""  # it has its time
    case.now += ALLOWED + 1
    for _ in range(3):
        assert case.outbox.withheld(case.operator.grown(b"more"))
        case.outbox.deliver()
    assert [one.note for one in case.outbox.swallowed()] == [NOTE]
    case.operator.answer = None  # it comes to its senses
    case.outbox.withheld(case.operator.grown(b"more"))
    case.outbox.deliver()
    assert case.outbox.withheld(case.operator.grown(b"more")) == ""


def test_a_forged_root_proves_nothing(case: Case) -> None:
    case.look(NOTE)
    case.outbox.deliver()
    case.now += 1000
    assert case.outbox.withheld(replace(case.operator.grown(b"more"), root=bytes(32)))


def test_the_published_log_shows_a_lie(case: Case) -> None:
    case.operator.answer = Sent(2, True, "the operator answered 200")
    case.look(NOTE)
    case.outbox.deliver()
    case.operator.grown(b"other")
    case.published = 3
    assert case.look(NOTE) == ["act 0 (revocation): the operator said that it is record 2, and it is not"]
    case.now += ALLOWED + 1
    assert len(case.outbox.swallowed()) == 1


def test_who_takes_nothing_now_is_let_through_once(case: Case) -> None:
    """It may have signed that before it went down, and takes acts again once it is cosigned."""
    case.operator.answer = BUSY
    case.look(NOTE)
    case.outbox.deliver()
    case.now += ALLOWED + 1
    first = case.operator.grown(b"more")
    assert case.outbox.withheld(first) == ""
    assert case.outbox.withheld(first) == ""
    assert case.outbox.withheld(case.operator.grown(b"more"))
    assert case.outbox.swallowed() == []
    case.outbox.deliver()
    assert case.operator.sent == [NOTE, NOTE]
    case.operator.answer = None
    case.outbox.deliver()
    assert case.outbox.withheld(case.operator.grown(b"more")) == ""


def test_each_act_has_to_appear(case: Case) -> None:
    case.look(NOTE, OTHER)
    case.outbox.deliver()
    case.published = 3
    assert case.look(NOTE, OTHER) == ["act 0 (revocation) is in the operator's log"]
    assert case.outbox.waiting == 1
    case.operator.entries.pop()
    case.now += ALLOWED + 1
    assert "act 1" in case.outbox.withheld(case.operator.grown(b"more"))


def test_an_act_of_who_is_no_party_any_more_is_given_up(case: Case) -> None:
    case.look(NOTE)
    left = tuple(party for party in CHARTER.parties if party.key.name != "partner-1.example")
    amended = replace(CHARTER, parties=left)
    (said,) = case.outbox.look([NOTE.encode()], lambda _: False, 2, amended)
    assert said.startswith("act 0 (revocation) is given up")
    case.now += 1000
    assert case.outbox.deliver() == []
    assert case.outbox.withheld(case.operator.grown(b"more")) == ""


@pytest.mark.parametrize(
    ("note", "told"),
    [
        (NOTE.replace(ORIGIN, "other.example/log"), "for the log 'other.example/log'"),
        (NOTE.replace("seen 1", "seen 3"), "does not verify"),
        (NOTE + NOTE.splitlines(keepends=True)[-1], "by one twice|one twice"),
        (NOTE.replace("— partner-1.example", "— stranger.example"), "others than parties"),
        ("no note", "note"),
    ],
)
def test_what_an_honest_operator_would_not_take_is_not_handed_in(note: str, told: str) -> None:
    with pytest.raises(LedgerError, match=told):
        check_act(note.encode(), CHARTER)
    check_act(NOTE.encode(), CHARTER)


class Answers(BaseHTTPRequestHandler):
    """Everything alike."""

    data = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(self.data)))
        self.end_headers()
        self.wfile.write(self.data)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("data", [b"[" * 60_000, b'{"index":' + b"[" * 60_000, b"[]", b"null", b"\xff", b""])
def test_what_is_no_answer_says_nothing_of_an_act(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(Answers, "data", data)
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        operator = OperatorServer(f"http://127.0.0.1:{server.server_port}")
        sent = operator.send(NOTE)
        assert (sent.record, sent.decided) == (None, True)
        assert operator.proof(1, 2) is None
        server.shutdown()

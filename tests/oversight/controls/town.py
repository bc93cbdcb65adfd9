"""A small town that keeps every promise that this version can keep, and what changes of it come to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from bench.serving import Server
from plainview.journal import Draft, Refused
from plainview.journal.keys import import_key
from plainview.ledger.act_fields import Obligation
from plainview.ledger.acts import Admission, AnyAct, Build, Emergency, Result, Review, parse_act
from plainview.ledger.notes import Note, parse_note
from plainview.ledger.policies import Group, Policy, Witness
from plainview.ledger.scopes import Scope
from plainview.oversight.controls.evidence import Evidence, Found, Gathering, Outside
from plainview.oversight.controls.reading import read_evidence
from plainview.oversight.controls.table import Row, rows
from plainview.oversight.controls.verdicts import State
from plainview.oversight.partner.overseer import Overseer
from plainview.oversight.partner.reports import draw_up
from plainview.oversight.witness.store import WitnessStore
from plainview.oversight.witness.witness import PLAIN
from plainview.oversight.witness.witness import Refused as Withheld
from plainview.oversight.witness.witness import Witness as Cosigner
from plainview.platform.application import Application
from plainview.platform.founding import adopt
from plainview.platform.home import Home
from plainview.platform.releases import environment_digest, installed
from plainview.platform.warming import warm
from plainview.records import Origin, Record
from plainview.records.digests import traffic_draw
from plainview.records.fields import to_bytes, to_text
from tests.http.servers import serving
from tests.oversight.partner.partners import digest_of, overseeing, partner_of
from tests.oversight.witness.submitting import KEYS
from tests.platform.homes import amendment, begun, charter_of, parties_of, size_of
from tests.platform.parties import DAY, Parties
from tests.platform.stepping import impression as imported
from tests.platform.towns import event, now, open_town, page_of, populate, raw, settled, token, until
from tests.records.decisions import lifting, restricting
from tests.server.clients import KERNELS

INSTALLED = to_bytes(installed().digest)
EMERGENCY = 3_000
"""Milliseconds: a page has to be ranked meanwhile, on a machine that is busy."""
PATIENCE = 100
"""Seconds for anything to come into the log."""
SUITES = ("quality", "amplification and suppression")
ORIGIN = Origin(time=0, origin="panel", licence="CC0", source="a panel", digest=to_text(b"\7" * 32))


class One(NamedTuple):
    """A record of the town's log."""

    index: int  # type: ignore[assignment]
    kind: str
    record: Any
    commitment: bytes | None


class Town(NamedTuple):
    """A partner's directory, and what is in it."""

    home: Path
    directory: Path
    records: tuple[One, ...]
    evidence: Evidence

    @property
    def digest(self) -> bytes:
        """Of its first charter."""
        return digest_of(self.home)

    def of(self, kind: str) -> list[One]:
        return [one for one in self.records if one.kind == kind]

    def with_(self, changes: Mapping[int, Record | None], **outside: Any) -> Evidence:
        """What is known where these records were others, or are not there: as a liar would have it."""
        gathering = Gathering()
        for one in self.records:
            record = changes.get(one.index, one.record)
            if record is not None:
                gathering.take(one.index, one.kind, record, one.commitment)
        given = {name: getattr(self.evidence, name) for name in Outside.__struct_fields__}
        return gathering.evidence(Outside(**(given | outside)))

    def page(self, mode: str = "personal") -> One:
        """The last page of the mode that was wanted."""
        return [one for one in self.of("page") if one.record.request.mode == one.record.wanted == mode][-1]

    def act(self, kind: str) -> One:
        """The last act of that kind."""
        return [one for one in self.of("act") if parse_act(_note(one).text).kind == kind][-1]

    def resigned(self, kind: str, *by: str, **changes: Any) -> dict[int, Record | None]:
        """The last act of a kind, its fields changed, signed by those parties."""
        one = self.act(kind)
        act = replace(parse_act(_note(one).text), **changes)
        return {one.index: replace(one.record, note=Parties(self.home).note(act.text(), *by))}

    def on_page(self, mode: str = "personal", **changes: Any) -> Evidence:
        """What is known where the last page of a mode said something else."""
        one = self.page(mode)
        return self.with_({one.index: replace(one.record, **changes)})

    def where(self, **changes: Any) -> Evidence:
        """What is known with another last standing, as its fields say."""
        return replace(self.evidence, standing=replace(self.evidence.standing, **changes))

    def found(self, what: str, stage: str = "", **fields: Any) -> Evidence:
        """What is known with a finding."""
        made = Found(f"{what}-7", b"", what, stage, 7, "something", "")
        return replace(self.evidence, found=(replace(made, **fields),))


class Case(NamedTuple):
    """A change by which a control that was met is not met, and what is said then."""

    number: int
    turned: Callable[[Town], Evidence]
    said: str
    met: Callable[[Town], Evidence] = lambda town: town.evidence


def row_of(evidence: Evidence, number: int) -> Row:
    """What a control comes to."""
    (row,) = (row for row in rows(evidence) if row.control.number == number)
    return row


def check(town: Town, case: Case) -> None:
    """Raises AssertionError unless the control is met before the change, and for that reason not met after it."""
    before, after = row_of(case.met(town), case.number).verdict, row_of(case.turned(town), case.number).verdict
    assert before.state is State.MET, before.said
    assert before.records
    assert after.state is State.NOT_MET, after.said
    assert case.said in after.said


def build_town(path: Path, cache: Path) -> Town:
    """All that happens in it, from its licence to the stop of its release."""
    home, directory = path / "home", path / "partner"
    warm(installed().configuration, lambda _: None)  # an emergency does not wait for that
    begun(home, licensed=False)
    keys = partner_of(home, directory)
    with open_town(home) as application:
        populate(application)
        _happen(application, Parties(home))
    charter = parse_note((parties_of(home) / "charter").read_bytes())
    server = Server(home, cache, KERNELS)
    url = f"http://127.0.0.1:{server.port}"
    with overseeing(directory, home, url, sample=100, canaries=2, charters=(charter,)) as (overseer, lines):
        second = Cosigner(
            overseer.witness._logs[charter_of(home).origin],
            KEYS[:1],
            WitnessStore(path / "second.sqlite"),
            lambda: int(time.time()),
        )
        with answering(overseer.witness) as here, answering(second) as there, server:
            _watch(home, Witness("partner", keys.witness.key, here), Witness("second", KEYS[0].key, there))
            server.start()
            _oversee(overseer, home, directory)
        assert (lines.found, overseer.unable) == ([], {}), (lines.found, overseer.unable, lines.remarks)
    return read_town(home, directory)


def read_town(home: Path, directory: Path) -> Town:
    """What is in a partner's directory."""
    evidence = read_evidence(directory, digest_of(home), now(), lambda charters: lambda name, data: False)
    with closing(Home(home).read()) as journal:
        records = tuple(One(one.index, one.kind, one.record, one.commitment) for one in journal.read(0, evidence.size))
    return Town(home, directory, records, evidence)


def _happen(town: Application, parties: Parties) -> None:
    """Before anybody oversees it."""

    def say(act: AnyAct, *by: str) -> None:
        taken = town.acts.submit(parties.signed(act, *by))
        assert not taken.reason, taken.reason

    log = parties.origin
    page_of(town)  # nothing may rank yet
    owed = (Obligation(parties.now, "publish the weights"), Obligation(parties.now + DAY, "report a month"))
    say(replace(parties.licence(), obligations=owed), "licensor", "operator")
    say(parties.submission(INSTALLED), "licensor")
    begins = now()
    span = (begins, begins + EMERGENCY)
    emergency = Emergency(log, INSTALLED, 1, 1, Scope(None, None, 200_000), *span, 1, 1_000, "a crash")
    say(emergency, "partner", "operator")
    _, page = page_of(town, session=_among(200_000))
    assert page.grounds
    until(lambda: now() > span[1])
    say(Review(log, emergency.digest(), "as it should be"), "partner")
    for builder, cpu in (("builder-1", "EPYC 9B14"), ("builder-2", "Xeon 8481C")):
        say(Build(log, INSTALLED, to_bytes(installed().manifest.golden), cpu, to_bytes(environment_digest())), builder)
    for suite in SUITES:
        say(Result(log, INSTALLED, suite, True, bytes(32)), "auditor")
    parties.now = now()
    say(parties.approval(INSTALLED), "partner")
    say(Admission(log, ORIGIN.origin, to_bytes(ORIGIN.digest), ORIGIN.licence, 2), "partner")
    _append(town, ORIGIN, import_key(f"{ORIGIN.origin}/origin", 0))
    for row in range(2):
        _append(town, imported(row, ORIGIN.origin))
    refused = town.journal.append([Draft(imported(0, "planted"))])
    assert isinstance(refused[0], Refused)
    for decision in (restricting(9, 5), lifting(9, 5)):
        _append(town, decision)
    ordered = town.acts.submit(parties.order(1, 7))
    assert not ordered.reason
    session = token()
    for n in range(4):
        index, page = page_of(town, session=session, n=n)
        town.events.take(raw(event(index, page), event(index, page, 1)))
    page_of(town, viewer=2, mode="plain")
    settled(town)


def _watch(home: Path, *witnesses: Witness) -> None:
    """Two must cosign from now on."""
    both = Group("both", 2, tuple(one.name for one in witnesses))
    adopt(Home(home), amendment(home, policy=Policy(charter_of(home).policy.logs, witnesses, (both,), "both")))


def _oversee(overseer: Overseer, home: Path, directory: Path) -> None:
    """The partner's program until all that it has to say is said, and its release stopped."""

    def follow(true: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, overseer.unable
            overseer.follow()
            time.sleep(0.05)

    def hand_in() -> None:
        overseer.follow()  # or it does not know of them
        overseer.deliver()
        follow(lambda: not overseer._outbox.waiting)

    def visit() -> None:
        overseer.visit()
        size = size_of(home)
        follow(lambda: overseer.size >= size)

    follow(lambda: overseer.size > 0)
    for _ in range(2):
        visit()
    overseer.audit(whole=True)  # which announces a draw, and how far it is
    hand_in()
    overseer.audit(whole=True)  # which draws, and says what it drew
    draw_up(directory)
    hand_in()
    parties = Parties(home)
    act = parties.revocation(INSTALLED, overseer.size)
    overseer.log.append(parties.note(act.text(), "partner").encode())
    hand_in()
    visit()
    overseer.audit(whole=True)


@contextmanager
def answering(witness: Cosigner) -> Iterator[str]:
    """Where the witness answers meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.answer(lambda: witness.add_checkpoint(body))

        def do_GET(self) -> None:
            self.answer(lambda: witness.checkpoint(self.path.split("/")[1]))

        def answer(self, of: Callable[[], bytes]) -> None:
            try:
                status, body, media_type = 200, of(), PLAIN
            except Withheld as error:
                status, body, media_type = error.status, str(error).encode(), error.media_type
            self.send_response(status)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield f"{url}/"


def _note(one: One) -> Note:
    return parse_note(one.record.note.encode())


def _append(town: Application, record: Record, key: bytes | None = None) -> None:
    (outcome,) = town.journal.append([Draft(record, key)])
    assert not isinstance(outcome, Refused), outcome


def _among(share: int) -> str:
    """A session that is among such a share of the traffic, in millionths."""
    while traffic_draw(to_bytes(made := token())) >= share:
        pass
    return made

"""`plainview charter`, as the parties meet it, each with a machine of their own."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from plainview.keys.key_files import read_key
from plainview.ledger.charters import ROLES, digest_text, parse_charter
from plainview.ledger.notes import parse_note
from plainview.platform.home import Home
from plainview.platform.releases import installed_digest
from plainview.records.fields import to_text
from tests.cli.homes import invoke, one_line
from tests.platform.homes import charter_of
from tests.platform.second import SECOND_DIGEST, second_installed

ORIGIN = "feed.example/log"
PARTIES = ("operator", "licensor", "partner-1", "partner-2")
"""Who agree."""
ATTESTING = ("builder-1", "builder-2", "auditor")


def said(*arguments: object, code: int = 0) -> str:
    result = invoke("charter", *arguments)
    assert result.exit_code == code, result.output
    return result.stdout


NAMED = (*PARTIES, *ATTESTING)


class Ceremony:
    """The parties, and what they send each other: public keys and one file."""

    def __init__(self, place: Path) -> None:
        self.home = place / "server" / "home"
        self.draft = place / "draft"
        self.policy = place / "policy"
        self._place = place
        self.vkeys = {name: said("key", self.key(name), "--name", f"{name}.example").strip() for name in NAMED}
        log = said("key", self.home / "log" / "key", "--name", ORIGIN).strip()
        self.policy.write_text(f"log {log} https://feed.example/log/\nquorum none\n")

    def key(self, name: str) -> Path:
        return self._place / name / "key"

    def write(self) -> None:
        bounds = ("--retention", "90", "--emergency-limit", "3600000", "--emergency-share", "50000")
        options = ("--policy", self.policy, *bounds)
        said("new", self.draft, *self.parties(), "--quorum", "partner=2", *options)

    def parties(self) -> list[str]:
        return [word for name in NAMED for word in (f"--{name.partition('-')[0]}", self.vkeys[name])]

    def sign(self, name: str, file: Path, *options: object) -> None:
        """On the party's own machine, to which the file is sent and from which it comes back."""
        sent = self._place / name / "sent"
        shutil.copy(file, sent)
        said("sign", sent, "--key", self.key(name), *options)
        shutil.copy(sent, file)


@pytest.fixture
def ceremony(tmp_path: Path) -> Ceremony:
    return Ceremony(tmp_path)


@pytest.fixture
def adopted(ceremony: Ceremony) -> Ceremony:
    ceremony.write()
    for name in PARTIES:
        ceremony.sign(name, ceremony.draft)
    said("adopt", ceremony.draft, "--home", ceremony.home)
    return ceremony


def test_a_ceremony_of_four(ceremony: Ceremony) -> None:
    ceremony.write()
    assert "Not in force: nobody has signed it." in said("show", ceremony.draft, code=1)
    for name in PARTIES:
        shown = said("show", ceremony.draft, code=1)
        assert "Not in force" in shown
        ceremony.sign(name, ceremony.draft)
        ceremony.sign(name, ceremony.draft)  # twice is once
    shown = said("show", ceremony.draft)
    charter = parse_charter(parse_note(ceremony.draft.read_bytes()).text)
    assert "Signed by all who must." in shown
    assert f"charter 0 of {ORIGIN}, digest {digest_text(charter.digest())}\n" in shown
    assert ceremony.policy.read_text() in shown
    assert [name for name in NAMED if ceremony.vkeys[name] in shown] == [*NAMED]
    assert (charter.quorums, charter.bounds.retention, charter.bounds.replay_window) == ((1, 1, 2, 2, 1), 90, 30)
    assert charter.bounds.emergency_limit == 3_600_000
    assert charter.bounds.emergency_share == 50_000
    assert "emergency limit: 3,600,000 ms" in shown
    assert "emergency share: 50,000 millionths" in shown
    assert to_text(charter.baseline) == installed_digest()
    assert "Record 0 of " in said("adopt", ceremony.draft, "--home", ceremony.home)
    assert charter_of(ceremony.home) == charter
    journal = said("show", "--home", ceremony.home)
    assert journal == f"record 0, in force:\n{shown}"
    assert said("policy", ceremony.draft) == said("policy", "--home", ceremony.home) == ceremony.policy.read_text()


def test_the_baseline_is_the_data_directorys_release(ceremony: Ceremony) -> None:
    with second_installed(ceremony.home):
        said("new", ceremony.draft, *ceremony.parties(), "--policy", ceremony.policy, "--home", ceremony.home)
    assert to_text(parse_charter(ceremony.draft.read_text()).baseline) == SECOND_DIGEST


@pytest.mark.parametrize("without", PARTIES)
def test_what_a_quorum_has_not_signed_begins_nothing(ceremony: Ceremony, without: str) -> None:
    ceremony.write()
    refused = invoke("charter", "adopt", ceremony.draft, "--home", ceremony.home)
    assert "nobody has signed it" in one_line(refused)
    for name in PARTIES:
        if name != without:
            ceremony.sign(name, ceremony.draft)
    assert f"must sign: {without}.example" in said("show", ceremony.draft, code=1)
    refused = invoke("charter", "adopt", ceremony.draft, "--home", ceremony.home)
    assert (refused.exit_code, f"'{without}.example'" in one_line(refused)) == (2, True)
    assert not Home(ceremony.home).begun()


def test_a_party_goes_and_another_comes(adopted: Ceremony, tmp_path: Path) -> None:
    new = said("key", tmp_path / "partner-3" / "key", "--name", "partner-3.example").strip()
    file, of = tmp_path / "amendment", ("--previous", adopted.draft)
    said("amend", file, "--of", adopted.draft, "--remove", "partner-1.example", "--add", f"partner={new}")
    assert invoke("charter", "sign", file, "--key", adopted.key("partner-1")).exit_code == 2
    for name in PARTIES:  # partner-1 too: it is the quorum of the one before that decides
        adopted.sign(name, file, *of)
    assert "1 more of new keys must sign: partner-3.example" in said("show", file, *of, code=1)
    adopted.sign("partner-3", file)
    assert "it amends another, which is not given: give it as --previous." in said("show", file, code=1)
    shown = said("show", file, *of)
    assert "Signed by all who must." in shown
    assert re.search(rf"^goes +yes +{re.escape(adopted.vkeys['partner-1'])}$", shown, re.MULTILINE)
    assert "Record 3 of " in said("adopt", file, "--home", adopted.home)
    names = [key.name for key in charter_of(adopted.home).keys_of("partner")]
    assert names == ["partner-2.example", "partner-3.example"]
    shown = said("show", "--home", adopted.home)
    assert "record 0, in force until record 3:\ncharter 0 of" in shown
    assert "record 3, in force:\ncharter 1 of" in shown
    again = invoke("charter", "adopt", file, "--home", adopted.home)
    assert "charter 1: it is in force already" in one_line(again)


def test_a_key_ends_and_is_renewed_before(adopted: Ceremony, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends, renewed, file = 1_893_456_000_000, tmp_path / "renewed", tmp_path / "amendment"
    monkeypatch.setattr("plainview.journal.journal.now", lambda: ends - 15 * 86_400_000)
    said(
        "amend",
        file,
        "--of",
        adopted.draft,
        "--until",
        "partner-1.example=2030-01-01",
        "--until",
        "auditor.example=none",
    )
    for name in PARTIES:
        adopted.sign(name, file, "--previous", adopted.draft)
    shown = said("show", file, "--previous", adopted.draft)
    line = f"2030-01-01 00:00:00.000 UTC +{re.escape(adopted.vkeys['partner-1'])}"
    assert re.search(rf"^partner +2 of 2 +yes +{line}$", shown, re.MULTILINE)
    assert re.search(rf"^ +yes +no end +{re.escape(adopted.vkeys['partner-2'])}$", shown, re.MULTILINE)
    said("adopt", file, "--home", adopted.home)
    assert [party.until for party in charter_of(adopted.home).parties if party.until] == [ends]
    monkeypatch.setattr("plainview.journal.journal.now", lambda: ends - 3 * 86_400_000)
    note = "note: the key 'partner-1.example' of the partner ends on 2030-01-01 00:00:00.000 UTC, in 3 days: "
    for arguments in (("show", file, "--previous", adopted.draft), ("show", "--home", adopted.home)):
        assert note in one_line(invoke("charter", *arguments))
    said("amend", renewed, "--of", file, "--until", "partner-1.example=2031-01-01")
    for name in PARTIES:
        adopted.sign(name, renewed, "--previous", file)
    monkeypatch.setattr("plainview.journal.journal.now", lambda: ends)
    monkeypatch.setattr("plainview.platform.founding.now", lambda: ends)
    assert "ended on 2030-01-01" in one_line(invoke("charter", "show", "--home", adopted.home))
    refused = one_line(invoke("charter", "adopt", renewed, "--home", adopted.home))
    assert "1 more of partner: no key of it is left; the key 'partner-1.example' of the partner ended on" in refused
    monkeypatch.setattr("plainview.platform.founding.now", lambda: ends - 1)
    said("adopt", renewed, "--home", adopted.home)


def test_a_first_charter_may_have_ends(ceremony: Ceremony) -> None:
    options = ("--policy", ceremony.policy, "--until", "operator.example=2030-01-01T12:00:00Z")
    said("new", ceremony.draft, *ceremony.parties(), *options)
    charter = parse_charter(ceremony.draft.read_text())
    assert [party.until for party in charter.parties if party.role == "operator"] == [1_893_499_200_000]


@pytest.mark.parametrize(
    ("until", "message"),
    [
        ("2030-01-01", "--until 2030-01-01: write NAME=TIME"),
        ("owner.example=2030-01-01", "--until: no party has the key owner.example"),
        ("operator.example=2030", "'2030' is no time: write "),
        ("operator.example=999999999999999", "which no calendar shows"),
    ],
)
def test_an_end_that_is_none_is_told(ceremony: Ceremony, until: str, message: str) -> None:
    options = ("--policy", ceremony.policy, "--until", until)
    refused = invoke("charter", "new", ceremony.draft, *ceremony.parties(), *options)
    assert (refused.exit_code, message in one_line(refused)) == (2, True), refused.stderr
    assert not ceremony.draft.exists()


def test_who_signs_again_takes_back_what_they_signed_of_another_text(ceremony: Ceremony) -> None:
    ceremony.write()
    ceremony.sign("operator", ceremony.draft)
    ceremony.draft.write_text(ceremony.draft.read_text().replace("retention 90", "retention 91"))
    assert "does not verify" in said("show", ceremony.draft, code=1)
    for name in PARTIES:
        ceremony.sign(name, ceremony.draft)
    assert "Signed by all who must." in said("show", ceremony.draft)


def test_an_amendment_is_signed_for_what_it_amends(adopted: Ceremony, tmp_path: Path) -> None:
    file = tmp_path / "amendment"
    said("amend", file, "--of", adopted.draft, "--merge-delay", "9000")
    refused = invoke("charter", "sign", file, "--key", adopted.key("operator"), "--previous", file)
    assert f"{file} does not amend {file}" in one_line(refused)


def test_an_amendment_waits_for_whoever_has_the_journal_open(adopted: Ceremony, tmp_path: Path) -> None:
    file = tmp_path / "amendment"
    said("amend", file, "--of", adopted.draft, "--merge-delay", "9000")
    for name in PARTIES:
        adopted.sign(name, file)
    with closing(Home(adopted.home).write()):
        refused = invoke("charter", "adopt", file, "--home", adopted.home)
        assert "has this journal open for writing; stop it" in one_line(refused)
    said("adopt", file, "--home", adopted.home)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--remove", "x.example"], "has no party x.example"),
        (["--remove", "licensor.example"], "1 of 0 licensor keys"),
        (["--add", "partner"], "write ROLE=VKEY"),
        (["--add", "owner=x"], "owner: a party is one of operator, licensor, partner, builder, auditor"),
        (["--add", "partner=x"], "error: partner: vkey: 'x' is not"),
        (["--quorum", "partner=3"], "3 of 2 partner keys"),
        (["--quorum", "partner"], "write ROLE=K"),
        (["--quorum", "partner=two"], "--quorum partner: 'two' is not a decimal"),
        (["--quorum", f"partner={'9' * 5000}"], "is not a decimal from 0 to 2^63 - 1"),
        (["--quorum", "builder=1"], "1 of 2 builder keys; 2 to all of at least 2 can be asked"),
        (["--remove", "builder-1.example"], "2 of 1 builder keys"),
        (["--baseline", "x"], "--baseline x: a release's digest has 43 characters"),
    ],
)
def test_an_amendment_that_cannot_be(ceremony: Ceremony, arguments: list[str], message: str) -> None:
    ceremony.write()
    target = ceremony.draft.with_name("amendment")
    refused = invoke("charter", "amend", target, "--of", ceremony.draft, *arguments)
    assert (refused.exit_code, message in one_line(refused)) == (2, True), refused.stderr
    assert not target.exists()


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (b"quorum none\n", "names one log, its own; this one has 0"),
        (b"log x\n", "policy, line 1"),
        (b"%s\xff\nquorum none\n", "its policy is not UTF-8"),
        (b"#" * (1 << 21), "1048577 bytes, at most 1048576 are read"),
        (b"%s" + b"x" * 15_000 + b"\nquorum none\n", "a record holds a charter of at most 15,000"),
    ],
)
def test_a_policy_that_no_charter_has(ceremony: Ceremony, policy: bytes, message: str) -> None:
    log = ceremony.policy.read_bytes().splitlines()[0]
    ceremony.policy.write_bytes(policy.replace(b"%s", log))
    refused = invoke("charter", "new", ceremony.draft, *ceremony.parties(), "--policy", ceremony.policy)
    assert (refused.exit_code, message in one_line(refused)) == (2, True), refused.stderr
    assert not ceremony.draft.exists()


def test_nothing_is_written_over(ceremony: Ceremony) -> None:
    ceremony.write()
    refused = invoke("charter", "amend", ceremony.draft, "--of", ceremony.draft)
    assert "is there already" in one_line(refused)
    refused = invoke("charter", "key", ceremony.key("operator"), "--name", "other.example")
    assert "keys are never overwritten" in one_line(refused)
    assert read_key(ceremony.key("operator")).key.vkey() == ceremony.vkeys["operator"]


def test_a_name_that_no_file_can_have_is_told(ceremony: Ceremony) -> None:
    refused = invoke("charter", "amend", ceremony.draft, "--of", ceremony.draft.with_name("x" * 256))
    assert "cannot be read (File name too long)" in one_line(refused)
    ceremony.write()
    refused = invoke("charter", "amend", ceremony.draft.with_name("x" * 256), "--of", ceremony.draft)
    assert "cannot be written (File name too long)" in one_line(refused)


def test_a_key_of_nobodys_signs_nothing(ceremony: Ceremony, tmp_path: Path) -> None:
    ceremony.write()
    said("key", tmp_path / "stranger", "--name", "stranger.example")
    refused = invoke("charter", "sign", ceremony.draft, "--key", tmp_path / "stranger")
    assert "names no party with the key stranger.example" in one_line(refused)


def test_keys_are_whole_at_any_width(ceremony: Ceremony) -> None:
    ceremony.write()
    ceremony.sign("operator", ceremony.draft)
    shown = invoke("charter", "show", ceremony.draft, COLUMNS="40").stdout
    assert re.search(rf"^operator +1 of 1 +yes +{re.escape(ceremony.vkeys['operator'])}$", shown, re.MULTILINE)
    assert re.search(rf"^partner +2 of 2 +no +{re.escape(ceremony.vkeys['partner-1'])}$", shown, re.MULTILINE)


def test_what_others_wrote_is_shown_as_it_is(ceremony: Ceremony, tmp_path: Path) -> None:
    names = ["o:fire:[red]x\\", "l\x9b31m", "p\u202e"]
    vkeys = [said("key", tmp_path / str(at), "--name", name).strip() for at, name in enumerate(names)]
    parties = [word for role, vkey in zip(ROLES[:3], vkeys, strict=True) for word in (f"--{role}", vkey)]
    parties += [word for name in ATTESTING for word in (f"--{name.partition('-')[0]}", ceremony.vkeys[name])]
    said("new", ceremony.draft, *parties, "--policy", ceremony.policy)
    shown = said("show", ceremony.draft, code=1)
    assert [vkey in shown for vkey in (vkeys[0], ascii(vkeys[1]), ascii(vkeys[2]))] == [True] * 3


def test_what_is_no_charter_is_told(tmp_path: Path, ceremony: Ceremony) -> None:
    file = tmp_path / "file"
    assert "No such file" in one_line(invoke("charter", "show", file))
    for content, message in ((b"x", "no line `policy`"), (b"\xff", "byte 0 is not UTF-8"), (b"x\n\n", "no newline")):
        file.write_bytes(content)
        assert message in one_line(invoke("charter", "show", file))
    ceremony.write()
    for command in ("show", "policy"):
        assert "not both" in one_line(invoke("charter", command, ceremony.draft, "--home", tmp_path))
    assert "goes with a FILE" in one_line(invoke("charter", "show", "--previous", ceremony.draft))
    for command in ("show", "policy"):
        assert "no journal has begun here" in one_line(invoke("charter", command, "--home", tmp_path / "none"))


def test_all_hands_in_one(tmp_path: Path) -> None:
    home, parties = tmp_path / "home", tmp_path / "parties"
    output = said("local", parties, "--home", home)
    charter = charter_of(home)
    assert digest_text(charter.digest()) in output
    assert "proves nothing to others" in output
    names = ("operator", "licensor", "partner", "builder-1", "builder-2", "auditor")
    assert [read_key(parties / name / "key").key for name in names] == [party.key for party in charter.parties]
    refused = invoke("charter", "local", tmp_path / "others", "--home", home)
    assert "a journal has begun here already" in one_line(refused)
    refused = invoke("charter", "local", parties, "--home", tmp_path / "second")
    assert f"{parties / 'operator' / 'key'}: is there already" in one_line(refused)
    assert not (tmp_path / "second").exists()
    (tmp_path / "file").touch()
    refused = invoke("charter", "local", tmp_path / "file" / "parties", "--home", tmp_path / "third")
    assert "cannot be written" in one_line(refused)

"""Findings: what the partner's program found wrong, as a file that anybody can check without asking anybody.

A file is the line `plainview/finding@v1` and one line of JSON, a `Finding` in its one spelling: what was found, a
checkpoint of the log, and the records that show it, each with its inclusion proof and, where it is private, with what
opens its leaf. What follows from these alone is proven (`judging`); for the rest the file says what has to be re-run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from plainview.ledger.checkpoints import parse_checkpoint
from plainview.ledger.errors import FormatError, LedgerError, ProofError
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import verify_inclusion
from plainview.ledger.notes import parse_note
from plainview.ledger.policies import Accepted, Policy
from plainview.ledger.spelling import hash_from_base64, printable
from plainview.oversight.charters import Charters
from plainview.oversight.public_entries import is_of_kind, leaf_kind, public_record
from plainview.records import KINDS, PUBLIC
from plainview.records.charter import Charter
from plainview.records.codec import Record, RecordError, decode, encode
from plainview.records.digests import commitment
from plainview.records.fields import U53, DigestOrDashes, to_bytes
from plainview.records.leaf import personal_leaf

SUFFIX = ".plainview-finding"
VERSION = "plainview/finding@v1"
"""The first line of a file."""
FINDING_LIMIT = 1 << 23
"""Bytes of a file at most."""

What = Literal["re-run", "act", "opening", "swallowed", "draw", "canary", "access", "clock", "rewritten", "ui", "tally"]
SAID: dict[str, str] = {
    "re-run": "computed again, record {index:,} is not what the log has: {stage}, {detail}",
    "act": "record {index:,}, a charter or act, was taken down as what it is not: {detail}",
    "opening": "record {index:,} was not opened to the partner: {detail}",
    "swallowed": "{stage} of the partner's log, which the operator was given, is not in its log of {index:,} records: "
    "{detail}",
    "access": "in the log of {index:,} records an access is missing: {detail}",
    "clock": "the journal time of record {index:,} is not within the times of those who cosigned: {detail}",
    "canary": "of a viewer of the partner's own, at record {index:,}: {detail}",
    "rewritten": "the log's key has signed {stage}, and it was not shown that it goes on from the one of {index:,}: "
    "{detail}",
    "draw": "of pages drawn at random some could not be re-run, the first of them record {index:,}: {detail}",
    "ui": "viewers are served another app than the release of record {index:,} has: {detail}",
    "tally": "what the operator counted is not what the log has, by record {index:,}: {detail}",
}
"""What each kind says was found."""


NOT_PROVEN: dict[str, str] = {
    "re-run": "That takes the bundle of release {finding.release} and the records that were opened to the partner, on "
    "which `plainview replay` computes it again; of a decision any mirror's copy is enough: `plainview verify COPY "
    "--charter DIGEST` judges all of them",
    "act": "That takes all charters and acts of the log, which any mirror's copy has: `plainview verify COPY --charter "
    "DIGEST` judges them again",
    "opening": "What the operator answered nobody has signed: ask it to open the record, and hold that against the "
    "leaf",
    "swallowed": "That the operator was given it nobody has signed; that its log has it not shows any mirror's copy",
    "access": "What the partner asked for is the partner's word",
    "clock": "Whose clock was wrong the times do not say",
    "canary": "What the partner's viewer was shown and sent is the partner's word",
    "rewritten": "That no proof came with it is the partner's word; the signature is in the detail, and where there is "
    "a proof the log can show it still",
    "draw": "That takes the bundle of the release and the records that were opened to the partner",
    "ui": "What a browser was served nobody has signed: it is the partner's word. The release's bundle has the files "
    "that it should have been, and the detail the SHA-256 of each that was",
    "tally": "Who was shown what the log has not is in no count. How many pages a range has that is not shown whole, "
    "and that no other tally lies between, any mirror's copy shows: `plainview verify COPY --charter DIGEST` counts "
    "them again",
}
"""What each kind leaves open, and what closes it."""


class Exhibit(Record, frozen=True):
    """A record of the log, and what proves that it is there."""

    index: U53
    entry: str
    """The log's entry, as text."""
    proof: tuple[str, ...]
    """Inclusion proof in base64, from the leaf's sibling up to the root's child."""
    kind: str
    """Of the record; empty where a private record is not opened."""
    salt: str
    """32 bytes in base64url; empty where there is none, or it is not opened."""
    body: str
    """What was committed to; empty of a public record, whose entry has it, and of one that is not opened."""


class Finding(Record, frozen=True):
    """What was found, and the records that show it."""

    what: What
    index: U53
    """Of the record that it is about; of a swallowed act or a missing access, how many records the log has without; of
    a page that came to a canary without a receipt that holds, the last that this viewer was told of before."""
    stage: Annotated[str, Meta(max_length=200)]
    """The first stage of a re-run at which it differs; of a swallowed act, a draw, a canary and an access,
    which; of an app, the digest of what was served; of a tally, what of it is wrong; else empty."""
    detail: Annotated[str, Meta(max_length=20_000)]
    """In words. On the lines after the first, of a swallowed act its note, of an app the files that were served, of a
    page that came to a canary without a receipt that holds the answer."""
    release: DigestOrDashes
    """What was re-run with; dashes where nothing was."""
    checkpoint: str
    """A signed note of the log, with its cosignatures: all records below are in its tree."""
    records: tuple[Exhibit, ...]
    """Ascending. The log's charters are among them."""

    def encode(self) -> bytes:
        """The file's one spelling."""
        return f"{VERSION}\n".encode() + encode(self) + b"\n"

    def sentence(self) -> str:
        """What was found, in words."""
        detail = self.detail.partition("\n")[0]  # what follows is the act itself
        said = SAID[self.what].format(index=self.index, stage=self.stage, detail=detail)
        return printable(said)


class Proven(NamedTuple):
    """A finding whose records are in a log that is believed."""

    finding: Finding
    accepted: Accepted
    records: Mapping[int, Record]
    """Those that are public or opened, by index."""
    kinds: Mapping[int, str]
    """Of all that are shown: `page` and `personal` of private ones, whatever is opened."""


def parse_finding(data: bytes) -> Finding:
    """The finding whose file is `data`; else FormatError. `encode` gives the same bytes back."""
    if len(data) > FINDING_LIMIT:
        raise FormatError(f"finding: {len(data)} bytes, at most {FINDING_LIMIT} are read")
    head, newline, rest = data.partition(b"\n")
    if head != VERSION.encode() or not newline or not rest.endswith(b"\n"):
        raise FormatError(f"finding: not the line {VERSION} and one more, each with its newline")
    try:
        finding = decode(Finding, rest[:-1])
    except RecordError as error:
        raise FormatError(f"finding: {printable(str(error))}") from None
    indexes = [one.index for one in finding.records]
    if indexes != sorted(set(indexes)):
        raise FormatError("finding: its records do not ascend, or one is there twice")
    parse_checkpoint(parse_note(finding.checkpoint.encode("utf-8", "surrogatepass")).text)
    return finding


def check_finding(finding: Finding, policy: Policy) -> Proven:
    """That all its records are in the log as it says, whose checkpoint the policy accepts. Raises LedgerError."""
    accepted = policy.check(parse_note(finding.checkpoint.encode("utf-8", "surrogatepass")))
    head = accepted.checkpoint
    records: dict[int, Record] = {}
    kinds: dict[int, str] = {}
    for exhibit in finding.records:
        entry = exhibit.entry.encode("utf-8", "surrogatepass")
        path = [hash_from_base64(one, f"finding, proof of record {exhibit.index}") for one in exhibit.proof]
        verify_inclusion(leaf_hash(entry), exhibit.index, head.size, head.root, path)
        kinds[exhibit.index] = leaf_kind(entry)
        record = _opened(exhibit, entry)
        if record is not None:
            records[exhibit.index] = record
    return Proven(finding, accepted, records, kinds)


def take_charters(finding: Finding, charters: Charters) -> None:
    """Take up the charters among its records, where they are not known yet. Raises LedgerError."""
    for exhibit in finding.records:
        entry = exhibit.entry.encode("utf-8", "surrogatepass")
        if not is_of_kind("charter", entry):
            continue
        if finding.what == "act" and exhibit.index == finding.index:
            continue  # what was found is that it is not in force
        note = parse_note(public_record("charter", Charter, entry).note.encode("utf-8", "surrogatepass"))
        charters.read(note, exhibit.index)


def _opened(exhibit: Exhibit, entry: bytes) -> Record | None:
    """The record, if it is opened or public. Raises FormatError and ProofError."""
    where = f"finding, record {exhibit.index}"
    if not exhibit.kind:
        if exhibit.salt or exhibit.body:
            raise FormatError(f"{where}: something opens it, and not what kind it is")
        return None
    if exhibit.kind not in KINDS:
        raise FormatError(f"{where}: there is no kind {exhibit.kind!a:.40}")
    try:
        if exhibit.kind in PUBLIC:
            if exhibit.salt or exhibit.body:
                raise FormatError(f"{where}: a public record needs nothing to be opened")
            return public_record(exhibit.kind, KINDS[exhibit.kind], entry)
        body = exhibit.body.encode("utf-8", "surrogatepass")
        if personal_leaf(exhibit.kind, commitment(to_bytes(exhibit.salt), body)) != entry:
            raise ProofError(f"{where}: what opens it is not what its leaf commits to")
        return decode(KINDS[exhibit.kind], body)
    except LedgerError:
        raise
    except ValueError as error:
        raise FormatError(f"{where}: {printable(str(error))}") from None

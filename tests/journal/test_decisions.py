"""What moderation may do, asked of the journal's one writer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from plainview.journal import Ack, Draft, Fence, Journal, PlainSealer, Refused
from plainview.moderation.rules.pack import Pack, name_of
from plainview.records import Decision, encode
from plainview.storage import SqliteRecords
from tests.journal.drafts import APPROVED, FIRST_EPOCH, NOW, approved, page
from tests.journal.test_fence import Says, accepted, refused
from tests.moderation.rules.packs import PACK, REGIONS, allowed, decision, policy
from tests.records.decisions import lifting

SPAM = decision("spam", "removed")
LATER = Pack(version=4, policies=(policy("spam"), policy("new", allowed("removed"))))


def later(code: str) -> Decision:
    """By one of LATER, with the next number."""
    return replace(decision(code, "removed", pack=name_of(LATER).digest), decision=5)


def taking_charge(pack: Pack, max_lag: int = 100) -> Draft:
    """A release with these policies."""
    return approved(max_lag, pack=pack)


def open_journal(path: Path, ranking: tuple[int, ...] | str = "") -> Journal:
    return Journal(SqliteRecords(path, writing=True), PlainSealer(), Fence(100, 2000, Says(ranking)), lambda: NOW)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = open_journal(tmp_path)
    yield made
    made.close()


def test_before_any_release_nothing_is_decided(journal: Journal) -> None:
    refused(journal, Draft(SPAM), "decision", "decision 4: no release is in charge")


def test_a_decision_keeps_to_the_policies_of_the_release_in_charge(journal: Journal) -> None:
    accepted(journal, taking_charge(PACK), FIRST_EPOCH, Draft(SPAM))
    refused(journal, Draft(decision("new", "removed")), "decision", "version 3 of the policies has no policy new")
    refused(journal, Draft(decision("spam", "geo_disabled", ("DE",))), "decision", "policy spam does not allow")
    accepted(journal, taking_charge(LATER), Draft(later("new")), Draft(lifting(4, 7)))
    refused(journal, Draft(later("spam")), "decision", "policy spam does not allow", "it allows none")
    refused(journal, Draft(SPAM), "decision", f"it is by the policies {SPAM.pack}, and version 4 is in force")


@pytest.mark.parametrize(
    ("regions", "said"),
    [(("AT",), "it names AT, and the release tells no such region from ZZ"), (REGIONS, "which is everybody")],
)
def test_nor_beyond_the_regions_of_that_release(journal: Journal, regions: tuple[str, ...], said: str) -> None:
    accepted(journal, taking_charge(PACK), Draft(decision("anywhere", "geo_disabled", ("DE", "ZZ"))))
    refused(journal, Draft(decision("anywhere", "geo_disabled", regions)), "decision", said)


def test_regions_that_the_release_does_not_name_are_one_for_pages_too(tmp_path: Path) -> None:
    """As ranking has it: a page is not shown where a newer world would have kept the video out."""
    journal = open_journal(tmp_path, ranking=())
    accepted(journal, taking_charge(PACK), FIRST_EPOCH)
    accepted(journal, Draft(replace(decision("anywhere", "geo_disabled", ("ZZ",)), video=77)))
    request = page().record.request  # type: ignore[attr-defined]
    for session, region in enumerate(("ZZ", "CH", "DE"), 1):
        asked = page(session=session, release=APPROVED, request=replace(request, region=region))
        if region == "DE":
            accepted(journal, asked)
        else:
            refused(journal, asked, "ineligible", "video 77 is restricted by decision 4")
    journal.close()


def test_it_holds_from_the_release_on_within_one_group(journal: Journal) -> None:
    accepted(journal, taking_charge(PACK))
    made = [Draft(SPAM), taking_charge(LATER), Draft(replace(SPAM, decision=5))]
    assert [type(one) for one in journal.append(made)] == [Ack, Ack, Refused]


def test_and_after_a_start(tmp_path: Path) -> None:
    for start in range(2):
        journal = open_journal(tmp_path)
        if not start:
            accepted(journal, taking_charge(PACK), Draft(SPAM), taking_charge(LATER))
        refused(journal, Draft(replace(SPAM, decision=5)), "decision", "version 4 is in force")
        journal.close()


def test_a_decisions_number_is_used_once(tmp_path: Path) -> None:
    """Whatever became of the decision, and whenever the program starts."""
    used = "decision 4: its number is that of one on video 7, and is never used again"
    for start in range(2):
        journal = open_journal(tmp_path)
        if not start:
            accepted(journal, taking_charge(PACK))
            taken, *again = journal.append([Draft(SPAM), Draft(SPAM), Draft(replace(SPAM, video=8))])
            assert isinstance(taken, Ack)
            assert again == [Refused(used, "decision")] * 2
            accepted(journal, Draft(lifting(4, 7)))
        for video in (7, 8):
            refused(journal, Draft(replace(SPAM, video=video)), "decision", used)
        accepted(journal, Draft(replace(SPAM, decision=5 + start)))
        journal.close()


def test_a_lift_is_of_a_decision_that_was_taken_on_that_video(journal: Journal) -> None:
    said = "nobody took one"
    accepted(journal, taking_charge(PACK))
    refused(journal, Draft(lifting(4, 7)), "decision", f"on video 7, and {said}")
    accepted(journal, Draft(SPAM))
    refused(journal, Draft(lifting(4, 8)), "decision", f"on video 8, and {said}")
    refused(journal, Draft(lifting(5, 7)), "decision", said)
    accepted(journal, Draft(lifting(4, 7)))


def test_a_lift_of_a_sealed_policys_decision_says_nothing(tmp_path: Path) -> None:
    """By the policies of where it was taken, whichever are in force since, and whenever the program starts."""
    for start in range(2):
        journal = open_journal(tmp_path)
        if not start:
            made = [Draft(decision("quiet", "removed")), Draft(replace(SPAM, decision=5))]
            accepted(journal, taking_charge(PACK), *made, taking_charge(LATER))
        told = replace(lifting(4, 7), ground="who it was")
        refused(journal, Draft(told), "decision", "a decision by a sealed policy: its ground is empty")
        accepted(journal, Draft(lifting(4, 7)), Draft(replace(told, decision=5)))
        journal.close()


def test_a_version_is_one_pack_for_as_long_as_there_is_the_log(tmp_path: Path) -> None:
    """Others under its number are refused, whatever was in force in between, and whenever the program starts."""
    forged = Pack(version=PACK.version, policies=LATER.policies)
    known, refusing = name_of(PACK).digest, f"version 3, which is {name_of(PACK).digest} in this log, and are "
    for start in range(3):
        journal = open_journal(tmp_path)
        if not start:
            accepted(journal, taking_charge(PACK))
            refused(journal, taking_charge(forged), "licence", "its policies are called ", refusing)
            accepted(journal, taking_charge(LATER))
        refused(journal, taking_charge(forged, 300 + start), "licence", refusing, name_of(forged).digest)
        accepted(journal, taking_charge(PACK, 400 + start), taking_charge(LATER, 500 + start))
        journal.close()
    assert known != name_of(forged).digest


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"policies": encode(LATER).decode()}, "its policies are version 4"),
        ({"policies": ""}, "Pack: "),
        ({"policies": encode(PACK).decode() + " "}, "Pack: valid, but not in the record's one exact spelling"),
    ],
)
def test_a_release_brings_the_policies_that_its_manifest_names(
    journal: Journal, changes: dict[str, str], said: str
) -> None:
    made = taking_charge(PACK)
    refused(journal, Draft(replace(made.record, **changes)), "licence", said)
    assert name_of(PACK) != name_of(LATER)
    accepted(journal, made)

from __future__ import annotations

import time
from typing import Any

import metamorphic_log
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from plainview.ledger.hashing import leaf_hash
from plainview.ledger.keys import parse_vkey
from plainview.ledger.log_proofs import parse_log_proof
from plainview.ledger.notes import parse_note
from plainview.ledger.opening import open_checkpoint
from plainview.ledger.policies import NO_QUORUM, Policy
from plainview.ledger.policies import Log as KnownLog
from plainview.ledger.promises import open_promise
from plainview.oversight.receipts import parse_receipt
from plainview.platform.application import Application
from plainview.records.fields import to_bytes
from plainview.records.leaf import personal_leaf
from tests.platform.signing import of_viewer
from tests.platform.towns import token
from tests.server.test_routes import event, feed, wrong

Client = TestClient[Litestar]


def published(town: Application, size: int) -> None:
    while town.log.size < size:
        assert not town.trouble
        assert not town.failure
        time.sleep(0.01)


def entry_of(receipt: dict[str, Any]) -> bytes:
    """What a viewer computes of the receipt they hold."""
    return personal_leaf("page", to_bytes(receipt["commitment"]))


def test_the_checkpoint_is_text_for_a_second_and_tiles_are_for_ever(client: Client, town: Application) -> None:
    published(town, 64)
    key = parse_vkey(town.log.vkey)
    answer = client.get("/log/checkpoint")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=1"
    checkpoint, _ = open_checkpoint(parse_note(answer.content), key.name, [key])
    assert checkpoint.size >= 64
    for path in ("/log/tile/0/000.p/64", "/log/tile/entries/000.p/64"):
        answer = client.get(path, headers={"accept-encoding": "identity"})
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "content-encoding" not in answer.headers
        assert client.get(path, headers={"accept-encoding": "gzip"}).content == answer.content
    assert client.get("/log/tile/entries/000.p/64").headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    "path", ["key", "policy", "tile/0/999", "tile/0/000.p/300", "%2e%2e/journal.sqlite", "x" * 300]
)
def test_what_the_log_has_not(client: Client, path: str) -> None:
    wrong(client.get(f"/log/{path}"), 404, "not_found", "", "the log has nothing at")


def test_a_page_is_promised_and_then_proven(client: Client, town: Application) -> None:
    receipt = feed(client).json()["receipt"]
    key = parse_vkey(town.log.vkey)
    promise = open_promise(parse_note(receipt["promise"].encode()), key.name, [key])
    assert (promise.index, promise.leaf) == (receipt["index"], leaf_hash(entry_of(receipt)))
    published(town, receipt["index"] + 1)
    answer = client.get(f"/v1/pages/{receipt['index']}/proof")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="page-{receipt["index"]}.tlog-proof"'
    proof = parse_log_proof(answer.content)
    accepted = proof.verify(leaf_hash(entry_of(receipt)), Policy((KnownLog(key),), (), (), NO_QUORUM))
    assert proof.index == receipt["index"]
    # And by a reader that we did not write.
    leaf = leaf_hash(entry_of(receipt))
    note = proof.checkpoint.encode().decode()
    metamorphic_log.checkpoint_verify_inclusion(note, [key.vkey()], proof.index, leaf, list(proof.hashes))
    assert accepted.checkpoint.size > receipt["index"]
    assert client.get(f"/v1/pages/{receipt['index']}").json()["receipt"] == receipt


def test_both_answers_convince_who_was_shown_the_page(client: Client, town: Application) -> None:
    policy = Policy((KnownLog(parse_vkey(town.log.vkey)),), (), (), NO_QUORUM)
    answer = feed(client)
    again = client.get(f"/v1/pages/{answer.json()['receipt']['index']}")
    first, second = (parse_receipt(one.content).check(policy) for one in (answer, again))
    assert first == second
    assert first.index == answer.json()["receipt"]["index"]


def test_what_is_no_page_has_no_proof(client: Client, town: Application) -> None:
    wrong(client.get("/v1/pages/0/proof"), 404, "unknown_index", "index", "record 0 is no page")
    wrong(client.get("/v1/pages/x/proof"), 400, "malformed", "index", "whole number")
    wrong(client.get(f"/v1/pages/{town.journal.size + 9}/proof"), 404, "unknown_index", "index", "is no page")


def test_what_is_not_published_yet_is_to_be_asked_for_again(
    client: Client, town: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = feed(client).json()["receipt"]["index"]
    monkeypatch.setattr(town.log, "proof", lambda _: None)
    answer = client.get(f"/v1/pages/{index}/proof")
    wrong(answer, 503, "unavailable", "index", "is not published yet: ask again in a second")
    assert answer.headers["retry-after"] == "1"


def test_troubles_of_the_log_are_told(client: Client, town: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(town._publisher, "trouble", "witness north does not answer")
    answer = client.get("/health").json()
    assert (answer["status"], answer["detail"]) == (
        "degraded", "the log is not published: witness north does not answer",
    )  # fmt: skip
    monkeypatch.setattr(town._publisher, "failure", RuntimeError("an older copy"))
    assert client.get("/health").status_code == 503


def test_nothing_is_taken_or_promised_while_the_log_may_be_an_older_copy(
    client: Client, town: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = feed(client).json()
    size = town.journal.size
    monkeypatch.setattr(town._publisher, "failure", RuntimeError("witness w cosigned 40 records of this log"))
    told = "nothing is taken for now: witness w cosigned 40 records of this log; send it again later"
    wrong(feed(client), 503, "unavailable", "", told)
    wrong(client.post("/v1/events", json={"events": [event(page)]}), 503, "unavailable", "", told)
    wrong(client.post("/v1/viewers", json={"viewer": 9}), 503, "unavailable", "", told)
    wrong(client.post("/v1/videos", json={"video": 9, "creator": 1, "duration": 1}), 503, "unavailable", "", told)
    setting = of_viewer(1).chosen(token(), "follow", 1)
    wrong(client.post("/v1/settings", json=setting), 503, "unavailable", "", told)
    again = client.get(f"/v1/pages/{page['receipt']['index']}").json()
    assert again["receipt"] == page["receipt"] | {"promise": ""}
    monkeypatch.undo()
    assert feed(client).status_code == 200
    assert town.journal.size > size


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip", "gzip"), ("br, gzip;q=0.5", "gzip"), ("gzip;q=0", None), ("gzip; q=0.0, *", None), ("br", None)],
)
def test_what_is_taken_is_sent(client: Client, town: Application, accepted: str, encoding: str | None) -> None:
    published(town, 64)
    answer = client.get("/log/tile/entries/000.p/64", headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == encoding

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from plainview.feed.viewers import BLOCKS, PAGES
from plainview.journal import Draft, Refused
from plainview.journal.frames import parse_frames
from plainview.ledger.access_requests import AccessRequest
from plainview.ledger.hashing import leaf_hash
from plainview.ledger.inclusion import verify_inclusion
from plainview.ledger.spelling import hash_from_base64
from plainview.oversight.public_entries import public_record
from plainview.platform.application import Application
from plainview.platform.releases import installed, installed_digest
from plainview.records import Act, Order, Page, decode
from plainview.records.fields import to_bytes, to_text
from tests.platform.parties import Parties
from tests.platform.signing import of_name, of_viewer, signed
from tests.platform.towns import now, settled, token, until
from tests.records.decisions import restricting

Client = TestClient[Litestar]


def feed(client: Client, **changes: Any) -> Any:
    parameters = {"viewer": 1, "session": token(), "n": 0, "nonce": token()} | changes
    return client.get("/v1/feed", params={name: value for name, value in parameters.items() if value is not None})


def event(page: dict[str, Any], **changes: Any) -> dict[str, Any]:
    said = {
        "id": token(),
        "viewer": page["viewer"],
        "page": page["receipt"]["index"],
        "position": 0,
        "video": page["videos"][0]["video"]["id"],
        "action": "view",
        "watched": 9000,
        "at": now(),
        "key": of_name(page["session"]).key,
    }
    return signed(said | changes)


def wrong(answer: Any, status: int, code: str, field: str, message: str) -> None:
    """Every error is JSON with a code, words, and the field at fault."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    problem = answer.json()
    assert set(problem) <= {"error", "message", "field"}
    assert (problem["error"], problem.get("field", "")) == (code, field)
    assert message in problem["message"]


def test_a_page_comes_with_what_explains_it(client: Client) -> None:
    page = feed(client, limit=4).json()
    assert len(page["videos"]) == 4
    first = page["videos"][0]
    assert set(first["video"]) >= {"id", "creator", "caption", "duration"}
    assert first["video"]["caption"] == f"video {first['video']['id']}"
    assert first["source"]
    assert set(first["parts"]) >= {"long_view", "like"}
    assert page["mode"] == "personal"


def test_a_receipt_is_what_the_leaf_stands_for(client: Client, town: Application) -> None:
    page = feed(client).json()
    receipt = page["receipt"]
    body = receipt["body"].encode()
    committed = hashlib.sha256(b"plainview/body/v1\x00" + to_bytes(receipt["salt"]) + body).digest()
    assert to_text(committed) == receipt["commitment"]
    record = decode(Page, body)
    entry = town.journal.entry(receipt["index"])
    assert (entry.record, entry.commitment) == (record, committed)
    assert [item.video for item in record.items] == [shown["video"]["id"] for shown in page["videos"]]


def test_a_plain_page_has_no_parts(client: Client) -> None:
    page = feed(client, mode="plain").json()
    assert page["mode"] == "plain"
    assert all(shown["parts"] == {} for shown in page["videos"])


def test_asked_twice_the_same_bytes_come_back(client: Client) -> None:
    session = token()
    first = feed(client, session=session)
    assert feed(client, session=session, limit=2).content == first.content


def test_a_page_explained(client: Client) -> None:
    page = feed(client, viewer=2).json()
    answer = client.get(f"/v1/pages/{page['receipt']['index']}").json()
    assert answer["receipt"] == page["receipt"]
    assert answer["identical"] is True
    trace = answer["trace"]
    assert trace["selected"] == [shown["video"]["id"] for shown in page["videos"]]
    assert {one["video"] for one in trace["scored"]} <= {one["video"] for one in trace["retrieved"]}
    kept_out = [one for one in trace["retrieved"] if one["filter"]]
    assert len(trace["retrieved"]) - len(kept_out) >= len(trace["scored"])
    assert client.get(f"/v1/pages/{feed(client, mode='plain').json()['receipt']['index']}").json()["identical"]


def test_the_policies(client: Client) -> None:
    answer = client.get("/v1/policies")
    assert (answer.status_code, answer.content) == (200, installed().policies)
    assert answer.headers["cache-control"] == "no-cache"
    manifest = client.get(f"/v1/releases/{installed_digest()}").json()
    assert to_text(hashlib.sha256(answer.content).digest()) == manifest["policies"]["digest"]
    of_release = client.get("/v1/policies", params={"release": installed_digest()})
    assert of_release.content == answer.content
    assert "immutable" in of_release.headers["cache-control"]
    other = to_text(bytes(32))
    answer = client.get("/v1/policies", params={"release": other})
    wrong(answer, 404, "unknown_release", "release", f"no release {other} is or was in charge")


def test_a_page_explained_names_the_policies_by_which_videos_were_kept_out(client: Client, town: Application) -> None:
    one, other = (client.post("/v1/viewers", json={}).json()["viewer"] for _ in range(2))
    video = feed(client, viewer=one, mode="plain").json()["videos"][0]["video"]["id"]
    made = restricting(77, video)
    before = town.epoch.epoch
    (outcome,) = town.journal.append([Draft(made)])
    assert not isinstance(outcome, Refused), outcome
    assert town.wait_for(before + 1, 60)
    index = feed(client, viewer=other, mode="plain", limit=30).json()["receipt"]["index"]
    trace = client.get(f"/v1/pages/{index}").json()["trace"]
    assert [one["reason"] for one in trace["retrieved"] if one["filter"] == "ineligible"] == [77]
    (decision,) = trace["decisions"]
    assert decision == {
        "decision": 77, "index": outcome.index, "video": video, "policy": "spam", "title": "Spam",
        "restriction": "removed", "regions": [], "ages": [], "ground": "a test",
    }  # fmt: skip


def test_events_and_their_results(client: Client) -> None:
    page = feed(client).json()
    one, like = event(page), event(page, action="like", watched=0)
    answer = client.post("/v1/events", json={"events": [one, like]})
    assert answer.status_code == 200
    assert [result["fresh"] for result in answer.json()["results"]] == [True, True]
    again = client.post("/v1/events", json={"events": [one, event(page, video=4711)]})
    assert again.status_code == 207
    first, second = again.json()["results"]
    assert first == answer.json()["results"][0] | {"fresh": False}
    assert second == {
        "status": 404, "error": "unknown_video", "message": "there is no video 4711", "field": "video"
    }  # fmt: skip
    refused = client.post("/v1/events", json={"events": [event(page, watched=-1), 7]})
    assert refused.status_code == 422
    assert refused.json()["refused"] == 2
    assert all(result["status"] == 400 and result["message"] for result in refused.json()["results"])


def test_an_event_that_comes_too_late_says_so(client: Client) -> None:
    viewer = client.post("/v1/viewers", json={}).json()["viewer"]
    pages = [feed(client, viewer=viewer, limit=1).json() for _ in range(PAGES + 1)]
    answer = client.post("/v1/events", json={"events": [event(pages[0]), event(pages[-1])]}).json()
    assert [result.get("late") for result in answer["results"]] == [True, None]


def test_a_block_too_many_is_a_422(client: Client) -> None:
    own = of_viewer(901)
    client.post("/v1/viewers", json=own.told(token(), "US", "18+", "personal"))
    for target in range(BLOCKS):
        assert client.post("/v1/settings", json=own.chosen(token(), "block", target)).json()["fresh"]
    one_more = client.post("/v1/settings", json=own.chosen(token(), "block", BLOCKS))
    wrong(one_more, 422, "too_many", "target", f"already blocks {BLOCKS} creators: unblock one first")


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"video": 4711}, 404, "unknown_video", "video"),
        ({"viewer": 2}, 404, "unknown_page", "page"),
        ({"viewer": 4711}, 404, "unknown_viewer", "viewer"),
        ({"page": 0}, 404, "unknown_page", "page"),
        ({"position": 99}, 422, "wrong_position", "position"),
        ({"at": now() + 10**9}, 422, "future", "at"),
        ({"at": 1}, 422, "ancient", "at"),
        ({"watched": -1}, 400, "malformed", "watched"),
        ({"watched": 10**9}, 422, "wrong_watched", "watched"),
        ({"id": "x"}, 400, "malformed", "id"),
    ],
)
def test_a_bad_event_alone_is_a_4xx(client: Client, change: dict[str, Any], status: int, code: str, field: str) -> None:
    viewer = client.post("/v1/viewers", json={}).json()["viewer"]
    page = feed(client, viewer=viewer).json()
    answer = client.post("/v1/events", json={"events": [signed(event(page) | change)]})
    assert answer.status_code == 422
    (result,) = answer.json()["results"]
    assert (result["status"], result["error"], result["field"]) == (status, code, field)
    assert result["message"]


def test_an_empty_batch(client: Client) -> None:
    assert client.post("/v1/events", json={"events": []}).json() == {"accepted": 0, "refused": 0, "results": []}


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (b"\xff\xfe", "", "not UTF-8 at byte 0"),
        (b'{"events":["\xff"]}', "", "not UTF-8 at byte 12"),
        (b'{"events":[', "", "not JSON at byte 11 (it breaks off): send a JSON object with events"),
        (b'{"events":["\\ud800"]}', "", "or a \\u escape before it is half of a pair"),
        (b"nonsense", "", "not JSON at byte 4 (invalid character)"),
        (b"", "", "not JSON at byte 0"),
        (b"[]", "", "send a JSON object with events"),
        (b"{}", "events", "events: it is missing; send a list"),
        (b'{"events":{}}', "events", "events: send a list"),
        (b'{"events":[],"more":1}', "more", "more: there is no such field; send events"),
        (b'{"events":[],"a`b":1}', "a`b", "a`b: there is no such field"),
        (b'{"events":' + b"[" * 200_000, "", "too deep in each other"),
    ],
)
def test_a_body_that_is_no_batch(client: Client, body: bytes, field: str, message: str) -> None:
    wrong(client.post("/v1/events", content=body), 400, "malformed", field, message)


@pytest.mark.parametrize(
    "path", ["/v1/events", "/v1/videos", "/v1/viewers", "/v1/settings", "/v1/acts", "/v1/audit/records"]
)
def test_a_large_body_is_refused(client: Client, path: str) -> None:
    wrong(client.post(path, content=b" " * (2**20 + 1)), 413, "too_large", "", "at most 1048576 bytes")


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"viewer": None}, "viewer", "it is missing"),
        ({"viewer": "anna"}, "viewer", "whole number"),
        ({"viewer": -1}, "viewer", "whole number"),
        ({"viewer": 2**53}, "viewer", "2**53 - 1"),
        ({"session": None}, "session", "it is missing"),
        ({"session": "short"}, "session", "22 characters"),
        ({"session": "A" * 21 + "B"}, "session", "22 characters"),
        ({"session": "A" * 22 + "\n"}, "session", "22 characters"),
        ({"nonce": None}, "nonce", "it is missing"),
        ({"nonce": "!" * 22}, "nonce", "22 characters"),
        ({"n": None}, "n", "it is missing"),
        ({"n": -1}, "n", "whole number"),
        ({"n": "x"}, "n", "whole number"),
        ({"n": 2**32}, "n", "whole number"),
        ({"limit": 0}, "limit", "from 1 to 30"),
        ({"limit": 31}, "limit", "from 1 to 30"),
        ({"limit": "all"}, "limit", "from 1 to 30"),
        ({"mode": "secret"}, "mode", "personal or plain"),
        ({"surface": 256}, "surface", "from 0 to 255"),
        ({"region": "us"}, "region", "two capital letters"),
        ({"acknowledged": -1}, "acknowledged", "one past"),
    ],
)
def test_a_feed_request_that_is_malformed(client: Client, change: dict[str, Any], field: str, message: str) -> None:
    wrong(feed(client, **change), 400, "malformed", field, message)


@pytest.mark.parametrize(
    ("path", "field", "message"),
    [
        ("/v1/feed?viewer=1&viewer=2", "viewer", "it is there twice"),
        ("/v1/feed?viewer=1&%76iewer=1", "viewer", "it is there twice"),
        ("/v1/feed?viewer=1&acknoledged=7", "acknoledged", "/v1/feed takes viewer, session, n, nonce, limit"),
        ("/v1/feed?viewer=1&acknoledged", "acknoledged", "no such parameter"),
        ("/v1/acts?start=1", "start", "/v1/acts takes from, limit"),
        ("/v1/acts?from=1&from=2", "from", "it is there twice"),
        ("/v1/acts?from=-1", "from", "the index of the first act you want"),
        ("/v1/acts?limit=1001", "limit", "or to 1000 acts"),
        ("/v1/videos/1?full=1", "full", "/v1/videos/1 takes no parameters"),
        ("/v1/pages/1?index=2", "index", "takes no parameters"),
        ("/metrics?state=x", "state", "takes no parameters"),
        (f"/metrics?{'x' * 9000}%0a", "x" * 37 + "...", f"{'x' * 37}...: there is no such"),
        ("/metrics?a%0a%1b", "a\\n\\x1b", "a\\n\\x1b: there is no such"),
    ],
)
def test_a_parameter_too_many(client: Client, path: str, field: str, message: str) -> None:
    wrong(client.get(path), 400, "malformed", field, message)


def test_a_parameter_too_many_where_something_is_sent(client: Client) -> None:
    wrong(client.post("/v1/viewers?dry=1", json={}), 400, "malformed", "dry", "/v1/viewers takes no parameters")


def test_a_query_may_be_spelt_otherwise(client: Client) -> None:
    query = f"%76iewer=1&&session={token()}&n=0&nonce={token()}&"
    assert client.get(f"/v1/feed?{query}").status_code == 200


def test_a_field_that_is_there_twice(client: Client) -> None:
    wrong(
        client.post("/v1/events", content=b'{"events":[1],"events":[]}'),
        400,
        "malformed",
        "events",
        "it is there twice",
    )
    page = feed(client, viewer=1).json()
    events = [event(page) for _ in range(2)]
    twice = json.dumps(events[0])[:-1] + ',"watched":1}'
    answer = client.post("/v1/events", content=f'{{"events":[{twice},{json.dumps(events[1])}]}}'.encode())
    assert answer.status_code == 207
    first, second = answer.json()["results"]
    assert (first["error"], first["field"], second["status"]) == ("malformed", "watched", 200)


def test_a_feed_for_an_unknown_viewer(client: Client) -> None:
    wrong(feed(client, viewer=4711), 404, "unknown_viewer", "viewer", "viewer 4711 is not known")


def test_a_session_of_another_viewer(client: Client) -> None:
    session = token()
    feed(client, session=session)
    wrong(feed(client, viewer=2, session=session), 403, "foreign_session", "session", "another viewer's")


def test_n_out_of_turn(client: Client) -> None:
    session = token()
    wrong(feed(client, session=session, n=3), 409, "out_of_turn", "n", "begin a session at 0")
    feed(client, session=session)
    wrong(feed(client, session=session, n=2), 409, "out_of_turn", "n", "page 1 of this session is next")


def test_acknowledged_beyond_the_viewers_records(client: Client) -> None:
    wrong(feed(client, acknowledged=2**40), 422, "not_acknowledged", "acknowledged", "the last record of viewer 1 is")


def test_a_video_goes_in_and_comes_out(client: Client) -> None:
    sent = {"video": 800, "creator": 9, "duration": 1500, "caption": "ein Film", "tags": [4]}
    answer = client.post("/v1/videos", json=sent)
    assert answer.status_code == 200
    assert answer.json()["index"] > 0
    shown = client.get("/v1/videos/800").json()
    assert {name: shown[name] for name in ("creator", "duration", "caption", "tags")} == {
        "creator": 9, "duration": 1500, "caption": "ein Film", "tags": [4]
    }  # fmt: skip
    wrong(client.post("/v1/videos", json=sent | {"creator": 10}), 403, "foreign_video", "video", "another creator's")
    wrong(client.post("/v1/videos", json=sent | {"duration": 0}), 400, "malformed", "duration", "from 1 to 2147483647")
    wrong(
        client.post("/v1/videos", json=sent | {"tags": [1] * 9}), 400, "malformed", "tags", "a list of at most 4, each"
    )
    wrong(client.post("/v1/videos", json=sent | {"created": now() + 10**9}), 422, "future", "created", "in the future")
    wrong(client.get("/v1/videos/4711"), 404, "unknown_video", "video", "no video 4711")


def test_parties_submit_acts_and_everybody_reads_them(client: Client, town: Application) -> None:
    parties = Parties(town.home.path, 2)
    licence, *_, approval = (one.note for one in parties.history())
    early = client.post("/v1/acts", json={"note": approval})
    assert early.status_code == 422
    refused = {"index": early.json()["index"], "counts": False, "reason": "approval: there is no licence 2"}
    assert early.json() == refused | {"fresh": True}
    first = client.post("/v1/acts", json={"note": licence})
    assert first.status_code == 200
    assert first.json() == {"index": first.json()["index"], "fresh": True, "counts": True, "reason": ""}
    assert first.json()["index"] > refused["index"]
    assert client.post("/v1/acts", json={"note": licence}).json() == first.json() | {"fresh": False}
    shown = client.get("/v1/acts").json()
    assert shown["next"] is None
    acts = shown["acts"][-2:]  # those before let the installed release rank
    start = acts[0]["index"]
    assert client.get(f"/v1/acts?from={start}&limit=1").json() == {"acts": acts[:1], "next": acts[1]["index"]}
    assert client.get(f"/v1/acts?from={start}&limit=2").json() == {"acts": acts, "next": None}
    assert client.get(f"/v1/acts?from={acts[1]['index'] + 1}").json() == {"acts": [], "next": None}
    assert [{name: act[name] for name in refused} for act in acts] == [
        refused, {"index": first.json()["index"], "counts": True, "reason": ""}
    ]  # fmt: skip
    assert [act["note"] for act in acts] == [approval, licence]
    wrong(client.post("/v1/acts", json={"note": "I approve"}), 400, "malformed", "note", "note: ")
    wrong(client.post("/v1/acts", json={}), 400, "malformed", "note", "it is missing")
    stranger = parties.note(parties.licence().text(), "licensor").replace(f"{parties.origin}/licensor", "else.example")
    wrong(client.post("/v1/acts", json={"note": stranger}), 403, "foreign_act", "note", "no party of charter 0")


def test_an_act_is_proven_in_any_tree_that_has_it(client: Client, town: Application) -> None:
    acts = client.get("/v1/acts").json()["acts"]
    index, note = acts[0]["index"], acts[0]["note"]
    until(lambda: town.log.size > index + 2)
    for size in (index + 1, index + 2, town.log.size):
        answer = client.get(f"/v1/acts/{index}/proof?size={size}")
        assert answer.status_code == 200, answer.text
        proof = answer.json()
        entry = proof["entry"].encode()
        assert public_record("act", Act, entry).note == note
        root = town.log._tree.root(size)
        hashes = [hash_from_base64(one, "proof") for one in proof["hashes"]]
        verify_inclusion(leaf_hash(entry), index, size, root, hashes)
    page = feed(client).json()["receipt"]["index"]
    until(lambda: town.log.size > page)
    for other, size in ((page, page + 1), (0, 5), (index, index), (index, 2**40), (2**50, 2**51)):
        wrong(client.get(f"/v1/acts/{other}/proof?size={size}"), 404, "unknown_index", "index", "no act")
    wrong(client.get(f"/v1/acts/{index}/proof"), 400, "malformed", "size", "it is missing")
    wrong(client.get(f"/v1/acts/{index}/proof?size=0"), 400, "malformed", "size", "send how many records")


def test_the_auditor_is_given_records(client: Client, town: Application) -> None:
    parties = Parties(town.home.path)

    def asked(by: str) -> dict[str, str]:
        request = AccessRequest(parties.origin, "audit", 0, 5, now(), os.urandom(16))
        return {"note": parties.note(request.text(), by)}

    once = asked("auditor")
    answer = client.post("/v1/audit/records", json=once, headers={"accept-encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")
    assert (answer.headers["content-encoding"], answer.headers["cache-control"]) == ("gzip", "no-store")
    first, frames = parse_frames(answer.content)
    assert (first, len(frames)) == (0, 5)
    plain = client.post("/v1/audit/records", json=asked("auditor"), headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert parse_frames(plain.content) == (0, frames)
    wrong(client.post("/v1/audit/records", json=once), 409, "repeated", "note", "it was answered before")
    wrong(client.post("/v1/audit/records", json=asked("operator")), 403, "foreign_request", "note", "is no auditor")
    wrong(client.post("/v1/audit/records", json={"note": "mine"}), 400, "malformed", "note", "note: ")


def test_what_was_ordered_comes_with_its_label_and_everybody_reads_why(client: Client, town: Application) -> None:
    parties = Parties(town.home.path)
    assert client.get("/v1/orders").json()["orders"] == []
    notes = [parties.order(number, number, cap=3).note for number in range(1, 9)]
    for note in notes:
        assert client.post("/v1/acts", json={"note": note}).json()["counts"]
    settled(town)
    viewer = client.post("/v1/viewers", json={"region": "US", "age": "18+"}).json()["viewer"]
    videos = feed(client, viewer=viewer, limit=7).json()["videos"]
    (number,) = {video["order"] for video in videos} - {None}
    assert [(video["order"], video["label"]) for video in videos] == [(None, "")] * 6 + [(number, "Sponsored")]
    settled(town)
    answer = client.get("/v1/orders").json()
    order = answer["orders"][number - 1]
    record = town.journal.entry(order["index"]).record
    assert isinstance(record, Order)
    assert order == {
        "order": number, "index": order["index"], "video": number, "regions": [], "begins": record.begins,
        "until": record.until, "cap": 3, "shown": 1, "label": "Sponsored", "reason": "the spring campaign",
        "signers": [f"{parties.origin}/{name}" for name in ("operator", "partner")], "ended": None,
        "note": notes[number - 1],
    }  # fmt: skip
    day = answer["days"][-1]
    assert day["share"] == day["ordered"] / day["videos"]
    assert answer["epoch"] == town.epoch.epoch
    ends = [client.post("/v1/acts", json={"note": parties.order_end(one).note}).json() for one in range(1, 9)]
    assert client.get("/v1/orders").json()["orders"][number - 1]["ended"] == ends[number - 1]["index"]
    acts = client.get("/v1/acts").json()["acts"][-16:]
    assert [act["note"] for act in acts[:8]] == notes
    assert all(act["counts"] for act in acts)


def test_viewers_register_and_choose(client: Client) -> None:
    viewer = 902
    own = of_viewer(viewer)
    answer = client.post("/v1/viewers", json=own.told(token(), "DE", "16-17", "plain")).json()
    assert answer["viewer"] == viewer
    page = feed(client, viewer=viewer).json()
    assert page["mode"] == "plain"
    assert '"region":"DE","age":"16-17"' in page["receipt"]["body"]
    name = token()
    setting = own.chosen(name, "block", 100)
    first = client.post("/v1/settings", json=setting)
    assert first.status_code == 200
    assert first.json()["fresh"] is True
    assert client.post("/v1/settings", json=setting).json() == first.json() | {"fresh": False}
    another = own.chosen(name, "block", 101)
    wrong(client.post("/v1/settings", json=another), 409, "id_reused", "id", "and another target:")
    changed = client.post("/v1/settings", json=setting | {"target": 101})
    wrong(changed, 403, "foreign_setting", "signature", "it is not what the key of viewer 902 has signed")
    wrong(
        client.post("/v1/settings", json=setting | {"viewer": 4711}),
        404,
        "unknown_viewer",
        "viewer",
        "4711 is not known",
    )
    wrong(
        client.post("/v1/settings", json=setting | {"setting": "mute", "target": 70_000}),
        400, "malformed", "target", "numbered below 65536",
    )  # fmt: skip
    wrong(client.post("/v1/viewers", json={"age": "42"}), 400, "malformed", "age", "send 13-15, 16-17, 18+ or unknown")


def test_what_a_registered_viewer_leaves_out_stays_as_they_told_it(client: Client) -> None:
    viewer = client.post("/v1/viewers", json={"region": "XX", "age": "13-15", "mode": "plain"}).json()["viewer"]
    for change in ({}, {"region": "DE"}, {"age": "16-17"}):
        assert client.post("/v1/viewers", json={"viewer": viewer} | change).status_code == 200
    page = feed(client, viewer=viewer).json()
    assert '"region":"DE","age":"16-17","mode":"plain"' in page["receipt"]["body"]
    schema = client.get("/schema/openapi.json").json()["paths"]["/v1/viewers"]["post"]["requestBody"]
    fields = schema["content"]["application/json"]["schema"]["properties"]
    for name in ("region", "age", "mode"):
        assert "default" not in fields[name]
        assert "it stays as it was told last" in fields[name]["description"]


def test_what_is_no_page_is_not_found(client: Client, town: Application) -> None:
    for index in (0, town.journal.size + 5):
        wrong(client.get(f"/v1/pages/{index}"), 404, "unknown_index", "index", f"record {index} is no page")
    wrong(client.get("/v1/nowhere"), 404, "not_found", "", "nothing at /v1/nowhere")
    for index in ("last", "-1", "1.5", str(2**53)):
        wrong(client.get(f"/v1/pages/{index}"), 400, "malformed", "index", "a whole number from 0 to 2**53 - 1")
    wrong(client.get("/v1/videos/x"), 400, "malformed", "video_id", "a whole number from 0 to 2**53 - 1")
    wrong(client.delete("/v1/feed"), 405, "not_allowed", "", "DELETE is not for")


@pytest.mark.parametrize("host", ["x:99999999", "x:y", "[", ""])
def test_a_host_that_is_none_changes_no_answer(client: Client, host: str, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"host": host}
    answer = client.get("/v1/feed?zz=1", headers=headers)
    wrong(answer, 400, "malformed", "zz", "/v1/feed takes viewer, session, n, nonce, limit")
    wrong(client.get("/v1/nowhere", headers=headers), 404, "not_found", "", "nothing at /v1/nowhere")
    wrong(client.delete("/v1/feed", headers=headers), 405, "not_allowed", "", "DELETE is not for /v1/feed")
    for path in ("/health", "/metrics", "/schema", "/schema/openapi.json"):
        assert client.get(path, headers=headers).status_code == 200
    assert caplog.records == []


def test_health(client: Client, town: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["release"] == town.release
    monkeypatch.setattr(town.learner._epoch_trouble, "reason", "no epoch can be closed: no space left")
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["detail"] == "no epoch can be closed: no space left"
    monkeypatch.setattr(town.learner, "failure", OSError("the disk is gone"))
    answer = client.get("/health")
    assert answer.status_code == 503
    assert "the disk is gone" in answer.json()["detail"]


def test_what_nobody_thought_of_is_a_500_that_tells_nothing(
    client: Client, town: Application, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(town.catalogue, "card", fail)
    answer = client.get("/v1/videos/1")
    wrong(answer, 500, "internal", "", "its log says why")
    assert "secret" not in answer.text
    assert "secret" in caplog.text


def test_a_client_that_goes_away_is_no_error(app: Litestar, caplog: pytest.LogCaptureFixture) -> None:
    told: list[Any] = [
        {"type": "http.request", "body": b'{"eve', "more_body": True},
        {"type": "http.disconnect"},
    ]
    answers: list[Any] = []

    async def receive() -> Any:
        return told.pop(0)

    async def send(message: Any) -> None:
        answers.append(message)

    scope: Any = {
        "type": "http", "method": "POST", "path": "/v1/events", "raw_path": b"/v1/events", "query_string": b"",
        "headers": [], "root_path": "", "scheme": "http", "http_version": "1.1", "server": ("x", 80),
        "client": ("x", 1), "extensions": {}, "state": {},
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert answers[0]["status"] == 400
    assert b"the body breaks off" in answers[1]["body"]
    assert caplog.records == []


def test_metrics(client: Client) -> None:
    feed(client)
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.text
    for name in (
        'plainview_pages_total{mode="personal",outcome="fresh"}',
        "plainview_events_total",
        "plainview_epochs_total",
        "plainview_lag_records",
        "plainview_ranking_seconds_bucket",
        "plainview_commit_seconds_count",
    ):
        assert name in text


def test_openapi_names_every_route_and_body(client: Client) -> None:
    schema = client.get("/schema/openapi.json").json()
    assert set(schema["paths"]) >= {
        "/v1/events", "/v1/feed", "/v1/pages/{index}", "/v1/videos", "/v1/videos/{video_id}", "/v1/viewers",
        "/v1/settings", "/v1/acts", "/v1/audit/records", "/health", "/metrics",
    }  # fmt: skip
    schemas = schema["components"]["schemas"]
    body = schema["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]["events"]["items"]["required"]) >= {"id", "viewer", "page", "position", "at"}
    card = {"$ref": "#/components/schemas/Card"}
    assert schemas["Shown"]["properties"]["video"]["oneOf"] == [card, {"type": "null"}]


def test_nobody_is_served_once_every_licence_has_ended(
    client: Client, town: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = feed(client).json()
    monkeypatch.setattr(town, "_clock", lambda: 253_402_300_799_999)
    told = "nobody is served any more: the licence ended at "
    wrong(feed(client), 410, "closed", "", told)
    wrong(client.post("/v1/events", json={"events": [event(page)]}), 410, "closed", "", told)
    wrong(client.post("/v1/viewers", json={}), 410, "closed", "", told)
    wrong(client.post("/v1/videos", json={"video": 1, "creator": 1, "duration": 1}), 410, "closed", "", told)
    wrong(
        client.post("/v1/settings", json=of_viewer(1).chosen(token(), "block", 1)),
        410, "closed", "", told,
    )  # fmt: skip
    assert client.get(f"/v1/pages/{page['receipt']['index']}").status_code == 200
    assert client.get("/log/checkpoint").status_code == 200
    assert client.get("/health").json()["detail"].startswith("nobody is served: the licence ended at ")

"""The vectors of tests/vectors/records.json, against our code and against FORMATS section 0 written out again here."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from plainview.ledger.hashing import leaf_hash
from plainview.records import KINDS, PUBLIC, Event, Setting, Viewer, decode, encode
from plainview.records.digests import (
    arm_draw,
    arrays_digest,
    audit_seed,
    commitment,
    epoch_digest,
    page_seed,
    refused_digest,
    session_name,
)
from plainview.records.leaf import personal_leaf, public_leaf
from tests.records.examples import EXAMPLES

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "records.json").read_text("utf-8"))


def sha256(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_there_is_a_vector_for_every_kind() -> None:
    assert {vector["kind"] for vector in VECTORS["records"]} == set(KINDS) == set(EXAMPLES)


@pytest.mark.parametrize("vector", VECTORS["records"], ids=lambda vector: vector["kind"])
def test_record(vector: dict[str, str]) -> None:
    kind, body, salt = vector["kind"], vector["body"].encode(), bytes.fromhex(vector["salt"])
    assert encode(EXAMPLES[kind]) == body
    assert decode(KINDS[kind], body) == EXAMPLES[kind]
    assert json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode() == body
    committed = bytes.fromhex(vector["commitment"])
    assert commitment(salt, body) == committed
    assert sha256(b"plainview/body/v1", b"\0", salt, body) == vector["commitment"]
    if kind in PUBLIC:
        leaf = public_leaf(kind, EXAMPLES[kind])
        assert leaf == b'{"k":"' + kind.encode() + b'","c":"' + b"-" * 43 + b'","p":' + body + b"}"
    else:
        leaf = personal_leaf(kind, committed)
        shown = "page" if kind == "page" else "personal"
        assert leaf == f'{{"k":"{shown}","c":"{text(committed)}"}}'.encode()
    assert leaf == vector["leaf"].encode()
    assert leaf_hash(leaf).hex() == sha256(b"\0", leaf) == vector["leaf_hash"]


def test_refused_digest() -> None:
    vector = VECTORS["refused_digest"]
    bodies = [body.encode() for body in vector["bodies"]]
    framed = b"".join(len(body).to_bytes(4, "big") + body for body in bodies)
    assert refused_digest(bodies).hex() == vector["digest"] == sha256(b"plainview/refused/v1", b"\0", framed)


def test_epoch_digest() -> None:
    vector = VECTORS["epoch_digest"]
    parent, upto, delta = bytes.fromhex(vector["parent"]), vector["upto"], bytes.fromhex(vector["delta"])
    assert epoch_digest(parent, upto, delta).hex() == vector["digest"]
    assert sha256(b"plainview/epoch/v1\0", parent, upto.to_bytes(8, "big"), delta) == vector["digest"]


def test_page_seed() -> None:
    vector = VECTORS["page_seed"]
    release, epoch, nonce, session = (bytes.fromhex(vector[name]) for name in ("release", "epoch", "nonce", "session"))
    n = vector["n"]
    assert page_seed(release, epoch, nonce, session, n).hex() == vector["seed"]
    assert sha256(b"plainview/page-seed/v1\0", release, epoch, nonce, session, n.to_bytes(4, "big")) == vector["seed"]


@pytest.mark.parametrize(
    "vector", VECTORS["arm_draws"], ids=lambda vector: f"{vector['experiment']}-{vector['viewer']}"
)
def test_arm_draw(vector: dict[str, Any]) -> None:
    salt, experiment, viewer = bytes.fromhex(vector["salt"]), vector["experiment"], vector["viewer"]
    assert arm_draw(salt, experiment, viewer) == vector["draw"]
    hashed = sha256(b"plainview/arm/v1", b"\0", salt, experiment.encode(), viewer.to_bytes(8, "big"))
    assert int(hashed[:16], 16) * 1_000_000 // 2**64 == vector["draw"]


def test_audit_seed() -> None:
    vector = VECTORS["audit_seed"]
    root, secret = bytes.fromhex(vector["root"]), bytes.fromhex(vector["secret"])
    assert audit_seed(root, secret).hex() == sha256(b"plainview/audit-seed/v1\0", root, secret) == vector["seed"]


def test_session_name() -> None:
    vector = VECTORS["session_name"]
    key = bytes.fromhex(vector["key"])
    assert session_name(key).hex() == sha256(b"plainview/session/v1\0", key)[:32] == vector["name"]


def test_what_is_signed_of_an_event() -> None:
    event = EXAMPLES["event"]
    assert isinstance(event, Event)
    fields = msgspec.structs.asdict(event)
    said = {name: fields[name] for name in ("viewer", "id", "page", "position", "video", "action", "watched", "at")}
    assert event.said().signed() == b"plainview/event/v1\0" + json.dumps(said, separators=(",", ":")).encode()


def test_what_is_signed_of_a_registration_and_a_setting() -> None:
    viewer, setting = EXAMPLES["viewer"], EXAMPLES["setting"]
    assert isinstance(viewer, Viewer)
    assert isinstance(setting, Setting)
    fields = msgspec.structs.asdict(viewer)
    told = {name: fields[name] for name in ("viewer", "id", "region", "age", "mode", "key")}
    assert viewer.told().signed() == b"plainview/viewer/v1\0" + json.dumps(told, separators=(",", ":")).encode()
    fields = msgspec.structs.asdict(setting)
    chosen = {name: fields[name] for name in ("viewer", "id", "setting", "target")}
    assert setting.chosen().signed() == b"plainview/setting/v1\0" + json.dumps(chosen, separators=(",", ":")).encode()


def test_arrays_digest() -> None:
    vector = VECTORS["arrays_digest"]
    arrays, parts = {}, [b"plainview/arrays/v1\0"]
    for entry in sorted(vector["arrays"], key=lambda entry: entry["name"]):
        data = bytes.fromhex(entry["data"])
        arrays[entry["name"]] = np.frombuffer(data, dtype=entry["dtype"]).reshape(entry["shape"])
        shape = ",".join(str(size) for size in entry["shape"])
        parts += [f"{entry['name']}\0{entry['dtype']}\0{shape}\0".encode(), data]
    assert arrays_digest(arrays).hex() == sha256(*parts) == vector["digest"]
    big = {name: array.astype(array.dtype.newbyteorder(">")) for name, array in reversed(arrays.items())}
    assert arrays_digest(big).hex() == vector["digest"]


@pytest.mark.parametrize("size", [0, 31, 33])
def test_digests_of_another_length_are_refused(size: int) -> None:
    other, good, half = bytes(size), bytes(32), bytes(16)
    for call in (
        lambda: commitment(other, b""),
        lambda: epoch_digest(other, 0, good),
        lambda: epoch_digest(good, 0, other),
        lambda: page_seed(other, good, half, half, 0),
        lambda: page_seed(good, other, half, half, 0),
        lambda: page_seed(good, good, other, half, 0),
        lambda: page_seed(good, good, half, other, 0),
        lambda: audit_seed(other, good),
        lambda: audit_seed(good, other),
        lambda: session_name(other),
    ):
        with pytest.raises(ValueError, match=r"32 bytes|16 bytes"):
            call()


def test_an_act_too_large_for_a_leaf_is_refused() -> None:
    with pytest.raises(ValueError, match=r"release: .* bytes of public fields"):
        public_leaf("release", msgspec.structs.replace(EXAMPLES["release"], manifest="x" * 48_001))

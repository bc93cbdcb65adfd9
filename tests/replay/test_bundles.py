from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import replace

from plainview.feed.configuration import max_lag_of
from plainview.platform.releases import bundle_of, installed, installed_digest
from plainview.records.arrays import pack_floats
from plainview.records.digests import arrays_digest
from plainview.records.fields import to_text
from plainview.records.release import MANIFEST_LIMIT
from plainview.replay import bundles
from plainview.replay.bounds import Reign
from plainview.replay.bundles import Bundle, BundleError, pack, unpack
from plainview.replay.incumbent import Incumbent
from tests.records.test_arrays import entry, file
from tests.replay.releases import manifested

BUNDLE = bundle_of(installed())
PACKED = pack(BUNDLE)
FILES = list(BUNDLE.files().items())
NEEDED = ("policies.json", "plainview/moderation/__init__.py")
DEEP = '{"x":' + "[" * 50_000
ODD = file({"a": entry([1], 0, 4, **{"\x1b[31m": 1})}, bytes(4))
SMALL = replace(
    BUNDLE,
    source={"feed/a.py": b"A = 1\n", "learning/b/c.py": b"B = 2\n", "records/d.py": b""},
    ui={"index.html": b"<!doctype html>\n", "marks/seal.svg": b"<svg/>\n"},
)


def tar(*members: tuple[str, bytes], **fields: object) -> bytes:
    """A tar of these, as Python's own module writes it, without what fills it up to a tape's record."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for field, value in fields.items():
                setattr(member, field, value)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()[: sum(512 + len(data) + -len(data) % 512 for _, data in members) + 1024]


def test_it_reads_back_and_is_the_installed_release() -> None:
    assert unpack(PACKED) == BUNDLE
    assert BUNDLE.release == installed_digest()
    assert pack(unpack(PACKED)) == PACKED


def test_it_is_what_any_tar_of_the_same_members_is() -> None:
    assert tar(*FILES) == PACKED


def test_any_tar_reads_it_and_what_lies_there_can_be_imported(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(PACKED)) as archive:
        assert [member.name for member in archive] == list(BUNDLE.files())
        assert all((one.mtime, one.uid, one.gid, one.uname, one.mode) == (0, 0, 0, "", 0o644) for one in archive)
        archive.extractall(tmp_path, filter="data")
    assert bundles.source_of(tmp_path / "plainview") == BUNDLE.source
    assert bundles.ui_of(tmp_path) == BUNDLE.ui


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_one_byte_changed_is_no_bundle_or_another_release(at: int, by: int) -> None:
    changed = bytearray(PACKED)
    changed[at] ^= by
    try:
        found = unpack(bytes(changed))
    except BundleError:
        return
    assert found.release != BUNDLE.release


@given(st.integers(0, 4000), st.integers(1, 255))
def test_nor_in_a_manifest_that_fits(at: int, by: int) -> None:
    """Whoever mends the digests too makes another release."""
    lock = bytearray(BUNDLE.lock)
    lock[at] ^= by
    try:
        packed = pack(manifested(replace(BUNDLE, lock=bytes(lock))))
    except BundleError:
        return
    assert unpack(packed).release != BUNDLE.release


@given(st.integers(0, len(BUNDLE.policies) - 1), st.integers(1, 255))
def test_nor_in_its_policies(at: int, by: int) -> None:
    policies = bytearray(BUNDLE.policies)
    policies[at] ^= by
    try:
        packed = pack(manifested(replace(BUNDLE, policies=bytes(policies))))
    except BundleError:
        return
    assert unpack(packed).release != BUNDLE.release


def test_nor_in_the_rules() -> None:
    name = "moderation/rules/decisions.py"
    source = {**BUNDLE.source, name: BUNDLE.source[name] + b"#"}
    assert unpack(pack(manifested(replace(BUNDLE, source=source)))).release != BUNDLE.release


@given(st.integers(0, len(PACKED)), st.binary(min_size=1, max_size=600))
def test_what_is_cut_off_or_added_is_refused(at: int, more: bytes) -> None:
    for data in (PACKED[:at] if at < len(PACKED) else b"", PACKED + more, more):
        with pytest.raises(BundleError):
            unpack(data)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "it does not end as a bundle does"),
        (tar(*FILES) + bytes(512), "it does not end as a bundle does"),
        (tar(*FILES, mtime=1), "'lock.txt' is no plain file of mode 0644 without owner and time"),
        (tar(*FILES, uid=1), "'lock.txt' is no plain file"),
        (tar(*FILES, mode=0o755), "'lock.txt' is no plain file"),
        (tar(*FILES, type=tarfile.SYMTYPE, linkname="/etc/passwd"), "'lock.txt' is no plain file"),
        (tar(*FILES, type=tarfile.LNKTYPE, linkname="lock.txt"), "'lock.txt' is no plain file"),
        (tar(*FILES, type=tarfile.GNUTYPE_SPARSE), "'lock.txt' is no plain file"),
        (tar(*FILES[1:]), "it has no lock.txt"),
        (tar(*FILES[:1], *FILES[2:]), "it has no manifest.json"),
        (tar(*FILES[:2], *FILES[3:]), "it has no plainview/__init__.py"),
        *((tar(*(one for one in FILES if one[0] != name)), f"it has no {name}") for name in NEEDED),
        (tar(*((name, b"#" if name == NEEDED[1] else data) for name, data in FILES)), f"{NEEDED[1]} is not empty"),
        (tar(FILES[1], FILES[0], *FILES[2:]), "'lock.txt' is out of order, or there twice"),
        (tar(FILES[0], FILES[0], *FILES[1:]), "'lock.txt' is out of order, or there twice"),
        *(
            (tar((name, b""), *FILES), f"member {name!r} belongs to no bundle")
            for name in (
                "/etc/passwd", "../x.py", "plainview/../x.py", "plainview/feed/../x.py", "plainview/feed//x.py",
                "./lock.txt", "numpy.py", "plainview/server/app.py", "plainview/feed/x.so", "plainview/moderation/x.py",
                "plainview/x.py",
                "plainview/feed/x.py/", "sitecustomize.py", "ui/x.py", "ui/../x.js", "ui//x.js", "ui/x.js/", "x.js",
                "plainview/ui/x.js", "plainview/feed/caf\N{LATIN SMALL LETTER E WITH ACUTE}.py",
            )
        ),
        (bytes(bundles.SIZE_LIMIT + 1), "longer than"),
    ],
)  # fmt: skip
def test_what_is_hostile_is_told(data: bytes, told: str) -> None:
    with pytest.raises(BundleError, match=re.escape(told)) as caught:
        unpack(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda one: replace(one, source={**one.source, "feed/a.py": b"A = 3\n"}), "the digest of its source is"),
        (lambda one: replace(one, ui={**one.ui, "index.html": b"<!doctype html>"}), "the digest of its app is"),
        (lambda one: replace(one, ui={"index.html": one.ui["index.html"]}), "the digest of its app is"),
        (lambda one: replace(one, ui={}), "the digest of its app is"),
        (lambda one: replace(one, lock=one.lock.replace(b"sha256:", b"sha256:0", 1)), "the digest of its lock.txt is"),
        (
            lambda one: replace(one, policies=one.policies.replace(b"Spam", b"Spim")),
            "its policies.json is version 1 with",
        ),
        (lambda one: manifested(replace(one, policies=b"{}")), "policies.json: Pack: "),
        (lambda one: manifested(one, policies={"version": 2, "digest": "A" * 43}), "says version 2 with A+"),
        (lambda one: manifested(one, policies=1), "manifest.json is no release's"),
        (lambda one: manifested(one, x='"' * 12_000), "no journal could name it: release: .* bytes of public fields"),
        (lambda one: manifested(replace(one, lock=b"cffi==1\n" + one.lock)), "has entries of others than"),
        (lambda one: manifested(replace(one, lock=b"numpy==1\n")), "no entry of llvmlite, msgspec, numba"),
        (lambda one: manifested(replace(one, lock=b"\xff")), "lock.txt: "),
        (lambda one: manifested(replace(one, lock=one.lock + b"numpy==1\n")), "its entry of numpy has no hashes"),
        (lambda one: manifested(replace(one, partner=DEEP.encode())), "partner.json is no partner's tier"),
        (lambda one: manifested(one, x="y" * MANIFEST_LIMIT), "manifest.json has more than 30,000 characters"),
        (lambda one: manifested(one, x=json.decode("[" * 50 + "]" * 50)), "manifest.json is nested more than 32 deep"),
        (lambda one: manifested(replace(one, parameters=ODD)), "parameters.safetensors: .*\\\\x1b"),
        (lambda one: manifested(one, parameters="A" * 43), "the digest of its parameters is"),
        (lambda one: manifested(one, configuration={}), "manifest.json is no release's"),
        (lambda one: replace(one, manifest=b"{}"), "manifest.json is no release's"),
        (lambda one: replace(one, manifest=b"\xff"), "manifest.json is no release's"),
        (lambda one: replace(one, manifest=b'{"x":' + b"[" * 50_000), "manifest.json is no release's"),
        (lambda one: manifested(replace(one, source={f"feed/{'x' * 120}.py": b""})), "no plain file|too long"),
    ],
)
def test_every_digest_is_computed_again(change: Callable[[Bundle], Bundle], told: str) -> None:
    pack(manifested(SMALL))
    with pytest.raises(BundleError, match=told):
        pack(change(manifested(SMALL)))


def test_the_app_that_a_manifest_names() -> None:
    named = bundles.app_named(BUNDLE.manifest.decode())
    assert named == to_text(bundles.ui_digest(BUNDLE.ui)) != to_text(bundles.source_digest(BUNDLE.ui))
    for none in ("", "{}", "[]", '{"ui":"x"}'):
        with pytest.raises(ValueError, match="no release's manifest"):
            bundles.app_named(none)


@pytest.mark.parametrize("read", [bundles.app_named, max_lag_of])
def test_a_manifest_nested_without_end_is_none(read: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match="no release's manifest"):
        read(DEEP)


def test_nor_is_one_that_was_in_charge(monkeypatch: pytest.MonkeyPatch) -> None:
    class Computing:
        def golden(self) -> str:
            return "x"

        def close(self) -> None: ...

    incumbent = Incumbent(cast(Any, None), installed(), None, 1, 1)
    incumbent.reign = Reign(0, "r", DEEP, 0)
    monkeypatch.setattr(incumbent, "_running", Computing())
    assert not incumbent.sound()
    assert incumbent.why == "its golden vectors come to x on this machine, and by its manifest to nothing"


PARAMETERS = pack_floats({"a": np.ones(3, np.float32)})


def test_parameters_are_a_member_where_there_are_any() -> None:
    bundle = replace(SMALL, parameters=PARAMETERS)
    digest = to_text(arrays_digest({"a": np.ones(3, np.float32)}))
    with pytest.raises(BundleError, match="the digest of its parameters is"):
        pack(manifested(bundle))
    whole = manifested(bundle, parameters=digest)
    assert unpack(pack(whole)) == whole
    with pytest.raises(BundleError, match="the digest of its parameters is"):
        pack(replace(whole, parameters=b""))
    for odd, told in ((b"x", "parameters.safetensors: "), (pack_floats({}), "parameters.safetensors holds none")):
        with pytest.raises(BundleError, match=told):
            pack(manifested(replace(SMALL, parameters=odd)))


def test_code_is_shared_by_releases_that_differ_in_data() -> None:
    other = manifested(SMALL, parameters=to_text(bytes(32)))
    assert (other.code, other.release) == (manifested(SMALL).code, to_text(hashlib.sha256(other.manifest).digest()))
    assert manifested(replace(SMALL, source={"feed/a.py": b""})).code != other.code
    assert manifested(replace(SMALL, lock=b"")).code != other.code


def test_a_manifest_may_have_more_than_is_known_here() -> None:
    later = manifested(SMALL, experiments=["a"])
    assert unpack(pack(later)) == later

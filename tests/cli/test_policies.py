"""`plainview policies`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from msgspec.structs import replace

from plainview.moderation.rules.pack import name_of, read_pack
from plainview.platform.releases import bundle_of, installed, installed_digest
from plainview.records import encode
from plainview.records.fields import to_text
from plainview.replay.bundles import pack
from tests.cli.homes import invoke, one_line
from tests.moderation.rules.packs import allowed, policy
from tests.replay.releases import manifested

PACK = read_pack(installed().policies)


def test_all_of_them_are_listed_with_what_they_allow() -> None:
    result = invoke("policies")
    assert result.exit_code == 0, result.output
    shown = " ".join(result.output.split())
    assert f"release {installed_digest()}" in shown
    assert f"policies version 1, {name_of(PACK).digest}" in shown
    for one in PACK.policies:
        assert one.code in shown
    assert "Spam low removed, not recommended" in shown
    assert "removed; sealed" in shown


def test_one_of_them() -> None:
    result = invoke("policies", "ai_undisclosed")
    assert result.exit_code == 0
    assert "Generated and not said so" in result.output
    assert "nothing" in result.output
    assert "Spam" not in result.output
    assert "has no such policy" in one_line(invoke("policies", "because"))
    assert invoke("policies", "because").exit_code == 2


def test_they_come_byte_for_byte() -> None:
    data = invoke("policies", "--json").stdout_bytes
    assert to_text(hashlib.sha256(data).digest()) == installed().manifest.policies.digest


def test_those_of_a_bundle_are_shown_and_no_terminal_is_written_to(tmp_path: Path) -> None:
    odd = replace(policy("law", allowed("geo_disabled", ("DE", "FR")), allowed("age_restricted", (), ("13-15",))))
    made = replace(PACK, version=2, policies=(replace(odd, title="Law\x1b[31m[red]"),))
    bundle = manifested(replace(bundle_of(installed()), policies=encode(made)))
    (tmp_path / "made").write_bytes(pack(bundle))
    result = invoke("policies", "--release", tmp_path / "made")
    shown = " ".join(result.output.split())
    assert "version 2" in shown
    assert "[red]" in shown
    assert "\x1b" not in result.output
    assert "kept from regions in DE, FR" in shown
    assert "kept from viewers below 18 for 13-15" in shown

"""The viewers' app: what is served is what the manifest names, to the byte."""

from __future__ import annotations

import gzip
import hashlib
import re

from litestar import Litestar
from litestar.testing import TestClient

from plainview.oversight.partner.served_app import _names
from plainview.platform.application import Application
from plainview.platform.releases import installed, installed_digest, installed_ui
from plainview.records import encode
from plainview.records.fields import to_text
from tests.server.test_routes import wrong

Client = TestClient[Litestar]


def where() -> str:
    return f"/ui/{installed().manifest.ui}/"


def test_the_address_leads_to_the_app(client: Client) -> None:
    answer = client.get("/", follow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["location"] == f"{where()[1:]}index.html"
    assert answer.headers["cache-control"] == "no-cache"


def test_every_file_is_served_as_it_was_measured(client: Client) -> None:
    files = installed_ui()
    assert {"index.html", "app.css", "main.js", "seal.js", "icon.svg"} <= files.keys()
    for name, data in files.items():
        answer = client.get(where() + name, headers={"accept-encoding": "identity"})
        assert (answer.status_code, answer.content) == (200, data)
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in policy
        assert "http" not in policy
    with client.stream("GET", where() + "main.js", headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(answer.iter_raw())) == files["main.js"]


def test_the_index_names_all_others(client: Client) -> None:
    """A browser asks for what it names, and so does the partner, who computes the digest of all."""
    assert {"index.html", *_names(installed_ui()["index.html"])} == installed_ui().keys()


def test_no_file_of_it_names_another_address() -> None:
    for name, data in installed_ui().items():
        addresses = set(re.findall(rb"https?://[^\"' ]+", data)) - {b"http://www.w3.org/2000/svg"}
        assert addresses == set(), name
        assert b"innerHTML" not in data, name


def test_what_is_no_file_of_this_release(client: Client) -> None:
    for path in (
        f"/ui/{'A' * 43}/index.html", where() + "nothing.js", where() + "../index.html", where() + "%2e%2e/x.js",
        where() + "__init__.py", "/ui/x/index.html",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["error"] == "not_found"


def test_the_manifest_of_a_release(client: Client) -> None:
    answer = client.get(f"/v1/releases/{installed_digest()}")
    assert (answer.status_code, answer.content) == (200, encode(installed().manifest))
    assert to_text(hashlib.sha256(answer.content).digest()) == installed_digest()
    other = to_text(bytes(32))
    wrong(client.get(f"/v1/releases/{other}"), 404, "unknown_release", "digest", f"no release {other} is or was")
    wrong(client.get("/v1/releases/other"), 400, "malformed", "digest", "send 32 bytes in unpadded base64url")


def test_all_charters(client: Client, town: Application) -> None:
    first = town.journal.entry(0)
    answer = {"index": 0, "time": first.time, "note": first.record.note}  # type: ignore[attr-defined]
    assert client.get("/v1/charters").json() == {"charters": [answer]}

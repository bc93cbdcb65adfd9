"""Bundles whose release is a few lines of Python, made for one test."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from msgspec import json
from msgspec.structs import replace

from plainview.moderation.rules.pack import name_of, read_pack
from plainview.platform.releases import bundle_of, installed
from plainview.records.fields import to_text
from plainview.replay.bundles import Bundle, source_digest, ui_digest


def manifested(bundle: Bundle, **changes: object) -> Bundle:
    """With a manifest that fits, but for the changes."""
    made = json.decode(bundle.manifest)
    made["source"] = to_text(source_digest(bundle.source))
    made["ui"] = to_text(ui_digest(bundle.ui))
    with suppress(ValueError):
        made["policies"] = json.decode(json.encode(name_of(read_pack(bundle.policies))))
    made["lock"] = to_text(hashlib.sha256(bundle.lock).digest())
    return replace(bundle, manifest=json.encode(made | changes))


def running(code: str, golden: str = "") -> Bundle:
    """A release that is nothing but what it does when it is run; `said` and `heard` are there to talk with.

    `golden` is the body of the function that gives its golden vectors.
    """
    source = {
        "feed/__init__.py": b"",
        "feed/configuration.py": b"import msgspec\nclass Configuration(msgspec.Struct):\n    name: str\n",
        "learning/__init__.py": b"",
        "learning/golden.py": f"import os, sys, time\ndef golden(configuration, parameters):\n    {golden}\n".encode(),
        "learning/parameters.py": b"def read_parameters(data):\n    return data\n",
        "learning/rerun.py": (_TALKING + code).encode(),
    }
    return manifested(replace(bundle_of(installed()), source=source))


_TALKING = """
import os, sys, time
import msgspec

def said(body):
    os.write(1, len(body).to_bytes(4, "big") + body)

def answer(kind, **fields):
    said(msgspec.msgpack.encode({"type": kind} | fields))

def heard():
    size = int.from_bytes(sys.stdin.buffer.read(4), "big")
    return msgspec.msgpack.decode(sys.stdin.buffer.read(size))

"""

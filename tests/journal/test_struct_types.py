from __future__ import annotations

import sys
from functools import partial
from types import ModuleType
from typing import Any

import msgspec._utils
import pytest

from plainview.journal.struct_types import complete_struct_types
from tests.server.typed import watch_types

SOURCE = """
from __future__ import annotations
import msgspec

class Inner(msgspec.Struct):
    number: int

class Outer(msgspec.Struct, tag=True):
    inner: list[Inner]

class Derived(Outer, tag=True):
    other: Other

class Other(msgspec.Struct):
    text: str

class Undecodable(msgspec.Struct):
    either: Inner | Other
"""


def declared(name: str) -> Any:
    """A module with these types. Both stay: those that are looked at later need to find each other."""
    module = sys.modules[name] = ModuleType(name)
    exec(SOURCE, module.__dict__)
    return module


def test_no_decoding_is_the_first_look_at_a_type(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    watch_types(lambda kind: seen.append(kind.__name__), partial(monkeypatch.setattr, msgspec._utils))
    ours = declared("plainview.sample")
    complete_struct_types()
    assert {"Inner", "Outer", "Derived", "Other"} <= set(seen)
    seen.clear()
    found = msgspec.json.decode(b'{"type":"Derived","inner":[{"number":1}],"other":{"text":"a"}}', type=ours.Derived)
    assert found == ours.Derived([ours.Inner(1)], ours.Other("a"))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=ours.Derived) == found
    assert msgspec.convert({"number": 2}, ours.Inner) == ours.Inner(2)
    assert seen == []


def test_types_of_others_are_left_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    watch_types(lambda kind: seen.append(kind.__module__), partial(monkeypatch.setattr, msgspec._utils))
    declared("plainviewer.sample")
    complete_struct_types()
    assert "plainviewer.sample" not in seen

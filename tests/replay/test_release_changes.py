from __future__ import annotations

from typing import Any

import pytest
from msgspec import json
from msgspec.structs import replace

from plainview.platform.releases import bundle_of, installed
from plainview.replay.bundles import Bundle
from plainview.replay.release_changes import Change, Changes, File, Locked, changes
from tests.replay.releases import manifested

OURS = bundle_of(installed())


def configured(**fields: Any) -> Bundle:
    """Ours with other fields of the configuration."""
    return manifested(OURS, configuration=json.decode(OURS.manifest)["configuration"] | fields)


def value(**weights: int) -> list[dict[str, Any]]:
    """Our value formula with other weights."""
    terms = {one["head"]: one["weight"] for one in json.decode(OURS.manifest)["configuration"]["value"]}
    return [{"head": head, "weight": weight} for head, weight in (terms | weights).items()]


def test_a_release_is_what_it_is() -> None:
    assert changes(OURS, OURS) == Changes((), (), (), (), ())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_lag": 7}, [("max_lag", 50_000, 7)]),
        ({"value": value(like=600_000)}, [("value.like.weight", 500_000, 600_000)]),
        ({"value": value(wink=1)}, [("value.wink", None, {"weight": 1})]),
        ({"value": value()[1:]}, [("value.rank", {"weight": 300_000}, None)]),
        ({"filters": ["age"]}, [("filters", ["ineligible", "age", "blocked-creator", "muted-tag", "seen"], ["age"])]),
        ({"spacing": {"decay": 500_000, "floor": 1}}, [("spacing.floor", 250_000, 1)]),
        ({"colour": None}, []),
        ({"colour": "red"}, [("colour", None, "red")]),
        (
            {"experiments": [{"name": "e", "arms": [{"name": "more", "share": 5}]}]},
            [("experiments.e", None, {"arms": [{"name": "more", "share": 5}]})],
        ),
    ],
)
def test_fields_are_told_one_by_one(fields: dict[str, Any], expected: list[tuple[str, Any, Any]]) -> None:
    other = configured(**fields)
    assert changes(OURS, other).manifest == tuple(Change(f"configuration.{name}", *sides) for name, *sides in expected)
    assert changes(other, OURS).manifest == tuple(
        Change(f"configuration.{name}", after, before) for name, before, after in expected
    )


def test_another_order_is_a_change_too() -> None:
    (found,) = changes(OURS, configured(value=value()[::-1])).manifest
    assert found.field == "configuration.value.order"
    assert found.before == found.after[::-1] == [one["head"] for one in value()]


def test_of_arms_the_weights_are_told() -> None:
    one, other = (
        configured(
            experiments=[{"name": "e", "arms": [{"name": "more", "value": [{"head": "like", "weight": weight}]}]}]
        )
        for weight in (1, 2)
    )
    assert changes(one, other).manifest == (Change("configuration.experiments.e.arms.more.value.like.weight", 1, 2),)


def test_digests_are_told_and_of_source_and_lock_what_is_in_them() -> None:
    source = dict(OURS.source)
    changed = source["feed/heads.py"]
    source["feed/heads.py"] = changed.replace(b"\n", b"\n# more\n", 2)
    source["feed/stages.py"] = b"\n".join(source["feed/stages.py"].splitlines()[::-1])
    del source["feed/positives.py"]
    source["feed/wink.py"] = b"one\ntwo\n"
    lock = OURS.lock.replace(b"numba==", b"numba==9", 1).replace(b"--hash=sha256:", b"--hash=sha256:0", 1)
    ui = {name: data for name, data in OURS.ui.items() if name != "index.html"}
    found = changes(OURS, manifested(replace(OURS, source=source, lock=lock, ui=ui), golden="G" * 42 + "A"))
    assert [one.field for one in found.manifest] == ["golden"]
    lines = len(OURS.source["feed/positives.py"].splitlines())
    assert found.source == (
        File("feed/heads.py", 0, 2, ""), File("feed/positives.py", lines, 0, "a"),
        File("feed/stages.py", 0, 0, ""), File("feed/wink.py", 0, 2, "b"),
    )  # fmt: skip
    assert found.app == (File("index.html", len(OURS.ui["index.html"].splitlines()), 0, "a"),)
    llvmlite, numba = found.lock
    assert llvmlite == Locked("llvmlite", llvmlite.before, llvmlite.before)  # other wheels of the same versions
    assert (numba.package, numba.after[0]) == ("numba", f"9{numba.before[0]}")

"""Every field that a call takes has words of its own, and none of them are msgspec's."""

from __future__ import annotations

import msgspec
import pytest

from plainview.platform.catalogue import NewVideo
from plainview.platform.events import NewEvent
from plainview.platform.malformed import malformed
from plainview.platform.serving import Ask
from plainview.platform.viewers import NewSetting, NewViewer
from plainview.server.answers import EventBatch

KINDS = [Ask, EventBatch, NewEvent, NewSetting, NewVideo, NewViewer]
CASES = [(kind, field) for kind in KINDS for field in kind.__struct_fields__]


@pytest.mark.parametrize(("kind", "field"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_a_field_says_what_to_send(kind: type[msgspec.Struct], field: str) -> None:
    # Fields are decoded in the order in which they are sent.
    data = b'{"%s":{}}' % field.encode()
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(data, type=kind)
    fault = malformed(caught.value, kind, data)
    assert (fault.code, fault.field) == ("malformed", field)
    assert fault.message.startswith(f"{field}: send ")
    for foreign in ("`", "$", "^", "Expected", "None"):
        assert foreign not in fault.message


@pytest.mark.parametrize(
    ("name", "told"),
    [("x" * 40, "x" * 40), ("x" * 100_000, "x" * 37 + "..."), ("größe\n\x1b", "größe\\n\\x1b"), ("it's", "it's")],
)
def test_an_unknown_field_is_told_short_and_printable(name: str, told: str) -> None:
    data = msgspec.json.encode({name: 1})
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(data, type=EventBatch)
    fault = malformed(caught.value, EventBatch, data)
    assert (fault.field, fault.message) == (told, f"{told}: there is no such field; send events")


def test_a_value_that_looks_like_a_path_is_no_path() -> None:
    data = b'{"age":"x` - at `$.evil`\\n"}'
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(data, type=NewViewer)
    assert malformed(caught.value, NewViewer, data).field == "age"

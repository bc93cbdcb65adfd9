from __future__ import annotations

import msgspec
import pytest

from plainview.platform.bodies import decoded
from plainview.platform.faults import Fault
from plainview.platform.viewers import NewViewer
from plainview.server.answers import EventBatch


@pytest.mark.parametrize(
    "data",
    [
        b'{"events":[1],"events":[]}',
        b'{"\\u0065vents":[1],"events":[]}',
        b'{"events":["\\u0041"],"events":[]}',
        b'{"events":[' + b"9" * 5_000 + b'],"events":[]}',
    ],
)
def test_a_field_that_is_there_twice_is_named(data: bytes) -> None:
    with pytest.raises(Fault) as caught:
        decoded(EventBatch, data)
    fault = caught.value
    assert (fault.code, fault.field, fault.message) == (
        "malformed", "events", "events: it is there twice; send it once",
    )  # fmt: skip


@pytest.mark.parametrize("event", [b'"events"', b'{"events":[]}', b'{"a":1,"a":"\\n"}', b'"\\""'])
def test_what_lies_within_is_not_the_bodys(event: bytes) -> None:
    assert decoded(EventBatch, b'{"events":[%s,%s]}' % (event, event)).events == [msgspec.Raw(event)] * 2


def test_a_value_that_is_a_name_is_no_name() -> None:
    with pytest.raises(Fault, match="age: send "):
        decoded(NewViewer, b'{"age":"age","mode":"plain"}')

"""One record of every kind, with every field different from what it is elsewhere: what the test vectors are made of."""

from __future__ import annotations

from plainview.records import (
    UNSIGNED,
    Access,
    Act,
    Charter,
    Decision,
    Epoch,
    Event,
    History,
    Impression,
    Item,
    Order,
    Origin,
    Page,
    Record,
    Refusal,
    Release,
    Request,
    Setting,
    Tally,
    Video,
    Viewer,
)
from plainview.records.fields import DASHES, to_text

TIME = 1_767_225_600_123


def digest(byte: int) -> str:
    """The text of 32 equal bytes."""
    return to_text(bytes([byte]) * 32)


def token(byte: int) -> str:
    """The text of 16 equal bytes."""
    return to_text(bytes([byte]) * 16)


EXAMPLES: dict[str, Record] = {
    "access": Access(
        time=TIME, by="auditor.example", purpose="audit", first=1000, until=1200, request=digest(15), granted=True
    ),
    "act": Act(
        time=TIME,
        note="plainview/act/v1\nact revocation\n\n\N{EM DASH} partner.example BBBBBBBB\n",
        counts=False,
    ),
    "charter": Charter(
        time=TIME,
        note="plainview/charter/v1\nnumber 0\n\n\N{EM DASH} operator.example AAAAAAAA\n",
    ),
    "decision": Decision(
        time=TIME,
        decision=9,
        effect="restrict",
        pack=digest(16),
        policy="suggestive",
        restriction="age_restricted",
        video=77,
        regions=("DE", "FR"),
        ages=("13-15", "16-17"),
        ground="Terms, section 4: dangerous acts",
    ),
    "epoch": Epoch(time=TIME, epoch=3, upto=1200, parent=digest(2), delta=digest(3), digest=digest(4), state=DASHES),
    "event": Event(
        time=TIME,
        viewer=5,
        id=token(5),
        page=1100,
        position=2,
        video=77,
        creator=8,
        action="view",
        watched=12_345,
        at=TIME - 40,
        key=digest(6),
        signature=to_text(bytes([7]) * 64),
    ),
    "history": History(time=TIME, origin="kuairand-pure", viewer=5, at=TIME - 86_400_000, past=((77, 5), (78, 0))),
    "impression": Impression(
        time=TIME,
        origin="kuairand-pure",
        row=41,
        viewer=5,
        video=2**53 - 1,
        surface=1,
        at=TIME - 3_600_000,
        watched=9000,
        outcomes=0b101,
    ),
    "order": Order(
        time=TIME,
        order=4,
        video=78,
        regions=("GB", "US"),
        begins=TIME + 1,
        until=TIME + 86_400_000,
        cap=10_000,
        label="Sponsored",
        ended=False,
        note="plainview/act/v1\nact order\n\n\N{EM DASH} operator.example CCCCCCCC\n",
    ),
    "origin": Origin(
        time=TIME, origin="kuairand-pure", licence="CC BY-SA 4.0", source="kuairand.com", digest=digest(6)
    ),
    "page": Page(
        time=TIME,
        viewer=5,
        session=token(7),
        n=1,
        previous=digest(8),
        release=digest(9),
        grounds=(3, 12),
        charter=0,
        policy=1050,
        epoch=3,
        epoch_digest=digest(4),
        pinned=3,
        cursor=0,
        viewer_upto=1099,
        viewer_digest=digest(10),
        wanted="personal",
        request=Request(
            surface=1, region="DE", age="18+", mode="personal", limit=2, nonce=token(11), acknowledged=1099
        ),
        now=TIME - 3,
        arms=("calm:control",),
        orders=(),
        items=(
            Item(
                video=77,
                source="similar",
                parts=(1_056_964_608, 0),
                value=1_065_353_216,
                selector="spacing",
                propensity=1_065_353_216,
            ),
            Item(
                video=78,
                source="fresh",
                parts=(4_294_967_295, 1),
                value=0,
                selector="exploration",
                propensity=1_028_443_341,
            ),
        ),
        trace=digest(12),
        environment=digest(13),
    ),
    "refusal": Refusal(
        time=TIME, origin="kuairand-pure", kind="impression", rows=3, digest=digest(15), reason="nobody let it in"
    ),
    "release": Release(
        time=TIME, name="baseline-1", digest=digest(9), manifest='{"name":"baseline-1"}', policies='{"version":1}'
    ),
    "setting": Setting(time=TIME, viewer=5, id=token(14), setting="mute", target=3, signature="A" * 86),
    "tally": Tally(
        time=TIME,
        first=1000,
        upto=1200,
        lost=False,
        served=90,
        repeated=7,
        refused=6,
        closed=5,
        failed=4,
        rankings=98,
        thrown=(("error", 1), ("stale", 3)),
    ),
    "video": Video(
        time=TIME,
        video=77,
        creator=8,
        created=TIME - 1000,
        duration=15_000,
        tags=(3, 4),
        sound=0,
        form=2,
        region="BR",
        audience="unknown",
        origin="upload",
        caption="Açaí na tigela \U0001f347",
    ),
    "viewer": Viewer(time=TIME, viewer=5, region="ZZ", age="unknown", mode="plain", **UNSIGNED),
}

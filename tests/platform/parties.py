"""All parties of a town's charter, and what they sign until a release may rank."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from plainview.keys.key_files import read_key
from plainview.ledger.acts import AnyAct, Approval, Build, Licence, Order, OrderEnd, Result, Revocation, Submission
from plainview.ledger.scopes import MILLION, Scope
from plainview.platform.acts import NewAct
from plainview.platform.log.opening import KEY
from tests.platform.homes import charter_of, parties_of
from tests.platform.towns import now

ALL = Scope(None, None, MILLION)
DAY = 86_400_000
RELEASE = b"\1" * 32
GOLDEN = b"\2" * 32


class Parties:
    """All parties of the charter of the home in a directory."""

    def __init__(self, home: Path, number: int = 1) -> None:
        """`number` is that of their licence."""
        self.number = number
        self._keys = {path.parent.name: read_key(path) for path in parties_of(home).glob(f"*/{KEY}")}
        self.origin = charter_of(home).origin
        self.now = now()

    def signed(self, act: AnyAct, *names: str) -> NewAct:
        return NewAct(self.note(act.text(), *names))

    def note(self, text: str, *names: str) -> str:
        first, *others = [self._keys[name].note(text).decode() for name in names]
        return first + "".join(other.split("\n\n", 1)[1] for other in others)

    def licence(self, begins: int = 0) -> Licence:
        return Licence(self.origin, self.number, ALL, self.now + begins, self.now + 30 * DAY, DAY, ())

    def submission(self, release: bytes = RELEASE) -> Submission:
        return Submission(self.origin, release, None, self.number)

    def approval(
        self,
        release: bytes = RELEASE,
        *,
        scope: Scope = ALL,
        seen: int = 1,
        until: int = 20 * DAY,
        epochs: tuple[int, int] = (1, 1_000),
    ) -> Approval:
        span = (self.now, self.now + until)
        return Approval(self.origin, release, seen, self.number, scope, *span, *epochs)

    def revocation(self, release: bytes = RELEASE, seen: int = 1) -> Revocation:
        return Revocation(self.origin, release, seen, "it pushes one creator")

    def order(self, number: int, video: int, **changes: object) -> NewAct:
        """An order everywhere for a day from now on, with its two signatures."""
        begins = now()
        span = (begins, begins + DAY)
        made = Order(self.origin, number, video, None, *span, 1_000, "Sponsored", "the spring campaign")
        return self.signed(replace(made, **changes), "operator", "partner")

    def order_end(self, number: int) -> NewAct:
        return self.signed(OrderEnd(self.origin, number, "called off"), "partner")

    def history(self, release: bytes = RELEASE) -> list[NewAct]:
        """All that an approval takes, in order."""
        builds = [Build(self.origin, release, GOLDEN, cpu, b"\3" * 32) for cpu in ("EPYC 9B14", "Xeon 8481C")]
        return [
            self.signed(self.licence(), "licensor", "operator"),
            self.signed(self.submission(release), "licensor"),
            self.signed(builds[0], "builder-1"),
            self.signed(builds[1], "builder-2"),
            self.signed(Result(self.origin, release, "quality", True, b"\4" * 32), "auditor"),
            self.signed(self.approval(release), "partner"),
        ]

"""Whom `plainview verify` believes: a charter by its digest, a policy, or both, which then must both accept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from plainview.cli.verdicts import Trust
from plainview.ledger.charters import digest_text
from plainview.ledger.errors import LedgerError
from plainview.ledger.policies import Policy
from plainview.ledger.spelling import shown
from plainview.oversight.charters import Charters, same

T = TypeVar("T")


class Belief:
    """What was given, at least one of the two."""

    def __init__(self, policy: Policy | None, charters: Charters | None) -> None:
        self.policy = policy
        self.charters = charters

    def check(self, of: Callable[[Trust], T]) -> T:
        """What `of` says by the charters, else by the policy. Raises LedgerError where one of them does not hold."""
        if self.charters is None:
            assert self.policy is not None
            return of(self.policy)
        said = of(self.charters)
        self.check_policy(of)
        return said

    def check_policy(self, of: Callable[[Policy], object]) -> None:
        """Raises LedgerError where a policy is believed beside the charters, and `of` does not hold by it."""
        if self.policy is None or self.charters is None:
            return
        try:
            of(self.policy)
        except LedgerError as error:
            raise type(error)(f"by the policy given: {error}") from error

    def closing(self) -> list[str]:
        """Sentences on the charter, if one is believed: how the policy differs; what was trusted, and what is open."""
        if self.charters is None:
            return []
        digest, last = digest_text(self.charters.digest), self.charters.last
        trusted = f"Trusted: the charter {digest} and {'the policy given' if self.policy else 'nothing else'}"
        if last is None:
            return [f"{trusted}; nothing was proven by it, as it is not here."]
        said = []
        if self.policy and not same(self.policy, last.policy):
            said.append(
                f"The policy given is not that of charter {last.number}, in force here: what is proven holds by both."
            )
        which, comma = (f"charter {last.number}, {digest_text(last.digest())}", ",") if last.number else ("it", "")
        if self.charters.logged:
            left = f"and that nothing amends {which}{comma} since"
        else:
            left = f"that the log has {which}, and that nothing amends it since"
        said.append(f"{trusted}; not proven: that this is what the parties of {shown(last.origin)} agreed on, {left}.")
        return said

    def judged(self) -> str:
        """What is to be said of the charter by which something did not hold, if it may be of an earlier one's time."""
        last = self.charters.last if self.charters else None
        if last is None or last.number == 0:
            return ""
        return f"; by charter {last.number}, the last given: what is from before that is judged without its file"

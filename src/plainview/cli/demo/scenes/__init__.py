"""What is played, a scene a file, in the order of `SCENES`."""

from __future__ import annotations

from collections.abc import Callable

from plainview.cli.demo.scenes import account, approval, change, charter, controls, correction, revocation, service
from plainview.cli.demo.stage import Stage

SCENES: tuple[Callable[[Stage], None], ...] = (
    charter.play,
    service.play,
    approval.play,
    change.play,
    revocation.play,
    correction.play,
    account.play,
    controls.play,
)
"""Each raises Missed where something does not come out as it must."""

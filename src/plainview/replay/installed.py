"""A release that is at work in this process: its code is what is installed here, the rest is data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from plainview.feed.configuration import Configuration, Manifest
from plainview.learning.parameters import NONE, Parameters
from plainview.records.codec import encode
from plainview.records.fields import to_text

if TYPE_CHECKING:
    from plainview.feed.world import World
    from plainview.learning.rerun import Past, Rerun, Stand


class Installed(NamedTuple):
    """A release whose worlds and pages this process computes."""

    manifest: Manifest
    policies: bytes
    """The exact bytes of those that the manifest names (`moderation.rules.pack`)."""
    parameters: Parameters = NONE
    partner: bytes = b""
    """Its partner's tier, empty where it has none."""
    ui: Mapping[str, bytes] = MappingProxyType({})
    """The files of its app, which need not be the one that is served here."""

    @property
    def configuration(self) -> Configuration:
        """Its pipeline, weights and bounds."""
        return self.manifest.configuration

    @property
    def digest(self) -> str:
        """The release's digest: SHA-256 of the manifest's exact bytes, 43 characters of base64url."""
        return to_text(hashlib.sha256(encode(self.manifest)).digest())

    def world(self) -> World:
        """Its world before any record."""
        from plainview.learning.fold import empty_world  # only now: it imports kernels

        return empty_world(self.parameters)

    def at_work(self, past: Past, residents: int, cores: int, stand: Stand | None = None) -> Rerun:
        """It on one journal, in this process, from record 0 on or from where it stood; on more cores than one pages are
        ranked in others beside it (`Rankers`).

        Raises ValueError for a configuration that cannot be run, or a stand that is none of its own.
        """
        from plainview.learning.rerun import Rerun
        from plainview.replay.rankers import Rankers

        beside = partial(Rankers, cores - 1, self.configuration, self.digest) if cores > 1 else None
        return Rerun(
            self.configuration, self.digest, past, parameters=self.parameters, residents=residents, stand=stand,
            beside=beside,
        )  # fmt: skip

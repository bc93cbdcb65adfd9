"""Going on with a journal under another release than the one in charge."""

from __future__ import annotations

from plainview.journal import Draft, EpochStore, Journal, Refused
from plainview.learning.epochs import close
from plainview.platform.faults import HomeError
from plainview.platform.lineage import Follower, Progress
from plainview.platform.reigns import reign_of
from plainview.records import Record, Release, encode
from plainview.replay.installed import Installed


def succeed(
    journal: Journal, epochs: EpochStore, release: Installed, residents: int, progress: Progress | None
) -> None:
    """Have `release` be in charge of `journal`, with a first epoch of its own; nothing where it is.

    It folds the whole journal first, and only then is written down: killed before, the other is in charge as it was,
    and killed after, the next start folds again. Nobody else may append meanwhile. Raises HomeError where it may not.
    """
    reign = reign_of(journal)
    if (reign.release, reign.begun) == (release.digest, True):
        return
    end = journal.size

    def told(done: int) -> None:
        if progress is not None:
            progress(f"Taking over from release {reign.release[:8]}: folding records", done, end)

    follower = Follower(journal, release.configuration, residents, release.world(), 0)
    follower.read_to(end, told)
    if reign.release != release.digest:
        _append(journal, release_record(release))
        reign = reign_of(journal)
    assert reign.base is not None
    follower.read_to(journal.size)
    first = close(follower.world, reign.base, follower.position, snapshot=True)
    epochs.save_delta(first.delta)
    _append(journal, first.record)
    epochs.save_snapshot(first.record, follower.world.snapshot())


def release_record(release: Installed) -> Release:
    """What says that it takes charge; the journal gives it its time."""
    manifest, policies = encode(release.manifest).decode(), release.policies.decode()
    return Release(time=0, name=release.configuration.name, digest=release.digest, manifest=manifest, policies=policies)


def _append(journal: Journal, record: Record) -> None:
    (outcome,) = journal.append([Draft(record)])
    if isinstance(outcome, Refused):
        raise HomeError(f"the journal was not taken over ({outcome.code}): {outcome.reason}")

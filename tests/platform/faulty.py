"""What fails for as long as a test says so: a full disk, a journal that cannot be read."""

from __future__ import annotations

import errno
from typing import Any

from plainview.platform.application import Application
from plainview.storage import StoreFailed, StoreFull


class Faulty:
    """Something whose methods fail while `error` is set, and are called through otherwise."""

    def __init__(self, within: object, *names: str) -> None:
        self._within = within
        self._names = names
        self.error: Exception | None = None
        self.failed = 0

    def __getattr__(self, name: str) -> Any:
        if name in self._names and self.error is not None:
            self.failed += 1
            raise self.error
        return getattr(self._within, name)


NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


def no_space_for_objects(application: Application) -> Faulty:
    faulty = Faulty(application.home.objects._files, "write", "sync", "rename")
    application.home.objects._files = faulty  # type: ignore[assignment]
    faulty.error = NO_SPACE
    return faulty


def no_space_for_records(application: Application) -> Faulty:
    faulty = Faulty(application.journal._store, "append")
    application.journal._store = faulty  # type: ignore[assignment]
    faulty.error = StoreFull("no space left")
    return faulty


def no_reading(application: Application) -> Faulty:
    """Viewers' own records cannot be read: the fold breaks off in the middle."""
    faulty = Faulty(application.journal._store, "owned")
    application.journal._store = faulty  # type: ignore[assignment]
    faulty.error = StoreFailed("disk I/O error")
    return faulty

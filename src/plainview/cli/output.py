"""Standard output that tells where it cannot be written to, whoever writes."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress

STDOUT = 1


def watch_output(code: int) -> None:
    """From here on, end the command with one sentence and exit code `code` where standard output cannot be written.

    A pipe whose reader has gone needs no sentence.
    """
    was = sys.stdout
    if was is None:
        # Closed: whatever is opened next would be in its place, and printed into.
        os.dup2(os.open(os.devnull, os.O_RDONLY), STDOUT)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(code)),
        encoding="utf-8" if was is None else was.encoding,
        errors="backslashreplace",  # as on standard error: nothing ends for a name or a line that it cannot spell
        line_buffering=was is not None and was.isatty(),
    )


class _Output(io.FileIO):
    def __init__(self, code: int) -> None:
        super().__init__(STDOUT, "w", closefd=False)
        self._code = code

    def write(self, data: bytes) -> int | None:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)  # what is left goes nowhere, and fails no more
            if error.errno != errno.EPIPE:
                with suppress(OSError):
                    text = f"error: standard output cannot be written ({error.strerror}): give it another place"
                    print(text, file=sys.stderr)
            raise SystemExit(self._code) from None

"""Times as people write them in options, each in one way only."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from plainview.cli.errors import CommandError

SPELLED = "a date as 2026-12-31 (its first moment in UTC), a time with its zone as 2026-12-31T18:00:00Z or \
2026-12-31T18:00+01:00, or Unix milliseconds of 13 digits or more"

_MILLISECONDS = re.compile("[0-9]{13,18}")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(_DATE.pattern + r"T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{3})?)?(Z|[+-][0-9]{2}:[0-9]{2})")


def milliseconds(text: str) -> int:
    """The time in Unix milliseconds; CommandError for what more than one could be meant by.

    Fewer digits than 13 are no milliseconds: 2027 is a year to whoever writes it, and 20271231 a date.
    """
    if _MILLISECONDS.fullmatch(text):
        return int(text)
    try:
        if _DATE.fullmatch(text):
            time = datetime.fromisoformat(text).replace(tzinfo=UTC)
        elif _MOMENT.fullmatch(text):
            time = datetime.fromisoformat(text)
        else:
            raise CommandError(f"{text!r} is no time: write {SPELLED}")
    except ValueError as error:
        raise CommandError(f"{text!r} is no time that a calendar has ({error})") from error
    return (time - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)

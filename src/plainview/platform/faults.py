"""What a caller of the platform did wrong, and what its operator has to mend, in words for whom it is told."""

from __future__ import annotations


class HomeError(Exception):
    """The data directory cannot be used, why, and what to do."""


class Fault(Exception):
    """A request that cannot be done: which rule it breaks, what is wrong, where, and what to do.

    `code` is one word of `CODES`, stable across versions; `field` names what is at fault, empty where nothing does.
    """

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        assert code in CODES, code
        self.code = code
        self.message = message
        self.field = field


CODES = frozenset(
    {
        "malformed",  # not what the call takes: a field missing, of the wrong type or out of range
        "too_large",
        "unknown_viewer",
        "unknown_video",
        "unknown_page",  # no page, or not this viewer's
        "unknown_index",
        "unknown_release",
        "wrong_position",
        "wrong_watched",
        "foreign_event",  # signed by somebody else, or changed since
        "foreign_registration",  # of a viewer with a key, and not signed by it
        "foreign_setting",  # not signed by the viewer's key, or the viewer has none
        "future",
        "ancient",
        "foreign_session",
        "out_of_turn",
        "not_acknowledged",
        "foreign_video",
        "foreign_act",  # no party has signed it
        "foreign_request",  # for records, and no auditor has signed it
        "stale",  # signed at another time than now
        "repeated",  # what may be done once was done already
        "id_reused",  # another record has the id
        "too_many",  # an earlier choice of the viewer's would have to go
        "refused",  # by the journal's fence, for another reason than the above
        "closed",  # every licence has ended: nobody is served any more
        "unavailable",  # nothing wrong with the request: try again later
    }
)

"""The viewers' app as the platform serves it to a browser, held against the release in charge: all of its files, found
as a browser finds them and asked for as `browser` says, so that it takes more than a look at what is asked for, and at
the user-agent, to tell the partner's viewer from another."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import NamedTuple

from plainview.http.asking import Answer, AskError, ask
from plainview.http.fetching import FetchError, content
from plainview.oversight.partner.browser import Destination, browser_headers, destination
from plainview.oversight.partner.following import Taken
from plainview.oversight.partner.opening import BUSY, Unanswered
from plainview.records.fields import to_text
from plainview.replay.bundles import UI_FILE, app_named, ui_digest

INDEX = "index.html"
TIMEOUT = 10.0
"""Seconds for a file."""
LIMIT = 1 << 20
"""Bytes of a file at most."""
FILES = 200
"""Files of an app at most."""
_LEADS = (301, 302, 303, 307, 308)
_PLACE = re.compile(rf"/?(ui/[\w-]+/){re.escape(INDEX)}", re.ASCII)


class Otherwise(NamedTuple):
    """How what is served is not what the release in charge names."""

    digest: str
    """Of what is served; empty where it is no app at all."""
    detail: str
    """In words; on the lines after the first, SHA-256 and name of each file that was served."""


class ServedApp:
    """The app below a platform's URL. `look` belongs to one thread."""

    def __init__(self, url: str, monotonic: Callable[[], float]) -> None:
        """`monotonic` gives seconds that never go back."""
        self._top = url.rstrip("/") + "/"
        self._monotonic = monotonic
        self._doubt: _Doubt | None = None

    def look(self, taken: Taken, size: int, delay: float) -> Otherwise | None:
        """What is wrong with it, in a log of `size` records whose last release is `taken`. Raises Unanswered.

        It is said once the log has gone on and that release is in charge still. What was appended when the app was
        served stands in any checkpoint that is published `delay` seconds later: another release may have taken over.
        """
        found, doubt = None, self._doubt
        if doubt is not None and doubt.release != taken.index:
            self._doubt = None
        elif doubt is not None and doubt.size is None:
            if self._monotonic() >= doubt.due:
                self._doubt = doubt._replace(size=size)
        elif doubt is not None and doubt.size is not None and size > doubt.size:
            found, self._doubt = doubt.otherwise, None
        if self._doubt is None and (otherwise := self._compare(taken)) is not None:
            self._doubt = _Doubt(otherwise, taken.index, self._monotonic() + delay, None)
        return found

    def _compare(self, taken: Taken) -> Otherwise | None:
        try:
            files = dict(self._files())
            named = app_named(taken.release.manifest)
        except (_Odd, FetchError, ValueError) as error:
            return Otherwise("", f"no browser can open the app of the release of record {taken.index}: {error}")
        digest = to_text(ui_digest(files))
        if digest == named:
            return None
        said = f"its digest is {digest}, and the release of record {taken.index}, which is in charge, has {named}"
        return Otherwise(
            digest, "\n".join([said, *(f"{hashlib.sha256(data).hexdigest()} {name}" for name, data in files.items())])
        )

    def _files(self) -> Iterator[tuple[str, bytes]]:
        """Name and contents of the index, and of what it names."""
        answer = self._ask(self._top, "document")
        place = _PLACE.fullmatch(answer.location)
        if answer.status not in _LEADS or place is None:
            raise _Odd(f"/ answers {answer.status}, and does not lead to ui/DIGEST/{INDEX}")
        index = self._file(place[1], INDEX)
        yield INDEX, index
        names = _names(index)
        if len(names) > FILES:
            raise _Odd(f"{INDEX} names {len(names):,} files, at most {FILES} are fetched")
        for name in names:
            if not UI_FILE.fullmatch(name):
                raise _Odd(f"{INDEX} names {name!a:.80}, which is no file of an app")
            yield name, self._file(place[1], name)

    def _file(self, place: str, name: str) -> bytes:
        answer = self._ask(self._top + place + name, destination(name))
        if answer.status != 200:
            raise _Odd(f"{name} answers {answer.status}")
        return content(name, answer, LIMIT)

    def _ask(self, url: str, what: Destination) -> Answer:
        try:
            answer = ask(url, LIMIT, TIMEOUT, headers=browser_headers(url, what))
        except AskError as error:
            raise Unanswered(str(error)) from error
        if answer.status in BUSY:
            raise Unanswered(f"{url}: answers {answer.status}")
        return answer


class _Doubt(NamedTuple):
    """What was served otherwise, until the log says whether it may be so."""

    otherwise: Otherwise
    release: int
    """Index of the release that was in charge."""
    due: float
    """When the log must have what it had then."""
    size: int | None
    """Of the log at that time, once it has come."""


class _Odd(Exception):
    """What is served is not what a browser opens as an app, and why."""


class _References(HTMLParser):
    """All that a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value or "" for name, value in attrs if name in ("src", "href")}


def _names(index: bytes) -> list[str]:
    """What an index refers to, each once."""
    parser = _References()
    parser.feed(index.decode("utf-8", "backslashreplace"))
    parser.close()
    return sorted(parser.found)

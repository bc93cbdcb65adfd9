"""The release's end of two pipes: `learning.messages` in, what `learning.rerun` comes to out."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator
from typing import BinaryIO, TypeVar

import msgspec

from plainview.feed.configuration import Configuration
from plainview.feed.probe import ProbeFailed
from plainview.learning import messages
from plainview.learning.messages import FromRelease, Given, ToRelease
from plainview.learning.parameters import read_parameters
from plainview.learning.ranker import Served
from plainview.learning.rerun import Parent, Rerun
from plainview.records import KINDS, Page, Record, RecordError, read

_decoder = msgspec.msgpack.Decoder(ToRelease)
_M = TypeVar("_M")


class _Unfit(Exception):
    """What was said cannot be followed, and why."""


class Conversation:
    """Answers until the other end closes. It is the `Past` of what it runs, too: it asks for what that asks."""

    def __init__(self, inward: BinaryIO, outward: BinaryIO) -> None:
        self._in = inward
        self._out = outward

    def hold(self) -> None:
        """Answer all that is asked."""
        rerun: Rerun | None = None
        try:
            begin = self._heard(messages.Begin)
            if begin.version != messages.VERSION:
                raise _Unfit(f"version {begin.version} is asked for, and this release speaks {messages.VERSION}")
            rerun = Rerun(
                msgspec.json.decode(begin.configuration, type=Configuration),
                begin.release,
                self,
                parameters=read_parameters(begin.parameters),
                residents=begin.residents,
            )
            self._say(messages.Ready(messages.VERSION))
            while (message := self._next()) is not None:
                self._say(self._answer(rerun, message))
        except EOFError:
            return  # nobody is there to be answered
        except (_Unfit, msgspec.DecodeError, RecordError, ProbeFailed, ValueError) as error:
            self._say(messages.Failed(f"{error}"))
        finally:
            if rerun is not None:
                rerun.close()

    def own(self, viewer: int, upto: int) -> Iterable[tuple[int, Record]]:
        """See `Past.own`."""
        self._say(messages.Own(viewer, upto))
        return _opened(self._heard(messages.Records).records)

    def known(self, viewers: Collection[int], upto: int) -> Collection[int]:
        """See `Past.known`."""
        self._say(messages.Known(list(viewers), upto))
        return self._heard(messages.Viewers).viewers

    def _answer(self, rerun: Rerun, message: ToRelease) -> FromRelease:
        match message:
            case messages.Take():
                rerun.take(_opened(message.records), message.upto)
            case messages.Cut():
                parent = None if message.parent is None else Parent(*message.parent)
                return messages.Epoch(*rerun.cut(parent, message.upto, message.whole))
            case messages.Draw():
                rerun.draw(message.regions)
            case messages.Drop():
                rerun.drop(message.lists)
            case messages.Rank():
                return messages.Ranked([messages.Outcome(*one) for one in rerun.rank(_served(message.pages))()])
            case messages.Propose():
                return messages.Proposed(
                    [
                        messages.Proposal(trace, [messages.Placed(*one) for one in items])
                        for trace, items in rerun.propose(_served(message.pages))()
                    ]
                )
            case _:
                raise _Unfit(f"{type(message).__name__} is out of turn")
        return messages.Done()

    def _next(self) -> ToRelease | None:
        data = messages.read_frame(self._in)
        return None if data is None else _decoder.decode(data)

    def _heard(self, kind: type[_M]) -> _M:
        message = self._next()
        if message is None:
            raise EOFError
        if isinstance(message, kind):
            return message
        raise _Unfit(f"{type(message).__name__} is out of turn")

    def _say(self, message: FromRelease) -> None:
        self._out.write(messages.frame(message))
        self._out.flush()


def _opened(records: Iterable[Given]) -> Iterator[tuple[int, Record]]:
    """What the release takes up of them: a kind that it does not know came later, and is none of its inputs."""
    for one in records:
        kind = KINDS.get(one.kind)
        if kind is None:
            continue
        try:
            yield one.index, read(kind, one.body)
        except RecordError as error:
            raise _Unfit(f"record {one.index} is none that this release reads: {error}") from error


def _served(pages: Iterable[messages.Asked]) -> list[Served]:
    return [Served(one.index, read(Page, one.body), one.cursor) for one in pages]


def main() -> None:
    """Converse over standard input and output. What else is printed goes to standard error."""
    outward = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    Conversation(sys.stdin.buffer, outward).hold()

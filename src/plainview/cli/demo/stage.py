"""What all scenes of the demo share: who takes part, where things lie, how the town goes on, what is told."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from plainview.cli.demo.children import HOST, Child, free_port
from plainview.cli.errors import CommandError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from plainview.cli.demo.releases import Offered
    from plainview.ledger.acts import AnyAct
    from plainview.ledger.charters import Charter
    from plainview.ledger.notes import Note
    from plainview.ledger.signers import Signer
    from plainview.platform.town import Town

INDENT = "   "
CLIENTS = 2
"""Threads that play the town."""
START = 1_200
"""Seconds that a process may take to answer while it runs: kernels are compiled for the first time, and busy machines
take minutes for that."""
PATIENCE = 90
"""Seconds that anything else may take."""
PACE = 60
"""Pages a second that the town asks for: two cores serve them and compute them again meanwhile."""
_RERUN = re.compile(r"records below ([\d,]+) re-run: ([\d,]+) pages, ([\d,]+) identical(.*)")


class Missed(Exception):
    """Something did not come out as it must: what, in words."""


class Rerun(NamedTuple):
    """How far the partner's program has come."""

    upto: int
    """Records below it were re-run."""
    pages: int
    identical: int
    rest: str
    """What it says of others; empty where there are none."""


class Stretch(NamedTuple):
    """A part of the journal in which one thing is to be seen."""

    name: str
    begins: int
    """Index of its first record."""
    ranked: bool
    """Whether who wants a personal page must get one in it, or else the baseline."""
    honest: bool
    """Whether all its pages must be what computing them again gives, or else not all."""


class Stage:
    """Where the play is played. All that it starts ends with `stack`."""

    charter: Charter
    partner: Child
    released: Offered
    """The release that was approved last."""

    def __init__(self, out: Console, directory: Path, seed: int, seconds: float, stack: ExitStack) -> None:
        """`seconds` is how long the town plays under one release."""
        from plainview.platform.town import Size, Town

        self.out = out
        self.directory = directory
        self.seconds = seconds
        self.home = directory / "home"
        self.parties = directory / "parties"
        self.overseer = directory / "partner"
        self.licensor = directory / "licensor"
        """What the licensor works on."""
        self.releases = directory / "releases"
        """Bundles, as everybody has them."""
        self.switch = directory / "dishonest"
        """Where this file is, the operator's server ranks otherwise than it says."""
        self._stack = stack
        self._port, self.partner_port = free_port(), free_port()
        self.url = f"http://{HOST}:{self._port}"
        self.size = Size(pace=PACE)
        self.town: Town = Town(self.url, seed, self.size)
        self.scene = ""
        """The one that is played."""
        self.stretches: list[Stretch] = []
        self._scenes = 0
        self._server: Child | None = None

    def going_on(self) -> list[list[str]]:
        """Commands by which it goes on after the play, as arguments of `plainview`."""
        journal = str(self.overseer / "journal")
        return [
            ["serve", "--home", str(self.home), "--port", str(self._port)],
            self.overseeing(),
            ["feed", "50", "--home", str(self.home)],
            ["replay", "--all", "--home", journal, "--bundles", str(self.releases)],
        ]

    def overseeing(self, *more: str) -> list[str]:
        """Arguments of `plainview` by which the partner's program runs, with more of them."""
        from plainview.ledger.charters import digest_text
        from plainview.platform.local_charter import CHARTER

        return [
            "oversee", "run", str(self.overseer), f"--charter={digest_text(self.charter.digest())}",
            f"--charter-file={self.parties / CHARTER}", "--url", self.url, "--port", str(self.partner_port),
            "--bundles", str(self.releases), *more,
        ]  # fmt: skip

    def begin(self, title: str, what: str) -> None:
        """A new scene."""
        self._scenes += 1
        self.scene = f"{self._scenes}. {title}"
        self.out.print(f"\n[bold]{self.scene}[/bold]: {what}", soft_wrap=True)

    def tell(self, line: str) -> None:
        """A line of the scene, folded where the terminal ends; its markup is Rich's."""
        from rich.text import Text

        for piece in Text.from_markup(line).wrap(self.out, self.out.width - len(INDENT)):
            piece.rstrip()
            self.out.print(Text(INDENT) + piece, soft_wrap=True)

    def require(self, true: object, otherwise: str) -> None:
        """Raises Missed where it is not."""
        if not true:
            raise Missed(otherwise)

    def serve(self, module: str = "plainview.cli", *before: str) -> None:
        """Have the operator's server run, in place of the one that does; `before` are arguments of `module`."""
        self.stop_serving()
        command = (*before, "--home", str(self.home), "--port", str(self._port))
        began = time.monotonic()
        self._server = self.start(module, *command)
        with self.out.status("the server starts; the first time it compiles kernels, which takes a minute or two"):
            health = self._answered(self._server, began)
        self.tell(
            f"the operator's server answers at {self.url} after {time.monotonic() - began:.1f} s, with release "
            f"{health['release'][:12]}"
        )

    def stop_serving(self) -> None:
        """Have the server stop, if one runs. Raises CommandError where it ends otherwise than it should."""
        if self._server is None:
            return
        server, self._server = self._server, None
        if code := server.end():
            raise CommandError(f"the server ended with code {code}: {_last(server)}")

    def start(self, module: str, *arguments: str) -> Child:
        """A process of its own, which ends with the play."""
        child = Child(module, arguments)
        self._stack.callback(child.end)
        return child

    def records(self) -> int:
        """How many the journal has now."""
        return int(self.ask("/health")["records"])

    def ask(self, path: str, **parameters: object) -> Any:
        """What the server answers. Raises ClientError."""
        from plainview.platform.client import Client

        with Client(self.url) as client:
            return client.get(path, **parameters)

    def mark(self, name: str, *, ranked: bool, honest: bool = True, begins: int | None = None) -> None:
        """What follows is another stretch: from the next record on, or from that index."""
        self.stretches.append(Stretch(name, self.records() if begins is None else begins, ranked, honest))

    def until(self, over: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        """Have the town play until something is so; Missed where that takes too long: `what` then did not happen."""
        self._play(patience, over)
        self.require(over(), self._late(what, patience))

    def wait(self, true: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        """Until something is so, while the town does nothing; Missed as `until`."""
        end = time.monotonic() + patience
        while not true():
            self._check_running()
            self.require(time.monotonic() < end, self._late(what, patience))
            time.sleep(0.1)

    def play(self, seconds: float) -> None:
        """Have the town play for that long, and tell how it went."""
        self.out.print(self._play(seconds, None))

    def run(self, what: str, *arguments: str, code: int = 0) -> list[str]:
        """Have `plainview ARGUMENTS` run while the town plays: what it printed. Missed where its code is another."""
        child = self.start("plainview.cli", *arguments)
        self.until(lambda: child.code is not None, f"{what} did not end", START)
        self.require(child.end() == code, f"{what} ended with code {child.code}: {_last(child)}")
        return [one.line for one in child.said]

    def caught_up(self) -> None:
        """Have the town play until the partner's program has re-run all that was served up to now."""
        size = self.records()
        self.until(lambda: self.rerun().upto >= size, f"the partner's program did not re-run {size:,} records")

    def rerun(self) -> Rerun:
        """How far the partner's program has come."""
        found = _RERUN.fullmatch(self.partner.last("re-run:"))
        if found is None:
            return Rerun(0, 0, 0, "")
        upto, pages, identical = (int(number.replace(",", "")) for number in found.groups()[:3])
        return Rerun(upto, pages, identical, found[4])

    def signer(self, name: str) -> Signer:
        """Whose key it is: a party's, or the partner's program's as the auditor."""
        from plainview.keys.key_files import read_key
        from plainview.oversight.partner.directory import AUDITOR
        from plainview.platform.log.opening import KEY

        return read_key(self.overseer / AUDITOR if name == "auditor" else self.parties / name / KEY)

    def say(self, act: AnyAct, *names: str, remark: str = "") -> int:
        """Have parties sign an act and hand it in: its index. Missed where it does not count."""
        return self.hand_in(self.signed(act, *names), " and ".join(names), remark)

    def hand_in(self, note: Note, by: str, remark: str = "") -> int:
        """Hand in an act that was signed: its index. Missed where it does not count."""
        from plainview.cli.act_answers import hand_in
        from plainview.ledger.acts import parse_act
        from plainview.platform.client import Client

        with Client(self.url) as client:
            taken = hand_in(client, note)
        kind = parse_act(note.text).kind
        self.require(taken.counts, f"the {kind} by {by} does not count: {taken.reason}")
        self._said(taken.index, kind, by, remark)
        return taken.index

    def say_by_partner(self, act: AnyAct, name: str) -> int:
        """Have one on the partner's side sign an act, put it into the partner's log, and wait until the operator's has
        it: its index there. Missed where it does not count, or does not come."""
        from plainview.cli.act_answers import Shown, all_acts
        from plainview.oversight.partner.directory import LOG, read_keys
        from plainview.oversight.partner.log import OwnLog
        from plainview.platform.client import Client

        note = self.signed(act, name)
        first = OwnLog(self.overseer / LOG, read_keys(self.overseer).log).append(note.encode())
        found: list[Shown] = []

        def taken() -> bool:
            with Client(self.url) as client:
                shown = (one for one in all_acts(client) if isinstance(one, Shown))
                found.extend(one for one in shown if one.note == note.encode().decode())
            return bool(found)

        self.until(taken, f"the {act.kind} was not taken down by the operator")
        self.require(found[0].counts, f"the {act.kind} of the {name} does not count: {found[0].reason}")
        self._said(found[0].index, act.kind, name, f"before, it was act {first} of the partner's own log")
        return found[0].index

    def signed(self, act: AnyAct, *names: str) -> Note:
        """The act's note, signed by those of these names."""
        from plainview.ledger.notes import Note

        text = act.text()
        return Note(text, tuple(self.signer(name).sign(text) for name in names))

    def _play(self, seconds: float, over: Callable[[], object] | None) -> RenderableType:
        """Have the town play for that long, or until something is so: how it went."""
        from rich.live import Live

        from plainview.cli.demo.screen import screen
        from plainview.platform.client import ClientError
        from plainview.platform.town import Moment

        before = (self.town.pages, self.town.baseline, self.town.events)
        moments: list[Moment] = []

        def enough() -> bool:
            self._check_running()
            return over is not None and bool(over())

        with Live(console=self.out, refresh_per_second=4, transient=True) as live:

            def told(moment: Moment) -> None:
                moments.append(moment)
                live.update(screen(moments, before, self.partner.last("re-run:")))

            try:
                self.town.play(seconds, CLIENTS, told, enough)
            except ClientError:
                self._check_running()  # or the reason is its own
                raise
        return live.renderable

    def _late(self, what: str, patience: float) -> str:
        return f"{what} within {patience:g} s. The partner's program said last: {_last(self.partner)}"

    def _check_running(self) -> None:
        """Raises CommandError where the server or the partner's program has ended."""
        for child in (self.partner, self._server):
            if child is not None and child.code is not None:
                raise CommandError(f"a process ended with code {child.code}: {_last(child)}")

    def _said(self, index: int, kind: str, by: str, remark: str) -> None:
        self.tell(f"record {index:>6,}  {kind:<11} signed by {by}" + (f"  [dim]{remark}[/dim]" if remark else ""))

    def _answered(self, server: Child, began: float) -> Any:
        """What /health says once the server answers. Raises CommandError where it does not."""
        from plainview.platform.client import ClientError

        while True:
            try:
                return self.ask("/health")
            except ClientError as error:
                if server.code is not None:
                    raise CommandError(f"the server did not start: {_last(server)}") from error
                if time.monotonic() - began > START:
                    raise CommandError(f"the server did not answer within {START} s: {_last(server)}") from error
            time.sleep(0.1)


def _last(child: Child) -> str:
    return child.last() or "it said nothing"

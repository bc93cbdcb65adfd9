"""How soon a release that the partner revokes ranks no more: from the partner's word to the last personal page.

The partner's word is durable in its own log when `plainview oversee submit` has ended; from there the time counts. The
operator's server is asked for personal pages as fast as it answers by THREADS viewers meanwhile, and by them alone the
bench knows when a page came; which pages were ranked is read from the journal afterwards. Each trial has a platform and
a partner of its own. Exit code 1 where one of them took longer than WITHIN.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bench.overseen import Overseen, Partner
from bench.report import Figures, arguments, percentile, print_figures
from bench.serving import HOST, Server
from plainview.keys.key_files import read_key
from plainview.ledger.acts import Revocation
from plainview.platform.client import Client, ClientError
from plainview.platform.home import Home
from plainview.platform.log.opening import KEY
from plainview.platform.releases import CACHE, installed_digest
from plainview.platform.town import Size, Town
from plainview.records import Act, Page
from plainview.records.fields import to_bytes, to_text

THREADS = 4
WITHIN = 2.0
"""Seconds from the partner's word to the last personal page, at most."""
SIZE = Size(viewers=24, creators=20, videos=300)
BEFORE, AFTER = 2.0, 4.0
"""Seconds of pages before the partner speaks, and after."""


class Trial(NamedTuple):
    """What came of one."""

    seconds: float
    """From the partner's word to the answer of the last personal page."""
    taken: float
    """From the partner's word to the first page that was not."""
    above: int
    """Personal pages at a higher index than the revocation."""
    pages: int


class Asking(threading.Thread):
    """A viewer who asks for one page after another; `answered` is when each came (Unix seconds), by its index."""

    def __init__(self, port: int, viewer: int, ending: threading.Event) -> None:
        super().__init__()
        self._port, self._viewer, self._ending = port, viewer, ending
        self.answered: dict[int, float] = {}

    def run(self) -> None:
        with Client(f"http://{HOST}:{self._port}") as client:
            while not self._ending.is_set():
                session = to_text(secrets.token_bytes(16))
                try:
                    page = client.get(
                        "/v1/feed", viewer=self._viewer, session=session, n=0, nonce=to_text(secrets.token_bytes(16))
                    )
                except ClientError as error:
                    if error.status == 0:
                        raise
                    continue  # it is ranked anew too often; the next will do
                self.answered[page["receipt"]["index"]] = time.time()


def trial(directory: Path, seed: int, cache: Path, kernels: Path) -> Trial:
    """One platform, revoked."""
    overseen = Overseen(directory)
    overseen.begin()
    with Server(overseen.home, cache, kernels) as server:
        partner = Partner(overseen.partner, overseen.charter.digest(), f"http://{HOST}:{server.port}", kernels)
        try:
            server.start()
            town = Town(f"http://{HOST}:{server.port}", seed, SIZE)
            town.prepare()
            town.play(1.0, 2, lambda _: None)
            partner.start()
            partner.hears("identical", 180)
            ending = threading.Event()
            asking = [Asking(server.port, SIZE.viewers - number, ending) for number in range(THREADS)]
            for one in asking:
                one.start()
            time.sleep(BEFORE)
            said = _revoke(overseen, directory / "act")
            time.sleep(AFTER)
            ending.set()
            for one in asking:
                one.join()
        finally:
            partner.end()
    answered = {index: at for one in asking for index, at in one.answered.items()}
    return _read(overseen.home, answered, said)


def _revoke(overseen: Overseen, path: Path) -> float:
    """When the partner's word was durable in its log (Unix seconds)."""
    act = Revocation(overseen.charter.origin, to_bytes(installed_digest()), 1, "a trial of how soon it stops")
    path.write_bytes(read_key(overseen.parties / "partner" / KEY).note(act.text()))
    command = [sys.executable, "-m", "plainview.cli", "oversee", "submit", str(overseen.partner), str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.time()


def _read(home: Path, answered: dict[int, float], said: float) -> Trial:
    with closing(Home(home).read()) as journal:
        acts = ((one.index, one.record) for one in journal.of_kind("act"))
        revoked = next(index for index, record in acts if isinstance(record, Act) and "act revocation" in record.note)
        pages = {one.index: one.record for one in journal.some(sorted(answered)) if isinstance(one.record, Page)}
    personal = [index for index, page in pages.items() if page.request.mode == "personal"]
    others = [answered[index] for index in pages.keys() - set(personal) if answered[index] > said]
    return Trial(
        max(answered[index] for index in personal) - said,
        min(others) - said,
        sum(index > revoked for index in personal),
        len(pages),
    )


def main() -> None:
    parser = arguments(__doc__.splitlines()[0], seed=5)
    parser.add_argument("--trials", type=int, default=7, help="platforms that are stopped (default: %(default)s)")
    options = parser.parse_args()
    trials = []
    with tempfile.TemporaryDirectory() as made:
        for number in range(options.trials):
            directory = Path(made) / str(number)
            directory.mkdir()
            trials.append(trial(directory, options.seed + number, Path(made) / "cache", Path(os.environ[CACHE])))
    figures = Figures("revocation", "", options.seed)
    protocol = f"{options.trials} platforms, {THREADS} viewers asking without a pause, by the partner's own log"
    late = [one.seconds for one in trials]
    figures.add("last_personal_page.median", percentile(late, 50), "s", protocol)
    figures.add("last_personal_page.worst", max(late), "s", protocol)
    figures.add("first_baseline_page.median", percentile([one.taken for one in trials], 50), "s", protocol)
    figures.add("personal_above", sum(one.above for one in trials), "pages", "at a higher index than the revocation")
    figures.add("pages", sum(one.pages for one in trials), "pages", "whose mode was looked at")
    print_figures(figures, options.json)
    if max(late) > WITHIN:
        sys.exit(f"after {max(late):.2f} s a revoked release still ranked: {WITHIN:g} s are promised")


if __name__ == "__main__":
    main()

"""Who decides what: the charter, and the keys of all who sign it."""

from __future__ import annotations

from plainview.cli.demo.children import HOST
from plainview.cli.demo.stage import Stage


def play(stage: Stage) -> None:
    """Begin a journal whose log nobody can publish without the partner's program."""
    from plainview.cli.bundle_files import write_bundle
    from plainview.ledger.charters import digest_text
    from plainview.ledger.policies import Witness
    from plainview.oversight.partner.directory import make_directory
    from plainview.platform.home import Home
    from plainview.platform.local_charter import Watched, begin_locally
    from plainview.platform.releases import bundle_of, installed
    from plainview.records.fields import to_text

    stage.begin("A charter", "operator, licensor and partner sign who decides what")
    for place in (stage.licensor, stage.releases):
        place.mkdir()
    write_bundle(stage.releases / "baseline.bundle", bundle_of(installed()))
    auditor, _, witness = make_directory(stage.overseer, "partner.example")
    watched = Watched(auditor, Witness("partner", witness, f"http://{HOST}:{stage.partner_port}/witness/"))
    stage.charter = begin_locally(Home(stage.home), stage.parties, watched, f"{stage.url}/log/")
    stage.mark("nothing approved", ranked=False, begins=0)
    stage.tell(f"record      0  charter     digest {digest_text(stage.charter.digest())}")
    stage.tell(
        f"It names the baseline, release {to_text(stage.charter.baseline)[:12]}, and the partner's witness: what that "
        "one has not cosigned is not published. Who believes this digest can check all that follows."
    )
    stage.tell(
        "All keys were made here, each in a directory of its own: one hand holds them, and this proves nothing to "
        "others."
    )

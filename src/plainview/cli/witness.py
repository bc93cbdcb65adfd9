"""`plainview witness`: cosign the checkpoints of logs, as C2SP tlog-witness says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plainview.cli.errors import told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from plainview.ledger.keys import VerifierKey

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The witness's directory.", show_default=False)]

witness = typer.Typer(
    help="Cosign the checkpoints of logs, for whoever trusts this witness.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@witness.command()
def new(
    directory: Directory,
    name: Annotated[
        str, typer.Option(help="Of its keys: best a URL without scheme, witness.example/w1.", show_default=False)
    ],
    ml_dsa_44: Annotated[
        bool, typer.Option("--ml-dsa-44", help="Make a second key, which signs with ML-DSA-44.")
    ] = False,
) -> None:
    """Make a witness: private keys that never leave its directory, and an empty list of logs."""
    with told():
        from plainview.oversight.witness.directory import LOGS, make_directory

        keys = make_directory(directory, name, ml_dsa_44)
    typer.echo("For the policies of those who trust it:")
    _show(keys)
    typer.echo(
        f"Next: a line `log <vkey>` in {directory / LOGS} for each log, then: plainview witness serve {directory}"
    )


@witness.command()
def serve(
    directory: Directory,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8100,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for all that this machine has.")
    ] = "127.0.0.1",
) -> None:
    """Answer logs and monitors until Ctrl-C or SIGTERM."""
    with told():
        from plainview.http.serving import address_of, serve_app
        from plainview.ledger.spelling import printable
        from plainview.oversight.witness.app import make_app
        from plainview.oversight.witness.directory import open_witness

        with open_witness(directory) as (served, keys):
            _show(keys)
            for origin in served.origins():
                last = served.held(origin)
                said = f"cosigned to size {last.size:,}" if last else "nothing cosigned yet"
                typer.echo(f"log {printable(origin)}: {said}")
            address = address_of(host, port)
            serve_app(make_app(served), host, port, lambda: typer.echo(f"The witness answers at {address}"))


def _show(keys: Iterable[VerifierKey]) -> None:
    for number, key in enumerate(keys):
        # A policy's names are its own, and each must be another.
        typer.echo(f"witness {key.name}{'/ml-dsa-44' if number else ''} {key.vkey()}")

"""The commands, one a file. What a command needs is imported when it runs."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

import plainview
from plainview.cli.act import act
from plainview.cli.charter import charter
from plainview.cli.controls import controls
from plainview.cli.demo import demo
from plainview.cli.errors import told
from plainview.cli.evaluate import evaluate
from plainview.cli.export import export
from plainview.cli.feed import feed
from plainview.cli.home import at_home
from plainview.cli.learn import learn
from plainview.cli.mirror import mirror
from plainview.cli.order import order
from plainview.cli.oversee import oversee
from plainview.cli.policies import policies
from plainview.cli.release import release
from plainview.cli.replay import replay
from plainview.cli.witness import witness

app = typer.Typer(
    name="plainview",
    help="A For You platform whose every page can be computed again, bit for bit.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"plainview {plainview.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A For You platform whose every page can be computed again, bit for bit."""


def _pass_on(name: str, module: str, text: str) -> None:
    """Mount the `app` of `module` as command `name`, imported when it runs."""

    @app.command(name, help=text, context_settings=_PASSED_ON, add_help_option=False)
    def command(context: typer.Context) -> None:
        with told():
            at_home(None)  # before anything that the module imports
        import_module(module).app(list(context.args), prog_name=f"plainview {name}")


app.add_typer(act, name="act")
app.add_typer(order, name="order")
app.add_typer(charter, name="charter")
app.command()(controls)
app.command()(demo)
app.command()(evaluate)
app.command()(export)
app.command()(feed)
_pass_on("import", "plainview.cli.import_", "Import a data set you have downloaded.")
app.command()(learn)
app.command()(mirror)
app.add_typer(oversee, name="oversee")
app.command()(policies)
app.add_typer(release, name="release")
app.command()(replay)
_pass_on("serve", "plainview.cli.serve", "Serve feeds over HTTP.")
app.add_typer(witness, name="witness")


@app.command("verify", context_settings=_PASSED_ON, add_help_option=False)
def _verify(context: typer.Context) -> None:
    """Check a proof offline, believing nothing but the keys that are given."""
    from plainview.cli.verify import verify

    raise typer.Exit(verify(context.args))


@app.command("why", context_settings=_PASSED_ON, add_help_option=False)
def _why(context: typer.Context) -> None:
    """Say why each video of a page is there, from the page's receipt alone."""
    from plainview.cli.why import why

    raise typer.Exit(why(context.args))


__all__ = ["app"]

"""The application: every group of commands, and what holds for all of them."""

from __future__ import annotations

from typing import Annotated

import typer

from alignkit import __version__
from alignkit.cli import (
    checking_up,
    connecting,
    deciding,
    deferring,
    demonstrating,
    endpoints,
    holding,
    people,
    proving,
    reporting,
    stopping,
    syncing,
)
from alignkit.cli.exits import MEANINGS

app: typer.Typer = typer.Typer(
    name="alignkit",
    help="Keeps marketing from working against support: reads open issues, holds and releases, and says why.",
    epilog=f"Exit codes: {' · '.join(f'{code.value} {meaning}' for code, meaning in MEANINGS.items())}",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    # A traceback with the values of variables in it would show secrets and addresses.
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"alignkit {__version__}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Takes the options that stand before a command."""


for _group in (
    demonstrating,
    syncing,
    deciding,
    holding,
    stopping,
    deferring,
    people,
    reporting,
    connecting,
    checking_up,
    endpoints,
    proving,
):
    _group.add_to(app)

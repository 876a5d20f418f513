"""The command `connectors`: what there is, with what each takes; and one of your own, begun as a package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alignkit import registry
from alignkit.cli.command import Session, command
from alignkit.cli.parameters import parameters, takes_more
from alignkit.cli.scaffold import write
from alignkit.connectors.base import Source
from alignkit.errors import AlignkitError

Action = Annotated[str | None, typer.Argument(metavar="[new", help="`new` begins a connector of your own.")]
NewName = Annotated[str | None, typer.Argument(metavar="NAME]", help="What users will write for it.")]
Folder = Annotated[
    Path | None, typer.Option("--folder", metavar="DIR", help="Where the new package goes; ./alignkit-NAME by default.")
]


def connectors(session: Session, action: Action = None, name: NewName = None, folder: Folder = None) -> None:
    """List the connectors that can be named in the settings, with what each takes; or begin one of your own."""
    if action is not None:
        _begin(session, action, name, folder)
        return
    rows = [row for known in registry.names() if (row := _connector_row(session, known))]
    session.output.table("Connectors", ("connector", "kind", "takes", "can"), rows)
    session.output.say("a question mark follows what may be left out", "dim")


def _connector_row(session: Session, name: str) -> tuple[str, str, str, str] | None:
    """One connector for people, after it was told to programs; None where its package cannot be used."""
    try:
        connector = registry.resolve(name)
    except AlignkitError as error:
        session.output.error(error)
        return None
    kind = "source" if issubclass(connector, Source) else "destination"
    abilities = sorted(one.value for one in connector.capabilities)
    takes = parameters(connector)
    session.output.row(
        "connector",
        name=name,
        kind=kind,
        capabilities=abilities,
        takes=[one.name for one in takes],
        required=[one.name for one in takes if one.is_required],
        secrets=[one.name for one in takes if one.is_secret],
    )
    named = [one.name + ("" if one.is_required else "?") for one in takes]
    return name, kind, ", ".join([*named, *(["…"] if takes_more(connector) else [])]), ", ".join(abilities)


def _begin(session: Session, action: str, name: str | None, folder: Path | None) -> None:
    """Writes the package and says what to do with it."""
    if action != "new" or name is None:
        raise typer.BadParameter("give `new` and a name, as in `alignkit connectors new acme_desk`, or nothing")
    place = Path(f"alignkit-{name.replace('_', '-')}") if folder is None else folder
    for file in write(name, place):
        session.output.row("file", path=str(file))
    session.output.say(f"wrote the package `{place}`; it passes its tests as it is:", "bold")
    session.output.say(f"  cd {place} && pip install -e '.[test]' && pytest")
    session.output.say("then change `tests/sheet.py` to what the service is like, and the connector until it passes")


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    command(app, "connectors")(connectors)

"""The action `connectors new NAME`: begins a connector of one's own, as a package that passes its tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alignkit.cli.command import Session
from alignkit.cli.scaffold import write

Action = Annotated[str | None, typer.Argument(metavar="[new", help="`new` begins a connector of your own.")]
NewName = Annotated[str | None, typer.Argument(metavar="NAME]", help="What users will write for it.")]
Folder = Annotated[
    Path | None, typer.Option("--folder", metavar="DIR", help="Where the new package goes; ./alignkit-NAME by default.")
]


def begin(session: Session, action: str, name: str | None, folder: Path | None) -> None:
    """Writes the package and says what to do with it."""
    if action != "new" or name is None:
        raise typer.BadParameter("give `new` and a name, as in `alignkit connectors new acme_desk`, or nothing")
    place = Path(f"alignkit-{name.replace('_', '-')}") if folder is None else folder
    for file in write(name, place):
        session.output.row("file", path=str(file))
    session.output.say(f"wrote the package `{place}`; it passes its tests as it is:", "bold")
    session.output.say(f"  cd {place} && pip install -e . --group test && pytest")
    session.output.say("then change `tests/sheet.py` to what the service is like, and the connector until it passes")

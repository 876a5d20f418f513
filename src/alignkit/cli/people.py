"""The commands about one customer: `export`, `forget`, and the joining and parting of identities."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from alignkit import identity
from alignkit.cli.command import Now, Person, Session, command
from alignkit.cli.endpoints import refuse_named
from alignkit.cli.output import number
from alignkit.connectors.base import Sink
from alignkit.errors import SettingsError
from alignkit.sync.release import of_people

Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept as evidence.")]


def export(
    session: Session,
    who: Person,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there; readable by its owner alone.")
    ] = None,
) -> None:
    """Print everything that is kept about one customer, and nothing about others, as JSON."""
    found = session.store.export(who)
    if output is not None:
        _write_privately(output, json.dumps(found, ensure_ascii=False, indent=2) + "\n")
        session.output.row("export", path=str(output))
        session.output.say(f"written to {output}")
    elif session.output.as_json:
        session.output.row("export", **found)
    else:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")


def _write_privately(path: Path, text: str) -> None:
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(text, "utf-8")
    except FileExistsError:
        raise SettingsError(f"`{path}` is there already; name a new file") from None
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        raise SettingsError(f"`{path}` cannot be written: {why}; name another file") from None


def forget(
    session: Session,
    who: Person,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    give_up: Annotated[
        list[str] | None,
        typer.Option("--give-up", metavar="DESTINATION", help="Give up a hold at one that is gone; can be repeated."),
    ] = None,
    now: Now = None,
) -> None:
    """Release a person wherever we hold them, then erase them from the store. This cannot be undone."""
    for name in give_up or ():
        refuse_named(session, name, "the person can be released there")
    if not yes:
        if session.output.as_json or not sys.stdin.isatty():
            raise typer.BadParameter("erasing cannot be undone; add `--yes` where nobody can be asked")
        typer.confirm("Erase this person? It cannot be undone.", abort=True)
    gone = session.sync().forget(who, _holding(session, who), give_up=give_up or (), now=now)
    session.output.row("forgotten", **asdict(gone))
    what = f"{number(gone.events, 'event')}, {number(gone.things, 'record')}, {number(gone.identifiers, 'identifier')}"
    known = f"forgotten: {what}" if any(asdict(gone).values()) else "nothing is known of this person"
    session.output.say(f"{known}; what is read again does not bring them back")


def _holding(session: Session, who: str) -> list[Sink]:
    """The destinations of the settings at which the ledger has something about this person."""
    customer = session.store.customer(who)
    keys = (identity.identifier(who), *(customer.identifiers if customer else ()))
    addresses = [key.partition(":")[2] for key in keys]
    return [
        session.settings.destination(name)
        for name in session.settings.file.destinations
        if of_people(session.store.ledger(name), addresses)
    ]


def merge(
    session: Session,
    first: Person,
    second: Annotated[str, typer.Argument(metavar="OTHER", help="Another identifier of the same person.")],
    reason: Reason,
    now: Now = None,
) -> None:
    """Say that two identifiers are one person."""
    session.store.merge(first, second, reason, now or datetime.now(UTC))
    _tell_customer(session, first)


def unmerge(session: Session, who: Person, reason: Reason, now: Now = None) -> None:
    """Take one identifier out of its customer for good."""
    session.store.unmerge(who, reason, now or datetime.now(UTC))
    _tell_customer(session, who)


def _tell_customer(session: Session, who: str) -> None:
    customer = session.store.customer(who)
    known = list(customer.identifiers) if customer else []
    session.output.row("customer", id=customer.id if customer else None, identifiers=known)
    session.output.table("One customer", ("identifier",), [(one,) for one in known])


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    command(app, "export")(export)
    command(app, "forget")(forget)
    command(app, "merge")(merge)
    command(app, "unmerge")(unmerge)

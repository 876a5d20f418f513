"""The commands about sources and destinations that are not what they were: moved, renamed, or over."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from alignkit.cli.command import Now, Session, command
from alignkit.cli.output import number
from alignkit.errors import SettingsError
from alignkit.sync.location import role_of


class Issues(StrEnum):
    """What becomes of the issues of a source that is over."""

    CLOSE = "close"
    KEEP = "keep"


def retire(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="A source that the settings no longer name.")],
    issues: Annotated[
        Issues,
        typer.Option("--issues", help="`close` its open issues and holds, or `keep` them counting as they stand."),
    ],
    now: Now = None,
) -> None:
    """Take leave of a source that nobody reads any more, so that marketing does not wait for it."""
    if name in session.settings.file.sources:
        raise SettingsError(
            f"`[sources.{name}]` still stands in the settings, so the next pull would begin it anew; take it out first"
        )
    done = session.sync().retire(name, close=issues is Issues.CLOSE, now=now)
    session.output.row("retired", source=done.source, issues=done.issues, holds=done.holds, is_closed=done.is_closed)
    what = f"{number(done.issues, 'open issue')} and {number(done.holds, 'hold')} of its own"
    fate = "were closed" if done.is_closed else "go on counting as they stand"
    session.output.say(f"{name} is read no more; {what} {fate}", "bold")
    if name in session.settings.policy().expects:
        session.output.say(f"the policy still expects `{name}`: take it out of `expects`, or marketing waits", "yellow")


def moved(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A source or destination of the settings.")],
) -> None:
    """Say that a source or destination is the same one as before, at another address or path."""
    file, work = session.settings.file, session.sync()
    if name not in file.sources and name not in file.destinations:
        raise SettingsError(f"there is no `[sources.{name}]` and no `[destinations.{name}]` in the settings")
    for section, connect in (
        (file.sources, session.settings.source),
        (file.destinations, session.settings.destination),
    ):
        if name in section:
            endpoint = connect(name)
            work.moved(endpoint)
            session.output.row("moved", name=name, role=role_of(endpoint), location=endpoint.location)
            session.output.say(f"the {role_of(endpoint)} {name} is at {endpoint.location} from now on")


def adopt(
    session: Session,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The destination's name until now.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its name in the settings.")],
    now: Now = None,
) -> None:
    """Carry the holds of a destination on under the name that it has now."""
    session.settings.require_destination(new)
    refuse_named(session, old, "it would lose its holds to the other one")
    people = session.sync().adopt(old, new, now=now)
    session.output.row("adopted", old=old, new=new, people=people)
    session.output.say(f"the ledger of {old} goes on under {new}, with {number(people, 'person', 'people')}")


def refuse_named(session: Session, destination: str, why: str) -> None:
    """Keeps what is for destinations that are gone from those that are there.

    Raises:
        SettingsError: the settings name the destination.
    """
    if destination in session.settings.file.destinations:
        raise SettingsError(f"`[destinations.{destination}]` stands in the settings: {why}; take it out first")


def orphaned(session: Session) -> list[tuple[str, int]]:
    """Destinations that the ledger has something of and the settings do not name, and of how many people."""
    named, store = session.settings.file.destinations, session.store
    return [(name, sum(1 for _ in store.ledger(name))) for name in store.destinations() if name not in named]


def way_out(name: str, people: int) -> str:
    """What to do about such a destination."""
    return (
        f"the ledger has {number(people, 'person', 'people')} there, and nobody will release them: name it in the"
        f" settings again; if its name is another one now, `alignkit adopt {name} NEW`;"
        f" if it is gone, `alignkit release --give-up {name}`"
    )


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    command(app, "retire")(retire)
    command(app, "moved")(moved)
    command(app, "adopt")(adopt)

"""The commands for bad days: `stop` and `resume` for everything outbound, `incident` and `confirm` for many people."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from alignkit.cli.command import Now, Session, a_moment, command
from alignkit.cli.output import Output, moment
from alignkit.errors import DataInvalid, SettingsError
from alignkit.models import Category, Channel
from alignkit.models.times import stamp
from alignkit.stores.records import OWN_SOURCE
from alignkit.sync import CAP, Cohort, Stop, WideHold

_MOST = 50_000_000
"""So many bytes of identifiers are about a million people; more is taken for a slip."""

Place = Annotated[
    str | None, typer.Argument(metavar="[DESTINATION]", help="Only runs at this destination; else everything.")
]


def stop(
    session: Session,
    reason: Annotated[str, typer.Option("--reason", help="Why, for everybody who asks.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who stops.")],
    destination: Place = None,
    until: Annotated[
        datetime | None, typer.Option("--until", parser=a_moment, metavar="TIME", help="When it ends by itself.")
    ] = None,
    now: Now = None,
) -> None:
    """Stop everything outbound at once; transactional messages go on."""
    stopped = session.sync(new=True).stop(reason, by, destination=_known(session, destination), until=until, now=now)
    tell_stop(session.output, stopped)
    session.output.say(f"go on with `alignkit resume{f' {destination}' if destination else ''}`")


def resume(
    session: Session,
    destination: Place = None,
    reason: Annotated[str, typer.Option("--reason", help="Why it may go on.")] = "",
    now: Now = None,
) -> None:
    """Go on where everything was when it was stopped."""
    over = session.sync().resume(reason, destination=destination, now=now)
    session.output.row("resumed", destination=over.destination, by=over.by, since=stamp(over.since))
    session.output.say(f"goes on: {over.explain(over.since)}", "bold")


def _known(session: Session, destination: str | None) -> str | None:
    """The destination, which must be one of the settings: a slip would stop nothing.

    It is not set up, for nobody should have to look for a credential first.
    """
    known = session.settings.file.destinations
    if destination is not None and destination not in known:
        names = ", ".join(f"`{one}`" for one in known) or "none"
        raise SettingsError(f"there is no `[destinations.{destination}]` in the settings; there are {names}")
    return destination


def tell_stop(output: Output, stopped: Stop) -> None:
    """Says who has stopped what, why and since when."""
    output.row(
        "stop",
        destination=stopped.destination,
        reason=stopped.reason,
        by=stopped.by,
        since=stamp(stopped.since),
        until=stamp(stopped.until),
    )
    output.say(stopped.explain(stopped.since), "bold red")


def incident(
    session: Session,
    hold: Annotated[
        str | None, typer.Argument(metavar="[HOLD]", help="A name for the hold; a known one changes.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why these people must not be written to.")] = "",
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers for it.")] = "",
    everybody: Annotated[bool, typer.Option("--everybody", help="Whoever a message goes to.")] = False,
    product: Annotated[
        list[str] | None, typer.Option("--product", help="Whoever ordered, owns or asks about it; can be repeated.")
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option("--account", metavar="SOURCE/ID", help="All in it; can be repeated.")
    ] = None,
    order: Annotated[
        list[str] | None, typer.Option("--order", metavar="SOURCE/ID", help="Who placed it; can be repeated.")
    ] = None,
    person: Annotated[list[str] | None, typer.Option("--person", metavar="WHO", help="Can be repeated.")] = None,
    people: Annotated[
        Path | None, typer.Option("--people", metavar="FILE", help="A file with one identifier on each line.")
    ] = None,
    about: Annotated[
        list[str] | None, typer.Option("--about", metavar="PRODUCT", help="Only messages about it; can be repeated.")
    ] = None,
    category: Annotated[
        list[Category] | None, typer.Option("--category", help="Only such messages; can be repeated.")
    ] = None,
    channel: Annotated[list[Channel] | None, typer.Option("--channel", help="Only this way; can be repeated.")] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", parser=a_moment, metavar="TIME", help="When it ends by itself.")
    ] = None,
    cap: Annotated[
        int, typer.Option("--cap", metavar="N", min=0, help="The most people before somebody confirms it.")
    ] = CAP,
    now: Now = None,
) -> None:
    """Hold everybody whom an incident concerns, or change such a hold; `release` lifts it.

    Without a cohort a known hold looks its people up anew.
    """
    named = (*(person or ()), *(_people_in(people) if people is not None else ()))
    cohort = Cohort(
        everybody=everybody,
        people=named,
        orders=tuple(order or ()),
        accounts=tuple(account or ()),
        products=tuple(product or ()),
    )
    work = session.sync(new=True)
    if hold is not None and session.store.hold(OWN_SOURCE, hold) is not None:
        if about or category or channel:
            raise typer.BadParameter("`--about`, `--category` and `--channel` cannot change; open another hold")
        made = work.change_incident(
            hold, cohort=cohort or None, reason=reason or None, expires_at=until, cap=cap, now=now
        )
    else:
        made = work.open_incident(
            cohort,
            reason,
            by,
            id=hold,
            expires_at=until,
            categories=category or (),
            channels=channel or (),
            products=about or (),
            cap=cap,
            now=now,
        )
    tell_wide(session.output, [made])


def _people_in(path: Path) -> list[str]:
    """The identifiers of a file, one on each line.

    Raises:
        DataInvalid: the file cannot be read.
    """
    try:
        if path.stat().st_size > _MOST:
            raise DataInvalid(f"`{path}` has more than {_MOST:,} bytes; split it")
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise DataInvalid(f"`{path}` cannot be read as text; give a UTF-8 file with one identifier a line") from None
    return [line.strip() for line in lines if line.strip()]


def confirm(
    session: Session,
    hold: Annotated[str, typer.Argument(metavar="HOLD", help="The hold's name, or SOURCE/ID of a service's own.")],
    reason: Annotated[str, typer.Option("--reason", help="Why so many must be silent.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers for it.")],
    people: Annotated[
        int | None, typer.Option("--people", metavar="N", min=0, help="So many; all it is meant for by default.")
    ] = None,
    now: Now = None,
) -> None:
    """Let a hold reach more people than its cap allows."""
    tell_wide(session.output, [session.sync().confirm(hold, by, reason, people=people, now=now)])


def tell_wide(output: Output, holds: list[WideHold]) -> None:
    """Tells of holds that are not about single people; loudly where they wait for somebody to confirm them."""
    for one in holds:
        output.row(
            "wide_hold",
            hold=wide_name(one),
            kind=one.hold.kind.value,
            reason=one.hold.reason,
            people=one.people,
            silenced=one.silenced,
            is_capped=one.is_capped,
            confirmed_by=one.reach.by,
            confirmed_at=stamp(one.reach.at),
            opened_at=stamp(one.hold.opened_at),
            expires_at=stamp(one.hold.expires_at),
        )
    rows = [
        (
            wide_name(one),
            one.hold.reason,
            _people(one.people),
            _people(one.silenced),
            one.reach.by or "",
            moment(one.hold.opened_at),
            moment(one.hold.expires_at) or "somebody lifts it",
        )
        for one in holds
    ]
    columns = ("hold", "why", "meant for", "reaches", "confirmed by", "since (UTC)", "until (UTC)")
    output.table("Holds on many people", columns, rows, right=columns[2:4])
    for one in holds:
        if one.is_capped:
            output.say(capped_sentence(one), "bold red")


def capped_sentence(one: WideHold) -> str:
    """Says that a hold waits for somebody, and what to do."""
    return (
        f"{wide_name(one)} is meant for {_people(one.people)} people and reaches {_people(one.silenced)}:"
        f" confirm the others with `alignkit confirm {wide_name(one)} --by NAME --reason TEXT`"
    )


def wide_name(one: WideHold) -> str:
    """What `confirm` takes."""
    return one.hold.id if one.hold.source in ("", OWN_SOURCE) else f"{one.hold.source}/{one.hold.id}"


def _people(count: int | None) -> str:
    return "all" if count is None else f"{count:,}"


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    command(app, "stop")(stop)
    command(app, "resume")(resume)
    command(app, "incident")(incident)
    command(app, "confirm")(confirm)

"""The commands that write down: `hold` and `release` for people, `record` for messages that went out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from alignkit import identity
from alignkit.cli.command import (
    MessageCampaign,
    MessageCategory,
    MessageChannel,
    Now,
    Person,
    Session,
    a_moment,
    command,
    ended,
)
from alignkit.cli.endpoints import refuse_named
from alignkit.cli.exits import Exit
from alignkit.cli.output import moment, number
from alignkit.cli.sends import batches, only_send
from alignkit.cli.settlements import tell_unsettled, unsettled_rows
from alignkit.errors import DataInvalid
from alignkit.models import Category, Channel, Hold, HoldKind
from alignkit.models.times import stamp
from alignkit.stores.records import OWN_SOURCE
from alignkit.sync import ReleaseResult


def hold(
    session: Session,
    who: Person,
    reason: Annotated[str, typer.Option("--reason", help="Why this person must not be written to.")],
    until: Annotated[
        datetime | None, typer.Option("--until", parser=a_moment, metavar="TIME", help="When the hold ends by itself.")
    ] = None,
    category: Annotated[
        list[Category] | None, typer.Option("--category", help="Only such messages; can be repeated.")
    ] = None,
    channel: Annotated[list[Channel] | None, typer.Option("--channel", help="Only this way; can be repeated.")] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who asks for it.")] = None,
    now: Now = None,
) -> None:
    """Hold a person by hand; the next push carries it out."""
    made = session.sync(new=True).hold(
        who, reason, expires_at=until, categories=category or (), channels=channel or (), by=by, now=now
    )
    _row(session, made)
    end = f"until {moment(made.expires_at)} UTC" if made.expires_at else "until somebody lifts it"
    session.output.line(f"held {end}; lift it with `alignkit release {made.id}`")


def release(
    session: Session,
    target: Annotated[
        str | None, typer.Argument(metavar="[HOLD|WHO]", help="The id of a hold, or the person who is held by hand.")
    ] = None,
    all_ours: Annotated[
        str | None,
        typer.Option("--all-ours", metavar="DESTINATION", help="Instead: release there everybody whom we hold."),
    ] = None,
    give_up: Annotated[
        str | None,
        typer.Option("--give-up", metavar="DESTINATION", help="Instead: strike our holds at one that is gone."),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why it is lifted.")] = "",
    now: Now = None,
) -> None:
    """Lift holds of our own, or release everything that is ours at a destination from the ledger alone.

    After `--all-ours` the next push holds again whom the policy suppresses.
    """
    if [target, all_ours, give_up].count(None) != 2:
        raise typer.BadParameter("give a hold or a person, or `--all-ours DESTINATION`, or `--give-up DESTINATION`")
    if give_up is not None:
        _give_up(session, give_up)
        return
    if all_ours is not None:
        sink = session.destination(all_ours)
        with session.output.progress(all_ours):
            result = session.sync().release(sink, now=now)
        _tell_released(session, result)
        if code := _released_exit(result):
            raise ended(code)
        return
    for found in _manual_holds(session, str(target), now or datetime.now(UTC)):
        _row(session, session.sync().lift(found, reason, now=now))
        session.output.line(f"lifted {found}; the next push carries it out")


def _give_up(session: Session, destination: str) -> None:
    refuse_named(session, destination, "its people can be released with `--all-ours`")
    given_up = session.sync().give_up(destination)
    for address in given_up:
        session.output.row("given_up", destination=destination, address=address)
    session.output.table(f"Given up at {destination}", ("address",), [(address,) for address in given_up])
    people = number(len(given_up), "person", "people")
    session.output.say(f"{people} struck from the ledger; whoever is held there stays so until somebody lifts it there")


def _manual_holds(session: Session, target: str, now: datetime) -> list[str]:
    """The ids of the manual holds that are meant, those among them that begin later.

    Raises:
        DataInvalid: there is none.
    """
    if session.store.hold(OWN_SOURCE, target) is not None:
        return [target]
    customer = session.store.customer(target)
    keys = {identity.identifier(target), *(customer.identifiers if customer else ())}
    found = [
        one.id
        for one in session.store.holds()
        if one.kind is HoldKind.MANUAL
        and one.source == OWN_SOURCE
        and one.released_at is None
        and (one.expires_at is None or now < one.expires_at)
        and keys.intersection(one.identifiers)
    ]
    if not found:
        raise DataInvalid("this person has no manual hold; those that follow from the policy end by themselves")
    return found


def _row(session: Session, one: Hold) -> None:
    session.output.row(
        "hold",
        id=one.id,
        reason=one.reason,
        identifiers=list(one.identifiers),
        categories=[category.value for category in one.categories],
        channels=[channel.value for channel in one.channels],
        opened_at=stamp(one.opened_at),
        expires_at=stamp(one.expires_at),
        released_at=stamp(one.released_at),
    )


def _tell_released(session: Session, result: ReleaseResult) -> None:
    output = session.output
    for address in result.released:
        output.row("released", address=address)
    for address in result.left:
        output.row("left", address=address)
    unsettled_rows(output, result.settlements)
    output.row(
        "release",
        destination=result.destination,
        released=len(result.released),
        left=len(result.left),
        open=len(result.open),
    )
    tell_unsettled(output, result.settlements, len(result.settlements))
    output.say(f"{result.destination}: {number(len(result.released), 'person', 'people')} released", "bold")
    waiting = len(result.left) + len(result.open)
    if waiting:
        output.say(f"{number(waiting, 'person is', 'people are')} still held there; release again", "bold red")


def _released_exit(result: ReleaseResult) -> Exit:
    """Whoever asks for all to be released wants to know of each who is not."""
    if result.open:
        return Exit.TRY_AGAIN
    return Exit.REFUSED if result.left else Exit.OK


def record(
    session: Session,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="CSV or JSON Lines with one message each.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="ADDRESS", help="Instead of a file: who got it.")] = None,
    channel: MessageChannel = None,
    category: MessageCategory = None,
    campaign: MessageCampaign = None,
    id: Annotated[str | None, typer.Option("--id", help="The message's own id, so that it counts once.")] = None,
    sent_at: Annotated[
        datetime | None, typer.Option("--sent-at", parser=a_moment, metavar="TIME", help="When it went out.")
    ] = None,
    now: Now = None,
) -> None:
    """Record messages that went out, so that rules about how often somebody is written to can count them.

    A file has the fields id, channel, address, category, campaign_id and sent_at; the first two are needed. Nothing of
    it is recorded where one line is wrong; what was recorded before counts once.
    """
    if (file is None) == (to is None):
        raise typer.BadParameter("give a file, or `--to ADDRESS`")
    new = repeated = forgotten = 0
    work = session.sync(new=True)
    for sends in batches(file) if file is not None else [[only_send(id, channel, to, category, campaign, sent_at)]]:
        applied = work.record(sends, now=now)
        new, repeated, forgotten = new + applied.new, repeated + applied.repeated, forgotten + applied.forgotten
    session.output.row("record", new=new, repeated=repeated, forgotten=forgotten)
    session.output.say(f"{number(new, 'message')} recorded, {repeated:,} known already")


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    command(app, "hold")(hold)
    command(app, "release")(release)
    command(app, "record")(record)

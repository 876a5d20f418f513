"""The commands for messages that wait: `defer` keeps a reference, `due` says once what becomes of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from alignkit.cli.command import (
    MessageCampaign,
    MessageCategory,
    MessageChannel,
    MessageName,
    Now,
    Person,
    Session,
    a_duration,
    a_moment,
    command,
)
from alignkit.cli.output import Output, moment, number
from alignkit.models.times import stamp
from alignkit.sync import Backlog, Deferred, DueResult, Pace, Paced

PerHour = Annotated[
    int | None, typer.Option("--per-hour", metavar="N", min=1, help="Let at most so many go within any hour.")
]
Stage = Annotated[
    list[float] | None,
    typer.Option("--stage", metavar="X", help="Let this share go at first, then the next; the last one is 1."),
]
StageEvery = Annotated[
    timedelta, typer.Option("--stage-every", parser=a_duration, metavar="DURATION", help="How long a stage lasts.")
]


def a_pace(per_hour: int | None, stages: list[float] | None, every: timedelta) -> Pace | None:
    """The pace that the options describe; None where they describe none."""
    if per_hour is None and not stages:
        return None
    return Pace(per_hour=per_hour, stages=tuple(stages or ()), every=every)


def defer(
    session: Session,
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="Your own name for the message.")],
    who: Person,
    message: MessageName = None,
    category: MessageCategory = None,
    channel: MessageChannel = None,
    campaign: MessageCampaign = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", parser=a_moment, metavar="TIME", help="From when it is not worth sending."),
    ] = None,
    rank: Annotated[int, typer.Option("--rank", metavar="N", help="Of a backlog the greatest goes out.")] = 0,
    now: Now = None,
) -> None:
    """Let a message wait; you keep the message, and `due` says what becomes of it."""
    wanted = session.message(message, category, channel, campaign)
    backlog = Backlog(session.store, session.settings.policy())
    _tell(session.output, [backlog.defer(reference, who, wanted, expires_at=until, rank=rank, now=now)], "Deferred")


def due(
    session: Session,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Let at most so many go out now.")
    ] = None,
    per_hour: PerHour = None,
    stage: Stage = None,
    stage_every: StageEvery = timedelta(days=1),
    told: Annotated[bool, typer.Option("--told", help="Only list answers that nobody has acknowledged.")] = False,
    acknowledge: Annotated[
        list[str] | None,
        typer.Option("--acknowledge", metavar="REFERENCE", help="Only say that this was done; can be repeated."),
    ] = None,
    give_back: Annotated[
        list[str] | None,
        typer.Option("--give-back", metavar="REFERENCE", help="Only let this wait again; can be repeated."),
    ] = None,
    prune: Annotated[
        timedelta | None,
        typer.Option("--prune", parser=a_duration, metavar="DURATION", help="Only drop what was done so long ago."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look; tell nothing for good.")] = False,
    now: Now = None,
) -> None:
    """Say, once for each, which deferred messages may go out now, and which never will."""
    backlog = Backlog(session.store, session.settings.policy())
    if prune is not None:
        dropped = backlog.prune(older_than=prune, now=now)
        session.output.row("pruned", messages=dropped)
        session.output.say(f"{number(dropped, 'message')} dropped")
        return
    if acknowledge or give_back:
        for word, changed in (
            ("acknowledged", backlog.acknowledge(acknowledge or ())),
            ("waiting", backlog.give_back(give_back or ())),
        ):
            for reference in changed:
                session.output.row(word, reference=reference)
                session.output.line(f"{word}: {reference}")
        return
    if told:
        _tell(session.output, backlog.told(), "Told and not acknowledged")
        return
    pace = a_pace(per_hour, stage, stage_every)
    _tell_due(session.output, backlog.due(limit=limit, pace=pace, dry_run=dry_run, now=now))


def _tell_due(output: Output, result: DueResult) -> None:
    _tell(output, list(result.answers), "Would be told" if result.dry_run else "Told")
    output.row(
        "due",
        told=len(result.answers),
        waiting=result.waiting,
        next_at=stamp(result.next_at),
        stopped=result.stopped is not None,
        dry_run=result.dry_run,
    )
    later = f"; ask again at {moment(result.next_at)} UTC, or when something new was read" if result.next_at else ""
    output.say(f"{number(len(result.answers), 'message')} told, {result.waiting:,} waiting{later}", "bold")
    tell_paced(output, result.paced)
    if result.stopped is not None:
        output.say(f"nothing goes out: {result.stopped.explain(result.stopped.since)}", "bold red")


def _tell(output: Output, messages: list[Deferred], title: str) -> None:
    for one in messages:
        output.row(
            "deferred",
            reference=one.reference,
            state=one.state.value,
            became=one.became.value if one.became else None,
            scope=one.message.scope,
            expires_at=stamp(one.expires_at),
            recheck_at=stamp(one.recheck_at),
            reason=one.reason,
        )
    rows = [(one.reference, one.became.value if one.became else "waits", one.reason) for one in messages]
    output.table(title, ("message", "what becomes of it", "why"), rows)


def tell_paced(output: Output, paced: Paced | None) -> None:
    """Says how far a release has come that goes out piece by piece."""
    if paced is None:
        return
    output.row(
        "paced",
        due=paced.due,
        now=paced.now,
        waiting=paced.waiting,
        released=paced.wave.released,
        people=paced.wave.people,
        since=stamp(paced.wave.since),
        next_at=stamp(paced.next_at),
    )
    if paced.waiting:
        output.say(
            f"{paced.now:,} of {paced.due:,} who may go are let go now; the next at {moment(paced.next_at)} UTC at the"
            " latest",
            "yellow",
        )


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    command(app, "defer")(defer)
    command(app, "due")(due)

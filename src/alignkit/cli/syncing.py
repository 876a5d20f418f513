"""The commands that talk to services: `pull`, `push` and `reconcile`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from alignkit.cli.command import (
    MessageCampaign,
    MessageCategory,
    MessageChannel,
    MessageName,
    Now,
    Session,
    a_moment,
    command,
    ended,
)
from alignkit.cli.comparing import tell_shadows
from alignkit.cli.deferring import PerHour, Stage, StageEvery, a_pace, tell_paced
from alignkit.cli.exits import Exit, exit_of
from alignkit.cli.output import SHOWN, Output, moment, number
from alignkit.cli.settlements import exit_after, standing_words, tell_unsettled, unsettled_rows
from alignkit.cli.stopping import tell_stop, tell_wide
from alignkit.errors import AlignkitError, SettingsError, StoreDamaged, StoreUnavailable
from alignkit.models.times import stamp
from alignkit.sync import Brake, Change, PullResult, PushResult, ReconcileResult

Destination = Annotated[str, typer.Argument(metavar="DESTINATION", help="The name of a destination in the settings.")]
ShowAll = Annotated[bool, typer.Option("--all", help=f"List everybody, not only the first {SHOWN}.")]


def pull(
    session: Session,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Names of sources; all of them by default.")
    ] = None,
    stream: Annotated[
        list[str] | None, typer.Option("--stream", metavar="NAME", help="Only this stream; can be repeated.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", parser=a_moment, metavar="TIME", help="The oldest change wanted on a first read."),
    ] = None,
    max_pages: Annotated[
        int | None, typer.Option("--max-pages", metavar="N", min=1, help="Stop after so many pages of each source.")
    ] = None,
    now: Now = None,
) -> None:
    """Bring in what is new at the sources, and look up anew whom open incidents concern.

    A source that fails does not keep the others waiting; the exit code is that of the first failure.
    """
    names = sources or list(session.settings.file.sources)
    if not names:
        raise SettingsError("the settings name no source; add one as `[sources.NAME]`")
    results: list[PullResult] = []
    failure: AlignkitError | None = None
    for name in names:
        try:
            source = session.settings.source(name)
            with session.output.progress(name) as told:
                results.append(
                    session.sync(new=True).pull(
                        source, streams=stream, since=since, max_pages=max_pages, on_progress=told, now=now
                    )
                )
        except (StoreUnavailable, StoreDamaged):
            raise
        except AlignkitError as error:
            session.output.error(error, name)
            failure = failure or error
    _tell_pulls(session, results)
    if results:
        tell_wide(session.output, session.sync(new=True).refresh_incidents(now=now))
    if failure is not None:
        raise ended(exit_of(failure))


def _tell_pulls(session: Session, results: Sequence[PullResult]) -> None:
    output = session.output
    for one in results:
        output.row(
            "pull",
            source=one.source,
            pages=one.pages,
            events=one.events,
            repeated=one.repeated,
            forgotten=one.forgotten,
            quarantined=one.quarantined,
            fetched=one.fetched,
            waiting=one.waiting,
            gaps=list(one.gaps),
            incomplete=list(one.incomplete),
        )
    columns = ("source", "pages", "new", "known", "by id", "unreadable", "read")
    rows = [
        (
            one.source,
            f"{one.pages:,}",
            f"{one.events:,}",
            f"{one.repeated:,}",
            f"{one.fetched:,}",
            f"{one.quarantined:,}",
            "to its end" if one.is_complete else f"not to the end of {', '.join(one.incomplete)}",
        )
        for one in results
    ]
    output.table("Pulled", columns, rows, right=columns[1:6])
    for one in results:
        for gap in one.gaps:
            output.say(f"{one.source}: {gap}", "yellow")
        if one.quarantined:
            many = number(one.quarantined, "record")
            output.say(f"{one.source}: {many} could not be read; `alignkit status` shows why", "yellow")
        if one.waiting:
            output.say(f"{one.source}: {number(one.waiting, 'object')} could not be read by id; tried again later")


def push(
    session: Session,
    destination: Destination,
    message: MessageName = None,
    category: MessageCategory = None,
    channel: MessageChannel = None,
    campaign: MessageCampaign = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and why; send nothing.")] = False,
    no_brake: Annotated[bool, typer.Option("--no-brake", help="Let any number of changes through.")] = False,
    brake_floor: Annotated[
        int, typer.Option("--brake-floor", metavar="N", min=0, help="So many changes always go through.")
    ] = Brake().floor,
    brake_share: Annotated[
        float, typer.Option("--brake-share", metavar="X", min=0, max=1, help="So much of the audience may change.")
    ] = Brake().share,
    per_hour: PerHour = None,
    stage: Stage = None,
    stage_every: StageEvery = timedelta(days=1),
    show_all: ShowAll = False,
    now: Now = None,
) -> None:
    """Make a destination agree with the policy: hold whom it suppresses, release whom it lets go."""
    wanted = session.message(message, category, channel, campaign)
    sink, policy = session.destination(destination), session.settings.policy()
    brake = None if no_brake else Brake(brake_floor, brake_share)
    with session.output.progress(destination) as told:
        result = session.sync().push(
            sink,
            policy,
            wanted,
            dry_run=dry_run,
            brake=brake,
            pace=a_pace(per_hour, stage, stage_every),
            shadows=session.settings.shadows(),
            on_progress=told,
            now=now,
        )
    _tell_push(session, result, len(result.changes) if show_all else SHOWN)
    tell_shadows(session.output, result.shadows)
    if policy.mode != "enforce":
        session.output.say(f"the policy is in `{policy.mode}` mode, so nothing was sent", "yellow")
        if words := standing_words(session.store, destination):
            session.output.say(words, "bold red")
    if result.braked is not None:
        raise ended(Exit.BRAKE)
    if code := exit_after(result.settlements.values()):
        raise ended(code)


def _tell_push(session: Session, result: PushResult, shown: int) -> None:
    output = session.output
    for change in result.changes:
        output.row(
            "change",
            address=change.address,
            direction=change.direction,
            reason=change.reason,
            rules=list(change.rules),
            until=stamp(change.until),
        )
    unsettled_rows(output, result.settlements)
    output.row(
        "push",
        destination=result.destination,
        scope=result.scope,
        audience=result.audience,
        held=result.held,
        holds=len(result.holds),
        releases=len(result.releases),
        open=len(result.open),
        rejected=len(result.rejected),
        undecided=result.undecided,
        unreadable=result.unreadable,
        tally=dict(result.tally),
        dry_run=result.dry_run,
        braked=result.braked,
    )
    is_real = not result.dry_run and result.braked is None
    told = result.done if is_real else result.changes
    _tell_holds(output, "Held" if is_real else "To hold", _of(told, "hold"), shown)
    _tell_releases(output, "Released" if is_real else "To release", _of(told, "release"), shown)
    tell_unsettled(output, result.settlements, shown)
    output.say(_sentence(result), "bold")
    if is_real and result.tally:
        output.say("at the destination: " + ", ".join(f"{count:,} × {what}" for what, count in result.tally.items()))
    if result.undecided:
        output.say(
            f"{number(result.undecided, 'person', 'people')} left as they are, for a source is stale or was never read;"
            " `alignkit status` shows which",
            "yellow",
        )
    if result.unreadable:
        output.say(
            f"{number(result.unreadable, 'address', 'addresses')} at the destination could not be read", "yellow"
        )
    if result.braked is not None:
        output.say(f"the brake acted: {result.braked}", "bold red")
    tell_paced(output, result.paced)
    tell_wide(output, list(result.capped))
    if result.stopped is not None:
        tell_stop(output, result.stopped)
        output.say("until it is resumed nothing is sent here", "bold red")


def _tell_holds(output: Output, title: str, changes: Sequence[Change], shown: int) -> None:
    by_rule = Counter(", ".join(change.rules) for change in changes).most_common()
    counts = [(rule, f"{count:,}") for rule, count in by_rule]
    output.table(f"{title}, by rule", ("rule", "people"), counts, right=("people",))
    rows = [(change.address, moment(change.until), change.reason) for change in changes[:shown]]
    output.table(f"{title}, and why", ("who", "until (UTC)", "why"), rows)
    output.rest(len(changes) - shown, "; `--all` lists them")


def _tell_releases(output: Output, title: str, changes: Sequence[Change], shown: int) -> None:
    rows = [(change.address, change.reason) for change in changes[:shown]]
    output.table(f"{title}, and why", ("who", "why"), rows)
    output.rest(len(changes) - shown, "; `--all` lists them")


def _of(changes: Sequence[Change], direction: str) -> list[Change]:
    return [change for change in changes if change.direction == direction]


def _sentence(result: PushResult) -> str:
    people = number(result.audience, "person", "people")
    if result.dry_run or result.braked is not None:
        held, released = len(result.holds), len(result.releases)
        did = f"{held:,} would be held and {released:,} released; then {result.held:,} of {people} would be held"
    else:
        held, released = len(_of(result.done, "hold")), len(_of(result.done, "release"))
        did = f"{held:,} held and {released:,} released; now {result.held:,} of {people} are held"
        parts = ((len(result.open), "not settled yet"), (len(result.rejected), "refused by the destination"))
        did = "; ".join([did, *(f"{count:,} {what}" for count, what in parts if count)])
    return f"\n{result.destination}, {result.scope}: {did}"


def reconcile(
    session: Session,
    destination: Destination,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what is ours.")] = False,
    now: Now = None,
) -> None:
    """Compare what we hold with what really stands at a destination."""
    sink = session.destination(destination)
    with session.output.progress(destination):
        result = session.sync().reconcile(sink, repair=repair, now=now)
    _tell_reconciled(session, result)
    if not result.is_in_order:
        raise ended(Exit.FOUND)


def _tell_reconciled(session: Session, result: ReconcileResult) -> None:
    output = session.output
    for finding, address, moved_to in _findings(result):
        output.row("finding", finding=finding, address=address, moved_to=moved_to)
    output.row(
        "reconcile",
        destination=result.destination,
        agreed=result.agreed,
        missing=len(result.missing),
        foreign=len(result.foreign),
        gone=len(result.gone),
        moved=len(result.moved),
        repaired=result.repaired,
        is_in_order=result.is_in_order,
    )
    rows = [
        (address, f"{_MEANING[finding]} {moved_to or ''}".rstrip()) for finding, address, moved_to in _findings(result)
    ]
    output.table(f"{result.destination}: what differs", ("address", "what it is"), rows)
    output.say(f"{number(result.agreed, 'hold')} as the ledger says, {result.repaired:,} mended", "bold")
    if not result.is_in_order:
        output.say("mend what is ours with `--repair`", "yellow")


_MEANING = {
    "missing": "our hold was lifted there while its cause goes on",
    "foreign": "held by somebody else; left alone",
    "gone": "left, or asked not to be written to",
    "moved": "is there under another address:",
}


def _findings(result: ReconcileResult) -> Iterable[tuple[str, str, str | None]]:
    for finding, addresses in (("missing", result.missing), ("foreign", result.foreign), ("gone", result.gone)):
        yield from ((finding, address, None) for address in addresses)
    yield from (("moved", old, new) for old, new in result.moved)


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    command(app, "pull")(pull)
    command(app, "push")(push)
    command(app, "reconcile")(reconcile)

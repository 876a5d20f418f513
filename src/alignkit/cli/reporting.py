"""The command `status`: what is known, how fresh it is, who is held and why, and what somebody should look at."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import islice

import typer
from rich.text import Text

from alignkit.cli.command import Now, Session, command
from alignkit.cli.endpoints import orphaned, way_out
from alignkit.cli.output import age, moment, number
from alignkit.cli.settlements import UNSETTLED
from alignkit.cli.stopping import tell_stop, tell_wide
from alignkit.models import Hold, HoldKind
from alignkit.models.times import stamp
from alignkit.stores import SQLiteStore
from alignkit.stores.records import DeferredState
from alignkit.sync.incident import is_about_single_people
from alignkit.sync.stop import find_all, is_stop

_LISTED = 10
"""How many records of the quarantine people are shown; programs get them all."""


def status(session: Session, now: Now = None) -> None:
    """Show what is known, how fresh it is, what could not be read, and who is held why and for how long."""
    at = now or datetime.now(UTC)
    store = session.store
    _tell_sources(session, store, at)
    _tell_counts(session, store)
    _tell_unknown(session, store)
    _tell_quarantine(session, store)
    _tell_holds(session, store, at)
    _tell_unsettled(session, store)
    for name, people in orphaned(session):
        session.output.row("orphaned", destination=name, people=people)
        session.output.say(f"{name} is not in the settings: {way_out(name, people)}", "yellow")
    _tell_wide(session, store, at)
    _tell_delivery(session, store)
    for stopped in find_all(store, at):
        tell_stop(session.output, stopped)


def _tell_sources(session: Session, store: SQLiteStore, now: datetime) -> None:
    sources = store.sources()
    for one in sources:
        session.output.row(
            "source",
            name=one.name,
            connector=one.type,
            read_at=stamp(one.read_at),
            is_complete=one.is_complete,
            incomplete=[stream.stream for stream in one.streams if not stream.is_complete],
        )
    rows = [
        (
            one.name,
            one.type,
            moment(one.read_at),
            age(one.read_at, now),
            "yes" if one.is_complete else Text("no: marketing waits", style="yellow"),
        )
        for one in sources
    ]
    session.output.table("Sources", ("source", "connector", "read until (UTC)", "", "read to its end"), rows)


_COUNTED = {
    "issues": "issues",
    "active_issues": "of these open",
    "unknown_issues": "of unknown status",
    "issues_without_customer": "without a customer",
    "customers": "customers",
    "events": "events",
    "quarantined": "records in quarantine",
    "wanted": "records still to be read by id",
}


def _tell_counts(session: Session, store: SQLiteStore) -> None:
    counts = store.counts()
    session.output.row("counts", **counts)
    rows = [(_COUNTED.get(name, name), f"{count:,}") for name, count in counts.items()]
    session.output.table("What is known", ("", "number"), rows, right=("number",))


def _tell_unknown(session: Session, store: SQLiteStore) -> None:
    found = store.unknown_statuses()
    for (source, raw), count in found.items():
        session.output.row("unknown_status", source=source, status=raw, issues=count)
    rows = [(source, raw, f"{count:,}") for (source, raw), count in found.items()]
    title = "Statuses that nobody has mapped; their issues count as open"
    session.output.table(title, ("source", "status", "issues"), rows, right=("issues",))


def _tell_quarantine(session: Session, store: SQLiteStore) -> None:
    output = session.output
    if output.as_json:
        for one in store.quarantined():
            output.row(
                "quarantined",
                source=one.source,
                stream=one.stream,
                key=one.key,
                reason=one.reason,
                first_at=stamp(one.first_at),
                last_at=stamp(one.last_at),
                count=one.count,
            )
        return
    rows = [(one.source, one.stream, one.key, one.reason) for one in islice(store.quarantined(), _LISTED + 1)]
    columns = ("source", "stream", "record", "why it could not be read")
    output.table("Quarantine", columns, rows[:_LISTED])
    if len(rows) > _LISTED:
        output.say("… and more; `--json` lists them all\n", "dim")


_AGES = ((timedelta(days=1), "under a day"), (timedelta(days=7), "under a week"), (timedelta(days=30), "under 30 days"))
_OLDEST = "30 days or more"


def _tell_holds(session: Session, store: SQLiteStore, now: datetime) -> None:
    groups: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    since: dict[tuple[str, str], datetime] = {}
    for hold in store.holds(active_at=now):
        if not is_about_single_people(hold):
            continue
        group = (hold.source, _why(hold))
        groups[group][_age_group(now - hold.opened_at)] += 1
        since[group] = min(since.get(group, hold.opened_at), hold.opened_at)
    names = (*(name for _, name in _AGES), _OLDEST)
    for (source, why), ages in sorted(groups.items()):
        session.output.row(
            "holds",
            source=source,
            why=why,
            people=ages.total(),
            ages={name: ages[name] for name in names},
            oldest=stamp(since[source, why]),
        )
    rows = [
        (source, why, f"{ages.total():,}", *(f"{ages[name]:,}" if ages[name] else "" for name in names))
        for (source, why), ages in sorted(groups.items())
    ]
    session.output.table("Holds", ("where", "why", "people", *names), rows, right=("people", *names))
    if not rows:
        session.output.say("nobody is held")


def _tell_unsettled(session: Session, store: SQLiteStore) -> None:
    """People whom a destination did not hold or release."""
    found = [row for name in store.destinations() for row in store.ledger(name) if row.state in UNSETTLED]
    for row in found:
        session.output.row(
            "unsettled",
            destination=row.destination,
            address=row.address,
            direction=row.direction,
            state=row.state.value,
            attempts=row.attempts,
            since=stamp(row.since),
            detail=row.detail,
        )
    rows = [(row.destination, row.address, row.direction, UNSETTLED[row.state], row.detail) for row in found[:_LISTED]]
    columns = ("where", "who", "to", "what became of it", "what was said")
    session.output.table("Not held, or not released, by their destination", columns, rows)
    session.output.rest(len(found) - _LISTED, "; `--json` lists them all\n")


def _tell_wide(session: Session, store: SQLiteStore, now: datetime) -> None:
    """Holds on many people, without stops, which are told last and loudest."""
    wide = [one for one in store.wide_holds(now) if not is_stop(one.hold)]
    tell_wide(session.output, wide)


def _tell_delivery(session: Session, store: SQLiteStore) -> None:
    """Releases under way, and how many messages wait."""
    for wave in store.waves():
        session.output.row(
            "wave",
            destination=wave.destination,
            scope=wave.scope,
            since=stamp(wave.since),
            people=wave.people,
            released=wave.released,
        )
    rows = [
        (wave.destination, wave.scope, moment(wave.since), f"{wave.released:,}", f"{wave.people:,}")
        for wave in store.waves()
    ]
    columns = ("where", "kind of message", "since (UTC)", "let go", "of")
    session.output.table("Let go piece by piece", columns, rows, right=columns[3:])
    states = Counter(one.state.value for one in store.deferred())
    session.output.row("backlog", **{state.value: states[state.value] for state in DeferredState})
    if states["waiting"] or states["told"]:
        session.output.say(
            f"{number(states['waiting'], 'deferred message')} waiting, {states['told']:,} told and not acknowledged"
        )


def _why(hold: Hold) -> str:
    if hold.kind is HoldKind.AUTOMATIC:
        return hold.policy_rule or "policy"
    return f"{hold.kind.value}: {hold.reason}"


def _age_group(held: timedelta) -> str:
    return next((name for limit, name in _AGES if held < limit), _OLDEST)


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    command(app, "status")(status)

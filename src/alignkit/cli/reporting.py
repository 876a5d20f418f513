"""The commands that look: `status` at what is known, `doctor` at what is wrong, `connectors` at what there is."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import typer
from rich.text import Text

from alignkit import registry
from alignkit.cli.command import Now, Session, command, ended
from alignkit.cli.connectors_new import Action, Folder, NewName, begin
from alignkit.cli.exits import Exit
from alignkit.cli.outcomes import UNSETTLED, standing_words
from alignkit.cli.output import age, moment, number, stamp
from alignkit.cli.parameters import parameters, takes_more
from alignkit.cli.settings import Settings
from alignkit.cli.stopping import tell_stop, tell_wide
from alignkit.connectors.base import Finding, Sink, Source
from alignkit.errors import AlignkitError, SettingsError
from alignkit.models import Hold, HoldKind
from alignkit.rules.durations import spell_duration
from alignkit.rules.policy import Mode, Policy
from alignkit.stores import MemoryStore, SQLiteStore
from alignkit.stores.base import DeferredState, SourceState
from alignkit.sync import Sync
from alignkit.sync.incident import is_about_single_people
from alignkit.sync.location import refuse_other
from alignkit.sync.shadows import refuse_confusion
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
    for name, people in _orphaned(session):
        session.output.row("orphaned", destination=name, people=people)
        session.output.say(f"{name} is not in the settings: {_way_out(name, people)}", "yellow")
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
    if len(found) > _LISTED:
        session.output.say(f"… and {len(found) - _LISTED:,} more; `--json` lists them all\n", "dim")


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


def doctor(session: Session) -> None:
    """Check the settings, the policy, the store, and every source and destination; say what to put right."""
    findings = list(_findings(session))
    for place, finding in findings:
        session.output.row(
            "finding", place=place, is_well=finding.is_well, subject=finding.subject, remedy=finding.remedy
        )
    rows = [
        (
            Text("well", style="green") if finding.is_well else Text("wrong", style="bold red"),
            place,
            finding.subject,
            finding.remedy,
        )
        for place, finding in findings
    ]
    session.output.table("Check-up", ("", "where", "what", "what to do"), rows)
    wrong = sum(not finding.is_well for _, finding in findings)
    session.output.say(f"{number(wrong, 'thing')} to put right" if wrong else "all is well", "bold")
    if wrong:
        raise ended(Exit.FOUND)


def _findings(session: Session) -> Iterator[tuple[str, Finding]]:
    settings = session.settings
    yield "settings", Finding(is_well=True, subject=f"`{settings.path}`")
    policy: Policy | None = None
    try:
        policy = settings.policy()
        yield "policy", Finding(is_well=True, subject=f"`{policy.name}`, {number(len(policy.rules), 'rule')}")
    except AlignkitError as error:
        yield "policy", Finding(is_well=False, subject="policy", remedy=str(error))
    if policy is not None and settings.file.shadows:
        yield "shadows", _shadows_finding(settings, policy)
    yield from (("store", finding) for finding in _store_findings(session, policy))
    for section, names, connect in (
        ("sources", settings.file.sources, settings.source),
        ("destinations", settings.file.destinations, settings.destination),
    ):
        for name in names:
            place = f"{section}.{name}"
            try:
                endpoint: Source | Sink = connect(name)
                found = [*_elsewhere(session, endpoint), *Sync(MemoryStore()).check(endpoint)]
            except AlignkitError as error:
                found = [Finding(is_well=False, subject=f"`{name}`", remedy=str(error))]
            yield from ((place, finding) for finding in found)


def _shadows_finding(settings: Settings, policy: Policy) -> Finding:
    try:
        shadows = settings.shadows()
        refuse_confusion(policy, shadows)
    except AlignkitError as error:
        return Finding(is_well=False, subject="shadows", remedy=str(error))
    return Finding(is_well=True, subject=", ".join(f"`{shadow.name}` in `{shadow.mode}` mode" for shadow in shadows))


def _elsewhere(session: Session, endpoint: Source | Sink) -> Iterator[Finding]:
    """Whether the name of a source or destination has stood for another one."""
    try:
        if session.settings.store.exists():
            refuse_other(session.store, endpoint)
    except SettingsError as error:
        yield Finding(is_well=False, subject=f"`{endpoint.name}`", remedy=str(error))


def _store_findings(session: Session, policy: Policy | None) -> Iterator[Finding]:
    """Whether the store can be used, and whether what it knows still fits what the settings name."""
    path = session.settings.store
    if not path.exists():
        is_well = os.access(path.parent, os.W_OK)
        remedy = "" if is_well else f"make the folder `{path.parent}` and give this user the right to write there"
        yield Finding(is_well=is_well, subject=f"`{path.name}`, which the first pull makes", remedy=remedy)
        return
    try:
        events, sources = session.store.counts()["events"], session.store.sources()
    except AlignkitError as error:
        yield Finding(is_well=False, subject=f"`{path.name}`", remedy=str(error))
        return
    yield Finding(is_well=True, subject=f"`{path.name}`, {number(events, 'event')}")
    yield from (_reading_finding(session, source, policy) for source in sources)
    for name, people in _orphaned(session):
        yield Finding(is_well=False, subject=f"`{name}`", remedy=_way_out(name, people))
    if policy is not None and policy.mode is not Mode.ENFORCE:
        for name in session.settings.file.destinations:
            if words := standing_words(session.store, name):
                yield Finding(is_well=False, subject=f"`{name}`, while the policy only looks", remedy=words)


def _orphaned(session: Session) -> list[tuple[str, int]]:
    """Destinations that the ledger has something of and the settings do not name, and of how many people."""
    named, store = session.settings.file.destinations, session.store
    return [(name, sum(1 for _ in store.ledger(name))) for name in store.destinations() if name not in named]


def _way_out(name: str, people: int) -> str:
    return (
        f"the ledger has {number(people, 'person', 'people')} there, and nobody will release them: name it in the"
        f" settings again; if its name is another one now, `alignkit adopt {name} NEW`;"
        f" if it is gone, `alignkit release --give-up {name}`"
    )


def _reading_finding(session: Session, source: SourceState, policy: Policy | None) -> Finding:
    if source.name not in session.settings.file.sources:
        remedy = (
            "decisions wait for it and nobody reads it any more; name it in the settings again, or take leave of it"
            f" with `alignkit retire {source.name} --issues close`, or `keep`"
        )
        return Finding(is_well=False, subject=f"`{source.name}`", remedy=remedy)
    if source.read_at is None:
        remedy = f"it was never read to its end, so marketing waits; run `alignkit pull {source.name}`"
        return Finding(is_well=False, subject=f"`{source.name}`", remedy=remedy)
    now = datetime.now(UTC)
    subject = f"`{source.name}`, read {age(source.read_at, now)}"
    budgets = policy.freshness if policy else ()
    late = next((one for one in budgets if now - source.read_at > one.budget), None)
    if late is None:
        return Finding(is_well=True, subject=subject)
    remedy = (
        f"{late.categories[0].replace('_', ' ')} messages want it read within {spell_duration(late.budget)};"
        f" run `alignkit pull {source.name}` that often"
    )
    return Finding(is_well=False, subject=subject, remedy=remedy)


def connectors(session: Session, action: Action = None, name: NewName = None, folder: Folder = None) -> None:
    """List the connectors that can be named in the settings, with what each takes; or begin one of your own."""
    if action is not None:
        begin(session, action, name, folder)
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


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    command(app, "status")(status)
    command(app, "doctor")(doctor)
    command(app, "connectors")(connectors)

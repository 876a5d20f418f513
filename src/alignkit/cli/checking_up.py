"""The command `doctor`: what is wrong with settings, policy, store, sources and destinations, and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import typer
from rich.text import Text

from alignkit.cli.command import Session, command, ended
from alignkit.cli.endpoints import orphaned, way_out
from alignkit.cli.exits import Exit
from alignkit.cli.output import age, moment, number
from alignkit.cli.settings import Settings
from alignkit.cli.settlements import standing_words
from alignkit.connectors.base import Finding, Sink, Source
from alignkit.errors import AlignkitError, SettingsError, StoreDamaged, StoreUnavailable
from alignkit.rules.durations import spell_duration
from alignkit.rules.policy import Mode, Policy
from alignkit.stores import MemoryStore
from alignkit.stores.records import SourceState
from alignkit.sync import Sync
from alignkit.sync.location import refuse_other
from alignkit.sync.shadows import refuse_confusion

_SKEW = timedelta(minutes=5)
"""How far two clocks may differ that are both right."""


def doctor(session: Session) -> None:
    """Check the settings, the policy, the store, and every source and destination; say what to put right."""
    findings = [(place, replace(one, remedy="") if one.is_well else one) for place, one in _findings(session)]
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
    if policy is not None:
        yield from (("policy", finding) for finding in _expectations(session, policy))
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


def _expectations(session: Session, policy: Policy) -> Iterator[Finding]:
    """Sources that the policy waits for and nobody reads, be it for a slip in a name."""
    named = session.settings.file.sources
    for name in policy.expects:
        if name not in named:
            remedy = (
                "the policy expects it and the settings do not name it, so marketing waits for ever, unless another"
                f" program reads it; name it as `[sources.{name}]`, or correct `expects`"
            )
            yield Finding(is_well=False, subject=f"`{name}`", remedy=remedy)


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
    except (StoreDamaged, StoreUnavailable):
        return  # told already, as a finding of the store


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
    for name, people in orphaned(session):
        yield Finding(is_well=False, subject=f"`{name}`", remedy=way_out(name, people))
    if policy is not None and policy.mode is not Mode.ENFORCE:
        for name in session.settings.file.destinations:
            if words := standing_words(session.store, name):
                yield Finding(is_well=False, subject=f"`{name}`, while the policy only looks", remedy=words)


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
    if source.read_at > now + _SKEW:
        remedy = (
            f"its last reading is dated {moment(source.read_at)} UTC, which is still to come, so it would seem fresh"
            f" till then; set the clock right and run `alignkit pull {source.name}`"
        )
        return Finding(is_well=False, subject=f"`{source.name}`", remedy=remedy)
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


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    command(app, "doctor")(doctor)

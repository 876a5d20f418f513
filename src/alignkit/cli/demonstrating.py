"""The command `demo`: the main job on two days of an invented shop, told the way a marketer would tell it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from alignkit.cli.command import Session, command
from alignkit.cli.demo_shop import Day, Shop, find_data, prepare, read_story
from alignkit.cli.output import Output, moment, number
from alignkit.cli.settings import Settings
from alignkit.models import Verdict
from alignkit.models.times import stamp
from alignkit.rules.decision import Decision
from alignkit.rules.guard import excluded
from alignkit.stores import SQLiteStore
from alignkit.stores.records import Cause

_WORDS = {
    "open-issue": "an issue is being worked on",
    "long-open-issue": "an issue is open for over 30 days: somebody should look",
    "cool-down": "an issue was resolved less than 48 hours ago",
    "bad-rating": "an issue was resolved, and the customer is not satisfied",
    "account-issue": "a colleague at the same company has an urgent issue",
    "several-negative-signals": "several bad experiences within a week",
}
_LEFT_OUT = {
    "spam": "spam",
    "merged": "merged into another ticket, which counts instead",
    "deleted": "deleted",
    "internal": "between colleagues; no customer knows of it",
    "bot": "opened by a bot; the customer has not written",
    "campaign": "opened by a campaign; the customer has not written",
}
_NAMED = 3


def demo(
    session: Session,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="The example's data; examples/data by default.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="Where to work; a new temporary folder by default.")
    ] = None,
) -> None:
    """Show the main job on two days of a shop's support: read, decide, hold, release."""
    origin = find_data(data)
    story = read_story(origin)
    settings = prepare(origin, folder)
    with SQLiteStore(settings.store) as store:
        shop = Shop(settings, store, session.output)
        days: list[Day] = []
        session.output.say("Lark & Pine is an invented shop. Its helpdesk is read, and its newsletter is held back.")
        for name in ("day1", "day2"):
            now = datetime.fromisoformat(story[f"{name}_now"])
            shutil.copyfile(origin / name / "tickets.jsonl", settings.folder / "helpdesk" / f"{now:%Y-%m-%d}.jsonl")
            days.append(shop.live(now, story["people"]))
            _tell_day(session.output, days[-1])
        _tell_reasons(session.output, days)
        _tell_changes(session.output, days[-1])
        _tell_people(session.output, story["people"], days)
        _tell_left_out(session.output, store)
        _tell_unread(session.output, store)
    _tell_how_to_go_on(session.output, settings, days[-1])


def _tell_day(output: Output, day: Day) -> None:
    silent = day.pushed.tally.get("hold foreign", 0)
    output.row(
        "day",
        now=stamp(day.now),
        events=day.pulled.events,
        quarantined=day.pulled.quarantined,
        audience=day.pushed.audience,
        planned_holds=len(day.planned.holds),
        planned_releases=len(day.planned.releases),
        newly_held=len(day.held),
        released=len(day.released),
        held=len(day.after),
        silent=silent,
    )
    output.say(f"\n{day.now:%A} {day.now.day} {day.now:%B %Y, %H:%M} UTC", "bold")
    unread = f"; {number(day.pulled.quarantined, 'record')} could not be read" if day.pulled.quarantined else ""
    output.say(f"  pull      {number(day.pulled.events, 'event')} that were new{unread}")
    people = number(day.planned.audience, "person", "people")
    output.say(
        f"  dry run   of {people}, {len(day.planned.holds):,} to hold and {len(day.planned.releases):,} to release;"
        " nothing sent"
    )
    aside = f"; {silent:,} more get no mail anyway and are left alone" if silent else ""
    output.say(f"  push      {len(day.held):,} newly held, {len(day.released):,} released{aside}")


def _tell_reasons(output: Output, days: Sequence[Day]) -> None:
    """How many wait, by reason, on each day; whoever has several reasons counts once, for the first."""
    counts = [Counter(_reason(cause) for cause in day.after.values()) for day in days]
    reasons = sorted({reason for each in counts for reason in each}, key=lambda one: -counts[0][one])
    for reason in reasons:
        output.row("reason", reason=reason, people=[each[reason] for each in counts])
    names = tuple(f"{day.now:%A}" for day in days)
    rows = [
        *((reason, *(f"{each[reason]:,}" for each in counts)) for reason in reasons),
        (Text("held in all", style="bold"), *(Text(f"{len(day.after):,}", style="bold") for day in days)),
        ("may be written to, or get no mail anyway", *(f"{day.pushed.audience - len(day.after):,}" for day in days)),
    ]
    output.table("Who waits, and why", ("", *names), rows, right=names)


def _reason(cause: Cause) -> str:
    rule = cause.rules[0] if cause.rules else "policy"
    return _WORDS.get(rule, rule)


def _tell_changes(output: Output, day: Day) -> None:
    for cause in day.held:
        output.row("held", address=cause.address, reason=cause.reason, until=stamp(cause.until))
    for address in day.released:
        output.row("released", address=address, was=day.before[address].reason, ending=day.endings[address])
    held = [(cause.address, moment(cause.until), _reason(cause), _tickets(cause)) for cause in day.held]
    released = [(address, _reason(day.before[address]), day.endings[address]) for address in day.released]
    output.table(
        f"Newly held on {day.now:%A}: {len(held):,}, among them",
        ("who", "at most until (UTC)", "why", "ticket"),
        held[:_NAMED],
    )
    output.table(
        f"Released on {day.now:%A}: {len(released):,}, among them",
        ("who", "what had held them", "what became of it"),
        released[:_NAMED],
    )


def _tickets(cause: Cause) -> str:
    return ", ".join(reference.rpartition("/")[2] for reference in cause.evidence)


def _tell_people(output: Output, people: Mapping[str, Mapping[str, str]], days: Sequence[Day]) -> None:
    for kind, person in people.items():
        decisions = [day.decisions[kind] for day in days]
        output.row(
            "person",
            story=kind,
            address=person["email"],
            verdicts=[one.verdict.value for one in decisions],
            explanation=decisions[-1].explain(),
        )
    rows = [
        (
            kind.replace("_", " "),
            *(_WORD[day.decisions[kind].verdict] for day in days),
            _short(days[-1].decisions[kind]),
        )
        for kind in people
    ]
    names = (f"{day.now:%A}" for day in days)
    output.table("People to follow", ("whose ticket is …", *names, "why"), rows)


_WORD = {Verdict.SEND: "send", Verdict.SUPPRESS: "wait"}


def _short(decision: Decision) -> str:
    """Why, without the verdict and the end, which have columns of their own."""
    return "; ".join(decision.reasons) or decision.explain().removeprefix("send: ")


def _tell_left_out(output: Output, store: SQLiteStore) -> None:
    found = Counter(why for issue in store.issues() if (why := excluded(issue)) is not None)
    for why, count in found.most_common():
        output.row("left_out", reason=why, issues=count)
    rows = [(_LEFT_OUT.get(why, why), f"{count:,}") for why, count in found.most_common()]
    output.table("Left out, for they are no customer's problem", ("", "tickets"), rows, right=("tickets",))


def _tell_unread(output: Output, store: SQLiteStore) -> None:
    unknown = store.unknown_statuses()
    unreachable = sum(not _has_address(one.identifiers) for one in store.customers())
    counts = store.counts()
    output.row(
        "unsettled",
        quarantined=[{"record": row.key, "reason": row.reason} for row in store.quarantined()],
        unknown_statuses={raw: count for (_, raw), count in unknown.items()},
        customers_without_address=unreachable,
        issues_without_customer=counts["issues_without_customer"],
    )
    rows = [
        *((f"record {row.key} is in quarantine: {row.reason}", f"{row.count:,}") for row in store.quarantined()),
        *(
            (f"tickets with the status “{raw}”, which nobody has explained; they count as open", f"{count:,}")
            for (_, raw), count in unknown.items()
        ),
        ("customers known without an e-mail address, whom no list can hold", f"{unreachable:,}"),
    ]
    if counts["issues_without_customer"]:
        rows.append(("tickets without a customer", f"{counts['issues_without_customer']:,}"))
    output.table("What somebody should look at", ("", "number"), rows, right=("number",))


def _has_address(identifiers: Iterable[str]) -> bool:
    return any(one.startswith("email:") for one in identifiers)


def _tell_how_to_go_on(output: Output, settings: Settings, day: Day) -> None:
    output.row("files", settings=str(settings.path), held=str(settings.folder / "held.csv"), store=str(settings.store))
    who = next(iter(day.after), "WHO")
    output.say("\nGo on from here:", "bold")
    for line in (
        f"export ALIGNKIT_SETTINGS={settings.path}",
        f"alignkit explain {who} --now {stamp(day.now)}",
        f"alignkit status --now {stamp(day.now)}",
    ):
        output.line(f"  {line}")


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    command(app, "demo")(demo)

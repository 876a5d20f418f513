"""The command `demo`: the main job on two days of an invented shop, told the way a marketer would tell it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from rich.text import Text

from alignkit import identity
from alignkit.cli.command import Session, command
from alignkit.cli.output import Output, moment, number, stamp
from alignkit.cli.settings import Settings
from alignkit.errors import DataInvalid, SettingsError
from alignkit.gate import Gate
from alignkit.models import Message, Verdict
from alignkit.rules.decision import Decision
from alignkit.rules.facts import IssueFacts
from alignkit.rules.guard import excluded
from alignkit.rules.wording import moment_of
from alignkit.stores import SQLiteStore
from alignkit.stores.base import Cause
from alignkit.sync import PullResult, PushResult, Sync

SOURCE, DESTINATION, OFFER = "shop-zendesk", "newsletter", "offer"

SETTINGS = """\
# The demo's own settings. Go on with them: `alignkit status --settings THIS_FILE`.
store = "align.db"

[policy]
preset = "starter"

[sources.shop-zendesk]
connector = "export"
path = "helpdesk"
mapping = "zendesk"
custom_statuses = { 41180000000105 = "snoozed" }
outbound_tags = ["campaign_outbound", "campaign_reply"]
internal_tags = ["created_for_side_conversation"]

[destinations.newsletter]
connector = "audience_file"
path = "audience.csv"
held_path = "held.csv"

[messages.offer]
category = "promotional"
channel = "email"
"""

_NEEDED = ("story.json", "audience.csv", "day1/tickets.jsonl", "day2/tickets.jsonl")
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

Causes: TypeAlias = Mapping[str, Cause]


@dataclass(frozen=True)
class Day:
    """What one day of the demo did.

    Attributes:
        before, after: why people are held at the destination, by address.
        endings: what became of the issues of those released, by address.
        decisions: the answers for the people of the story, by their part in it.
    """

    now: datetime
    pulled: PullResult
    planned: PushResult
    pushed: PushResult
    before: Causes
    after: Causes
    endings: Mapping[str, str]
    decisions: Mapping[str, Decision]

    @property
    def held(self) -> list[Cause]:
        """Those newly held."""
        return [cause for address, cause in self.after.items() if address not in self.before]

    @property
    def released(self) -> list[str]:
        """Those released."""
        return [address for address in self.before if address not in self.after]


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
    origin = _data(data)
    story = _story(origin)
    settings = _prepared(origin, folder)
    with SQLiteStore(settings.store) as store:
        shop = _Shop(settings, store, session.output)
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


def _data(given: Path | None) -> Path:
    """The folder of the example's data.

    Raises:
        SettingsError: it is not there.
    """
    checkout = Path(__file__).parents[3]
    places = [given] if given else [Path("examples/data"), checkout / "examples" / "data"]
    found = next((place for place in places if all((place / name).is_file() for name in _NEEDED)), None)
    if found is None:
        where = f"in `{given}`" if given else "here"
        raise SettingsError(
            f"the demo's data is not {where}; it is in the project's repository and not in the package:"
            " give its folder with `--data examples/data`"
        )
    return found


def _story(origin: Path) -> dict[str, Any]:
    try:
        story: dict[str, Any] = json.loads((origin / "story.json").read_text("utf-8"))
        return {name: story[name] for name in ("day1_now", "day2_now", "people")}
    except (ValueError, KeyError):
        raise DataInvalid("the demo's `story.json` cannot be read; run `python examples/make_data.py`") from None


def _prepared(origin: Path, folder: Path | None) -> Settings:
    """A folder with settings, a mailing list and an empty place for the helpdesk's exports.

    Raises:
        SettingsError: the folder is in use, or cannot be made.
    """
    try:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="alignkit-demo-"))
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SettingsError(f"`{folder}` is not empty; name a new folder, so that nothing in it is lost")
        (folder / "helpdesk").mkdir()
        shutil.copyfile(origin / "audience.csv", folder / "audience.csv")
        (folder / "alignkit.toml").write_text(SETTINGS, "utf-8")
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        raise SettingsError(f"the demo cannot work in `{folder}`: {why}; name another with `--folder`") from None
    return Settings(folder / "alignkit.toml")


@dataclass(frozen=True)
class _Shop:
    """The invented shop, with alignkit between its helpdesk and its newsletter."""

    settings: Settings
    store: SQLiteStore
    output: Output

    def live(self, now: datetime, people: Mapping[str, Mapping[str, str]]) -> Day:
        """One day: read, look at what would change, push."""
        sync, offer = Sync(self.store), self.settings.message(OFFER)
        policy, newsletter = self.settings.policy(), self.settings.destination(DESTINATION)
        before = self._causes(offer)
        with self.output.progress("helpdesk") as told:
            pulled = sync.pull(self.settings.source(SOURCE), on_progress=told, now=now)
        with self.output.progress("newsletter") as told:
            planned = sync.push(newsletter, policy, offer, dry_run=True, on_progress=told, now=now)
            pushed = sync.push(newsletter, policy, offer, on_progress=told, now=now)
        gate = Gate(self.store, policy)
        decisions = {kind: gate.decide(person["email"], offer, now=now) for kind, person in people.items()}
        after = self._causes(offer)
        endings = {address: self._ending(cause) for address, cause in before.items() if address not in after}
        return Day(now, pulled, planned, pushed, before, after, endings, decisions)

    def _causes(self, offer: Message) -> Causes:
        return {cause.address: cause for cause in self.store.causes(DESTINATION, offer.scope)}

    def _ending(self, cause: Cause) -> str:
        """What became of the issues that somebody was held for."""
        facts = self.store.facts(identity.identifier(cause.address), frozenset({"issues"}))
        return (
            "; ".join(_became(issue) for issue in facts.issues if issue.ref in cause.evidence) or "nobody is concerned"
        )


def _became(issue: IssueFacts) -> str:
    number = issue.ref.rpartition("/")[2]
    since = f" since {moment(moment_of(issue.resolved_at))}" if issue.resolved_at is not None else ""
    rated = f", rated {issue.rating}" if issue.rating else ""
    return f"ticket {number} is {issue.status.replace('_', ' ')}{since}{rated}"


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

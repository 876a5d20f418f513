"""The commands about a policy by itself: `policy check`, `test`, `diff`, `backtest` and `schema`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.text import Text

from alignkit import registry
from alignkit.cli.command import (
    MessageCampaign,
    MessageCategory,
    MessageChannel,
    MessageName,
    Now,
    Session,
    a_duration,
    command,
    ended,
)
from alignkit.cli.comparing import tell_differences
from alignkit.cli.exits import Exit
from alignkit.cli.output import SHOWN, moment, number
from alignkit.connectors.base import Source
from alignkit.models import Category, Channel, Message
from alignkit.rules.check import Finding, check
from alignkit.rules.durations import spell_duration
from alignkit.rules.policy import Policy
from alignkit.rules.presets import preset
from alignkit.whatif import (
    Backtest,
    HoldTimes,
    Known,
    Tally,
    backtest,
    compare,
    load_cases,
    made_questions,
    questions_of_store,
)
from alignkit.whatif.cases import CaseResult, case_schema

PRESET = "preset:"
"""What the name of a preset begins with where a policy's file may stand."""

PolicyName = Annotated[
    str | None,
    typer.Argument(metavar="[POLICY]", help=f"A policy's file, or {PRESET}NAME; the one of the settings by default."),
]


def _named(session: Session, name: str | None) -> Policy:
    if name is None:
        return session.settings.policy()
    return preset(name.removeprefix(PRESET)) if name.startswith(PRESET) else Policy.load(name)


def check_policy(
    session: Session,
    policy: PolicyName = None,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="FINDING", help="A fault, or fault:rule, to pass over; can be repeated."),
    ] = None,
) -> None:
    """Look for rules that make no difference, holds without an end, and messages that nothing or too much governs."""
    judged = _named(session, policy)
    statuses, unknown = _statuses(session)
    findings = check(judged, statuses=None if unknown else statuses, accept=accept or ())
    for finding in findings:
        session.output.row("finding", **finding.to_dict())
        _tell_finding(session, finding)
    session.output.row(
        "check", policy=judged.name, rules=len(judged.rules), findings=len(findings), statuses_unknown=unknown
    )
    rules = number(len(judged.rules), "rule")
    if unknown:
        session.output.say(f"statuses were not looked at: {', '.join(unknown)} may have any", "dim")
    if findings:
        session.output.say(f"{judged.name}: {number(len(findings), 'finding')} in {rules}", "yellow")
        raise ended(Exit.FOUND)
    session.output.say(f"{judged.name}: nothing wrong in {rules}", "green")


def _statuses(session: Session) -> tuple[dict[str, list[str]], list[str]]:
    """The statuses that issues of each source of the settings can have, and the sources whose issues can have any."""
    found: dict[str, list[str]] = {}
    sources = session.known_settings.file.sources if session.known_settings else {}
    for name, one in sources.items():
        connector = registry.resolve(one.connector)
        if issubclass(connector, Source) and connector.brings_issues:
            fixed = [status.value for status in connector.statuses.values()]
            found[name] = [*fixed, *_mapped(one.given)] if fixed else []
    return found, [name for name, statuses in found.items() if not statuses]


def _mapped(given: Mapping[str, Any]) -> Iterator[str]:
    """The statuses that the settings of a source give words of their own: `statuses = { parked = "snoozed" }`."""
    for name, value in given.items():
        if name.endswith("statuses") and isinstance(value, dict):
            yield from map(str, cast("dict[str, object]", value).values())


def _tell_finding(session: Session, finding: Finding) -> None:
    output, example = session.output, finding.example
    output.show(Text(finding.name, style="bold yellow"))
    output.say(f"  {finding.text}")
    output.say(f"  to do: {finding.remedy}")
    output.say(f"  seen with: {example.shows}", "dim")
    told = example.to_dict()
    output.line(f"  message = {_inline(told['message'])}")
    output.line(f"  facts = {_inline(told['facts'])}\n")


def _inline(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def try_cases(
    session: Session,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of cases, .cases.toml or .cases.json.")],
    policy: Annotated[
        str | None, typer.Option("--policy", metavar="POLICY", help="Another policy than the files name.")
    ] = None,
) -> None:
    """Decide example facts, and compare the decisions with those that are expected."""
    results: list[CaseResult] = []
    for file in files:
        cases = load_cases(file)
        judged = _named(session, policy) if policy or cases.policy is None else None
        for result in cases.run(judged):
            results.append(result)
            _tell_case(session, file, result)
    failed = [result for result in results if not result.has_passed]
    session.output.row("test", cases=len(results), failed=len(failed))
    session.output.say(f"{number(len(results), 'case')}, {len(failed)} failed", "yellow" if failed else "green")
    if failed:
        raise ended(Exit.FOUND)


def _tell_case(session: Session, file: Path, result: CaseResult) -> None:
    differences = [str(one) for one in result.differences]
    session.output.row(
        "case",
        file=str(file),
        name=result.case.name,
        passed=result.has_passed,
        differences=differences,
        explanation=result.decision.explain(),
    )
    if differences:
        session.output.show(Text(f"{file.name}: {result.case.name}", style="bold yellow"))
        for difference in differences:
            session.output.say(f"  {difference}")
        session.output.say(f"  {result.decision.explain()}", "dim")


def diff_policies(
    session: Session,
    policy: Annotated[str, typer.Argument(metavar="POLICY", help=f"A policy's file, or {PRESET}NAME.")],
    other: Annotated[
        str | None,
        typer.Argument(metavar="[OTHER]", help="What would replace it; where one policy is given, it is that one."),
    ] = None,
    message: MessageName = None,
    category: MessageCategory = None,
    channel: MessageChannel = None,
    campaign: MessageCampaign = None,
    made: Annotated[
        int | None,
        typer.Option("--made", min=1, metavar="N", help="Ask about N customers made for the policies, not the store."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Which customers are made.")] = 0,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help=f"End with {Exit.FOUND.value} where anybody is decided differently.")
    ] = False,
    now: Now = None,
) -> None:
    """Show who would be decided differently by another policy, and which rules make the difference."""
    before = _named(session, policy if other else None)
    after = _named(session, other or policy)
    if made is not None:
        found = compare(before, after, made_questions([before, after], number=made, seed=seed))
    else:
        messages = _messages(session, message, category, channel, campaign)
        found = compare(before, after, questions_of_store(session.store, messages, now=now))
    tell_differences(session.output, found)
    session.output.row("diff", **found.to_dict())
    if exit_code and found.changed:
        raise ended(Exit.FOUND)


def _messages(
    session: Session, name: str | None, category: Category | None, channel: Channel | None, campaign: str | None
) -> list[Message]:
    """The message that the options describe; without any, every message of the settings."""
    listed = list(session.settings.file.messages.values())
    if listed and name is None and category is None and channel is None and campaign is None:
        return listed
    return [session.message(name, category, channel, campaign)]


def backtest_policy(
    session: Session,
    policy: PolicyName = None,
    received: Annotated[
        bool, typer.Option("--received", help="Count events as known when they came in, not when they happened.")
    ] = False,
    lag: Annotated[
        timedelta,
        typer.Option("--lag", parser=a_duration, metavar="DURATION", help="How long after that they became known."),
    ] = timedelta(0),
    segment: Annotated[str, typer.Option("--segment", help="The customers' attribute to tell apart.")] = "tier",
    category: Annotated[
        Category | None, typer.Option("--category", help="What messages are for of which nobody says it.")
    ] = None,
) -> None:
    """Replay the messages that went out: which of them the policy would have held, why, and for how long."""
    judged = _named(session, policy)
    known = Known.RECEIVED if received else Known.HAPPENED
    found = backtest(judged, session.store, known=known, lag=lag, segment=segment, category=category)
    session.output.row("backtest", **found.to_dict())
    _tell_backtest(session, found, segment)


def _tell_backtest(session: Session, found: Backtest, segment: str) -> None:
    output = session.output
    output.say(
        f"{found.policy}: {found.all.held:,} of {number(found.all.sends, 'message')} held"
        f" ({found.all.share:.1%}), from {moment(found.began_at) or '-'} to {moment(found.ended_at) or '-'} UTC",
        "bold",
    )
    if found.unclassified or found.unaddressed:
        kinds, people = number(found.unclassified, "message"), number(found.unaddressed, "message")
        output.say(f"not counted: {kinds} of unknown kind, {people} to nobody known", "yellow")
    times = found.hold_times_by_rule()
    rules = sorted({*found.by_rule, *times}, key=lambda rule: (-found.by_rule[rule], rule))
    output.table(
        "By rule",
        ("rule", "messages held", "holds ended", "median", "95 of 100", "still held"),
        [(rule, f"{found.by_rule[rule]:,}", *_times(times.get(rule))) for rule in rules],
        right=("messages held", "holds ended", "still held"),
    )
    if found.not_followed:
        output.say(f"holds not followed, for they depend on the single message: {', '.join(found.not_followed)}", "dim")
    for title, tallies in (("By campaign", found.by_campaign), (f"By {segment.replace('_', ' ')}", found.by_segment)):
        output.table(title, ("", "messages", "held", "share"), _rows(tallies), right=("messages", "held", "share"))
    flapping = found.flapping
    output.say(
        f"\n{number(flapping.again, 'hold')} began again within {spell_duration(flapping.within)}, for "
        f"{number(flapping.customers, 'customer')}"
    )


def _times(times: HoldTimes | None) -> tuple[str, ...]:
    if times is None:
        return ("", "", "", "")
    spans = (spell_duration(one) if one is not None else "" for one in (times.median, times.p95))
    return (f"{times.ended:,}", *spans, f"{times.lasting:,}")


def _rows(tallies: Mapping[str, Tally]) -> list[tuple[str, ...]]:
    ordered = sorted(tallies.items(), key=lambda item: (-item[1].held, item[0]))[:SHOWN]
    return [(name, f"{tally.sends:,}", f"{tally.held:,}", f"{tally.share:.1%}") for name, tally in ordered]


def schema(
    session: Session,
    cases: Annotated[bool, typer.Option("--cases", help="That of a file of cases instead.")] = False,
) -> None:
    """Print the JSON Schema of a policy, for an editor that completes and checks while you write."""
    found = case_schema() if cases else Policy.model_json_schema(by_alias=True)
    if session.output.as_json:
        session.output.row("schema", schema=found)
    else:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")


def add_to(app: typer.Typer) -> None:
    """Adds these commands, as a group of their own."""
    policy = typer.Typer(name="policy", help="Check, test, compare and replay policies.", no_args_is_help=True)
    command(policy, "check")(check_policy)
    command(policy, "test")(try_cases)
    command(policy, "diff")(diff_policies)
    command(policy, "backtest")(backtest_policy)
    command(policy, "schema")(schema)
    app.add_typer(policy)

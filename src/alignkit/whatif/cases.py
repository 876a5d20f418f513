"""Tests of a policy as data: a file of example facts, each with the decision that is expected about a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import Field, ValidationError

from alignkit.errors import DataInvalid
from alignkit.gate import holds_as_of
from alignkit.models import Message, Model, Outcome, Verdict, microseconds
from alignkit.models.times import stamp
from alignkit.rules.decision import Decision
from alignkit.rules.documents import Form, read_file
from alignkit.rules.examples import read_facts, read_moment
from alignkit.rules.facts import Facts
from alignkit.rules.freshness import View
from alignkit.rules.policy import Policy
from alignkit.rules.presets import preset

SUFFIXES = (".cases.toml", ".cases.json")
"""How the name of a file of cases ends, so that it can be told from a policy."""

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
"""The instant of a case that names none: a Wednesday, at noon in UTC."""

_FORM = Form("the file of cases", DataInvalid, SUFFIXES)
_SHOWN = 3


class Expected(Model, frozen=True):
    """What a case wants of a decision; what is not named is not looked at.

    Attributes:
        until: an instant, a time told from now such as `in 2d`, or `never`.
    """

    verdict: Verdict
    outcome: Outcome | None = None
    rules: tuple[str, ...] | None = None
    notes: tuple[str, ...] | None = None
    evidence: tuple[str, ...] | None = None
    until: str | datetime | None = None


class _Preset(Model, frozen=True):
    preset: str
    parameters: Mapping[str, Any] = Field(default_factory=dict)


class _Case(Model, frozen=True):
    """One case as it stands in a file."""

    name: Annotated[str, Field(min_length=1)]
    message: Message
    expect: Expected
    now: datetime | str | None = None
    facts: Mapping[str, Any] = Field(default_factory=dict)
    sources: Mapping[str, datetime | str] = Field(default_factory=dict)


class _File(Model, frozen=True):
    policy: str | _Preset | None = None
    now: datetime | str | None = None
    cases: Annotated[tuple[_Case, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """One example with the decision that is expected of it.

    Attributes:
        sources: when each source was last read, where the case is about old data; None for one never read to its end.
    """

    name: str
    facts: Facts
    message: Message
    now: datetime
    expected: Expected
    sources: Mapping[str, datetime | None]

    def run(self, policy: Policy) -> CaseResult:
        """Decides it as a `Gate` does, and compares."""
        view = policy.view(self.message, self.now, self.sources) if self.sources else View(self.now)
        facts = self.facts
        if view.as_of < self.now:
            holds = holds_as_of(facts.holds, microseconds(view.as_of), microseconds(self.now))
            facts = replace(facts, holds=holds)
        decision = policy.decide(facts, self.message, self.now, **view._asdict())
        return CaseResult(self, decision, tuple(_differences(self, decision)))


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of a decision that is not as expected."""

    part: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"{self.part}: expected {_shown(self.expected)}, got {_shown(self.actual)}"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case, the decision about it, and in what that is not as expected."""

    case: PolicyCase
    decision: Decision
    differences: tuple[Difference, ...]

    @property
    def has_passed(self) -> bool:
        """Whether everything is as expected."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class PolicyCases:
    """The cases of one file.

    Attributes:
        policy: the policy that the file names, None where it names none.
    """

    policy: Policy | None
    cases: tuple[PolicyCase, ...]

    def run(self, policy: Policy | None = None) -> list[CaseResult]:
        """Decides every case by this policy, else by that of the file.

        Raises:
            DataInvalid: neither is there.
        """
        judge = policy or self.policy
        if judge is None:
            raise DataInvalid("the cases name no policy; add `policy` to their file, or say which one is meant")
        return [case.run(judge) for case in self.cases]


def load_cases(path: str | Path) -> PolicyCases:
    """The cases in a `.cases.toml` or `.cases.json` file; a policy that it names is looked for beside it.

    Raises:
        DataInvalid: it cannot be read, or something in it is not known; the text names the place.
        PolicyInvalid: the policy that it names is refused.
    """
    file = Path(path)
    found = _parsed(file)
    return PolicyCases(
        policy=_policy(found.policy, file.parent),
        cases=tuple(_case(each, found.now, f"cases[{index}]") for index, each in enumerate(found.cases)),
    )


def case_schema() -> dict[str, Any]:
    """The JSON Schema of a file of cases; the rows of `facts` are those of `alignkit.rules.facts`."""
    return _File.model_json_schema()


def _parsed(file: Path) -> _File:
    try:
        return _File.model_validate(read_file(file, _FORM))
    except ValidationError as error:
        raise _refusal(file, error) from None


def _refusal(file: Path, error: ValidationError) -> DataInvalid:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    told = dict.fromkeys(_complaint(each["loc"], each["type"], each["msg"]) for each in found)
    return DataInvalid(f"the cases `{file.name}` were refused: {'; '.join([*told][:_SHOWN])}")


def _complaint(place: tuple[str | int, ...], kind: str, message: str) -> str:
    where = ""
    for step in place:
        # The names of alternatives are no part of the file.
        if isinstance(step, int):
            where += f"[{step}]"
        elif step not in ("str", "datetime", "_Preset"):
            where += f".{step}" if where else step
    if kind == "extra_forbidden":
        return f"`{where}` is not known; remove it or correct its spelling"
    return f"`{where}` {'is missing; add it' if kind == 'missing' else message[:1].lower() + message[1:]}"


def _policy(named: str | _Preset | None, folder: Path) -> Policy | None:
    if named is None:
        return None
    return Policy.load(folder / named) if isinstance(named, str) else preset(named.preset, **named.parameters)


def _case(found: _Case, now: datetime | str | None, place: str) -> PolicyCase:
    general = NOON if now is None else read_moment(now, NOON, "now")
    moment = general if found.now is None else read_moment(found.now, general, f"{place}.now")
    _until(found.expect, moment, f"{place}.expect.until")
    return PolicyCase(
        name=found.name,
        facts=read_facts(found.facts, microseconds(moment), f"{place}.facts"),
        message=found.message,
        now=moment,
        expected=found.expect,
        sources={
            name: None if read == "never" else read_moment(read, moment, f"{place}.sources.{name}")
            for name, read in found.sources.items()
        },
    )


def _until(expected: Expected, now: datetime, place: str) -> datetime | None:
    if expected.until is None or expected.until == "never":
        return None
    return read_moment(expected.until, now, place)


_LISTS = ("rules", "notes", "evidence")


def _differences(case: PolicyCase, decision: Decision) -> list[Difference]:
    expected = case.expected
    found = [Difference("verdict", expected.verdict, decision.verdict)]
    if expected.outcome is not None:
        found.append(Difference("outcome", expected.outcome, decision.outcome))
    for part in _LISTS:
        wanted: tuple[str, ...] | None = getattr(expected, part)
        if wanted is not None:
            found.append(Difference(part, tuple(sorted(wanted)), getattr(decision, part)))
    if expected.until is not None:
        found.append(Difference("until", _until(expected, case.now, "expect.until"), decision.until))
    found.append(Difference("errors", (), decision.errors))
    return [each for each in found if each.expected != each.actual]


def _shown(value: object) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, datetime):
        return stamp(value)
    return ", ".join(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else str(value)

"""What a check has found wrong with a policy: the rule, facts that show it, and a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from alignkit.models.marketing import Message
from alignkit.models.times import microseconds, stamp
from alignkit.rules.examples import write_facts
from alignkit.rules.facts import Facts


class Fault(StrEnum):
    """What can be wrong with a policy that reads well.

    `never-holds`: no facts make the rule hold. `shadowed`: wherever it holds, others decide the same without it.
    `always-cancelled`: wherever it suppresses, a rule exempts. `idle-exemption`: there is nothing that it could exempt
    from. `no-end`: neither time nor the end of an issue ends the hold. `status-not-produced`: no connected source has
    issues of the status that it asks for. `ungoverned`: no rule can hold such messages back. `blocked`: a message that
    a customer must get could be held back. `fails`: it cannot be evaluated on facts that are valid, or its plugin
    says something else of itself than what it does. `counts-unsent`: it counts messages that were held back as if they
    had gone out. `empty-reason`: its reason names what there never is.
    """

    NEVER_HOLDS = "never-holds"
    SHADOWED = "shadowed"
    ALWAYS_CANCELLED = "always-cancelled"
    IDLE_EXEMPTION = "idle-exemption"
    NO_END = "no-end"
    STATUS_NOT_PRODUCED = "status-not-produced"
    UNGOVERNED = "ungoverned"
    BLOCKED = "blocked"
    FAILS = "fails"
    COUNTS_UNSENT = "counts-unsent"
    EMPTY_REASON = "empty-reason"


@dataclass(frozen=True, slots=True)
class Example:
    """Facts that show a finding: decide the message about them at `now`, and see.

    Attributes:
        shows: what is to be seen there.
    """

    facts: Facts
    message: Message
    now: datetime
    shows: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the facts in the form that `alignkit.rules.examples.read_facts` reads."""
        return {
            "now": stamp(self.now),
            "message": self.message.model_dump(mode="json", exclude_defaults=True),
            "facts": write_facts(self.facts, microseconds(self.now)),
            "shows": self.shows,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        fault: what kind of thing it is.
        rule: the id of the rule; None where it is a rule that is missing.
        others: the ids of further rules that take part in it.
        text: what is wrong, in one sentence.
        remedy: what to do about it.
        example: facts that were evaluated and show it.
    """

    fault: Fault
    rule: str | None
    text: str
    remedy: str
    example: Example
    others: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What to put on a list of findings that are accepted: `shadowed:my-rule`, `ungoverned`."""
        return self.fault.value if self.rule is None else f"{self.fault}:{self.rule}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "fault": self.fault.value,
            "rule": self.rule,
            "others": list(self.others),
            "text": self.text,
            "remedy": self.remedy,
            "example": self.example.to_dict(),
        }

"""Collects what one fetch by id has found so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from alignkit.connectors.base import Run
from alignkit.connectors.jira_service_management.records import CUSTOMERS
from alignkit.connectors.records import Answer, Found
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Quarantined, Ref


@dataclass(slots=True)
class Gathered:
    """What one fetch has found so far.

    Attributes:
        source: the name of the connector.
        unseen: what neither answers nor is known to be gone.
        missing: issues that Jira says it does not find.
        lacking: ids of issues whose participants may not be seen at this time.
    """

    source: str
    run: Run
    events: list[CustomerEvent] = field(default_factory=list[CustomerEvent])
    quarantined: list[Quarantined] = field(default_factory=list[Quarantined])
    unseen: set[Ref] = field(default_factory=set[Ref])
    missing: list[Ref] = field(default_factory=list[Ref])
    lacking: set[str] = field(default_factory=set[str])

    def take_people(self, answer: Answer) -> Sequence[Found[Any]]:
        """Tells the people of an answer, and which they are."""
        people = answer.of(CUSTOMERS)
        self.events += [one.event(source=self.source, received_at=self.run.now) for one in people]
        self.quarantined += answer.bad
        return people

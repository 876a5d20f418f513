"""Collects what one fetch by id finds, and says what of it needs no further try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.gone import unseen
from alignkit.connectors.records import Answer, Found, Shape
from alignkit.models.base import Entity
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Quarantined, Ref

E = TypeVar("E", bound=Entity)


@dataclass(slots=True)
class Gathered:
    """What one fetch has found so far.

    Attributes:
        source: the name of the connector.
        unseen: kinds and ids of what neither answers nor is known to be gone; `fetched` tells how many.
        waiting: kinds and ids of what else is to be asked for again, which the connector tells in its own words.
    """

    source: str
    run: Run
    events: list[CustomerEvent] = field(default_factory=list[CustomerEvent])
    quarantined: list[Quarantined] = field(default_factory=list[Quarantined])
    unseen: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    waiting: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def take(self, answer: Answer, shape: Shape[E]) -> Sequence[Found[E]]:
        """The records of one shape, told as they are."""
        found = answer.of(shape)
        self.events += [one.event(source=self.source, received_at=self.run.now) for one in found]
        self.quarantined += answer.bad
        return found

    def fetched(self, refs: Sequence[Ref], gaps: Sequence[str] = ()) -> Fetched:
        """All of it; whatever was not left for another try is done."""
        left = self.unseen | self.waiting
        done = [ref for ref in refs if (ref.kind, ref.id) not in left]
        return Fetched(self.events, done, self.quarantined, [*gaps, *unseen(len(self.unseen))])


def ids_of(answer: Answer, shape: Shape[E]) -> set[str]:
    """The ids of the records that an answer holds, those that cannot be read among them."""
    return {one.data.id for one in answer.of(shape)} | {one.key for one in answer.bad}

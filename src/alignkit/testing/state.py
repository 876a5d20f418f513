"""Says what a store has come to hold of a source, and how two such states differ, in words for an assertion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from alignkit.stores import Store

Told = tuple[str, str]
"""One thing that was told of: the kind (`issue`, `contact` and so on) and its id."""

_FOLDED = frozenset(
    {"status_since", "first_active_at", "waiting_since", "reopened_at", "reopened_count", "linked_refs"}
)
"""What follows from an issue's history and may differ between who read all of it and who read its end."""

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class State:
    """What a store holds.

    Attributes:
        issues: by id, as plain values.
        people: the identifiers of each customer.
        told: everything that some event is about.
        quarantined: the keys of records that could not be read, with the reasons.
    """

    issues: Mapping[str, Mapping[str, Any]]
    people: frozenset[frozenset[str]]
    told: frozenset[Told]
    quarantined: Mapping[str, str]

    @classmethod
    def of(cls, store: Store) -> State:
        """The state of a store."""
        return cls(
            issues={issue.id: issue.model_dump(mode="json", exclude={"observed_at"}) for issue in store.issues()},
            people=frozenset(frozenset(customer.identifiers) for customer in store.customers()),
            told=frozenset((event.type.partition(".")[0], event.subject) for event in store.events()),
            quarantined={row.key: row.reason for row in store.quarantined()},
        )

    def without_history(self) -> State:
        """The same, less what follows from the order in which things were seen."""
        issues = {
            id: {name: value for name, value in issue.items() if name not in _FOLDED}
            for id, issue in self.issues.items()
        }
        return State(issues, self.people, self.told, self.quarantined)

    def without(self, ids: Iterable[str]) -> State:
        """The same, less some issues."""
        out = set(ids)
        return State(
            {id: issue for id, issue in self.issues.items() if id not in out},
            self.people,
            frozenset(told for told in self.told if told[1] not in out),
            self.quarantined,
        )


def difference(found: State, wanted: State) -> str:
    """How a state differs from the one wanted; empty where it does not."""
    parts = [
        *_issues(found.issues, wanted.issues),
        *_sets("people", {_one(p) for p in found.people}, {_one(p) for p in wanted.people}),
        *_sets("told", {"/".join(t) for t in found.told}, {"/".join(t) for t in wanted.told}),
        *_sets("quarantined", set(found.quarantined), set(wanted.quarantined)),
    ]
    return "; ".join(parts)


def _one(identifiers: Iterable[str]) -> str:
    return " = ".join(sorted(identifiers))


def _issues(found: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Mapping[str, Any]]) -> list[str]:
    parts = _sets("issues", set(found), set(wanted))
    for id in sorted(set(found) & set(wanted)):
        other = [name for name, value in wanted[id].items() if found[id].get(name) != value]
        if other:
            shown = ", ".join(f"{name} {found[id].get(name)!r} not {wanted[id][name]!r}" for name in other[:_SHOWN])
            parts.append(f"issue {id} has {shown}")
    return parts[: _SHOWN * 2]


def _sets(name: str, found: set[str], wanted: set[str]) -> list[str]:
    lacks, has = sorted(wanted - found)[:_SHOWN], sorted(found - wanted)[:_SHOWN]
    return [
        *([f"{name} lack {', '.join(lacks)}"] if lacks else []),
        *([f"{name} have {', '.join(has)} beyond what was wanted"] if has else []),
    ]

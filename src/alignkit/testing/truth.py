"""Compares what a store holds with what is true at a fake service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from alignkit.connectors.base import Source
from alignkit.models.base import Entity
from alignkit.models.commerce import Opportunity
from alignkit.models.conversation import Post, SurveyResponse
from alignkit.models.customer import Account, Contact
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import SurveyBucket
from alignkit.stores import Store
from alignkit.testing.sheet_service import SheetService
from alignkit.testing.world import Kind, Row

_BAD = frozenset({SurveyBucket.BAD, SurveyBucket.DETRACTOR})
_GOOD = frozenset({SurveyBucket.GOOD, SurveyBucket.PROMOTER})


def differences(store: Store, service: SheetService, source: Source) -> list[str]:
    """Everything in which a store differs from the truth, in words; empty where it does not."""
    return [*_issues(store, service), *_others(store, service), *_faults(store, source)]


def _issues(store: Store, service: SheetService) -> Iterator[str]:
    held = {issue.id: issue for issue in store.issues()}
    for row in service.world.everything(Kind.ISSUE):
        found = held.pop(row.id, None)
        if row.fate is not None:
            if found is not None and found.is_active is not False:
                yield f"issue {row.id} is {found.status} and was {row.fate}"
        elif found is None:
            yield f"issue {row.id} ({row.status}) is missing"
        else:
            yield from _of_issue(found, row, service)
    if held:
        yield f"issues {sorted(held)} are in the store and not at the service"


def _of_issue(found: Issue, row: Row, service: SheetService) -> Iterator[str]:
    if found.status is not row.status:
        yield f"issue {row.id} is {found.status} and not {row.status}"
    if found.subject is not None and row.title not in found.subject:
        yield f"issue {row.id} is called {found.subject!r} and not {row.title!r}"
    person = None if row.person is None else service.world.truth(Kind.PERSON, row.person)
    if person is not None and found.requester_id != person.id and found.requester_email != person.email:
        yield f"issue {row.id} is not of the person {person.id} but of {found.requester_id}"


def _others(store: Store, service: SheetService) -> Iterator[str]:
    newest: dict[tuple[type[Entity], str], Entity] = {}
    ranks: dict[tuple[type[Entity], str], tuple[int, datetime, int, str]] = {}
    for event in store.events():
        key, rank = (
            (type(event.data), event.subject),
            (event.source_version, event.received_at, event.sequence, event.id),
        )
        if key not in ranks or rank > ranks[key]:
            ranks[key], newest[key] = rank, event.data
    for kind, (model, differs) in _CHECKS.items():
        for row in service.world.everything(kind) if kind in service.sheet.kinds else ():
            if row.fate is not None:
                continue
            found = newest.get((model, row.id))
            if found is None:
                yield f"{kind} {row.id} is missing"
            elif why := differs(found, row):
                yield f"{kind} {row.id} {why}"


def _contact(found: Entity, row: Row) -> str | None:
    assert isinstance(found, Contact)
    return f"has the addresses {found.emails}, not {row.email}" if row.email and row.email not in found.emails else None


def _account(found: Entity, row: Row) -> str | None:
    assert isinstance(found, Account)
    return None if found.name == row.title else f"is called {found.name!r} and not {row.title!r}"


def _opportunity(found: Entity, row: Row) -> str | None:
    assert isinstance(found, Opportunity)
    return None if found.name == row.title else f"is called {found.name!r} and not {row.title!r}"


def _survey(found: Entity, row: Row) -> str | None:
    assert isinstance(found, SurveyResponse)
    wanted = _BAD if (row.score or 0) < 3 else _GOOD
    return None if found.reading in wanted else f"is read as {found.reading}, and its score is {row.score} of 5"


def _post(found: Entity, row: Row) -> str | None:
    assert isinstance(found, Post)
    return None if row.title in (found.text or row.title) else f"says {found.text!r} and not {row.title!r}"


_CHECKS: Mapping[Kind, tuple[type[Entity], Callable[[Entity, Row], str | None]]] = {
    Kind.PERSON: (Contact, _contact),
    Kind.ACCOUNT: (Account, _account),
    Kind.OPPORTUNITY: (Opportunity, _opportunity),
    Kind.SURVEY: (SurveyResponse, _survey),
    Kind.POST: (Post, _post),
}


def _faults(store: Store, source: Source) -> Iterator[str]:
    if bad := [row.key for row in store.quarantined()]:
        yield f"{source.name} put good records into quarantine: {sorted(bad)[:3]}"

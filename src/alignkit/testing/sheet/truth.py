"""Compares what a store holds with what is true at a fake service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from alignkit.connectors.base import Source
from alignkit.identity import of_service
from alignkit.models.base import Entity
from alignkit.models.commerce import Opportunity
from alignkit.models.conversation import Post, SurveyResponse
from alignkit.models.customer import Account, Contact
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import IssueStatus, Namespace, SurveyBucket
from alignkit.stores import Store
from alignkit.testing.sheet.service import SheetService
from alignkit.testing.world import SECOND, Fate, Kind, Row, World, floored

_BAD = frozenset({SurveyBucket.BAD, SurveyBucket.DETRACTOR})
_GONE = frozenset({IssueStatus.DELETED, IssueStatus.MERGED, IssueStatus.SPAM})
_GOOD = frozenset({SurveyBucket.GOOD, SurveyBucket.PROMOTER})


def differences(store: Store, service: SheetService, source: Source) -> list[str]:
    """Everything in which a store differs from the truth, in words; empty where it does not."""
    return [
        *_issues(store, service),
        *_others(store, service),
        *_merged_people(store, service, source.name),
        *_faults(store, source),
    ]


def _issues(store: Store, service: SheetService) -> Iterator[str]:
    held = {issue.id: issue for issue in store.issues()}
    # Whoever reads tags of one issue has to read those of all.
    reads_tags = any(issue.tags for issue in held.values())
    for row in service.world.everything(Kind.ISSUE):
        found = held.pop(row.id, None)
        if row.fate is not None:
            if found is not None and (found.is_active is not False or _is_mistaken(found, row, service)):
                yield f"issue {row.id} is {found.status} and was {row.fate}"
            if found is not None and found.merged_into not in (None, *_survivors(row, service.world)):
                yield f"issue {row.id} went into {found.merged_into} and not into {row.survivor}"
        elif found is None:
            yield f"issue {row.id} ({row.status}) is missing"
        else:
            yield from _of_issue(found, row, service)
            if reads_tags and not set(row.tags) <= set(found.tags):
                yield f"issue {row.id} has the tags {found.tags} and not {row.tags}"
    if held:
        yield f"issues {sorted(held)} are in the store and not at the service"


def _is_mistaken(found: Issue, row: Row, service: SheetService) -> bool:
    """Whether an issue that a list shows as thrown away counts as settled; of those no longer shown nobody tells."""
    shown = (one.shows.fates for one in service.sheet.listings if one.shows and Kind.ISSUE in one.kinds)
    return row.fate in _TOLD and any(row.fate in fates for fates in shown) and found.status not in _GONE


def _of_issue(found: Issue, row: Row, service: SheetService) -> Iterator[str]:
    if found.status is not row.status:
        yield f"issue {row.id} is {found.status} and not {row.status}"
    if found.subject is not None and row.title not in found.subject:
        yield f"issue {row.id} is called {found.subject!r} and not {row.title!r}"
    if found.merged_into is not None or found.is_deleted or found.is_spam:
        yield f"issue {row.id} is there and counts as gone"
    yield from _people_of(found, row, service)


def _people_of(found: Issue, row: Row, service: SheetService) -> Iterator[str]:
    person = None if row.person is None else service.world.truth(Kind.PERSON, row.person)
    if person is not None and found.requester_id != person.id and found.requester_email != person.email:
        yield f"issue {row.id} is not of the person {person.id} but of {found.requester_id}"
    if person is None and (found.requester_id, found.requester_email) != (None, row.email):
        yield f"issue {row.id} is of {row.email or 'nobody'} and not of {found.requester_id or found.requester_email}"
    if missing := sorted(set(row.others) - {*found.affected_ids, found.requester_id}):
        yield f"issue {row.id} concerns {missing} as well"


def _survivors(row: Row, world: World) -> Iterator[str]:
    """What a thing went into, and what that went into, and so on."""
    following = row.survivor
    while following is not None:
        yield following
        following = world.truth(row.kind, following).survivor


def _others(store: Store, service: SheetService) -> Iterator[str]:
    newest = _newest(store)
    for kind, (model, differs) in _CHECKS.items():
        for row in service.world.everything(kind) if kind in service.sheet.kinds else ():
            found = newest.get((model, row.id))
            if row.fate is not None:
                if found is not None and row.fate in _TOLD and not _is_gone(found):
                    yield f"{kind} {row.id} is there and was {row.fate}"
            elif found is None:
                yield f"{kind} {row.id} is missing"
            elif _is_gone(found):
                yield f"{kind} {row.id} is there and counts as gone"
            else:
                yield from (f"{kind} {row.id} {why}" for why in differs(found, row))


def _newest(store: Store) -> Mapping[tuple[type[Entity], str], Entity]:
    """The last version of each thing that the log tells of."""
    newest: dict[tuple[type[Entity], str], Entity] = {}
    ranks: dict[tuple[type[Entity], str], tuple[int, datetime, int, str]] = {}
    for event in store.events():
        key, rank = (
            (type(event.data), event.subject),
            (event.source_version, event.received_at, event.sequence, event.id),
        )
        if key not in ranks or rank > ranks[key]:
            ranks[key], newest[key] = rank, event.data
    return newest


_TOLD = frozenset({Fate.DELETED, Fate.SPAM})
"""Ends that are seen on the thing itself; one that was merged is told by who is who, one that was purged by nothing."""


def _is_gone(found: Entity) -> bool:
    is_put_away = isinstance(found, Contact) and not found.is_active and found.merged_into is None
    return found.deleted_at is not None or is_put_away


def _merged_people(store: Store, service: SheetService, source: str) -> Iterator[str]:
    """Whoever was merged and is known must be one customer with the survivor."""
    homes = {identifier: customer.id for customer in store.customers() for identifier in customer.identifiers}
    for row in service.world.everything(Kind.PERSON) if Kind.PERSON in service.sheet.kinds else ():
        if row.fate is not Fate.MERGED:
            continue
        *_, last = _survivors(row, service.world)
        if service.world.truth(Kind.PERSON, last).fate is not None:
            continue  # of whom nobody tells any more what became part of them
        loser, survivor = (homes.get(of_service(Namespace.HELPDESK_USER, source, id)) for id in (row.id, last))
        if loser is not None and loser != survivor:
            yield f"person {row.id} was merged into {last} and is another customer still"


def _contact(found: Entity, row: Row) -> Iterator[str]:
    assert isinstance(found, Contact)
    for address in filter(None, (row.email, *row.addresses)):
        if address not in found.emails:
            yield f"has the addresses {found.emails}, not {address}"


def _account(found: Entity, row: Row) -> Iterator[str]:
    assert isinstance(found, Account)
    if found.name != row.title:
        yield f"is called {found.name!r} and not {row.title!r}"


def _opportunity(found: Entity, row: Row) -> Iterator[str]:
    assert isinstance(found, Opportunity)
    if found.name != row.title:
        yield f"is called {found.name!r} and not {row.title!r}"
    if found.contact_ids and row.person not in found.contact_ids:
        yield f"is of {found.contact_ids} and not of {row.person}"


def _survey(found: Entity, row: Row) -> Iterator[str]:
    assert isinstance(found, SurveyResponse)
    if found.reading not in (_BAD if (row.score or 0) < 3 else _GOOD):
        yield f"is read as {found.reading}, and its score is {row.score} of 5"
    if floored(found.responded_at, SECOND) not in (floored(row.created, SECOND), floored(row.changed, SECOND)):
        yield f"was answered at {found.responded_at}, and at the service at {row.changed}"
    if found.issue_id not in (None, row.issue):
        yield f"is about {found.issue_id} and not about {row.issue}"


def _post(found: Entity, row: Row) -> Iterator[str]:
    assert isinstance(found, Post)
    if row.title not in (found.text or row.title):
        yield f"says {found.text!r} and not {row.title!r}"


_CHECKS: Mapping[Kind, tuple[type[Entity], Callable[[Entity, Row], Iterator[str]]]] = {
    Kind.PERSON: (Contact, _contact),
    Kind.ACCOUNT: (Account, _account),
    Kind.OPPORTUNITY: (Opportunity, _opportunity),
    Kind.SURVEY: (SurveyResponse, _survey),
    Kind.POST: (Post, _post),
}


def _faults(store: Store, source: Source) -> Iterator[str]:
    if bad := [row.key for row in store.quarantined()]:
        yield f"{source.name} put good records into quarantine: {sorted(bad)[:3]}"

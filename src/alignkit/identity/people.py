"""Says whom an event concerns: the people and the accounts that its record names, each by all that is told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, TypeVar

from alignkit.identity.identifiers import email, handle, is_shared, phone, readable, written_handle
from alignkit.models.care import Hold
from alignkit.models.commerce import Asset, Opportunity, Order
from alignkit.models.conversation import Interaction, Post, SurveyResponse
from alignkit.models.customer import Account, ConsentState, Contact
from alignkit.models.issue import Issue
from alignkit.models.marketing import Engagement, Send

T = TypeVar("T")

ACCOUNT = "account:"
"""What the key of an account begins with; no identifier of a person does."""


class Person(NamedTuple):
    """The identifiers that one record gives of one person."""

    identifiers: tuple[str, ...]

    def links(self, alone: AbstractSet[str] = frozenset()) -> list[tuple[str, str]]:
        """Pairs that belong together: the first own identifier with each further one.

        Shared identifiers, and those in `alone`, never link.
        """
        own = [known for known in self.identifiers if known not in alone and not is_shared(known)]
        return [(own[0], other) for other in own[1:]]


def _one_person(*identifiers: str | None) -> list[Person]:
    """The one person whom these identifiers, which are of different namespaces, belong to; nobody without any."""
    known = tuple(filter(None, identifiers))
    return [Person(known)] if known else []


def _written(texts: Iterable[str]) -> list[Person]:
    """One person for each identifier a record spells out; unreadable ones name nobody."""
    return [Person((known,)) for text in texts if (known := readable(text)) is not None]


def people_of_issue(issue: Issue, source: str) -> list[Person]:
    """Everybody an issue concerns, its requester first."""
    requester_id, address, number = issue.requester_id, issue.requester_email, issue.requester_phone
    people = _one_person(
        f"helpdesk_user:{source}/{requester_id}" if requester_id else None,
        email(address) if address else None,
        phone(number) if number else None,
    )
    if issue.affected_ids:
        people.extend(Person((f"helpdesk_user:{source}/{one}",)) for one in issue.affected_ids)
    if issue.requesters or issue.affected:
        people.extend(_written((*issue.requesters, *issue.affected)))
    return people


def person_of_contact(contact: Contact, source: str) -> Person:
    """Every identifier that a contact record carries; the service's own id comes first.

    A record that went into another is that person's too: the service itself has said so.
    """
    known: list[str | None] = [f"helpdesk_user:{source}/{contact.id}"]
    known.extend(map(email, contact.emails))
    known.extend(map(phone, contact.phones))
    if contact.external_ids:
        known.extend(f"external_id:{source}/{one}" for one in contact.external_ids)
    known.extend(map(written_handle, contact.handles))
    if contact.merged_into:
        known.append(f"helpdesk_user:{source}/{contact.merged_into}")
    return Person(tuple(dict.fromkeys(filter(None, known))))


def people_of(data: object, source: str) -> list[Person]:
    """Everybody that the data of an event concerns."""
    people = _of_kind(_PEOPLE, data)
    return people(data, source) if people else []


def _of_kind(table: Mapping[type, T], data: object) -> T | None:
    """What a table says of the kind of `data`; to ask for one kind after the other would take microseconds."""
    known = table.get(data.__class__)
    return known or next((table[kind] for kind in type(data).__mro__ if kind in table), None)


def _only(contact: Contact, source: str) -> list[Person]:
    return [person_of_contact(contact, source)]


def _writer(data: SurveyResponse | Interaction | Engagement | ConsentState | Order, source: str) -> list[Person]:
    return _reached(data.contact_id, data.email, source)


def _reached(contact_id: str | None, address: str | None, source: str) -> list[Person]:
    return _one_person(
        f"helpdesk_user:{source}/{contact_id}" if contact_id else None,
        (email(address) or phone(address)) if address else None,
    )


def _authors(post: Post, source: str) -> list[Person]:
    """Whom a post is matched with, else its author: the id at the source lasts, and the name may change hands."""
    match = post.customer_match
    if match is not None:
        return _written((match.identifier,))
    return _one_person(
        f"helpdesk_user:{source}/{post.author_ref}" if post.author_ref else None,
        handle(post.platform, post.author_handle) if post.author_handle else None,
    )


def _buyers(deal: Opportunity, source: str) -> list[Person]:
    return [Person((f"helpdesk_user:{source}/{one}",)) for one in deal.contact_ids]


_PEOPLE: Mapping[type, Callable[[Any, str], list[Person]]] = {
    Issue: people_of_issue,
    Contact: _only,
    SurveyResponse: _writer,
    Interaction: _writer,
    Engagement: _writer,
    ConsentState: _writer,
    Order: _writer,
    Asset: lambda asset, source: _reached(asset.contact_id, None, source),
    Opportunity: _buyers,
    Send: lambda sent, source: _reached(sent.contact_id, sent.address, source),
    Hold: lambda hold, _: _written(hold.identifiers),
    Post: _authors,
}


def accounts_of(data: object, source: str) -> tuple[str, ...]:
    """The accounts, `account:source/id`, that the data of an event concerns."""
    accounts = _of_kind(_ACCOUNTS, data)
    return accounts(data, source) if accounts else ()


def _account_of(data: Issue | Asset | Opportunity, source: str) -> tuple[str, ...]:
    return (f"{ACCOUNT}{source}/{data.account_id}",) if data.account_id else ()


def _accounts_of_contact(contact: Contact, source: str) -> tuple[str, ...]:
    return tuple([f"{ACCOUNT}{source}/{one}" for one in contact.account_ids])


_ACCOUNTS: Mapping[type, Callable[[Any, str], tuple[str, ...]]] = {
    Issue: _account_of,
    Asset: _account_of,
    Opportunity: _account_of,
    Contact: _accounts_of_contact,
    Account: lambda account, source: (f"{ACCOUNT}{source}/{account.id}",),
    Hold: lambda hold, _: tuple(f"{ACCOUNT}{one}" for one in hold.account_ids),
}

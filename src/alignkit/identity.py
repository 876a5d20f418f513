"""Normalises identifiers, says which belong to one person, and plans merges and their undoing.

An identifier is written `namespace:value`. Rules of normalisation, each chosen so that two people never come to share
one key: e-mail addresses are compared after Unicode NFC, letter by letter in lower case, which keeps `ß` and `ss`
apart; their domain label by label as IDNA 2008 does, without the mappings of IDNA 2003. Plus-tags and dots stay,
because only some providers ignore them. Phone numbers must be international (`+` or `00`), since a national number
means different people in different countries. Handles need their platform. Ids of a service are kept as they are,
under the service's name.

Nothing is guessed: two identifiers belong together because one record of one service carries both. What cannot be
read names nobody.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, TypeVar

from alignkit.errors import DataInvalid
from alignkit.models.care import Hold
from alignkit.models.commerce import Asset, Opportunity, Order
from alignkit.models.conversation import Interaction, Post, SurveyResponse
from alignkit.models.customer import Account, ConsentState, Contact
from alignkit.models.issue import Issue
from alignkit.models.marketing import Engagement, Send
from alignkit.models.vocabulary import Namespace

T = TypeVar("T")

_NAMESPACES = frozenset(namespace.value for namespace in Namespace)
_LONGEST_ADDRESS = 320
_LONGEST_DOMAIN, _LONGEST_LABEL = 253, 63
_NAME = re.compile(r"[^\x00-\x20\x7f\"(),:;<>@\[\\\]]+")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_FULL_STOPS = str.maketrans("\u3002\uff0e\uff61", "...")

# What nearly every address and handle looks like: nothing about it needs a second look.
_PLAIN = re.compile(r"[A-Za-z0-9_.+-]{1,64}@(?:[A-Za-z0-9]{1,60}\.){1,3}[A-Za-z]{2,60}")
_PLAIN_HANDLE = re.compile(r"(?!twitter/)[a-z0-9_.-]{1,60}/[a-z0-9_.:-][a-z0-9_.:/@-]{0,200}")
_LONGEST_NUMBER = 40
_PHONE_MARKS = re.compile(r"[\s./\-\u2010-\u2015]")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# Dialled at home and dropped from abroad, except in Italy, San Marino and the Vatican, where it belongs to the number.
_TRUNK_ZERO = re.compile(r"((?:\+|00)(?!39|37[89])[1-9][0-9]{0,2})\(0\)")
_TWO_NUMBERS = re.compile(r"/\s*[0-9]{1,3}\Z")

# Copied along with an address by programs that show it among right-to-left text; never a part of it.
_EDGES = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
# Control, format, surrogate and separator characters: what nobody sees can tell no two people apart.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
_SURROGATE = re.compile("[\ud800-\udfff]")

ROLE_NAMES = frozenset(
    [
        "abuse",
        "accounting",
        "accounts",
        "admin",
        "administrator",
        "all",
        "billing",
        "bookings",
        "bounce",
        "bounces",
        "careers",
        "contact",
        "contacts",
        "customerservice",
        "customersupport",
        "do-not-reply",
        "do_not_reply",
        "donotreply",
        "enquiries",
        "everyone",
        "feedback",
        "finance",
        "hello",
        "help",
        "helpdesk",
        "hostmaster",
        "hr",
        "info",
        "inquiries",
        "invoices",
        "it",
        "jobs",
        "legal",
        "mail",
        "mailer-daemon",
        "marketing",
        "media",
        "news",
        "newsletter",
        "no-reply",
        "no_reply",
        "nobody",
        "noreply",
        "notifications",
        "office",
        "operations",
        "orders",
        "partners",
        "post",
        "postmaster",
        "press",
        "privacy",
        "purchasing",
        "reception",
        "recruiting",
        "reservations",
        "root",
        "sales",
        "security",
        "service",
        "services",
        "shop",
        "staff",
        "subscriptions",
        "support",
        "sysadmin",
        "team",
        "tech",
        "webmaster",
    ]
)
"""Names before the `@` that stand for a role and not for one person (RFC 2142 and common use)."""


def email(address: str) -> str | None:
    """The identifier of an e-mail address; None where it cannot be one.

    Sources: RFC 5321 (a name in quotation marks is the name without them), RFC 6531, RFC 5891.
    """
    if _PLAIN.fullmatch(address):
        return "email:" + address.lower()
    text = _compared(address)
    if text is None:
        return None
    name, _, host = text.rpartition("@")
    if len(name) > 2 and name[0] == name[-1] == '"':
        name = name[1:-1]
    domain = _domain(host)
    return f"email:{name}@{domain}" if domain and _NAME.fullmatch(name) else None


def _compared(text: str) -> str | None:
    """The text as it is compared with others; None where it is too long or holds what nobody can see.

    Each letter is put in lower case by itself: Python would write the last sigma of a word in another way, and
    `casefold` would make one of `ß` and `ss`.
    """
    text = text.strip() if text.isascii() else _trimmed(text)
    if len(text) > _LONGEST_ADDRESS:
        return None
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFC", text)
    is_plain = text.isprintable() and " " not in text  # then nothing in it is unseen, and no letter needs a look
    if not is_plain and any(unicodedata.category(letter) in _UNSEEN for letter in text):
        return None
    return unicodedata.normalize("NFC", "".join(map(str.lower, text)))


def _trimmed(text: str) -> str:
    text = text.strip()
    return text if text.isascii() else text.strip(_EDGES).strip()


def _domain(host: str) -> str | None:
    """The domain in ASCII, each label with other letters as its A-label; None where it cannot be a domain."""
    if not host.isascii():
        host = ".".join(map(_a_label, host.translate(_FULL_STOPS).split(".")))
    host = host.removesuffix(".")
    if len(host) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(host):
        return None
    return None if any(len(label) > _LONGEST_LABEL for label in host.split(".")) else host


def _a_label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def phone(number: str) -> str | None:
    """The identifier of an international phone number; None for a national or unreadable one, or one of several.

    Source: ITU-T E.164.
    """
    if _PHONE.fullmatch(number):
        return "phone_e164:" + number
    text = _trimmed(number)
    if len(text) > _LONGEST_NUMBER or _TWO_NUMBERS.search(text):
        return None
    if not text.isascii():
        text = "".join(map(_ascii_digit, text))
    text = _TRUNK_ZERO.sub(r"\1", _PHONE_MARKS.sub("", text), count=1)
    digits = text.replace("(", "").replace(")", "")
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    return f"phone_e164:{digits}" if _PHONE.fullmatch(digits) else None


def _ascii_digit(letter: str) -> str:
    if letter == "\uff0b":
        return "+"
    value = unicodedata.decimal(letter, None)
    return letter if value is None else str(value)


def handle(platform: str, name: str) -> str | None:
    """The identifier of somebody by the name that one platform knows them by, with or without its `@`."""
    place, found = _compared(platform), _compared(name)
    found = found.removeprefix("@") if found else None
    return f"social_handle:{_RENAMED.get(place, place)}/{found}" if place and found else None


_RENAMED = {"twitter": "x"}
"""What helpdesks still call a platform -> its name, under which people are known there."""


def of_service(namespace: Namespace, source: str, value: str) -> str:
    """The identifier of somebody by an id of one service."""
    return f"{namespace.value}:{source}/{value}"


def identifier(text: str) -> str:
    """The identifier that a caller means: `namespace:value`, an e-mail address, or an international phone number.

    Raises:
        DataInvalid: the text is none of these.
    """
    if _PLAIN.fullmatch(text):
        return "email:" + text.lower()
    namespace, colon, value = text.partition(":")
    if colon and namespace in _NAMESPACES:
        return _in_namespace(namespace, value)
    found = email(text) if "@" in text else phone(text)
    if found is None:
        raise DataInvalid(
            "this is no identifier; give an e-mail address, an international phone number, or `namespace:value` "
            f"with a namespace of {', '.join(sorted(_NAMESPACES))}"
        )
    return found


def _in_namespace(namespace: str, value: str) -> str:
    found: str | None
    match namespace:
        case Namespace.EMAIL:
            found = email(value)
        case Namespace.PHONE:
            found = phone(value)
        case Namespace.SOCIAL_HANDLE:
            found = _written_handle(value)
        case _:
            found = f"{namespace}:{value}" if value.strip() and not _SURROGATE.search(value) else None
    if found is None:
        raise DataInvalid(f"this value is none of the namespace `{namespace}`")
    return found


def _written_handle(text: str) -> str | None:
    """The identifier of `platform/handle`; None where no platform is named, since many people share a bare handle."""
    if _PLAIN_HANDLE.fullmatch(text):
        return "social_handle:" + text
    platform, slash, name = text.partition("/")
    return handle(platform, name) if slash else None


def bucketing_id(identifiers: Iterable[str]) -> str:
    """What holdouts choose a customer by: 32 hex digits of the hash of one of their identifiers.

    It is the first by code point of their e-mail addresses, or of all identifiers where they have none. So every store
    that knows the same identifiers gives the same, in whatever order they came; of two customers who become one, one
    keeps theirs, and an undone merge gives both their own again.

    Raises:
        ValueError: there are no identifiers.
    """
    known = list(identifiers)
    first = min([one for one in known if one.startswith("email:")] or known)
    return hashlib.sha256(first.encode()).hexdigest()[:32]


def is_shared(known: str) -> bool:
    """Whether an identifier stands for a role or a shared mailbox, so that it never links two people."""
    if not known.startswith("email:"):
        return False
    name = known[6:].rpartition("@")[0].partition("+")[0]
    return name in ROLE_NAMES


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


def readable(text: str) -> str | None:
    """The identifier that a record spells out, or None where it cannot be one."""
    try:
        return identifier(text)
    except DataInvalid:
        return None


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
    known.extend(map(_written_handle, contact.handles))
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


def components(identifiers: Iterable[str], links: Iterable[tuple[str, str]]) -> list[frozenset[str]]:
    """The identifiers in groups, each of them one person, by the links alone."""
    parent = {known: known for known in identifiers}

    def root(one: str) -> str:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for left, right in links:
        if left in parent and right in parent:
            parent[root(left)] = root(right)
    groups: dict[str, set[str]] = {}
    for known in parent:
        groups.setdefault(root(known), set()).add(known)
    return sorted((frozenset(group) for group in groups.values()), key=min)


class Assignment(NamedTuple):
    """What resolving a batch of people changes.

    `customer_of` gives a customer to every identifier seen; `created` are the new ones, `merged` says which customer
    went into which, already followed to the end.
    """

    customer_of: dict[str, int]
    created: list[int]
    merged: dict[int, int]


def assign(
    people: Iterable[Person], known: Mapping[str, int], next_customer: int, alone: AbstractSet[str] = frozenset()
) -> Assignment:
    """Gives every identifier its customer: one already known, or a new number from `next_customer` on.

    Two known customers that a record links become one: the older number stays. Identifiers in `alone` were taken out
    of a merge by a person and stay by themselves. Links say the same in every order, so the groups do not depend on
    arrival; only the numbers do.
    """
    customer_of: dict[str, int] = {}
    created: list[int] = []
    merged: dict[int, int] = {}

    def current(customer: int) -> int:
        while customer in merged:
            customer = merged[customer]
        return customer

    def place(identifiers: Sequence[str]) -> None:
        nonlocal next_customer
        found = {
            current(customer) for one in identifiers if (customer := customer_of.get(one, known.get(one))) is not None
        }
        if found:
            keeper = min(found)
            for other in found:
                if other != keeper:
                    merged[other] = keeper
        else:
            keeper = next_customer
            next_customer += 1
            created.append(keeper)
        for one in identifiers:
            customer_of[one] = keeper

    for person in people:
        identifiers = person.identifiers
        if len(identifiers) == 1:
            if identifiers[0] not in customer_of:
                place(identifiers)
            continue
        own = [one for one in identifiers if one not in alone and not is_shared(one)]
        if own:
            place(own)
        for one in identifiers:
            if one not in customer_of:
                place((one,))
    return Assignment(
        {one: current(customer) for one, customer in customer_of.items()},
        created,
        {loser: current(loser) for loser in merged},
    )

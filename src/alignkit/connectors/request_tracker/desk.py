"""Asks Request Tracker: writes its searches, and remembers what holds for all tickets of a desk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pydantic import TypeAdapter

from alignkit.connectors.request_tracker.issues import Learned, Translation, is_own, is_system
from alignkit.connectors.request_tracker.payload import (
    Listing,
    Queue,
    Reader,
    Records,
    Ticket,
    Transaction,
    User,
    UserRecord,
    Watcher,
    parsed,
)
from alignkit.errors import ResponseInvalid
from alignkit.models.exchange import Quarantined
from alignkit.transport import Flow, Request, Response, request

API = "/REST/2.0"
PAGE_SIZE = 100
HIDDEN_OR_GONE = frozenset({403, 404})

TICKETS = Reader(TypeAdapter(Ticket), TypeAdapter(list[Ticket]), "issue")
USERS = Reader(TypeAdapter(User), TypeAdapter(list[User]), "contact")
QUEUES = Reader(TypeAdapter(Queue), TypeAdapter(list[Queue]), "queue")
TRANSACTIONS = Reader(TypeAdapter(Transaction), TypeAdapter(list[Transaction]), "transaction")

_TICKET_FIELDS = (
    ("fields", "Subject,Status,Queue,Requestor,Creator,Owner,Priority,Created,LastUpdated,Resolved,EffectiveId"),
    ("fields[Requestor]", "id,Name,EmailAddress,RealName"),
    ("fields[Creator]", "id,Name"),
    ("fields[Queue]", "id,Name,Lifecycle"),
)
_USER_FIELDS = ("fields", "id,Name,EmailAddress,RealName,Disabled,Lang,Created,LastUpdated")
_NAMED_AT_ONCE = 50


def tickets(query: str, *, order: str = "id", page: int = 1, size: int = PAGE_SIZE) -> Request:
    """A search for tickets, by ascending id or newest first; merged ones are among them, deleted ones never."""
    return Request(
        "GET",
        f"{API}/tickets",
        params=(
            # RT leaves merged tickets out of every search that does not speak of `EffectiveId`.
            ("query", f"{query} AND EffectiveId > 0"),
            ("orderby", order),
            ("order", "ASC" if order == "id" else "DESC"),
            ("per_page", str(size)),
            ("page", str(page)),
            *_TICKET_FIELDS,
        ),
    )


def users(order: str, page: int) -> Request:
    """A page of all users, disabled ones too, newest first; RT ignores every condition on their ids and times."""
    return Request(
        "GET",
        f"{API}/users",
        params=(
            ("orderby", order),
            ("order", "DESC"),
            ("orderby", "id"),
            ("order", "DESC"),
            ("find_disabled_rows", "1"),
            ("per_page", str(PAGE_SIZE)),
            ("page", str(page)),
            _USER_FIELDS,
        ),
    )


def writings(ticket: int, after: int) -> Request:
    """The messages of one ticket to and from customers, by ascending id."""
    query = f"ObjectType = 'RT::Ticket' AND ObjectId = {ticket} AND (Type = 'Create' OR Type = 'Correspond')"
    return Request(
        "GET",
        f"{API}/transactions",
        params=(
            ("query", f"{query} AND id > {after}"),
            ("orderby", "id"),
            ("order", "ASC"),
            ("per_page", str(PAGE_SIZE)),
            ("fields", "Type,Creator"),
            ("fields[Creator]", "id,Name"),
        ),
        accept=HIDDEN_OR_GONE,
    )


def queues(page: int) -> Request:
    """A page of the queues that we may see."""
    return Request(
        "GET", f"{API}/queues/all", params=(("fields", "Name"), ("per_page", str(PAGE_SIZE)), ("page", str(page)))
    )


def hides_times(found: Sequence[User]) -> bool:
    """Whether RT hides from us when users were changed; everybody sees the times of their own record."""
    return sum(user.updated is not None for user in found) <= 1 < len(found)


def any_of(field: str, values: Iterable[object]) -> str:
    """A condition that a field has one of some values."""
    return f"({' OR '.join(f'{field} = {value}' for value in values)})"


class Desk:
    """One desk, and what was learned of it so far; shared by all flows of a connector.

    Attributes:
        privileged: whether users are, by id.
    """

    def __init__(self, name: str, terms: Translation, outbound_queues: Collection[str]) -> None:
        self.name = name
        self.terms = terms
        self.privileged: dict[int, bool] = {}
        self._outbound = {queue.casefold() for queue in outbound_queues}
        self._classes: dict[tuple[str, str], bool] = {}

    def listed(self, wanted: Request) -> Flow[tuple[Listing, Records[Ticket]]]:
        """One page of a search for tickets."""
        return self.read((yield from request(wanted)))

    def read(self, response: Response) -> tuple[Listing, Records[Ticket]]:
        """The page that an answer to a search holds, and its tickets."""
        listing = parsed(Listing, response, self.name)
        return listing, TICKETS.read(listing.items)

    def tickets_with(self, field: str, numbers: Sequence[int]) -> Flow[Records[Ticket]]:
        """All tickets whose `id` or `EffectiveId` is one of these; those that no search shows are left out."""
        good: list[Ticket] = []
        bad: list[Quarantined] = []
        for start in range(0, len(numbers), _NAMED_AT_ONCE):
            condition = any_of(field, numbers[start : start + _NAMED_AT_ONCE])
            after: int | None = 0
            while after is not None:
                listing, records = yield from self.listed(tickets(f"{condition} AND id > {after}"))
                good.extend(records.good)
                bad.extend(records.bad)
                after = listing.following(after, self.name)
        return Records(good, bad)

    def learn_classes(self, found: Sequence[Ticket]) -> Flow[None]:
        """Learns whether statuses are active: RT shows no lifecycle, but searches by class.

        Every ticket that carries a new status is asked about, since single ones may move on meanwhile.
        """
        unknown = [ticket for ticket in found if self.terms.needs_class(ticket.status or "")]
        for word, is_active in (("__Active__", True), ("__Inactive__", False)):
            rest = [ticket.id for ticket in unknown if _status_key(ticket) not in self._classes]
            if rest:
                query = f"Status = '{word}' AND {any_of('id', rest[:PAGE_SIZE])}"
                _, records = yield from self.listed(tickets(query))
                # By the key that the answer shows: the ticket may have moved on meanwhile.
                self._classes.update((_status_key(ticket), is_active) for ticket in records.good)

    def learned(self, ticket: Ticket, *, has_customer_written: bool | None = None) -> Learned:
        """What is known of a ticket beside its row."""
        return Learned(
            is_active=self._classes.get(_status_key(ticket)),
            is_staff=self.is_staff(ticket.creator),
            has_customer_written=has_customer_written,
            is_outbound=self.is_outbound(ticket),
        )

    def is_outbound(self, ticket: Ticket) -> bool:
        queue = ticket.queue.name if ticket.queue else None
        return queue is not None and queue.casefold() in self._outbound

    def is_staff(self, person: Watcher | None) -> bool | None:
        """Whether somebody is privileged, if it was learned."""
        number = None if person is None else person.id
        return self.privileged.get(number) if isinstance(number, int) else None

    def lack(self, ticket: Ticket, learned: Learned) -> str:
        """What a row leaves open that reading the ticket by id would tell; empty if nothing that matters."""
        is_foreign = not is_own(ticket) and not is_system(ticket.creator)
        if is_foreign and learned.is_outbound:
            return "whether the customer wrote"
        if learned.is_active is None and self.terms.needs_class(ticket.status or ""):
            return "status"
        if is_foreign and learned.is_staff is None and learned.is_active:
            return "who created it"
        return ""

    def user(self, user_id: int) -> Flow[UserRecord | None]:
        """One user's own record, the only place that says who is privileged; None where there is no such user."""
        wanted = Request("GET", f"{API}/user/{user_id}", accept=HIDDEN_OR_GONE)
        response = yield from request(wanted)
        if response.status in HIDDEN_OR_GONE:
            return None
        user = parsed(UserRecord, response, self.name)
        if not user.model_fields_set and response.json():
            raise ResponseInvalid(f"an answer of `{self.name}` has none of the fields of a user; check `base_url`")
        if user.privileged is not None:
            self.privileged[user_id] = user.privileged
        return user


def _status_key(ticket: Ticket) -> tuple[str, str]:
    queue = ticket.queue
    scope = (queue.lifecycle or f"queue {queue.id}") if queue else ""
    return scope, (ticket.status or "").casefold()

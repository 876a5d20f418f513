"""Says that a thing is gone or has become part of another one, as events, once a service has said so itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from alignkit.errors import ResponseInvalid
from alignkit.models.commerce import Opportunity
from alignkit.models.customer import Account, Contact
from alignkit.models.events import (
    AccountChanged,
    ContactChanged,
    CustomerEvent,
    IssueRemoval,
    IssueRemoved,
    OpportunityChanged,
)
from alignkit.transport import JsonValue, Response

Reason = Literal["deleted", "merged", "spam", "not_found"]


def issue_gone(
    id: str, *, source: str, at: datetime, received_at: datetime, reason: Reason = "not_found", into: str | None = None
) -> CustomerEvent:
    """An issue is gone since `at`, by the service's clock; `into` is the one that it was merged into."""
    removal = IssueRemoval(id=id, source=source, remote_updated_at=at, reason=reason, merged_into=into)
    return IssueRemoved.of(removal, source=source, received_at=received_at, sequence=1)


def thing_gone(
    kind: str, id: str, *, source: str, at: datetime, received_at: datetime, into: str | None = None
) -> CustomerEvent:
    """A `contact`, an `account` or an `opportunity` is gone since `at`.

    The identifiers by which a person was known stay known: whoever has an open issue keeps it.
    """
    common: dict[str, Any] = {"id": id, "source": source, "remote_updated_at": at, "deleted_at": at}
    match kind:
        case "contact":
            person = Contact(**common, is_active=False, merged_into=into)
            return ContactChanged.of(person, source=source, received_at=received_at, sequence=1)
        case "account":
            return AccountChanged.of(Account(**common), source=source, received_at=received_at, sequence=1)
        case _:
            return OpportunityChanged.of(Opportunity(**common), source=source, received_at=received_at, sequence=1)


def said_in(response: Response) -> dict[str, JsonValue]:
    """What an answer says as a JSON object; empty where it is none, as with the page of something in between."""
    try:
        body = response.json()
    except ResponseInvalid:
        return {}
    return body if isinstance(body, dict) else {}


def unseen(number: int) -> list[str]:
    """What to tell of things that neither answered nor were said to be gone."""
    if not number:
        return []
    return [
        f"{number} could not be read by id and stay as they were; run the doctor, and look for a gateway in between"
    ]

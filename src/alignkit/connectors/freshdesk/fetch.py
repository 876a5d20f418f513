"""Reads tickets and contacts by id, finds out what is gone, and into which ticket another one was merged.

Freshdesk answers 404 with nothing, just as a gateway may that knows no way to it. So nothing is taken for gone unless
the key sees all tickets, another ticket is found in the same way at that moment, and the answer is still the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any

from alignkit.connectors.answers import Named, Payload, parsed
from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.freshdesk.desk import API, BESIDE, NOT_THERE, Desk
from alignkit.connectors.freshdesk.records import CONTACTS, Listed
from alignkit.connectors.freshdesk.streams import FIRST, is_unanswered_end, iso
from alignkit.connectors.gathered import Gathered
from alignkit.connectors.gone import Reason, issue_gone, said_in, thing_gone
from alignkit.connectors.ids import is_number
from alignkit.connectors.records import Body, Shape
from alignkit.connectors.window import service_time
from alignkit.errors import ResponseInvalid
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Ref
from alignkit.models.issue import Issue
from alignkit.transport import Flow, Request, Response, request

GLOBAL_SCOPE = 1

_MERGED_INTO = re.compile(r"merged into ticket\s*#?\s*([0-9]+)", re.IGNORECASE)


class Agent(Named):
    """Whom a key belongs to."""

    ticket_scope: int | None = None


class _Note(Payload):
    body_text: str | None = None
    incoming: bool | None = None


class _Look(Enum):
    """What an answer says of one thing."""

    FOUND = auto()
    MISSING = auto()
    UNSEEN = auto()


@dataclass(slots=True)
class _Result(Gathered):
    """What one fetch has found so far; `asked_at` is when Freshdesk last said that something is missing."""

    asked_at: datetime = field(init=False)


def fetch(desk: Desk, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """The objects that these refs name, of the kinds `issue` and `contact`."""
    yield from desk.learn_statuses()
    result, missing = _Result(desk.name, run), list[Ref]()
    for ref in sorted(refs, key=lambda ref: ref.kind != "contact"):
        if ref.kind in _PATHS and is_number(ref.id):
            look = yield from _read(desk, ref, result)
            if look is not _Look.FOUND:
                result.unseen.add((ref.kind, ref.id))
            if look is _Look.MISSING:
                missing.append(ref)
    if missing and (yield from _sees_tickets(desk)):
        for ref in missing:
            yield from _settle(desk, ref, result)
    return result.fetched(refs)


_PATHS = {"issue": "tickets", "contact": "contacts"}


def _read(desk: Desk, ref: Ref, result: _Result) -> Flow[_Look]:
    """Reads one thing, and says whether it is there."""
    response = yield from request(_asked(ref))
    if response.status != 200:
        if not says_not_found(response):
            return _Look.UNSEEN
        result.asked_at = service_time(response, desk.name)
        return _Look.MISSING
    # An error that is told as a success is no record.
    parsed(Named, response, desk.name)
    is_issue = ref.kind == "issue"
    body: Body = desk.one_ticket if is_issue else desk.one_contact
    shape: Shape[Any] = desk.tickets[Listed.TICKETS] if is_issue else CONTACTS
    answer = body.read(response.content, f"{ref.kind}/{ref.id}")
    result.quarantined += answer.bad
    into: str | None = None
    for one in answer.of(shape):
        if isinstance(one.data, Issue) and is_unanswered_end(one.data):
            notes = yield from request(Request("GET", f"{API}/tickets/{ref.id}/conversations", _ALL, accept=NOT_THERE))
            if notes.status != 200:
                return _Look.UNSEEN
            into = _survivor(notes, ref.id, desk.name)
        result.events.append(one.event(source=desk.name, received_at=result.run.now, sequence=0 if into else 1))
        if into is not None:
            at = one.data.remote_updated_at or service_time(response, desk.name)
            result.events.append(_gone(desk, ref, at, result.run, into))
    return _Look.FOUND


_ALL = [("per_page", "100")]


def _survivor(notes: Response, id: str, name: str) -> str | None:
    """The ticket into which one was merged, as a note of Freshdesk's on it says.

    Raises:
        ResponseInvalid: these are no notes.
    """
    rows = notes.json()
    if not isinstance(rows, list):
        raise ResponseInvalid(f"`{name}` answered something else than the notes of a ticket; check `base_url`")
    said = [_Note.model_validate(one) for one in rows if isinstance(one, dict)]
    found = (_MERGED_INTO.search(one.body_text or "") for one in reversed(said) if not one.incoming)
    return next((match[1] for match in found if match is not None and match[1] != id), None)


def _sees_tickets(desk: Desk) -> Flow[bool]:
    """Whether the key sees all tickets, and finds one by its id."""
    response = yield from request(Request("GET", f"{API}/agents/me", accept=NOT_THERE))
    if response.status != 200 or parsed(Agent, response, desk.name).ticket_scope != GLOBAL_SCOPE:
        return False
    params = [("updated_since", iso(FIRST)), ("per_page", "1")]
    response = yield from request(Request("GET", f"{API}/tickets", params, accept=NOT_THERE))
    rows = response.json() if response.status == 200 else None
    first = rows[0] if isinstance(rows, list) and rows else None
    if not isinstance(first, dict):
        return False
    response = yield from request(Request("GET", f"{API}/tickets/{first.get('id')}", accept=NOT_THERE))
    return response.status == 200 and said_in(response).get("id") == first.get("id")


def _settle(desk: Desk, ref: Ref, result: _Result) -> Flow[None]:
    """Asks once more for what was missing, now that others are known to be found."""
    look = yield from _read(desk, ref, result)
    if look is not _Look.UNSEEN:
        result.unseen.discard((ref.kind, ref.id))
    if look is _Look.MISSING:
        result.events.append(_gone(desk, ref, result.asked_at, result.run))


def _gone(desk: Desk, ref: Ref, at: datetime, run: Run, into: str | None = None) -> CustomerEvent:
    if ref.kind == "contact":
        return thing_gone(ref.kind, ref.id, source=desk.name, at=at, received_at=run.now)
    reason: Reason = "merged" if into else "not_found"
    return issue_gone(ref.id, source=desk.name, at=at, received_at=run.now, reason=reason, into=into)


def _asked(ref: Ref) -> Request:
    beside = (BESIDE,) if ref.kind == "issue" else ()
    return Request("GET", f"{API}/{_PATHS[ref.kind]}/{ref.id}", beside, accept=NOT_THERE)


def says_not_found(response: Response) -> bool:
    """Whether an answer has the form in which Freshdesk says that there is no such thing: nothing, or its own error."""
    if response.status != 404:
        return False
    if not response.content.strip():
        return True
    said = said_in(response)
    return isinstance(said.get("code"), str) and isinstance(said.get("message"), str)

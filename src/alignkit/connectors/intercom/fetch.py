"""Reads conversations, tickets and contacts by id, and finds out what is gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.gathered import Gathered
from alignkit.connectors.gone import issue_gone, said_in, thing_gone
from alignkit.connectors.intercom.records import CONTACTS
from alignkit.connectors.intercom.workspace import Workspace, get, search
from alignkit.connectors.window import service_time
from alignkit.models.exchange import Ref
from alignkit.transport import Flow, Response, request

HIDDEN_OR_GONE = frozenset({403, 404})


def fetch(space: Workspace, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """The objects that these refs name, of the kinds `issue` and `contact`."""
    result = Gathered(space.name, run)
    for ref in sorted(refs, key=lambda ref: ref.kind != "contact"):
        if not ref.id.isalnum():
            continue
        if ref.kind == "contact":
            yield from _fetch_contact(space, ref, result)
        elif ref.kind == "issue":
            yield from _fetch_issue(space, ref, result)
    return result.fetched(refs)


def _fetch_contact(space: Workspace, ref: Ref, result: Gathered) -> Flow[None]:
    """A contact; of one that was deleted or merged only that it is gone is told, and conversations name another one."""
    response = yield from request(get(f"/contacts/{ref.id}", accept=HIDDEN_OR_GONE))
    if response.status == 200:
        result.take(space.read_one(space.one_contact, response, f"contact/{ref.id}"), CONTACTS)
    elif says_not_found(response):
        at = service_time(response, space.name)
        gone = thing_gone(ref.kind, ref.id, source=space.name, at=at, received_at=result.run.now)
        result.events.append(gone)
    else:
        result.unseen.add((ref.kind, ref.id))


def _fetch_issue(space: Workspace, ref: Ref, result: Gathered) -> Flow[None]:
    """A conversation, and the ticket that it has become; else a ticket of this id."""
    response = yield from request(get(f"/conversations/{ref.id}", accept=HIDDEN_OR_GONE))
    if response.status == 200:
        answer = space.read_one(space.one_conversation, response, f"issue/{ref.id}")
        found = answer.of(space.conversations)
        result.quarantined += answer.bad
        result.events += space.issues(found, result.run, sequence=1)
        for one in found:
            if one.extras.beside.ticket_id is not None:
                at = one.data.remote_updated_at or service_time(response, space.name)
                yield from _fetch_ticket(space, one.extras.beside.ticket_id, ref, at, result)
        return
    is_gone = says_not_found(response)
    response = yield from request(get(f"/tickets/{ref.id}", accept=HIDDEN_OR_GONE))
    if response.status == 200:
        _take_ticket(space, response, ref.id, result)
    elif is_gone and says_not_found(response) and (yield from _shows_issues()):
        at = service_time(response, space.name)
        result.events.append(issue_gone(ref.id, source=space.name, at=at, received_at=result.run.now))
    else:
        result.unseen.add((ref.kind, ref.id))


def _shows_issues() -> Flow[bool]:
    """Whether any conversation or ticket can be seen: a right that was taken away may hide them all."""
    for name in ("conversations", "tickets"):
        wanted = search(f"/{name}/search", size=1)
        response = yield from request(wanted)
        if response.status == 200 and said_in(response).get(name):
            return True
    return False


def _fetch_ticket(space: Workspace, id: str, ref: Ref, at: datetime, result: Gathered) -> Flow[None]:
    """The ticket that a conversation has become; only once it is seen is the conversation over."""
    response = yield from request(get(f"/tickets/{id}", accept=HIDDEN_OR_GONE))
    if response.status != 200:
        result.unseen.add((ref.kind, ref.id))
        return
    _take_ticket(space, response, id, result)
    if id != ref.id:
        now = result.run.now
        gone = issue_gone(ref.id, source=space.name, at=at, received_at=now, reason="merged", into=id)
        result.events.append(gone)


def _take_ticket(space: Workspace, response: Response, id: str, result: Gathered) -> None:
    answer = space.read_one(space.one_ticket, response, f"issue/{id}")
    result.quarantined += answer.bad
    result.events += space.issues(answer.of(space.tickets), result.run, sequence=1)


def says_not_found(response: Response) -> bool:
    """Whether Intercom itself says that there is no such thing, and not something between us and it."""
    if response.status != 404:
        return False
    errors = said_in(response).get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return isinstance(first, dict) and str(first.get("code")).endswith("not_found")

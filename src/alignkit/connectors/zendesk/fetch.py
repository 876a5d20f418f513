"""Reads tickets and users by id, and finds out who wrote in a ticket, where it went, and what is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.gathered import Gathered, ids_of
from alignkit.connectors.gone import issue_gone, said_in
from alignkit.connectors.ids import numbers
from alignkit.connectors.records import Found
from alignkit.connectors.window import service_time
from alignkit.connectors.zendesk.audits import read_audits, survivor
from alignkit.connectors.zendesk.desk import API, NOT_THERE, SURVIVOR, WRITERS, Desk
from alignkit.connectors.zendesk.people import USERS
from alignkit.models.customer import Contact
from alignkit.models.events import IssueChanged
from alignkit.models.exchange import Ref
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import Initiator
from alignkit.transport import Flow, Request, request

_AT_ONCE = 100
_SYSTEM = -1
_TICKETS_BESIDE = ("include", "users,metric_sets")


@dataclass(slots=True)
class _Result(Gathered):
    """What one fetch has found so far; `astray` are merged tickets of which nothing proves where they went."""

    astray: list[str] = field(default_factory=list[str])


def fetch(desk: Desk, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """The objects that these refs name, of the kinds `issue` and `contact`."""
    result = _Result(desk.name, run)
    gaps = [*(yield from desk.learn_statuses(run))]
    contacts = numbers(refs, "contact")
    for start in range(0, len(contacts), _AT_ONCE):
        yield from _fetch_users(desk, contacts[start : start + _AT_ONCE], result)
    issues = numbers(refs, "issue")
    for start in range(0, len(issues), _AT_ONCE):
        yield from _fetch_tickets(desk, issues[start : start + _AT_ONCE], result)
    if result.astray:
        gaps.append(f"nothing proves where the merged tickets {', '.join(result.astray)} went; look at their customers")
    return result.fetched(refs, gaps)


def _fetch_users(desk: Desk, ids: Sequence[str], result: _Result) -> Flow[Sequence[Found[Contact]]]:
    params = [("ids", ",".join(ids)), ("include", "identities")]
    response = yield from request(Request("GET", f"{API}/users/show_many.json", params))
    answer = desk.read(desk.several_users, response, USERS, "users")
    result.events += desk.contacts(answer, result.run)
    result.quarantined += answer.bad
    return answer.of(USERS)


def _fetch_tickets(desk: Desk, ids: Sequence[str], result: _Result) -> Flow[None]:
    params = [("ids", ",".join(ids)), _TICKETS_BESIDE]
    response = yield from request(Request("GET", f"{API}/tickets/show_many.json", params))
    answer = desk.read(desk.several_tickets, response, desk.tickets, "tickets")
    # A fetched snapshot knows more than the listed one of the same version.
    result.events += desk.issues(answer, result.run, sequence=1)
    result.quarantined += answer.bad
    found = answer.of(desk.tickets)
    for one in found:
        yield from _learn(desk, one, result)
    answered = ids_of(answer, desk.tickets)
    for id in ids:
        if id not in answered:
            yield from _look_up(desk, id, result)


def _look_up(desk: Desk, id: str, result: _Result) -> Flow[None]:
    """Asks for a ticket that is not among several; deleted ones are told apart from those we may not see."""
    response = yield from request(Request("GET", f"{API}/tickets/{id}.json", accept=NOT_THERE))
    if response.status == 404 and said_in(response).get("error") == "RecordNotFound":
        now = service_time(response, desk.name)
        result.events.append(issue_gone(id, source=desk.name, at=now, received_at=result.run.now))
    elif response.status in NOT_THERE:
        result.unseen.add(("issue", id))
    else:
        answer = desk.read(desk.single_ticket, response, desk.tickets, "ticket")
        result.events += desk.issues(answer, result.run, sequence=1)
        result.quarantined += answer.bad
        for one in answer.of(desk.tickets):
            yield from _learn(desk, one, result)


def _learn(desk: Desk, found: Found[Issue], result: _Result) -> Flow[None]:
    """Learns from the audits of a ticket what it does not tell itself."""
    values: dict[str, object] = {}
    if found.extras.beside == SURVIVOR:
        other = yield from survivor(desk, found.data.id)
        if other is None:
            result.astray.append(found.data.id)
        else:
            values["merged_into"] = other
    elif found.extras.beside == WRITERS:
        values = yield from _beginning(desk, found.data, result)
    if values:
        event = IssueChanged.of(
            found.data.model_copy(update=values),
            source=desk.name,
            received_at=result.run.now,
            version=found.extras.version,
            sequence=2,
        )
        result.events.append(event)


def _beginning(desk: Desk, ticket: Issue, result: _Result) -> Flow[dict[str, object]]:
    """Who wrote in a ticket that a campaign may have begun."""
    audits = yield from read_audits(desk, ticket.id)
    writers = [writer for audit in audits for writer in audit.writers]
    wrote = yield from _has_customer_written(desk, ticket, writers, result)
    if wrote is None:
        return {}
    values: dict[str, object] = {"customer_wrote": wrote}
    if not wrote:
        values["initiated_by"] = Initiator.CAMPAIGN
    elif str(writers[0]) == ticket.requester_id:
        values["initiated_by"] = Initiator.CUSTOMER
    return values


def _has_customer_written(desk: Desk, ticket: Issue, writers: Sequence[int], result: _Result) -> Flow[bool | None]:
    """True if the requester wrote, False if staff alone did, None where nothing tells."""
    if ticket.requester_id in {str(writer) for writer in writers}:
        return True
    others = sorted({str(writer) for writer in writers if writer != _SYSTEM})
    if not others or len(others) > _AT_ONCE:
        return None
    users = yield from _fetch_users(desk, others, result)
    staff: Mapping[str, bool] = {one.data.id: one.data.is_staff for one in users}
    return False if all(staff.get(writer) for writer in others) else None

"""Reads people by id: who asked, who takes part in a request, and anybody by account id."""

from __future__ import annotations

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.gathered import Gathered
from alignkit.connectors.jira_service_management.records import CUSTOMERS
from alignkit.connectors.jira_service_management.site import (
    API,
    DESK_API,
    NOT_THERE,
    Site,
    says_not_found,
    values_request,
)
from alignkit.connectors.jira_service_management.streams import CUSTOMER_PAGE
from alignkit.connectors.records import Body
from alignkit.errors import PagingStuck
from alignkit.models.issue import Issue
from alignkit.transport import Flow, Request, request

_PERSON = Body({(): CUSTOMERS}, is_one=True)
_REQUEST = Body({"reporter": CUSTOMERS}, is_one=True)


class _Account(Payload):
    accountId: str  # noqa: N815 - the service's own name


def fetch_requester(site: Site, issue_id: str, gathered: Gathered) -> Flow[None]:
    """Who asked, with the address that service desks show and searches hide; an issue that is no request has none."""
    response = yield from request(Request("GET", f"{DESK_API}/request/{issue_id}", accept=NOT_THERE))
    if response.status == 200:
        gathered.take(listed(_REQUEST, response, site.name), CUSTOMERS)
    elif response.status == 404 and not says_not_found(response):
        gathered.unseen.add(("requester", issue_id))


def fetch_contact(site: Site, id: str, gathered: Gathered) -> Flow[None]:
    """One person, with the address only where the person lets it be seen."""
    wanted = Request("GET", f"{API}/user", [("accountId", id)], accept=NOT_THERE)
    response = yield from request(wanted)
    if response.status == 200:
        parsed(_Account, response, site.name)
        gathered.take(_PERSON.read(response.content, f"contact/{id}"), CUSTOMERS)
    elif not says_not_found(response):
        # Somebody whom Jira itself does not know is not asked for for ever.
        gathered.unseen.add(("contact", id))


def participants(site: Site, issue: Issue, gathered: Gathered) -> Flow[tuple[str, ...] | None]:
    """Who takes part in a request beside its reporter, page by page; None where that may not be seen.

    Raises:
        PagingStuck: the pages do not end.
    """
    path = f"{DESK_API}/request/{issue.id}/participant"
    ids: dict[str, None] = {}
    start = 0
    while True:
        response = yield from request(values_request(path, start, accept=NOT_THERE))
        if response.status in NOT_THERE:
            # An issue that is no request has none.
            return () if says_not_found(response) else None
        answer = listed(CUSTOMER_PAGE, response, site.name)
        people = gathered.take(answer, CUSTOMERS)
        known = len(ids)
        ids |= dict.fromkeys(one.data.id for one in people)
        start += len(people) + len(answer.bad)
        if answer.beside.get("is_last") is not False:
            return tuple(one for one in ids if one != issue.requester_id)
        if len(ids) == known:
            raise PagingStuck(f"`{site.name}` answers the same participants again and again")

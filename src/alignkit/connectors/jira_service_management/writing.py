"""Writes to one site: requests on behalf of customers, internal comments, and labels."""

from __future__ import annotations

from alignkit import identity
from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.base import NewIssue, check_requester
from alignkit.connectors.ids import number
from alignkit.connectors.jira_service_management.records import CUSTOMERS
from alignkit.connectors.jira_service_management.site import API, DESK_API, DESK_PAGE_SIZE, EXPERIMENTAL, Site
from alignkit.connectors.jira_service_management.streams import CUSTOMER_PAGE
from alignkit.errors import DataInvalid, RequestRefused
from alignkit.transport import Flow, JsonValue, Request, request

_TAKEN = frozenset({400, 409})
_THING = "an issue, unlike its key,"


class _Made(Payload):
    issueId: str  # noqa: N815 - the service's own name


class _Customer(Payload):
    accountId: str  # noqa: N815 - the service's own name


def create_request(site: Site, issue: NewIssue, desk: str | None, kind: str | None) -> Flow[str]:
    """Creates a request on behalf of the customer with this address, who is made one where the desk has none."""
    check_requester(issue, "request")
    if desk is None or kind is None:
        raise DataInvalid("a request has a desk and a type; set `service_desk_id` and `request_type_id`")
    if issue.tags:
        raise DataInvalid("a request is made without labels; leave `tags` empty and use `add_tag` once it is there")
    customer = yield from _customer(site, desk, issue.requester_email)
    body: dict[str, JsonValue] = {
        "serviceDeskId": desk,
        "requestTypeId": kind,
        "requestFieldValues": {"summary": issue.subject, "description": issue.body},
        "raiseOnBehalfOf": customer,
    }
    response = yield from request(Request("POST", f"{DESK_API}/request", json=body))
    return parsed(_Made, response, site.name).issueId


def _customer(site: Site, desk: str, email: str) -> Flow[str]:
    """The account id of a customer, which is all that Jira takes for one."""
    params = [("query", email), ("start", "0"), ("limit", str(DESK_PAGE_SIZE))]
    path = f"{DESK_API}/servicedesk/{desk}/customer"
    response = yield from request(Request("GET", path, params, headers=EXPERIMENTAL))
    wanted = identity.email(email)
    for found in listed(CUSTOMER_PAGE, response, site.name).of(CUSTOMERS):
        # What is asked for may stand anywhere in a name or an address.
        if any(identity.email(one) == wanted for one in found.data.emails):
            return found.data.id
    return (yield from _new_customer(site, desk, email))


def _new_customer(site: Site, desk: str, email: str) -> Flow[str]:
    body: JsonValue = {"displayName": email, "email": email}
    response = yield from request(Request("POST", f"{DESK_API}/customer", json=body, accept=_TAKEN))
    if response.status in _TAKEN:
        raise RequestRefused(
            f"`{site.name}` makes no customer of this address ({response.status}), who may have an account that hides "
            "it; add that account to the service desk by hand, with its address shown",
            status=response.status,
        )
    made = parsed(_Customer, response, site.name).accountId
    add: JsonValue = {"accountIds": [made]}
    yield from request(Request("POST", f"{DESK_API}/servicedesk/{desk}/customer", json=add, repeatable=True))
    return made


def add_comment(issue_id: str, text: str) -> Flow[None]:
    """Adds a comment that no customer sees."""
    url = f"{DESK_API}/request/{number(issue_id, _THING)}/comment"
    yield from request(Request("POST", url, json={"body": text, "public": False}))


def add_label(issue_id: str, label: str) -> Flow[None]:
    """Adds a label by an update of its own kind, which leaves the others alone."""
    if not label or any(character.isspace() for character in label):
        raise DataInvalid("a label is one word; write it with `_` in place of spaces")
    body: JsonValue = {"update": {"labels": [{"add": label}]}}
    yield from request(Request("PUT", f"{API}/issue/{number(issue_id, _THING)}", json=body))

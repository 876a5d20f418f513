"""Translates issues, customers, organizations and feedback of Jira Service Management into alignkit's terms.

Sources: developer.atlassian.com, "Jira Cloud platform REST API v3" and "Jira Service Management Cloud REST API".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from alignkit.connectors.answers import Payload
from alignkit.connectors.records import Extras, Shape, Values
from alignkit.connectors.tags import Tags
from alignkit.models.customer import Account, Contact
from alignkit.models.issue import Issue
from alignkit.models.times import Instant
from alignkit.models.vocabulary import Direction, Initiator, IssueStatus, IssueType, Priority

STATUSES: Mapping[str, IssueStatus] = {
    "new": IssueStatus.NEW,
    "indeterminate": IssueStatus.OPEN,
    "done": IssueStatus.RESOLVED,
}
"""The categories of statuses; their names are each project's own."""

NAMES: Mapping[str, IssueStatus] = {
    "waiting for customer": IssueStatus.WAITING_ON_CUSTOMER,
    "awaiting customer": IssueStatus.WAITING_ON_CUSTOMER,
    "pending customer": IssueStatus.WAITING_ON_CUSTOMER,
    "on hold": IssueStatus.WAITING_ON_THIRD_PARTY,
    "pending": IssueStatus.WAITING_ON_THIRD_PARTY,
    "waiting for third party": IssueStatus.WAITING_ON_THIRD_PARTY,
    "waiting for vendor": IssueStatus.WAITING_ON_THIRD_PARTY,
}
"""Names that refine an open category; a status of another category is never changed by its name."""

RESOLUTIONS: Mapping[str, IssueStatus] = {
    "cancelled": IssueStatus.CANCELLED,
    "canceled": IssueStatus.CANCELLED,
    "declined": IssueStatus.CANCELLED,
    "won't do": IssueStatus.CANCELLED,
    "won't fix": IssueStatus.CANCELLED,
}
DUPLICATE = "duplicate"
"""The resolution, and the kind of link, of an issue that goes on in another one."""

PRIORITIES: Mapping[str, Priority] = {
    "highest": Priority.URGENT,
    "blocker": Priority.URGENT,
    "critical": Priority.URGENT,
    "high": Priority.HIGH,
    "major": Priority.HIGH,
    "medium": Priority.NORMAL,
    "low": Priority.LOW,
    "lowest": Priority.LOW,
    "minor": Priority.LOW,
    "trivial": Priority.LOW,
}

TYPES: Mapping[str, IssueType] = {
    "[system] incident": IssueType.INCIDENT,
    "[system] problem": IssueType.PROBLEM,
    "[system] service request": IssueType.REQUEST,
    "service request": IssueType.REQUEST,
    "bug": IssueType.INCIDENT,
    "new feature": IssueType.FEATURE_REQUEST,
    "suggestion": IssueType.FEATURE_REQUEST,
}

FIELDS = (
    "summary",
    "status",
    "priority",
    "issuetype",
    "project",
    "reporter",
    "creator",
    "assignee",
    "created",
    "updated",
    "labels",
    "resolution",
    "resolutiondate",
    "statuscategorychangedate",
    "issuelinks",
)
"""Without them a search answers ids alone."""


class Noted(NamedTuple):
    """What an issue leaves open that reading it by id would tell.

    Attributes:
        is_on_behalf: whether somebody else raised it for the reporter; then there may be participants.
        may_be_a_campaigns: whether it must be looked up who wrote in it.
        lacks_address: whether its reporter is known by account id alone.
    """

    is_on_behalf: bool = False
    may_be_a_campaigns: bool = False
    lacks_address: bool = False


def issues(root: str, names: Mapping[str, IssueStatus], tags: Tags, *, keeps_text: bool) -> Shape[Issue]:
    """How an issue of Jira becomes one of ours.

    Args:
        root: of the pages that agents see.
        names: names of statuses, in small letters -> what they mean, stronger than their category.
        tags: what labels say.
        keeps_text: whether summaries are kept.
    """
    return Shape(
        model=Issue,
        places={
            "id": "id",
            "status": ("fields", "status", "statusCategory", "key"),
            "type": ("fields", "issuetype", "name"),
            "priority": ("fields", "priority", "name"),
            **({"subject": ("fields", "summary")} if keeps_text else {}),
            "created_at": ("fields", "created"),
            "remote_updated_at": ("fields", "updated"),
            "requester_id": ("fields", "reporter", "accountId"),
            "requester_email": ("fields", "reporter", "emailAddress"),
            "requester_name": ("fields", "reporter", "displayName"),
            "queue": ("fields", "project", "key"),
            "assignee": ("fields", "assignee", "accountId"),
            "tags": ("fields", "labels"),
            "resolved_at": ("fields", "resolutiondate"),
        },
        statuses=STATUSES,
        words={"priority": PRIORITIES, "type": TYPES},
        also={
            "key": ("key", str),
            "name": (("fields", "status", "name"), str),
            "resolution": (("fields", "resolution", "name"), str),
            "settled": (("fields", "statuscategorychangedate"), str),
            "links": (("fields", "issuelinks"), object),
            "creator": (("fields", "creator", "accountId"), str),
            "creator_type": (("fields", "creator", "accountType"), str),
        },
        finish=partial(_issue, root, names, tags),
    )


def _issue(root: str, names: Mapping[str, IssueStatus], tags: Tags, values: Values) -> Extras:
    if values.get("key"):
        values["url"] = f"{root}/browse/{values['key']}"
    _settle_status(names, values)
    _settle_beginning(values)
    tags.settle(values)
    is_on_behalf = values["initiated_by"] is Initiator.AGENT
    lacks_writer = values["customer_wrote"] is None and tags.may_be_a_campaigns(values)
    lacks_address = values["requester_id"] is not None and values["requester_email"] is None
    return Extras(beside=Noted(is_on_behalf, lacks_writer, lacks_address))


def _settle_status(names: Mapping[str, IssueStatus], values: Values) -> None:
    name = (values.get("name") or "").strip()
    status: IssueStatus = values["status"]
    values["status_raw"] = name or values["status_raw"]
    if name.casefold() in names:
        status = names[name.casefold()]
    elif status is IssueStatus.OPEN:
        status = NAMES.get(name.casefold(), status)
    elif status is IssueStatus.RESOLVED:
        status = _ended(values)
    values["status"] = status
    # A resolution may stand on an issue that is open, and be missing on one that is done.
    if status.is_active is not False:
        values["resolved_at"] = None
    elif values["resolved_at"] is None:
        values["resolved_at"] = moment(values.get("settled"))


def _ended(values: Values) -> IssueStatus:
    """What became of an issue that is done. A duplicate of nothing that is shown is over like any other."""
    resolution = (values.get("resolution") or "").casefold()
    if resolution == DUPLICATE and (survivor := _survivor(values.get("links"))) is not None:
        values["merged_into"] = survivor
        return IssueStatus.MERGED
    return RESOLUTIONS.get(resolution, IssueStatus.RESOLVED)


class _Other(Payload):
    id: str


class _LinkType(Payload):
    name: str | None = None


class _Link(Payload):
    type: _LinkType | None = None
    inwardIssue: _Other | None = None  # noqa: N815 - the service's own name
    outwardIssue: _Other | None = None  # noqa: N815 - the service's own name


def _survivor(links: object) -> str | None:
    """The issue that a duplicate goes on in: the one that it `duplicates`, else one that is linked the wrong way."""
    read = _LINKS.validate_python(links or ())
    kindred = [link for link in read if link.type and (link.type.name or "").casefold() == DUPLICATE]
    others: Iterable[_Other | None] = (
        *(link.outwardIssue for link in kindred),
        *(link.inwardIssue for link in kindred),
    )
    return next((one.id for one in others if one is not None), None)


def moment(told: object) -> datetime | None:
    """A time as Jira writes it, with an offset that has no colon; None where there is none."""
    try:
        return _INSTANT.validate_python(told)
    except ValidationError:
        return None


_LINKS: TypeAdapter[list[_Link]] = TypeAdapter(list[_Link])
_INSTANT: TypeAdapter[Instant] = TypeAdapter(Instant)


def _settle_beginning(values: Values) -> None:
    """Who began an issue. One that an agent raised on behalf of a customer counts as any other."""
    reporter, creator, kind = values["requester_id"], values.get("creator"), values.get("creator_type")
    values["initiated_by"] = values["customer_wrote"] = None
    if creator is None or reporter is None:
        return
    # A customer's own request stays one when an agent names somebody else as its reporter.
    if creator == reporter or kind == "customer":
        values["initiated_by"] = Initiator.CUSTOMER if kind == "customer" else None
        values["customer_wrote"], values["direction"] = True, Direction.INBOUND
    else:
        values["initiated_by"] = Initiator.SYSTEM if kind == "app" else Initiator.AGENT


def _undated(_values: Values) -> Extras:
    """Jira tells no time of a change here, so what is read again and says the same is no news."""
    return Extras(version=0)


CUSTOMERS = Shape(
    model=Contact,
    places={
        "id": "accountId",
        "name": "displayName",
        "emails": "emailAddress",
        "time_zone": "timeZone",
        "is_active": "active",
    },
    finish=_undated,
)

ORGANIZATIONS = Shape(model=Account, places={"id": "id", "name": "name"}, finish=_undated)

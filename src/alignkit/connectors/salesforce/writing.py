"""Writes to Salesforce: cases, comments that no customer sees, and topics."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from alignkit.connectors.answers import Named, Payload, parsed
from alignkit.connectors.base import NewIssue, check_requester
from alignkit.connectors.salesforce.org import Org, quoted, select
from alignkit.connectors.salesforce.records import whole_id
from alignkit.errors import DataInvalid, ResponseInvalid
from alignkit.transport import Flow, JsonValue, Request, request


class _Row(Payload):
    id: str = Field(alias="Id")


class _Rows(Payload):
    records: Sequence[_Row]


def create_case(org: Org, issue: NewIssue, *, origin: str, key_field: str | None) -> Flow[str]:
    """Creates a case for the contact with the requester's address, where there is just one.

    With `key_field`, an external id of cases, the case is found by a digest of what it says before it is made, so
    that it may be sent again; one that is there stays as it is. Without it nothing is sent twice.
    """
    check_requester(issue, "case")
    topics: list[str] = []
    for tag in issue.tags:
        topics += [(yield from _topic(org, tag))]
    contacts = yield from _ids(org, "Contact", f"Email = {quoted(issue.requester_email)} LIMIT 2")
    body: dict[str, JsonValue] = {
        "Subject": issue.subject,
        "Description": issue.body,
        "Origin": origin,
        "SuppliedEmail": issue.requester_email,
        **({"ContactId": contacts[0]} if len(contacts) == 1 else {}),
    }
    if issue.queue is not None:
        body["OwnerId"] = yield from _queue(org, issue.queue)
    if key_field is None:
        response = yield from request(Request("POST", f"{org.api}/sobjects/Case", json=body))
        made = parsed(Named, response, org.name).id
    else:
        made = yield from _known_or_upserted(org, key_field, issue.key, body)
    for topic in topics:
        yield from _assign(org, made, topic)
    return made


def add_comment(org: Org, issue_id: str, text: str) -> Flow[None]:
    """Adds a comment that is not published; sent once."""
    body: JsonValue = {"ParentId": _case(issue_id), "CommentBody": text, "IsPublished": False}
    yield from request(Request("POST", f"{org.api}/sobjects/CaseComment", json=body))


def add_topic(org: Org, issue_id: str, name: str) -> Flow[None]:
    """Assigns a topic to a case; the others stay. What is there already is not made again."""
    case = _case(issue_id)
    yield from _assign(org, case, (yield from _topic(org, name)))


def _topic(org: Org, name: str) -> Flow[str]:
    """The topic of this name, made where there is none."""
    if not name.strip():
        raise DataInvalid("a tag is empty; give it a word")
    topics = yield from _ids(org, "Topic", f"Name = {quoted(name)} LIMIT 1")
    return topics[0] if topics else (yield from _made(org, "Topic", {"Name": name}))


def _assign(org: Org, case: str, topic: str) -> Flow[None]:
    assigned = f"EntityId = {quoted(case)} AND TopicId = {quoted(topic)} LIMIT 1"
    if not (yield from _ids(org, "TopicAssignment", assigned)):
        yield from _made(org, "TopicAssignment", {"EntityId": case, "TopicId": topic})


def _made(org: Org, kind: str, body: JsonValue) -> Flow[str]:
    response = yield from request(Request("POST", f"{org.api}/sobjects/{kind}", json=body))
    return parsed(Named, response, org.name).id


def _known_or_upserted(org: Org, key_field: str, key: str, body: JsonValue) -> Flow[str]:
    """The case with this key; it is made where there is none, and two that make it at once make one."""
    known = f"{key_field} = {quoted(key)} LIMIT 1"
    if found := (yield from _ids(org, "Case", known)):
        return found[0]
    path = f"{org.api}/sobjects/Case/{key_field}/{key}"
    response = yield from request(Request("PATCH", path, json=body, repeatable=True))
    if response.content:
        return parsed(Named, response, org.name).id
    if not (found := (yield from _ids(org, "Case", known))):
        raise ResponseInvalid(f"`{org.name}` does not show the case that it made; look there before a retry")
    return found[0]


def _queue(org: Org, name: str) -> Flow[str]:
    named = f"(Name = {quoted(name)} OR DeveloperName = {quoted(name)})"
    found = yield from _ids(org, "Group", f"Type = 'Queue' AND {named} LIMIT 1")
    if not found:
        raise DataInvalid("there is no queue of this name; correct `queue`")
    return found[0]


def _ids(org: Org, kind: str, where: str) -> Flow[list[str]]:
    response = yield from org.query(select("Id", kind, f"WHERE {where}"))
    return [row.id for row in parsed(_Rows, response, org.name).records]


def _case(issue_id: str) -> str:
    whole = whole_id(issue_id)
    if whole is None:
        raise DataInvalid("the id of a case has 15 or 18 letters and digits")
    return whole

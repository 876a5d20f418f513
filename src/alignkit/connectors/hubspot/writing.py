"""Writes to HubSpot: tickets with their contact, notes that no customer sees, and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alignkit.connectors.answers import Named, Payload, parsed
from alignkit.connectors.base import NewIssue, check_requester
from alignkit.connectors.hubspot.portal import Portal, ticket_path
from alignkit.connectors.ids import number
from alignkit.connectors.window import service_time
from alignkit.errors import DataInvalid, ResponseInvalid, SettingsError
from alignkit.models.times import microseconds
from alignkit.transport import Flow, JsonValue, Request, request

_TICKET_TO_CONTACT = 16
_NOTE_TO_TICKET = 228
"""Types of association that HubSpot defines, by their numbers."""


class _Batch(Payload):
    results: Sequence[Named]


def create_ticket(
    portal: Portal, issue: NewIssue, *, tag_property: str | None = None, key_property: str | None = None
) -> Flow[str]:
    """Creates a ticket for the contact with the requester's address, who is created where there is none.

    With `key_property`, a unique property of tickets, the ticket is found by a digest of what it says before it is
    made, so that it may be sent again; one that is there stays as it is. Without it nothing is sent twice.
    """
    check_requester(issue)
    if issue.tags and tag_property is None:
        raise DataInvalid("HubSpot's tickets have no tags; set `tag_property`, or leave `tags` empty")
    for tag in issue.tags:
        _check_tag(tag)
    yield from portal.learn_stages()
    properties: dict[str, JsonValue] = {
        "subject": issue.subject,
        "content": issue.body,
        **_place(portal, issue.queue),
        **({tag_property: ";".join(issue.tags)} if issue.tags and tag_property else {}),
    }
    contact = yield from _upserted(portal, "contacts", "email", issue.requester_email, {"email": issue.requester_email})
    if key_property is not None:
        ticket = yield from _known(portal, key_property, issue.key)
        if ticket is None:
            keyed = {**properties, key_property: issue.key}
            ticket = yield from _upserted(portal, "tickets", key_property, issue.key, keyed)
        path = f"/crm/v4/objects/tickets/{ticket}/associations/default/contacts/{contact}"
        yield from request(Request("PUT", path))
        return ticket
    body: JsonValue = {"properties": properties, "associations": [_association(contact, _TICKET_TO_CONTACT)]}
    response = yield from request(Request("POST", "/crm/v3/objects/tickets", json=body))
    return parsed(Named, response, portal.name).id


def add_note(portal: Portal, issue_id: str, text: str) -> Flow[None]:
    """Adds a note to a ticket; sent once."""
    # A note has to name its time, which only the service can say.
    response = yield from request(Request("GET", ticket_path(number(issue_id, "a ticket"))))
    at = microseconds(service_time(response, portal.name)) // 1_000
    body: JsonValue = {
        "properties": {"hs_note_body": text, "hs_timestamp": str(at)},
        "associations": [_association(issue_id, _NOTE_TO_TICKET)],
    }
    yield from request(Request("POST", "/crm/v3/objects/notes", json=body))


def add_tag(issue_id: str, tag: str, tag_property: str | None) -> Flow[None]:
    """Adds one value to the property that holds tags, and keeps the others."""
    if tag_property is None:
        raise SettingsError("HubSpot's tickets have no tags; set `tag_property` to a property with several checkboxes")
    _check_tag(tag)
    # The semicolon in front adds to what is there; without it all others would go.
    body: JsonValue = {"properties": {tag_property: f";{tag}"}}
    yield from request(Request("PATCH", ticket_path(number(issue_id, "a ticket")), json=body, repeatable=True))


def _place(portal: Portal, queue: str | None) -> Mapping[str, JsonValue]:
    """The pipeline that is named, or the first one, and the stage in which its tickets begin."""
    found = next((one for one in portal.pipelines if queue is None or one.is_named(queue)), None)
    if found is None or found.first_stage is None:
        raise DataInvalid("there is no pipeline of this name with an open stage; correct `queue`")
    return {"hs_pipeline": found.id, "hs_pipeline_stage": found.first_stage}


def _check_tag(tag: str) -> None:
    if not tag or ";" in tag:
        raise DataInvalid("a tag of HubSpot's is one word of its property, without a semicolon")


def _known(portal: Portal, key_property: str, key: str) -> Flow[str | None]:
    """The id of the ticket with this key, where there is one."""
    wanted = Request("GET", ticket_path(key), [("idProperty", key_property)], accept=frozenset({404}))
    response = yield from request(wanted)
    return None if response.status == 404 else parsed(Named, response, portal.name).id


def _upserted(portal: Portal, kind: str, id_property: str, key: str, properties: Mapping[str, JsonValue]) -> Flow[str]:
    """The id of the one object with this key, made or brought up to date."""
    body: JsonValue = {"inputs": [{"id": key, "idProperty": id_property, "properties": {**properties}}]}
    wanted = Request("POST", f"/crm/v3/objects/{kind}/batch/upsert", json=body, repeatable=True)
    made = parsed(_Batch, (yield from request(wanted)), portal.name).results
    if not made:
        raise ResponseInvalid(f"`{portal.name}` does not say which of its {kind} it made; look there before a retry")
    return made[0].id


def _association(id: str, type: int) -> JsonValue:
    return {"to": {"id": id}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type}]}

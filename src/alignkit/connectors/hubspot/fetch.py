"""Reads single objects of HubSpot by id, and finds out what became of those that are not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from alignkit.connectors.answers import Named, parsed
from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.gathered import Gathered
from alignkit.connectors.gone import Reason, issue_gone, said_in, thing_gone
from alignkit.connectors.hubspot.events import thing_events, ticket_events
from alignkit.connectors.hubspot.portal import Portal, path_of, says_not_found
from alignkit.connectors.hubspot.records import NAMES, TICKETS, Kind
from alignkit.connectors.ids import numbers
from alignkit.connectors.window import service_time
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Ref
from alignkit.transport import Flow, Request, request


def fetch(portal: Portal, kinds: Mapping[str, Kind], refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """Reads tickets (`issue`), contacts and companies (`account`) by id, and finds out what became of the others."""
    gathered = Gathered(portal.name, run)
    for name, kind in kinds.items():
        ids = numbers(refs, name)
        found, unread = yield from portal.by_id(kind, ids)
        gathered.quarantined += unread
        if kind.name == TICKETS:
            told, hidden = yield from ticket_events(portal, kind, found, run.now)
            gathered.events += told
            gathered.unseen |= {(name, id) for id in hidden}
        else:
            gathered.events += thing_events(portal, kind, found, run.now)
        there = {one.data.id for one in found} | {one.key for one in unread}
        missing = [one for one in ids if one not in there]
        # A right that was taken away may hide all of a kind: what is not there counts where something else is.
        shows = bool(found) or (bool(missing) and (yield from _shows(kind)))
        for id in missing:
            gone = (yield from _gone(portal, kind, id, run.now)) if shows else None
            if gone is None:
                gathered.unseen.add((name, id))
            else:
                gathered.events.append(gone)
    return gathered.fetched(refs)


def _shows(kind: Kind) -> Flow[bool]:
    """Whether anything of a kind can be seen."""
    wanted = Request("GET", f"/crm/v3/objects/{kind.name}", [("limit", "1")], accept=frozenset({403, 404}))
    response = yield from request(wanted)
    return response.status == 200 and bool(said_in(response).get("results"))


def _gone(portal: Portal, kind: Kind, id: str, now: datetime) -> Flow[CustomerEvent | None]:
    """What became of an object that no batch has: merged, archived, or not there at all.

    None where it is there, or where the answer is not HubSpot's own word: a gateway's 404 says nothing of an object.
    """
    gone = frozenset({404})
    response = yield from request(Request("GET", path_of(kind.name, id), accept=gone))
    reason: Reason = "merged"
    survivor: str | None = None
    if response.status == 404:
        if not says_not_found(response):
            return None
        archived = [("archived", "true")]
        response = yield from request(Request("GET", path_of(kind.name, id), params=archived, accept=gone))
        if response.status == 404 and not says_not_found(response):
            return None
        reason = "not_found" if response.status == 404 else "deleted"
        if reason == "deleted" and parsed(Named, response, portal.name).id != id:
            return None
    else:
        survivor = parsed(Named, response, portal.name).id
        if survivor == id:
            return None
    at = service_time(response, portal.name)
    if kind.name == TICKETS:
        return issue_gone(id, source=portal.name, at=at, received_at=now, reason=reason, into=survivor)
    return thing_gone(NAMES[kind.name], id, source=portal.name, at=at, received_at=now, into=survivor)

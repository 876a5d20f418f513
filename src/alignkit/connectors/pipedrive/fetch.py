"""Reads persons, organisations and deals of Pipedrive by id, and finds out which of them are gone."""

from __future__ import annotations

from collections.abc import Sequence

from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.gone import said_in, thing_gone, unseen
from alignkit.connectors.pipedrive.records import KINDS, Kind, is_id
from alignkit.connectors.pipedrive.streams import answered
from alignkit.connectors.window import service_time
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Quarantined, Ref
from alignkit.transport import Flow, Request, Response, request

MOST_IDS = 100

_BY_ID = {"account": "organizations", "contact": "persons", "opportunity": "deals"}
_UNSEEN = frozenset({403, 404, 410})


def fetch(source: str, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """Persons (`contact`), organisations (`account`) and deals (`opportunity`); `source` is the connector's name."""
    events: list[CustomerEvent] = []
    bad: list[Quarantined] = []
    left: set[tuple[str, str]] = set()
    for name, stream in _BY_ID.items():
        kind = KINDS[stream]
        ids = list(dict.fromkeys(ref.id for ref in refs if ref.kind == name and is_id(ref.id)))
        for start in range(0, len(ids), MOST_IDS):
            some = ids[start : start + MOST_IDS]
            params = [("ids", ",".join(some)), ("limit", str(MOST_IDS))]
            response = yield from request(Request("GET", f"/api/v2/{kind.list}", params=params))
            answer = answered(kind.body, response, source)
            found = answer.of(kind.shape)
            events += [one.event(source=source, received_at=run.now) for one in found]
            bad += answer.bad
            seen = {one.data.id for one in found} | {one.key for one in answer.bad}
            for id in (one for one in some if one not in seen):
                alone = yield from _alone(source, Ref(name, id), kind, run)
                events += alone.events
                bad += alone.quarantined
                left |= set() if alone.done else {(name, id)}
    done = [ref for ref in refs if (ref.kind, ref.id) not in left]
    return Fetched(events, done, bad, unseen(len(left)))


def _alone(source: str, ref: Ref, kind: Kind, run: Run) -> Flow[Fetched]:
    """One thing that no list shows: lists leave out what was deleted."""
    response = yield from request(Request("GET", f"/api/v2/{kind.list}/{ref.id}", accept=_UNSEEN))
    if response.status == 200:
        answer = answered(kind.one, response, source)
        events = [one.event(source=source, received_at=run.now) for one in answer.of(kind.shape)]
        return Fetched(events, [ref], answer.bad)
    if not _says_gone(response):
        return Fetched((), ())
    at = service_time(response, source)
    return Fetched([thing_gone(ref.kind, ref.id, source=source, at=at, received_at=run.now)], [ref])


def _says_gone(response: Response) -> bool:
    """Whether Pipedrive itself says that a thing is not there, and not something between us and it."""
    said = said_in(response)
    return response.status != 403 and said.get("success") is False and isinstance(said.get("error"), str)

"""Reads persons, organisations and deals of Pipedrive by id, and finds out which of them are gone."""

from __future__ import annotations

from collections.abc import Sequence

from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.gathered import Gathered, ids_of
from alignkit.connectors.gone import said_in, thing_gone
from alignkit.connectors.ids import numbers
from alignkit.connectors.pipedrive.records import KINDS, Kind
from alignkit.connectors.pipedrive.streams import answered
from alignkit.connectors.window import service_time
from alignkit.models.exchange import Ref
from alignkit.transport import Flow, Request, Response, request

MOST_IDS = 100

_BY_ID = {"account": "organizations", "contact": "persons", "opportunity": "deals"}
_UNSEEN = frozenset({403, 404, 410})


def fetch(source: str, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """Persons (`contact`), organisations (`account`) and deals (`opportunity`); `source` is the connector's name."""
    gathered = Gathered(source, run)
    for name, stream in _BY_ID.items():
        kind = KINDS[stream]
        ids = numbers(refs, name)
        for start in range(0, len(ids), MOST_IDS):
            some = ids[start : start + MOST_IDS]
            params = [("ids", ",".join(some)), ("limit", str(MOST_IDS))]
            response = yield from request(Request("GET", f"/api/v2/{kind.list}", params=params))
            answer = answered(kind.body, response, source)
            gathered.take(answer, kind.shape)
            there = ids_of(answer, kind.shape)
            for id in (one for one in some if one not in there):
                yield from _fetch_alone(gathered, name, kind, id)
    return gathered.fetched(refs)


def _fetch_alone(gathered: Gathered, name: str, kind: Kind, id: str) -> Flow[None]:
    """One thing that no list shows: lists leave out what was deleted."""
    source, now = gathered.source, gathered.run.now
    response = yield from request(Request("GET", f"/api/v2/{kind.list}/{id}", accept=_UNSEEN))
    if response.status == 200:
        gathered.take(answered(kind.one, response, source), kind.shape)
    elif _says_gone(response):
        at = service_time(response, source)
        gathered.events.append(thing_gone(name, id, source=source, at=at, received_at=now))
    else:
        gathered.unseen.add((name, id))


def _says_gone(response: Response) -> bool:
    """Whether Pipedrive itself says that a thing is not there, and not something between us and it."""
    said = said_in(response)
    return response.status != 403 and said.get("success") is False and isinstance(said.get("error"), str)

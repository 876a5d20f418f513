"""Reads single records of Salesforce by id, and finds out which cases were deleted for good."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import Field

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.gathered import Gathered, ids_of
from alignkit.connectors.gone import issue_gone
from alignkit.connectors.salesforce.org import Org, any_of
from alignkit.connectors.salesforce.records import Kind, whole_id
from alignkit.connectors.window import service_time
from alignkit.models.exchange import Ref
from alignkit.transport import Flow, Request, request

LOG = timedelta(days=29)
"""How far back we ask which cases were deleted: Salesforce tells of 30 days, counted in minutes."""

_AT_ONCE = 200
"""A query is part of an address, which may not grow too long."""

_UNTOLD = frozenset({400, 403, 404})


class _DeletedOne(Payload):
    id: str


class _Deleted(Payload):
    records: Sequence[_DeletedOne] = Field(alias="deletedRecords")


def fetch(org: Org, kinds: Mapping[str, Kind], refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """Reads cases (`issue`), contacts and leads (`contact`), and accounts by id."""
    gathered = Gathered(org.name, run)
    seen: set[str] = set()
    clock: datetime | None = None
    for prefix, kind in kinds.items():
        left = list(dict.fromkeys(id for ref in refs if (id := whole_id(ref.id)) and id.startswith(prefix)))
        while left:
            some, left = left[:_AT_ONCE], left[_AT_ONCE:]
            response = yield from org.records(kind, f"WHERE Id IN {any_of(some)}")
            clock = service_time(response, org.name)
            answer = listed(kind.body, response, org.name)
            gathered.take(answer, kind.shape)
            there = ids_of(answer, kind.shape)
            seen |= there
            if there and answer.beside.get("is_done") is False:
                left = [*(id for id in some if id not in there), *left]
    missing = {id for ref in refs if ref.kind == "issue" and (id := whole_id(ref.id)) and id not in seen}
    gone = frozenset[str]()
    if missing and clock is not None:
        gone = (yield from _deleted(org, clock)) & missing
        gathered.events += [issue_gone(id, source=org.name, at=clock, received_at=run.now) for id in sorted(gone)]
    hidden = missing - gone
    gathered.waiting |= {("issue", ref.id) for ref in refs if whole_id(ref.id) in hidden}
    return gathered.fetched(refs, _hidden_gaps(hidden))


def _deleted(org: Org, clock: datetime) -> Flow[frozenset[str]]:
    """The cases that the org says were deleted; none where it does not tell.

    Nothing less is evidence: of a case that is not shared with us Salesforce says that it is not found.
    """
    params = [("start", _minute(clock - LOG)), ("end", _minute(clock))]
    wanted = Request("GET", f"{org.api}/sobjects/Case/deleted/", params, accept=_UNTOLD)
    response = yield from request(wanted)
    if response.status in _UNTOLD:
        return frozenset()
    told = parsed(_Deleted, response, org.name).records
    return frozenset(id for one in told if (id := whole_id(one.id)))


def _minute(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(second=0, microsecond=0).isoformat()


def _hidden_gaps(hidden: Collection[str]) -> list[str]:
    if not hidden:
        return []
    gap = f"cases neither found nor told as deleted: {len(hidden)}"
    return [f"{gap}; they may be hidden; give the user `View All` on cases"]

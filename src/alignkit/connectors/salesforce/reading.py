"""Reads Salesforce's streams page by page, and single records by id."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import Field

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.base import Checkpoint, Fetched, Page, Run
from alignkit.connectors.records import Answer
from alignkit.connectors.salesforce.org import PAGE_SIZE, ObjectHidden, Org, any_of, written
from alignkit.connectors.salesforce.records import Kind, whole_id
from alignkit.connectors.window import Pace, Position, Walk, kept, position, service_time
from alignkit.errors import PagingStuck
from alignkit.models.events import CustomerEvent, IssueRemoval, IssueRemoved
from alignkit.models.exchange import Quarantined, Ref
from alignkit.transport import Flow, Request, request

_UNTOLD = frozenset({400, 403, 404})
PACE = Pace(overlap=timedelta(minutes=10), lag=timedelta(seconds=60))
BIN = timedelta(days=15)
"""How long deleted records can still be seen."""

LOG = timedelta(days=29)
"""How far back we ask which cases were deleted: Salesforce tells of 30 days, counted in minutes."""

OPTIONAL = frozenset({"Lead", "Opportunity"})
"""Objects that an edition or a user may lack; without them the rest is read all the same."""


def read(org: Org, kind: Kind, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of what changed since the mark, or of all."""
    at = position(Position, checkpoint, org.name)
    walk = PACE.walk(at, run)
    try:
        response = yield from org.page(kind, walk)
    except ObjectHidden as error:
        if kind.object not in OPTIONAL:
            raise
        return Page((), kept(Position(mark=at.mark)), more=False, gaps=[f"nothing was read: {error}"])
    answer = listed(kind.body, response, org.name)
    walk = PACE.answered(walk, response, org.name)
    events = [found.event(source=org.name, received_at=run.now) for found in answer.of(kind.shape)]
    after = _after(org, kind, answer, walk.after)
    gaps = _gaps(at, walk) if after is None else []
    return Page(events, kept(at.following(walk, after)), after is not None, answer.bad, gaps=gaps)


class _DeletedOne(Payload):
    id: str


class _Deleted(Payload):
    records: Sequence[_DeletedOne] = Field(alias="deletedRecords")


def fetch(org: Org, kinds: Mapping[str, Kind], refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """Reads cases (`issue`), contacts and leads (`contact`), and accounts by id."""
    events: list[CustomerEvent] = []
    bad: list[Quarantined] = []
    seen: set[str] = set()
    clock: datetime | None = None
    for prefix, kind in kinds.items():
        ids = list(dict.fromkeys(id for ref in refs if (id := whole_id(ref.id)) and id.startswith(prefix)))
        while ids:
            response = yield from org.records(kind, f"WHERE Id IN {any_of(ids)}")
            clock = service_time(response, org.name)
            answer = listed(kind.body, response, org.name)
            events += [found.event(source=org.name, received_at=run.now) for found in answer.of(kind.shape)]
            bad += answer.bad
            here = {found.data.id for found in answer.of(kind.shape)} | {one.key for one in answer.bad}
            seen |= here
            left = [id for id in ids if id not in here]
            if answer.beside.get("is_done") is not False or len(left) == len(ids):
                break
            ids = left
    missing = {id for ref in refs if ref.kind == "issue" and (id := whole_id(ref.id)) and id not in seen}
    gone = (yield from _deleted(org, clock)) & missing if missing and clock else frozenset[str]()
    for id in sorted(gone):
        removal = IssueRemoval(id=id, remote_updated_at=clock, reason="not_found")
        events.append(IssueRemoved.of(removal, source=org.name, received_at=run.now, sequence=1))
    hidden = missing - gone
    done = [ref for ref in refs if ref.kind != "issue" or whole_id(ref.id) not in hidden]
    return Fetched(events, done, bad, _hidden_gaps(hidden))


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


def _after(org: Org, kind: Kind, answer: Answer, before: str | None) -> str | None:
    """The place of the last row of a page, where another page may follow.

    Raises:
        PagingStuck: more is announced, and no record on the page says where it stands.
    """
    found = answer.of(kind.shape)
    is_full = len(found) + len(answer.bad) >= PAGE_SIZE
    if answer.beside.get("is_done") is not False and not is_full:
        return None
    stamped = [one.data for one in found if one.data.remote_updated_at is not None]
    after = f"{written(stamped[-1].remote_updated_at)}|{stamped[-1].id}" if stamped else None
    if after is None or after == before:
        raise PagingStuck(f"`{org.name}` announces a page and gives no record that leads to it; report this")
    return after


def _gaps(at: Position, walk: Walk) -> list[str]:
    if at.mark is None or walk.until is None or walk.until - at.mark < BIN:
        return []
    gap = f"the last read was more than {BIN.days} days ago, and deleted records are shown no longer than that"
    return [f"{gap}; open cases are read again by id"]

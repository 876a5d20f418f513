"""Reads Salesforce's streams page by page, and single records by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from alignkit.connectors.answers import listed
from alignkit.connectors.base import Checkpoint, Fetched, Page, Run
from alignkit.connectors.records import Answer
from alignkit.connectors.salesforce.org import PAGE_SIZE, ObjectHidden, Org, any_of, written
from alignkit.connectors.salesforce.records import Kind, whole_id
from alignkit.connectors.window import Pace, Position, Walk, kept, position, service_time
from alignkit.errors import PagingStuck
from alignkit.models.events import CustomerEvent, IssueRemoval, IssueRemoved
from alignkit.models.exchange import Quarantined, Ref
from alignkit.transport import Flow, Request, request

PACE = Pace(overlap=timedelta(minutes=10), lag=timedelta(seconds=60))
BIN = timedelta(days=15)
"""How long deleted records can still be seen."""

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


def fetch(org: Org, kinds: Mapping[str, Kind], refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """Reads cases (`issue`), contacts and leads (`contact`), and accounts by id."""
    events: list[CustomerEvent] = []
    bad: list[Quarantined] = []
    seen: set[str] = set()
    for prefix, kind in kinds.items():
        ids = list(dict.fromkeys(id for ref in refs if (id := whole_id(ref.id)) and id.startswith(prefix)))
        while ids:
            response = yield from org.records(kind, f"WHERE Id IN {any_of(ids)}")
            answer = listed(kind.body, response, org.name)
            events += [found.event(source=org.name, received_at=run.now) for found in answer.of(kind.shape)]
            bad += answer.bad
            here = {found.data.id for found in answer.of(kind.shape)} | {one.key for one in answer.bad}
            seen |= here
            left = [id for id in ids if id not in here]
            if answer.beside.get("is_done") is not False or len(left) == len(ids):
                break
            ids = left
    done = [ref for ref in refs if ref.kind != "issue" or whole_id(ref.id) in (None, *seen)]
    for ref in refs:
        id = whole_id(ref.id)
        if ref.kind == "issue" and id is not None and id not in seen:
            removal = yield from _gone(org, id, run.now)
            if removal is not None:
                events.append(removal)
                done.append(ref)
    return Fetched(events, done, bad)


def _gone(org: Org, id: str, now: datetime) -> Flow[CustomerEvent | None]:
    """The removal of a case that is not even in the bin; None where it is there after all."""
    wanted = Request("GET", f"{org.api}/sobjects/Case/{id}", params=[("fields", "Id")], accept=frozenset({404}))
    response = yield from request(wanted)
    # Salesforce says so itself, in JSON, and not just something between us and it.
    response.json()
    if response.status != 404:
        return None
    removal = IssueRemoval(id=id, remote_updated_at=service_time(response, org.name), reason="not_found")
    return IssueRemoved.of(removal, source=org.name, received_at=now, sequence=1)


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

"""Reads posts by id, and tells on X's own word which were taken back."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.records import Found
from alignkit.connectors.x.posts import PAGE, POST, is_id, taken_back, unshown
from alignkit.connectors.x.streams import FIELDS, MOST, Reader
from alignkit.connectors.x.walk import today
from alignkit.errors import ResponseInvalid
from alignkit.models.conversation import Post
from alignkit.models.events import CustomerEvent, PostPublished
from alignkit.models.exchange import Quarantined, Ref
from alignkit.transport import Flow, Request


class _Answered(NamedTuple):
    """What came of the posts that were asked for, and of how many there was money to ask."""

    rows: Sequence[Found[Post]]
    bad: Sequence[Quarantined]
    gone: AbstractSet[str]
    asked: Sequence[str]


def fetch(reader: Reader, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """The posts (`post`, by id) that these refs name, as many as fit into what reading by id may cost in a day."""
    ids = list(dict.fromkeys(ref.id for ref in refs if ref.kind == "post" and is_id(ref.id)))
    events: list[CustomerEvent] = []
    bad: list[Quarantined] = []
    left = set(ids)
    for start in range(0, len(ids), MOST):
        answered = yield from _answered(reader, ids[start : start + MOST], run)
        edited = [row.extras.beside.latest for row in answered.rows if row.extras.beside.latest != _current(row)]
        newer = yield from _answered(reader, edited, run)
        # A post by id comes without its author's name, so the same version of a list counts more.
        events += [reader.post(row, run, version=int(_current(row)) - 1) for row in (*answered.rows, *newer.rows)]
        events += [_taken_back(reader, id, run) for id in answered.asked if id in answered.gone]
        bad += [*answered.bad, *newer.bad]
        left -= {*answered.asked}
    return Fetched(events, [ref for ref in refs if ref.id not in left], bad)


def _answered(reader: Reader, ids: Sequence[str], run: Run) -> Flow[_Answered]:
    """Up to a hundred posts."""
    grant = yield from reader.budget.reserve_some(today(run).isoformat(), reader.price_by_id, len(ids))
    if not grant.count:
        return _Answered((), (), set(), ())
    asked = ids[: grant.count]
    wanted = [("ids", ",".join(asked)), ("tweet.fields", FIELDS)]
    response = yield from reader.pay(Request("GET", "/2/tweets", params=wanted), grant)
    answer = PAGE.read(response.content, reader.name)
    hidden = unshown(answer.beside.get("errors"))
    rows = answer.of(POST)
    if not (rows or answer.bad or hidden):
        raise ResponseInvalid(f"`{reader.name}` answered something else than posts; check `base_url`")
    yield from reader.budget.settle(grant, len(rows) + len(answer.bad))
    return _Answered(rows, answer.bad, {id for id, is_gone in hidden.items() if is_gone}, asked)


def _current(row: Found[Post]) -> str:
    return str(row.extras.version)


def _taken_back(reader: Reader, id: str, run: Run) -> CustomerEvent:
    post, version = taken_back(id)
    return PostPublished.of(post, source=reader.name, received_at=run.now, version=version)

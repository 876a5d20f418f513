"""Reads posts by id; one that cannot be seen gives nothing, for nobody says why."""

from __future__ import annotations

from collections.abc import Sequence

from alignkit.connectors.answers import listed
from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.mastodon.streams import AT_ONCE, NOT_THERE, Reader, several
from alignkit.connectors.records import Answer
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Quarantined, Ref
from alignkit.transport import Flow, Request, request


def fetch(reader: Reader, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """The posts (`post`) that these refs name."""
    ids = list(dict.fromkeys(ref.id for ref in refs if ref.kind == "post" and ref.id.isalnum()))
    events: list[CustomerEvent] = []
    bad: list[Quarantined] = []
    for start in range(0, len(ids), AT_ONCE):
        for answer in (yield from _answers(reader, ids[start : start + AT_ONCE])):
            events += reader.events(answer.of(reader.bodies.post), run)
            bad += answer.bad
    return Fetched(events, list(refs), bad)


def _answers(reader: Reader, ids: Sequence[str]) -> Flow[list[Answer]]:
    """All at once; from a server before 4.3, one by one."""
    response = yield from request(several(ids))
    if response.status not in NOT_THERE:
        return [listed(reader.bodies.posts, response, reader.name)]
    answers: list[Answer] = []
    for id in ids:
        response = yield from request(Request("GET", f"/api/v1/statuses/{id}", accept=frozenset({404, 410})))
        if response.status == 200:
            answers.append(listed(reader.bodies.single, response, reader.name))
    return answers

"""Reads conversations, tickets and contacts by id, and finds out what is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from alignkit.connectors.base import Fetched, Run
from alignkit.connectors.intercom.records import CONTACTS
from alignkit.connectors.intercom.workspace import Workspace, get
from alignkit.connectors.window import service_time
from alignkit.models.events import CustomerEvent, IssueRemoval, IssueRemoved
from alignkit.models.exchange import Quarantined, Ref
from alignkit.transport import Flow, Response, request

_HIDDEN_OR_GONE = frozenset({403, 404})


@dataclass(slots=True)
class _Result:
    """What one fetch has found so far; `unseen` are things that neither answer nor are known to be gone."""

    run: Run
    events: list[CustomerEvent] = field(default_factory=list[CustomerEvent])
    quarantined: list[Quarantined] = field(default_factory=list[Quarantined])
    unseen: set[Ref] = field(default_factory=set[Ref])


def fetch(space: Workspace, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
    """The objects that these refs name, of the kinds `issue` and `contact`."""
    result = _Result(run)
    for ref in sorted(refs, key=lambda ref: ref.kind != "contact"):
        if not ref.id.isalnum():
            continue
        if ref.kind == "contact":
            yield from _fetch_contact(space, ref, result)
        elif ref.kind == "issue":
            yield from _fetch_issue(space, ref, result)
    return Fetched(result.events, [ref for ref in refs if ref not in result.unseen], result.quarantined)


def _fetch_contact(space: Workspace, ref: Ref, result: _Result) -> Flow[None]:
    """A contact; one that was deleted or merged is gone without a word, and its conversations name another one."""
    response = yield from request(get(f"/contacts/{ref.id}", accept=_HIDDEN_OR_GONE))
    if response.status in _HIDDEN_OR_GONE:
        if not says_not_found(response):
            result.unseen.add(ref)
        return
    answer = space.read_one(space.one_contact, response, f"contact/{ref.id}")
    result.events += [one.event(source=space.name, received_at=result.run.now) for one in answer.of(CONTACTS)]
    result.quarantined += answer.bad


def _fetch_issue(space: Workspace, ref: Ref, result: _Result) -> Flow[None]:
    """A conversation, else a ticket: they share their ids."""
    response = yield from request(get(f"/conversations/{ref.id}", accept=_HIDDEN_OR_GONE))
    is_gone = says_not_found(response)
    if response.status == 200:
        answer = space.read_one(space.one_conversation, response, f"issue/{ref.id}")
        found = answer.of(space.conversations)
        result.quarantined += answer.bad
        result.events += space.issues(found, result.run, sequence=1)
        if all(one.extras.beside.ticket_id is None for one in found):
            return
    response = yield from request(get(f"/tickets/{ref.id}", accept=_HIDDEN_OR_GONE))
    if response.status == 200:
        answer = space.read_one(space.one_ticket, response, f"issue/{ref.id}")
        result.quarantined += answer.bad
        result.events += space.issues(answer.of(space.tickets), result.run, sequence=1)
    elif is_gone and says_not_found(response):
        now = service_time(response, space.name)
        removal = IssueRemoval(id=ref.id, source=space.name, remote_updated_at=now, reason="not_found")
        result.events.append(IssueRemoved.of(removal, source=space.name, received_at=result.run.now, sequence=1))
    else:
        result.unseen.add(ref)


def says_not_found(response: Response) -> bool:
    """Whether Intercom itself says that there is no such thing, and not something between us and it."""
    if response.status != 404:
        return False
    body = response.json()
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    return isinstance(first, dict) and str(first.get("code")).endswith("not_found")

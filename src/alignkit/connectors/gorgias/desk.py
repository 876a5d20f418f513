"""Reads one Gorgias: its lists, newest first, down to what is known already; and single things by id.

A list cannot be asked for what changed since a time, so it is walked from its newest row down. The mark moves only when
a walk has met the old one. A row that changes meanwhile goes to the head, where the next walk finds it, and pushes the
others back, so that some are read twice and none is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from alignkit.connectors.answers import Named, listed, parsed
from alignkit.connectors.base import Checkpoint, Fetched, Page, Run
from alignkit.connectors.gathered import Gathered
from alignkit.connectors.gone import Reason, issue_gone, said_in, thing_gone
from alignkit.connectors.gorgias.records import CUSTOMERS, surveys, tickets
from alignkit.connectors.ids import is_number
from alignkit.connectors.records import Body, Found, Shape
from alignkit.connectors.tags import Tags
from alignkit.connectors.window import Pace, Position, kept, position, service_time
from alignkit.errors import CursorExpired, RequestRefused
from alignkit.models.base import Entity
from alignkit.models.conversation import SurveyResponse
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Ref
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Flow, Request, Response, request

API = "/api"
PAGE_SIZE = 100
PACE = Pace(overlap=timedelta(minutes=5), lag=timedelta(seconds=30))
SURVEY_PACE = Pace(overlap=timedelta(days=2), lag=timedelta(seconds=30), back=timedelta(days=28))
"""A survey is listed by the time at which it was sent, and may be answered for days, mostly for two."""

NOT_THERE = frozenset({403, 404})
_MOVED = frozenset({301, 403, 404})
_PAGED = {"after": (("meta", "next_cursor"), str)}
_PATHS = {"issue": "tickets", "contact": "customers"}
_PLACE = re.compile(r"/api/(tickets|customers)/([0-9]+)(?:/.*)?")


class Stream(NamedTuple):
    """One list: where it is, in which order, and how its page is read."""

    path: str
    order_by: str
    pace: Pace
    body: Body
    shape: Shape[Any]
    is_optional: bool = False


class Desk:
    """One Gorgias, shared by all flows of a connector.

    Args:
        name: of the connector.
        root: of the pages that agents see.
        tags: what tags say.
        keeps_text: whether subjects and comments are kept.
    """

    def __init__(self, name: str, root: str, tags: Tags, *, keeps_text: bool) -> None:
        self.name = name
        self.tickets: Shape[Issue] = tickets(root, tags, keeps_text=keeps_text)
        self.surveys: Shape[SurveyResponse] = surveys(keeps_text=keeps_text)
        self.one_ticket: Body = Body({(): self.tickets}, is_one=True)
        self.one_customer: Body = Body({(): CUSTOMERS}, is_one=True)
        changed, created = "updated_datetime:desc", "created_datetime:desc"
        self.streams: dict[str, Stream] = {
            "customers": Stream("/customers", changed, PACE, Body({"data": CUSTOMERS}, _PAGED), CUSTOMERS),
            "tickets": Stream("/tickets", changed, PACE, Body({"data": self.tickets}, _PAGED), self.tickets),
            "satisfaction_surveys": Stream(
                "/satisfaction-surveys",
                created,
                SURVEY_PACE,
                Body({"data": self.surveys}, _PAGED),
                self.surveys,
                is_optional=True,
            ),
        }

    def read(self, stream: Stream, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """One page of a list, newest first."""
        at = position(Position, checkpoint, self.name)
        walk = stream.pace.walk(at, run)
        params = [("limit", str(PAGE_SIZE)), ("order_by", stream.order_by)]
        if walk.after is not None:
            params.append(("cursor", walk.after))
        accept = NOT_THERE | {400} if stream.is_optional else frozenset({400})
        response = yield from request(Request("GET", f"{API}{stream.path}", params, accept=accept))
        if response.status in NOT_THERE:
            gap = "no surveys are read: the plan has none, or the credential may not see them"
            return Page((), kept(at), more=False, gaps=[gap])
        if response.status == 400:
            raise self._refusal(walk.after)
        walk = stream.pace.answered(walk, response, self.name)
        answer = listed(stream.body, response, self.name)
        found = answer.of(stream.shape)
        # A whole page of known rows: neighbours may be out of order.
        has_met_mark = bool(found) and walk.since is not None and all(_stamp(one) < walk.since for one in found)
        following = None if has_met_mark else answer.beside.get("after")
        clock = service_time(response, self.name)
        more = following is not None or stream.pace.is_behind(walk.until, response, self.name)
        return Page(self.events(found, run, clock), kept(at.following(walk, following)), more, answer.bad)

    def _refusal(self, cursor: str | None) -> Exception:
        if cursor is None:
            return RequestRefused(f"`{self.name}` refused a list (400); report this", status=400)
        return CursorExpired(f"`{self.name}` does not know the position of a list any more")

    def events(self, found: Sequence[Found[Any]], run: Run, clock: datetime, sequence: int = 0) -> list[CustomerEvent]:
        """What records tell, less surveys without an answer."""
        return [self._event(one, run, clock, sequence) for one in found if one.extras.beside is not False]

    def _event(self, found: Found[Any], run: Run, clock: datetime, sequence: int) -> CustomerEvent:
        issue = found.data
        has_woken = (
            found.recipe.shape.model is Issue
            and issue.status is IssueStatus.SNOOZED
            and issue.snoozed_until is not None
            and issue.snoozed_until <= clock
        )
        if has_woken:
            # Its time is over, and it stayed closed.
            found = found.changed(status=IssueStatus.CLOSED)
        return found.event(source=self.name, received_at=run.now, sequence=sequence)

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """The objects that these refs name, of the kinds `issue` and `contact`.

        What is said not to be there counts as gone where Gorgias says so itself, and shows its tickets all the same.
        """
        result = _Result(self.name, run)
        for ref in sorted(refs, key=lambda ref: ref.kind != "contact"):
            if ref.kind in _PATHS and is_number(ref.id):
                yield from self._fetch_one(ref.id, ref, result)
        if result.missing and (yield from self._shows_tickets()):
            for ref, id, at in result.missing:
                result.events.append(self._gone(ref.kind, id, at, run))
        else:
            result.unseen |= {(ref.kind, ref.id) for ref, _, _ in result.missing}
        return result.fetched(refs)

    def _fetch_one(self, id: str, ref: Ref, result: _Result) -> Flow[None]:
        """A ticket or customer; one that was merged is told by a redirect, of which the id alone is taken."""
        response = yield from request(Request("GET", f"{API}/{_PATHS[ref.kind]}/{id}", accept=_MOVED))
        if response.status == 200:
            # An error that is told as a success is no record.
            parsed(Named, response, self.name)
            body: Body = self.one_ticket if ref.kind == "issue" else self.one_customer
            shape: Shape[Any] = self.tickets if ref.kind == "issue" else CUSTOMERS
            answer = body.read(response.content, f"{ref.kind}/{id}")
            clock = service_time(response, self.name)
            result.events += self.events(answer.of(shape), result.run, clock, 1)
            result.quarantined += answer.bad
        elif response.status == 301 and (survivor := _survivor(response, ref.kind, id)) is not None:
            at = service_time(response, self.name)
            result.events.append(self._gone(ref.kind, id, at, result.run, survivor))
            if id == ref.id:
                yield from self._fetch_one(survivor, ref, result)
        elif _says_not_found(response):
            result.missing.append((ref, id, service_time(response, self.name)))
        else:
            result.unseen.add((ref.kind, ref.id))

    def _shows_tickets(self) -> Flow[bool]:
        """Whether any ticket can be seen: a right that was taken away may hide them all."""
        wanted = Request("GET", f"{API}/tickets", [("limit", "1")], accept=NOT_THERE)
        response = yield from request(wanted)
        return response.status == 200 and bool(said_in(response).get("data"))

    def _gone(self, kind: str, id: str, at: datetime, run: Run, survivor: str | None = None) -> CustomerEvent:
        if kind == "issue":
            reason: Reason = "not_found" if survivor is None else "merged"
            return issue_gone(id, source=self.name, at=at, received_at=run.now, reason=reason, into=survivor)
        return thing_gone(kind, id, source=self.name, at=at, received_at=run.now, into=survivor)


@lru_cache(maxsize=32)
def compiled(name: str, root: str, tags: Tags, *, keeps_text: bool) -> Desk:
    """The desk with these settings. How it is read is compiled once, and not for every connector that is made."""
    return Desk(name, root, tags, keeps_text=keeps_text)


@dataclass(slots=True)
class _Result(Gathered):
    """What one fetch has found so far.

    Attributes:
        missing: what Gorgias says is not there: the ref, the id that was asked for, and when.
    """

    missing: list[tuple[Ref, str, datetime]] = field(default_factory=list[tuple[Ref, str, datetime]])


def _survivor(response: Response, kind: str, id: str) -> str | None:
    """The id of the ticket or customer that a redirect leads to."""
    found = _PLACE.fullmatch(urlsplit(response.headers.get("location", "")).path)
    return found[2] if found and found[1] == _PATHS[kind] and found[2] != id else None


def _says_not_found(response: Response) -> bool:
    """Whether these are Gorgias' own words, and not those of something between us and it."""
    if response.status != 404:
        return False
    error = said_in(response).get("error")
    return isinstance(error, dict) and isinstance(error.get("msg"), str)


def _stamp(found: Found[Entity]) -> datetime:
    """The time by which its list orders a record."""
    data = found.data
    moment = data.remote_created_at if isinstance(data, SurveyResponse) else data.remote_updated_at
    return moment or data.remote_created_at or _LATEST


_LATEST = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
"""A record that tells no time is never taken for a known one."""

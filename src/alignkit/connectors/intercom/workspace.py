"""Knows one Intercom workspace: how its answers are read, and how its searches are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from alignkit.connectors.answers import Named, listed, parsed
from alignkit.connectors.base import Run
from alignkit.connectors.intercom.records import COMPANIES, CONTACTS, conversations, tickets
from alignkit.connectors.records import Answer, Body, Found, Shape
from alignkit.connectors.tags import Tags
from alignkit.models.events import CustomerEvent, SurveyAnswered
from alignkit.models.issue import Issue
from alignkit.transport import JsonValue, Request, Response

VERSION: Mapping[str, str] = {"Intercom-Version": "2.15"}
"""Without it, answers take the shape that the app is set to."""

PAGE_SIZE = 150

_PAGED = {"after": (("pages", "next", "starting_after"), str)}


class Workspace:
    """One workspace, shared by all flows of a connector.

    Args:
        name: of the connector.
        tags: what tags say.
        keeps_text: whether subjects and remarks are kept.
    """

    def __init__(self, name: str, tags: Tags, *, keeps_text: bool) -> None:
        self.name = name
        self.conversations: Shape[Issue] = conversations(tags, keeps_text=keeps_text)
        self.tickets: Shape[Issue] = tickets(keeps_text=keeps_text)
        self.conversation_page: Body = Body({"conversations": self.conversations}, _PAGED)
        self.ticket_page: Body = Body({"tickets": self.tickets}, _PAGED)
        self.contact_page: Body = Body({"data": CONTACTS}, _PAGED)
        self.company_page: Body = Body({"data": COMPANIES}, {"pages": (("pages", "total_pages"), int)})
        self.one_conversation: Body = Body({(): self.conversations}, is_one=True)
        self.one_ticket: Body = Body({(): self.tickets}, is_one=True)
        self.one_contact: Body = Body({(): CONTACTS}, is_one=True)

    def read(self, body: Body, response: Response) -> Answer:
        """What a page holds.

        Raises:
            ResponseInvalid: it is another document than was asked for.
        """
        return listed(body, response, self.name)

    def read_one(self, body: Body, response: Response, place: str) -> Answer:
        """The one record that an answer holds.

        Raises:
            ResponseInvalid: it is none; an error that is told as a success is no record.
        """
        parsed(Named, response, self.name)
        return body.read(response.content, place)

    def issues(self, found: Sequence[Found[Issue]], run: Run, sequence: int = 0) -> list[CustomerEvent]:
        """Issues, and the ratings in them. A conversation that is a ticket is told by the ticket alone."""
        told = [one for one in found if one.extras.beside.ticket_id is None]
        events = [one.event(source=self.name, received_at=run.now, sequence=sequence) for one in told]
        answers = [one.extras.answer for one in found if one.extras.answer is not None]
        return events + [SurveyAnswered.of(one, source=self.name, received_at=run.now) for one in answers]


@lru_cache(maxsize=32)
def compiled(name: str, tags: Tags, *, keeps_text: bool) -> Workspace:
    """The workspace with these settings. How it is read is compiled once, and not for every connector that is made."""
    return Workspace(name, tags, keeps_text=keeps_text)


def search(
    path: str,
    *,
    since: int = 0,
    order: Literal["ascending", "descending"] = "ascending",
    after: str | None = None,
    size: int = PAGE_SIZE,
) -> Request:
    """A search for what changed after `since` (epoch seconds), in the order of the last change."""
    pagination: dict[str, JsonValue] = {"per_page": size}
    if after is not None:
        pagination["starting_after"] = after
    body: dict[str, JsonValue] = {
        "query": {"operator": "AND", "value": [{"field": "updated_at", "operator": ">", "value": since}]},
        "sort": {"field": "updated_at", "order": order},
        "pagination": pagination,
    }
    # Searching twice does no harm, though it is a POST.
    return Request("POST", path, json=body, headers=VERSION, repeatable=True, accept=_REFUSED)


_REFUSED = frozenset({400})


def companies(page: int) -> Request:
    """A page of all companies."""
    params = [("page", str(page)), ("per_page", "50"), ("order", "asc")]
    return Request("POST", "/companies/list", params, headers=VERSION, repeatable=True, accept=_REFUSED)


def get(path: str, params: Sequence[tuple[str, str]] = (), *, accept: frozenset[int] = frozenset()) -> Request:
    """A request that reads, in the pinned version."""
    return Request("GET", path, params=params, headers=VERSION, accept=accept)


def post(
    path: str, body: Mapping[str, JsonValue], *, repeatable: bool = False, accept: frozenset[int] = frozenset()
) -> Request:
    """A request that writes, in the pinned version."""
    return Request("POST", path, json=dict(body), headers=VERSION, repeatable=repeatable, accept=accept)

"""Reads the audits of a ticket: who wrote in it, and which tickets it was merged with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from alignkit.connectors.zendesk.desk import API, NOT_THERE, Desk
from alignkit.connectors.zendesk.tickets import MERGED_TAGS
from alignkit.errors import ResponseInvalid
from alignkit.transport import Flow, PageGuard, Request, Response, request

_MOST_PAGES = 50
_MOST_NAMED = 3
"""So many tickets that a comment names are asked whether the other one went into them."""

_NUMBER = re.compile(r"#([0-9]{1,19})\b")


class _Payload(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _Via(_Payload):
    source: dict[str, JsonValue] | None = None

    @property
    def is_merge(self) -> bool:
        return self.source is not None and self.source.get("rel") == "merge"

    @property
    def tickets(self) -> set[str]:
        """The tickets on both sides of it."""
        ends = [self.source.get(end) for end in ("from", "to")] if self.source else []
        values = [end.get(name) for end in ends if isinstance(end, dict) for name in ("ticket_id", "ticket_ids")]
        ids = [one for value in values for one in (value if isinstance(value, list) else [value])]
        return {str(one) for one in ids if isinstance(one, int | str)}


class _Step(_Payload):
    type: str | None = None
    author_id: int | None = None
    body: str | None = None
    via: _Via | None = None
    field_name: str | None = None
    value: JsonValue = None

    @property
    def marks_a_merge(self) -> bool:
        """Whether it adds the tag of tickets that went into another; a follow-up may be created with it."""
        tags = {one for one in self.value if isinstance(one, str)} if isinstance(self.value, list) else set[str]()
        return self.type == "Change" and self.field_name == "tags" and not MERGED_TAGS.isdisjoint(tags)


class Audit(_Payload):
    """One change of a ticket, with all that happened in it."""

    author_id: int | None = None
    events: list[_Step] | None = None
    via: _Via | None = None

    @property
    def writers(self) -> Iterator[int]:
        """Who wrote its comments."""
        for step in self.events or ():
            author = step.author_id or self.author_id
            if step.type == "Comment" and author is not None:
                yield author

    @property
    def ends_by_merge(self) -> bool:
        """Whether the ticket went into another one with it."""
        return any(step.marks_a_merge for step in self.events or ())

    @property
    def takes_in(self) -> bool:
        """Whether another ticket came into this one with it."""
        return any(via.is_merge for via in self._vias)

    @property
    def linked(self) -> set[str]:
        """The tickets that a merge itself names."""
        return {id for via in self._vias if via.is_merge for id in via.tickets}

    @property
    def named(self) -> set[str]:
        """The tickets that a merge or its comments name."""
        bodies = (step.body or "" for step in self.events or () if step.type == "Comment")
        return self.linked | {id for body in bodies for id in _NUMBER.findall(body)}

    @property
    def _vias(self) -> list[_Via]:
        return [via for via in (self.via, *(step.via for step in self.events or ())) if via is not None]


class _Meta(_Payload):
    has_more: bool = False
    after_cursor: str | None = None


class _Page(_Payload):
    audits: list[Audit]
    meta: _Meta = _Meta()


def read_audits(desk: Desk, id: str) -> Flow[Sequence[Audit]]:
    """The audits of a ticket in their order; none where they may not be read."""
    found: list[Audit] = []
    guard, cursor = PageGuard(_MOST_PAGES), ""
    while True:
        guard.admit(cursor)
        params = [("page[size]", "100"), *([("page[after]", cursor)] if cursor else [])]
        response = yield from request(Request("GET", f"{API}/tickets/{id}/audits.json", params, accept=NOT_THERE))
        if response.status in NOT_THERE:
            return ()
        page = _page(desk, response)
        found += page.audits
        if not (page.meta.has_more and page.meta.after_cursor):
            return found
        cursor = page.meta.after_cursor


def survivor(desk: Desk, id: str) -> Flow[str | None]:
    """The ticket that this one went into; None where nothing proves it.

    What the merge itself names counts. A comment may name any ticket, so one that only a comment names has to name
    this one in a merge of its own.
    """
    endings = [audit for audit in (yield from read_audits(desk, id)) if audit.ends_by_merge]
    if not endings:
        return None
    linked = endings[-1].linked - {id}
    if len(linked) == 1:
        return linked.pop()
    for other in sorted(endings[-1].named - {id})[:_MOST_NAMED]:
        theirs = yield from read_audits(desk, other)
        if any(audit.takes_in and id in audit.named for audit in theirs):
            return other
    return None


def _page(desk: Desk, response: Response) -> _Page:
    body = response.json()
    try:
        return _Page.model_validate(body)
    except ValidationError:
        pass
    raise ResponseInvalid(f"the audits of a ticket of `{desk.name}` cannot be read; report this")

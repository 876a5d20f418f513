"""Asks HubSpot: searches by window and id, associations, pipelines, and what was archived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import AliasPath, Field

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.gone import said_in
from alignkit.connectors.hubspot.records import Kind
from alignkit.connectors.records import Found
from alignkit.connectors.window import Walk
from alignkit.errors import PagingStuck
from alignkit.models.exchange import Quarantined
from alignkit.models.times import microseconds
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Flow, JsonValue, Request, Response, request

SEARCH_SIZE = 200
PAGE_SIZE = 100
"""The most objects that a list shows, or that are read by id at once."""

_MOST_ROUNDS = 1_000


_STATES = {"open": IssueStatus.OPEN, "closed": IssueStatus.CLOSED}
_ENDS = {"false": IssueStatus.OPEN, "true": IssueStatus.CLOSED}


class _Stage(Payload):
    id: str
    label: str = ""
    metadata: Mapping[str, object] = Field(default_factory=dict[str, object])

    @property
    def status(self) -> IssueStatus:
        """What a stage says of itself, in either of two ways; both are optional, and without them nobody knows."""
        state, is_closed = (str(self.metadata.get(name)).casefold() for name in ("ticketState", "isClosed"))
        return _STATES.get(state) or _ENDS.get(is_closed, IssueStatus.UNKNOWN)


class Pipeline(Payload):
    """One pipeline of tickets, and its stages in their order."""

    id: str
    label: str = ""
    stages: Sequence[_Stage] = ()

    @property
    def first_stage(self) -> str | None:
        """The stage in which a new ticket begins."""
        return next((stage.id for stage in self.stages if stage.status is not IssueStatus.CLOSED), None)

    def is_named(self, name: str) -> bool:
        """Whether this is its id or its label."""
        return name == self.id or name.casefold() == self.label.casefold()


class _Pipelines(Payload):
    results: Sequence[Pipeline]


class _Next(Payload):
    after: str


class _Paging(Payload):
    next: _Next | None = None


class _Target(Payload):
    to: str = Field(alias="toObjectId")


class _Association(Payload):
    source: str = Field(validation_alias=AliasPath("from", "id"))
    to: tuple[_Target, ...] = ()
    paging: _Paging | None = None


class _Associations(Payload):
    results: tuple[_Association, ...]


class Portal:
    """One portal, and what was learned of its pipelines; shared by all flows of a connector.

    Args:
        name: what texts call it.
        statuses: what stages mean, by id or label, stronger than what a stage says of itself.

    Attributes:
        lacks_companies: whether the token has never been allowed to see companies, or they are not read at all.
    """

    def __init__(self, name: str, statuses: Mapping[str, IssueStatus]) -> None:
        self.name = name
        self._declared = {word.casefold(): status for word, status in statuses.items()}
        self._stages: dict[str, IssueStatus] = {}
        self._strange: set[str] = set()
        self.pipelines: Sequence[Pipeline] = ()
        self.lacks_companies: bool = False

    def status_of(self, stage: str) -> IssueStatus:
        """What a stage means, as far as it is known."""
        declared = self._declared.get(stage.casefold())
        return declared or self._stages.get(stage, IssueStatus.UNKNOWN)

    def learn_stages(self, found: Iterable[str] = ()) -> Flow[None]:
        """Reads the pipelines, once and again for each stage that is new to us."""
        strange = set(found) - self._stages.keys() - self._strange
        if self.pipelines and not strange:
            return
        response = yield from request(Request("GET", "/crm/v3/pipelines/tickets"))
        self.pipelines = parsed(_Pipelines, response, self.name).results
        stages = [stage for pipeline in self.pipelines for stage in pipeline.stages]
        self._stages = {stage.id: self._declared.get(stage.label.casefold(), stage.status) for stage in stages}
        self._strange |= strange

    def search(self, kind: Kind, walk: Walk, *, accept: frozenset[int] = frozenset()) -> Flow[Response]:
        """A page of what changed in a window, by ascending id.

        Beyond 10,000 rows a search is refused, so pages follow the last id and not a number of rows. Ids never change,
        so a row that changes meanwhile cannot slip between two pages.
        """
        filters: list[JsonValue] = []
        if walk.since is not None:
            filters.append(_filter(kind.changed, "GTE", str(microseconds(walk.since) // 1_000)))
        if walk.until is not None:
            filters.append(_filter(kind.changed, "LTE", str(microseconds(walk.until) // 1_000)))
        if walk.after is not None:
            filters.append(_filter("hs_object_id", "GT", walk.after))
        body: JsonValue = {
            "filterGroups": [{"filters": filters}] if filters else [],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": [*kind.properties],
            "limit": SEARCH_SIZE,
            "after": "0",
        }
        path = f"/crm/v3/objects/{kind.name}/search"
        return (yield from request(Request("POST", path, json=body, accept=accept, repeatable=True)))

    def by_id(self, kind: Kind, ids: Sequence[str]) -> Flow[tuple[list[Found[Any]], list[Quarantined]]]:
        """Objects by id, and those that cannot be read; HubSpot leaves out what is not there, with the status 207."""
        found: list[Found[Any]] = []
        bad: list[Quarantined] = []
        for start in range(0, len(ids), PAGE_SIZE):
            body: JsonValue = {
                "inputs": [{"id": one} for one in ids[start : start + PAGE_SIZE]],
                "properties": [*kind.properties],
                "propertiesWithHistory": [],
            }
            path = f"/crm/v3/objects/{kind.name}/batch/read"
            response = yield from request(Request("POST", path, json=body, repeatable=True))
            answer = listed(kind.body, response, self.name)
            found += answer.of(kind.shape)
            bad += answer.bad
        return found, bad

    def associated(self, ids: Sequence[str], to: str) -> Flow[Mapping[str, tuple[str, ...]]]:
        """The ids of all objects of a kind that tickets are associated with; a ticket with many has pages of its own.

        Raises:
            PagingStuck: the pages of one ticket do not end.
        """
        found: dict[str, dict[str, None]] = {}
        wanted: list[JsonValue] = [{"id": one} for one in ids]
        for _ in range(_MOST_ROUNDS):
            if not wanted:
                return {one: tuple(others) for one, others in found.items()}
            path = f"/crm/v4/associations/tickets/{to}/batch/read"
            response = yield from request(Request("POST", path, json={"inputs": wanted}, repeatable=True))
            wanted = []
            for one in parsed(_Associations, response, self.name).results:
                found.setdefault(one.source, {}).update(dict.fromkeys([target.to for target in one.to]))
                if one.paging is not None and one.paging.next is not None:
                    wanted.append({"id": one.source, "after": one.paging.next.after})
        raise PagingStuck(f"`{self.name}` offers associations of a ticket without end; report this to HubSpot")


def ticket_path(issue_id: str) -> str:
    """The path of one ticket."""
    return path_of("tickets", issue_id)


def path_of(kind: str, id: str) -> str:
    """The path of one object."""
    return f"/crm/v3/objects/{kind}/{id}"


def says_not_found(response: Response) -> bool:
    """Whether HubSpot itself says that there is no such object, and not something between us and it."""
    if response.status != 404:
        return False
    said = said_in(response)
    return isinstance(said.get("correlationId"), str) and said.get("category", _NOT_FOUND) == _NOT_FOUND


_NOT_FOUND = "OBJECT_NOT_FOUND"


def says_scope_missing(response: Response) -> bool:
    """Whether HubSpot itself says that the token lacks a scope."""
    return response.status == 403 and said_in(response).get("category") == "MISSING_SCOPES"


def _filter(name: str, operator: str, value: str) -> JsonValue:
    return {"propertyName": name, "operator": operator, "value": value}

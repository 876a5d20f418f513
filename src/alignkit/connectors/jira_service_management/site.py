"""Knows one site: how its answers are read, and how it is searched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from alignkit.connectors.answers import Payload
from alignkit.connectors.gone import said_in
from alignkit.connectors.jira_service_management.records import FIELDS, issues
from alignkit.connectors.records import Body, Shape
from alignkit.connectors.tags import Tags
from alignkit.errors import RequestRefused
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import JsonValue, Request, Response

API = "/rest/api/3"
DESK_API = "/rest/servicedeskapi"
NOT_THERE = frozenset({403, 404})
EXPERIMENTAL: Mapping[str, str] = {"X-ExperimentalApi": "opt-in"}
DESK_PAGE_SIZE = 50
_PAGE_SIZE = 100


class _Desk(Payload):
    id: str
    projectKey: str | None = None  # noqa: N815 - the service's own name


class Desks(Payload):
    """A page of service desks."""

    values: list[_Desk]
    isLastPage: bool = True  # noqa: N815 - the service's own name


class Site:
    """One site, shared by all flows of a connector.

    Args:
        name: of the connector.
        root: of the pages that agents see.
        projects: the keys of the projects that are read; none for all service projects.
        names: what statuses mean, by name.
        tags: what labels say.
        keeps_text: whether summaries and comments are kept.
        sees_all: whether what is not found cannot be hidden either.
    """

    def __init__(
        self,
        name: str,
        root: str,
        projects: Sequence[str],
        names: Mapping[str, IssueStatus],
        tags: Tags,
        *,
        keeps_text: bool,
        sees_all: bool,
    ) -> None:
        self.name = name
        self.projects: frozenset[str] = frozenset(key.upper() for key in projects)
        self.keeps_text = keeps_text
        self.sees_all = sees_all
        listed_keys = ", ".join(f'"{key}"' for key in projects)
        self.scope: str = f"project in ({listed_keys})" if projects else "projectType = service_desk"
        self.issues: Shape[Issue] = issues(root, names, tags, keeps_text=keeps_text)
        self.page: Body = Body({"issues": self.issues}, {"token": ("nextPageToken", str)})
        self.one: Body = Body({(): self.issues}, is_one=True)

    def reads(self, project: str | None) -> bool:
        """Whether a project is among those that are read; one without a key may be."""
        return not self.projects or project is None or project.upper() in self.projects

    def search(self, conditions: str, token: str | None = None) -> Request:
        """A page of the issues that meet these conditions, in the order of creation, which no change disturbs."""
        body = _asking(conditions, _PAGE_SIZE)
        if token is not None:
            body["nextPageToken"] = token
        return _search(body)

    def recall(self, ids: Iterable[str]) -> Request:
        """These issues, up to 50, as they stand at this moment and not as the search remembers them."""
        numbers = [int(id) for id in ids]
        body = _asking(f"id in ({', '.join(map(str, numbers))})", len(numbers))
        return _search({**body, "reconcileIssues": [*numbers]})

    def refused(self, response: Response) -> RequestRefused:
        """The error about a search that was refused though it follows no other page."""
        text = f"`{self.name}` refused the search ({response.status}); check `projects`"
        return RequestRefused(text, status=response.status)


def _asking(conditions: str, size: int) -> dict[str, JsonValue]:
    jql = f"{conditions} ORDER BY created ASC, key ASC"
    return {"jql": jql, "fields": list(FIELDS), "maxResults": size}


def _search(body: JsonValue) -> Request:
    return Request("POST", f"{API}/search/jql", json=body, repeatable=True, accept=frozenset({400}))


def values_request(path: str, start: int, *, accept: frozenset[int] = frozenset()) -> Request:
    """A page of one of the lists of service desks."""
    params = [("start", str(start)), ("limit", str(DESK_PAGE_SIZE))]
    return Request("GET", path, params, headers=EXPERIMENTAL, accept=accept)


def issue_request(id: str, *further: str) -> Request:
    """One issue as it stands, with the fields that are read and `further` ones."""
    return Request("GET", f"{API}/issue/{id}", [("fields", ",".join((*FIELDS, *further)))], accept=NOT_THERE)


def says_not_found(response: Response) -> bool:
    """Whether Jira itself says that it shows no such thing, and not something between us and it."""
    return response.status == 404 and not said_in(response).keys().isdisjoint(("errorMessages", "errorMessage"))


@lru_cache(maxsize=32)
def compiled(
    name: str,
    root: str,
    projects: tuple[str, ...],
    names: frozenset[tuple[str, IssueStatus]],
    tags: Tags,
    *,
    keeps_text: bool,
    sees_all: bool,
) -> Site:
    """The site with these settings. How it is read is compiled once, and not for every connector that is made."""
    return Site(name, root, projects, dict(names), tags, keeps_text=keeps_text, sees_all=sees_all)

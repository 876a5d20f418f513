"""Asks an org in SOQL: pages by time and id, single records, and what may be seen of an object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pydantic import Field, RootModel, ValidationError

from alignkit.connectors.answers import Payload, parsed
from alignkit.connectors.salesforce.records import Kind
from alignkit.connectors.window import Walk
from alignkit.errors import PermissionMissing, RequestRefused, ResponseInvalid
from alignkit.transport import Flow, Request, Response, request

PAGE_SIZE = 2_000
"""The most that one answer holds; each request counts against the org's daily quota."""
_REFUSED = frozenset({400})


class Fault(Payload):
    """One reason for a refusal."""

    code: str = Field(default="", alias="errorCode")


class Faults(RootModel[Sequence[Fault]]):
    """What a refusal says: always a list."""


class _Field(Payload):
    name: str


class _Description(Payload):
    fields: Sequence[_Field]


class ObjectHidden(PermissionMissing):
    """This user, or this edition, has no such object."""


class Org:
    """One org, and what was learned of its objects; shared by all flows of a connector.

    Args:
        name: what texts call it.
        version: of the API, as in `62.0`.
    """

    def __init__(self, name: str, version: str) -> None:
        self.name = name
        self.api: str = f"/services/data/v{version}"
        self._hidden: dict[str, frozenset[str]] = {}

    def page(self, kind: Kind, walk: Walk) -> Flow[Response]:
        """A page of what changed in a window, by time and id, deleted and merged records among it.

        Pages follow the last row and no locator: locators end after two days, and only ten are open at once.
        """
        conditions = [
            *([f"SystemModstamp >= {written(walk.since)}"] if walk.since else []),
            *([f"SystemModstamp <= {written(walk.until)}"] if walk.until else []),
        ]
        if walk.after is not None:
            stamp, _, id = walk.after.partition("|")
            conditions.append(f"SystemModstamp >= {stamp}")
            conditions.append(f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > {quoted(id)}))")
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        return (yield from self.records(kind, f"{where}ORDER BY SystemModstamp ASC, Id ASC LIMIT {PAGE_SIZE}"))

    def records(self, kind: Kind, rest: str) -> Flow[Response]:
        """Records of an object, deleted ones too; without the fields that are hidden from us.

        Raises:
            ObjectHidden: there is no such object for us.
            PermissionMissing: a field is hidden without which records would be misread.
            RequestRefused: the query is refused for another reason.
        """
        was_learned = False
        while True:
            hidden = self._hidden.get(kind.object, frozenset())
            fields = ", ".join(field for field in kind.fields if field not in hidden)
            response = yield from self._asked("queryAll", select(fields, kind.object, rest))
            if response.status != 400:
                return response
            codes = refusal(response, self.name)
            if "INVALID_TYPE" in codes:
                raise ObjectHidden(f"`{self.name}` shows no object `{kind.object}`; give its user the right to read it")
            if "INVALID_FIELD" not in codes or was_learned:
                raise RequestRefused(f"`{self.name}` refused a query of `{kind.object}` (400); report this", status=400)
            yield from self._learn_fields(kind)
            was_learned = True

    def query(self, soql: str) -> Flow[Response]:
        """The answer to any other query.

        Raises:
            RequestRefused: it is refused.
        """
        response = yield from self._asked("query", soql)
        if response.status == 400:
            raise RequestRefused(f"`{self.name}` refused a query (400); report this", status=400)
        return response

    def _asked(self, resource: str, soql: str) -> Flow[Response]:
        wanted = Request("GET", f"{self.api}/{resource}", params=[("q", soql)], accept=_REFUSED)
        return (yield from request(wanted))

    def _learn_fields(self, kind: Kind) -> Flow[None]:
        response = yield from request(Request("GET", f"{self.api}/sobjects/{kind.object}/describe"))
        seen = {field.name for field in parsed(_Description, response, self.name).fields}
        hidden = frozenset(kind.fields) - seen
        if lacking := sorted(kind.needed & hidden):
            raise PermissionMissing(
                f"`{self.name}` hides {', '.join(f'`{kind.object}.{field}`' for field in lacking)}; "
                "give its user the right to read these fields"
            )
        self._hidden[kind.object] = hidden


def refusal(response: Response, name: str) -> frozenset[str]:
    """The codes of a refusal.

    Raises:
        ResponseInvalid: it gives none, so it is not the service's own.
    """
    codes = codes_of(response)
    if not codes:
        raise ResponseInvalid(f"`{name}` refused a query without a reason ({response.status}); check `base_url`")
    return codes


def codes_of(response: Response) -> frozenset[str]:
    """The codes of a refusal; none where it is in no form that Salesforce knows."""
    try:
        return frozenset(fault.code for fault in Faults.model_validate_json(response.content).root)
    except ValidationError:
        return frozenset()


def written(moment: datetime) -> str:
    """A time as SOQL takes it, without quotes."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def select(fields: str, kind: str, rest: str = "") -> str:
    """A query; texts in `rest` have to be `quoted`."""
    return f"SELECT {fields} FROM {kind} {rest}".rstrip()  # noqa: S608 - SOQL reads, and every text is quoted


def quoted(text: str) -> str:
    """A text as SOQL takes it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def any_of(texts: Iterable[str]) -> str:
    """A list of texts as SOQL takes it."""
    return f"({', '.join(quoted(text) for text in texts)})"

"""A connector for Gong, a helpdesk that does not exist and lays every trap that a sheet can lay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import ClassVar

from pydantic import AwareDatetime, ValidationError

from alignkit.connectors.base import Capability, Checkpoint, Page, Run, Source
from alignkit.errors import CursorExpired, ResponseInvalid
from alignkit.models import Contact, ContactChanged, CustomerEvent, Issue, IssueChanged, SurveyAnswered, SurveyResponse
from alignkit.models.exchange import Quarantined
from alignkit.models.vocabulary import IssueStatus, SurveyKind
from alignkit.transport import (
    Account,
    Flow,
    JsonValue,
    Limits,
    RefreshToken,
    Request,
    Response,
    TokenStore,
    request,
)

from .bell import Payload

STATUSES: Mapping[str, IssueStatus] = {
    "open": IssueStatus.OPEN,
    "asleep": IssueStatus.SNOOZED,
    "over": IssueStatus.CLOSED,
}
OVERLAP = timedelta(minutes=15)
SECOND = timedelta(seconds=1)
FORGOTTEN = frozenset({410})
OPTIONAL = frozenset({403, 410})


class Row(Payload):
    id: int
    made: AwareDatetime
    changed: AwareDatetime
    email: str | None = None
    more: tuple[str | None, ...] | None = None
    sender: str | None = None
    also: tuple[int | None, ...] | None = None
    subject: str | None = None
    state: str | None = None
    by: int | None = None
    ticket: int | None = None
    score: int | None = None


class Gong(Source):
    """One Gong as a source, read by questions that begin a little before the last reading and reach `reach` rows."""

    type = "gong"
    streams: ClassVar[tuple[str, ...]] = ("people", "tickets", "answers")
    statuses: ClassVar[Mapping[str, IssueStatus]] = STATUSES
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.INCREMENTAL})
    overlap: ClassVar[timedelta] = OVERLAP

    def __init__(self, base_url: str, refresh: str, tokens: TokenStore, *, reach: int) -> None:
        self.name = "gong"
        self.reach = reach
        auth = RefreshToken(f"{base_url}/token", refresh, tokens=tokens, means_expired=self.has_ended)
        limits = Limits(reset=("x-wait",))
        self.account: Account | None = Account(base_url, auth, name=self.name, limits=limits)

    def has_ended(self, response: Response) -> bool:
        return response.status == 401

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        where = dict(checkpoint or {})
        response = yield from request(self.question(stream, where))
        if response.status == 403:
            return Page((), where, more=False, gaps=[f"the plan of `{self.name}` lacks `{stream}`"])
        if response.status == 410:
            return self.begun_anew(stream)
        body = self.body(response)
        events: list[CustomerEvent] = []
        bad: list[Quarantined] = []
        rows = body["rows"] if isinstance(body["rows"], list) else []
        for place, record in enumerate(rows):
            try:
                events.append(self.event(stream, Row.model_validate(record), run))
            except ValidationError as error:
                bad.append(Quarantined(f"{stream}/{where.get('token')}+{place}", f"{error.error_count()} faults"))
        following, gaps = self.following(where, rows, body["token"], response)
        return Page(events, following, more="mark" in following, quarantined=bad, gaps=gaps)

    def begun_anew(self, stream: str) -> Page:
        raise CursorExpired(f"`{self.name}` has forgotten where the walk through `{stream}` was; it begins anew")

    def question(self, stream: str, where: Mapping[str, JsonValue]) -> Request:
        params = [(name, str(where[name])) for name in ("since", "token") if where.get(name)]
        return Request("GET", f"/search/{stream}", params=params, accept=OPTIONAL if stream == "answers" else FORGOTTEN)

    def body(self, response: Response) -> dict[str, JsonValue]:
        body = response.json()
        if not isinstance(body, dict) or not {"rows", "token"} <= body.keys():
            raise ResponseInvalid(f"`{self.name}` answered something else than a page; check `base_url`")
        return body

    def following(
        self, where: Mapping[str, JsonValue], rows: Sequence[JsonValue], token: JsonValue, response: Response
    ) -> tuple[dict[str, JsonValue], Sequence[str]]:
        """Where reading goes on: the same question, another one where it reaches no further, or the next run's."""
        mark = where.get("mark") or self.mark(response)
        if not token:
            return {"since": mark}, ()
        count = int(str(where.get("rows") or 0)) + len(rows)
        last = str(self.last(rows) or where.get("last"))
        if count < self.reach:
            return {"since": where.get("since"), "mark": mark, "token": token, "rows": count, "last": last}, ()
        # Nobody knows whether the bound counts itself, so the next question begins a second before its first row.
        beyond = (datetime.fromisoformat(last) - SECOND).isoformat()
        if beyond > str(where.get("since") or ""):
            return {"since": beyond, "mark": mark}, ()
        return {"since": last, "mark": mark}, self.told(f"more than {self.reach} rows changed in two seconds")

    def told(self, gap: str) -> Sequence[str]:
        return [gap]

    def last(self, rows: Sequence[JsonValue]) -> JsonValue:
        """The stamp of the last row that has one."""
        stamps = [row.get("changed") for row in rows if isinstance(row, dict)]
        return next((stamp for stamp in reversed(stamps) if isinstance(stamp, str) and stamp[:2] == "20"), None)

    def mark(self, response: Response) -> str:
        """Where the next run begins: a little before this one did, by the service's clock."""
        return (parsedate_to_datetime(response.headers["date"]) - self.overlap).isoformat()

    def event(self, stream: str, row: Row, run: Run) -> CustomerEvent:
        if stream == "people":
            return ContactChanged.of(self.contact(row), source=self.name, received_at=run.now)
        if stream == "answers":
            return SurveyAnswered.of(self.answer(row), source=self.name, received_at=run.now)
        return IssueChanged.of(self.issue(row), source=self.name, received_at=run.now)

    def contact(self, row: Row) -> Contact:
        emails = tuple(one for one in (row.email, *(row.more or ())) if one)
        return Contact(id=str(row.id), emails=emails, remote_updated_at=row.changed)

    def issue(self, row: Row) -> Issue:
        return Issue(
            id=str(row.id),
            status=STATUSES.get(row.state or "", IssueStatus.UNKNOWN),
            status_raw=row.state or "",
            subject=row.subject,
            requester_id=None if row.by is None else str(row.by),
            requester_email=row.sender,
            affected_ids=tuple(str(one) for one in row.also or () if one),
            created_at=row.made,
            remote_updated_at=row.changed,
        )

    def answer(self, row: Row) -> SurveyResponse:
        return SurveyResponse(
            id=str(row.id),
            kind=SurveyKind.CSAT,
            score=row.score or 3,
            scale_min=1,
            scale_max=5,
            issue_id=None if row.ticket is None else str(row.ticket),
            responded_at=row.made,
            remote_updated_at=row.changed,
        )

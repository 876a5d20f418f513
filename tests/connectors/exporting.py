"""Makes exports as a helpdesk would write them, and reads them as a pull does."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Never

from alignkit.connectors.base import Checkpoint, Run, Source
from alignkit.connectors.export import Export
from alignkit.models.events import CustomerEvent, IssueChanged
from alignkit.models.exchange import Quarantined
from alignkit.models.issue import Issue
from alignkit.transport import Request, run

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
Record = dict[str, Any]


def no_network(_request: Request) -> Never:
    raise AssertionError("a connector for files sent a request")


@dataclass
class Pulled:
    """What one or several runs brought in."""

    events: list[CustomerEvent] = field(default_factory=list[CustomerEvent])
    quarantined: list[Quarantined] = field(default_factory=list[Quarantined])
    gaps: list[str] = field(default_factory=list[str])
    pages: int = 0
    checkpoint: Checkpoint | None = None

    @property
    def ids(self) -> set[str]:
        return {event.id for event in self.events}

    @property
    def issues(self) -> list[Issue]:
        return [event.data for event in self.events if isinstance(event, IssueChanged)]


def pull(
    source: Source, pulled: Pulled | None = None, *, since: datetime | None = None, max_pages: int = 1_000
) -> Pulled:
    """Reads on from where `pulled` stopped; every checkpoint goes through JSON, as in a store."""
    pulled = pulled or Pulled()
    for _ in range(max_pages):
        page = run(source.read(source.streams[0], pulled.checkpoint, Run(NOW, since)), no_network)
        pulled.events += page.events
        pulled.quarantined += page.quarantined
        pulled.gaps += page.gaps
        pulled.pages += 1
        pulled.checkpoint = json.loads(json.dumps(page.checkpoint))
        if not page.more:
            break
    return pulled


def issue_of(folder: Path, record: Record, **settings: Any) -> Issue:
    """The one issue that a Zendesk ticket becomes."""
    path = folder / "one.jsonl"
    path.write_bytes(lines([record]))
    pulled = pull(Export(path, **settings))
    assert pulled.quarantined == []
    [issue] = pulled.issues
    return issue


def ticket(number: int = 1, **changes: Any) -> Record:
    """A ticket as Zendesk's cursor export returns it; made up after the documented fields."""
    record: Record = {
        "url": f"https://support.example.com/api/v2/tickets/{number}.json",
        "id": number,
        "external_id": None,
        "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": "2026-03-01T08:00:00Z",
        "updated_at": "2026-03-02T08:00:00Z",
        "generated_timestamp": 1_772_438_400,
        "type": "incident",
        "subject": f"Parcel {number} is late",
        "description": "Where is it?",
        "priority": "high",
        "status": "open",
        "requester_id": 700 + number,
        "submitter_id": 700 + number,
        "assignee_id": 11,
        "organization_id": None,
        "group_id": 5,
        "collaborator_ids": [],
        "follower_ids": [],
        "email_cc_ids": [],
        "problem_id": None,
        "is_public": True,
        "tags": ["parcel"],
        "custom_fields": [{"id": 1, "value": "LP-1"}],
        "satisfaction_rating": {"score": "unoffered"},
        "custom_status_id": 21,
        "brand_id": 31,
        "followup_ids": [],
    }
    return record | changes


def user(number: int = 701, **changes: Any) -> Record:
    """A user as Zendesk side-loads it; made up after the documented fields."""
    record: Record = {
        "id": number,
        "url": f"https://support.example.com/api/v2/users/{number}.json",
        "name": f"Customer {number}",
        "email": f"customer{number}@example.com",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-02-01T00:00:00Z",
        "time_zone": "Berlin",
        "iana_time_zone": "Europe/Berlin",
        "phone": None,
        "locale": "de",
        "organization_id": None,
        "role": "end-user",
        "external_id": None,
        "tags": [],
        "active": True,
        "suspended": False,
    }
    return record | changes


def page(tickets: Sequence[Any], users: Sequence[Any] = ()) -> Record:
    return {"tickets": [*tickets], "users": [*users], "after_cursor": "MTc3fA==", "end_of_stream": False}


def lines(records: Sequence[Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def row(number: int = 1, **changes: str) -> dict[str, str]:
    """A row of the generic table."""
    return {
        "id": str(number),
        "status": "open",
        "subject": f"Parcel {number} is late, again",
        "requester_email": f"customer{number}@example.com",
        "created_at": "2026-03-01T08:00:00Z",
        "updated_at": "2026-03-02T08:00:00Z",
        "tags": "parcel,late",
    } | changes


def table(rows: Sequence[Mapping[str, str]], delimiter: str = ",", end: str = "\n") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def array(records: Sequence[Any]) -> bytes:
    return json.dumps(records, indent=1).encode()


Writer = Callable[[Sequence[Any]], bytes]

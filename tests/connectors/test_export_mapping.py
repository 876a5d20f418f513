"""A mapping says where an export has what, and whatever it cannot say for sure is set aside."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alignkit.connectors.export import Export, Extras, Mapping
from alignkit.connectors.export.generic_csv import COLUMNS, STATUSES
from alignkit.errors import SettingsError
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import Channel, Initiator, IssueStatus, IssueType, Priority

from .exporting import Pulled, Record, lines, pull, row, table

PLACES: dict[str, Any] = {
    "id": "number",
    "status": "state",
    "created_at": "opened",
    "remote_updated_at": ("audit", "changed"),
    "subject": ["title", "headline"],
    "priority": "urgency",
    "tags": "labels",
    "requester_email": ("people", 0, "mail"),
}
EIGHT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def record(**changes: Any) -> Record:
    return {
        "number": 7,
        "state": "In Progress",
        "opened": "2026-03-01T08:00:00Z",
        "audit": {"changed": "2026-03-02T08:00:00Z"},
        "title": "Late",
        "urgency": "P1",
        "labels": ["a", "b"],
        "people": [{"mail": "ada@example.com"}],
    } | changes


def read(folder: Path, *records: Record, **mapped: Any) -> Pulled:
    path = folder / "desk.jsonl"
    path.write_bytes(lines(records))
    mapped.setdefault("issues", PLACES)
    return pull(Export(path, mapping=Mapping(**mapped)))


def test_a_declared_mapping_reads_keys_paths_and_alternatives(tmp_path: Path) -> None:
    renamed = record(number=8, headline="Lost")
    del renamed["title"]
    first, second = read(tmp_path, record(), renamed).issues
    assert (first.id, first.subject, first.requester_email) == ("7", "Late", "ada@example.com")
    assert (first.tags, first.remote_updated_at) == (("a", "b"), EIGHT.replace(day=2))
    assert second.subject == "Lost"


def test_declared_words_are_read_in_any_case_and_others_say_nothing(tmp_path: Path) -> None:
    [known, unknown] = read(
        tmp_path,
        record(state="IN PROGRESS", urgency="p1"),
        record(state="parked", urgency="P9"),
        statuses={"In Progress": "open"},
        values={"priority": {"P1": "urgent"}},
    ).issues
    assert (known.status, known.priority, known.priority_raw) == (IssueStatus.OPEN, Priority.URGENT, "p1")
    assert (unknown.status, unknown.status_raw, unknown.priority) == (IssueStatus.UNKNOWN, "parked", Priority.UNSET)


def test_pages_hold_records_under_the_declared_keys(tmp_path: Path) -> None:
    page = {"items": [record()], "customers": [{"key": "c1", "mail": "ada@example.com", "kind": "staff"}]}
    pulled = read(
        tmp_path,
        page,
        issues_at="items",
        contacts={"id": "key", "emails": "mail", "is_staff": "kind"},
        contacts_at="customers",
        values={"is_staff": {"staff": "true"}},
    )
    assert [event.type for event in pulled.events] == ["contact.changed", "issue.changed"]
    assert pulled.events[0].data.model_dump(include={"emails", "is_staff"}) == {
        "emails": ("ada@example.com",),
        "is_staff": True,
    }


def test_what_follows_from_several_values_is_settled_by_a_function(tmp_path: Path) -> None:
    def finish(values: dict[str, Any]) -> Extras:
        values["initiated_by"] = Initiator.CAMPAIGN if values.get("campaign") else Initiator.CUSTOMER
        return Extras(version=values["revision"])

    pulled = read(
        tmp_path,
        record(camp="spring", rev=3),
        record(rev=4),
        also={"campaign": ("camp", str), "revision": ("rev", int)},
        finish=finish,
    )
    assert [issue.initiated_by for issue in pulled.issues] == [Initiator.CAMPAIGN, Initiator.CUSTOMER]
    assert [event.source_version for event in pulled.events] == [3, 4]
    assert all(type(issue) is Issue for issue in pulled.issues)


def test_an_error_in_what_follows_sets_one_record_aside(tmp_path: Path) -> None:
    def finish(values: dict[str, Any]) -> Extras:
        if values["id"] == "8":
            raise ValueError("the revision is missing")
        return Extras()

    pulled = read(tmp_path, record(), record(number=8), finish=finish)
    assert [issue.id for issue in pulled.issues] == ["7"]
    [bad] = pulled.quarantined
    assert bad.reason == "`record`: the revision is missing"


@pytest.mark.parametrize(
    ("times", "written", "meant"),
    [
        ("iso", "2026-03-01T08:00:00+0000", EIGHT),
        ("iso", "2026-03-01T10:00:00+02:00", EIGHT),
        ("iso", "2026-03-01 08:00:00Z", EIGHT),
        ("iso", "0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("iso", "1772352000", EIGHT),
        ("seconds", 1_772_352_000, EIGHT),
        ("seconds", "1772352000", EIGHT),
        ("seconds", "1772352000.25", EIGHT.replace(microsecond=250_000)),
        ("milliseconds", 1_772_352_000_000, EIGHT),
        ("%Y/%m/%d %H:%M:%S %z", "2026/03/01 08:00:00 +0000", EIGHT),
        ("%d.%m.%Y %H:%M %z", "01.03.2026 10:00 +0200", EIGHT),
    ],
)
def test_each_declared_form_of_time_is_read_into_utc(
    tmp_path: Path, times: str, written: str | int, meant: datetime
) -> None:
    pulled = read(tmp_path, record(opened=written, audit={"changed": written}), times=times)
    assert pulled.quarantined == []
    [issue] = pulled.issues
    assert issue.created_at == issue.remote_updated_at == meant
    assert issue.created_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("times", "written"),
    [
        ("iso", "2026-03-01T08:00:00"),
        ("iso", "2026-03-01 08:00:00"),
        ("iso", "2026-03-01"),
        ("iso", "01/03/2026"),
        ("iso", 1_772_352_000),
        ("iso", "0001-01-01T00:00:00+05:00"),
        ("iso", ""),
        ("seconds", "2026-03-01T08:00:00Z"),
        ("seconds", 10**18),
        ("seconds", "nan"),
        ("%Y-%m-%d %H:%M:%S", "2026-03-01 08:00:00"),
        ("%Y-%m-%d %H:%M:%S %z", "2026-03-01"),
    ],
)
def test_a_time_that_may_mean_another_instant_is_set_aside_and_never_taken_as_local(
    tmp_path: Path, times: str, written: str | int
) -> None:
    pulled = read(tmp_path, record(opened=written, audit={}), times=times)
    assert pulled.events == []
    assert len(pulled.quarantined) == 1
    assert "2026" not in pulled.quarantined[0].reason


@pytest.mark.parametrize(("times", "written"), [("iso", "2026-03-01 08:00:00"), ("%d.%m.%Y %H:%M", "01.03.2026 08:00")])
def test_times_without_a_zone_are_utc_where_the_mapping_says_so(tmp_path: Path, times: str, written: str) -> None:
    [issue] = read(tmp_path, record(opened=written, audit={}), times=times, naive_is_utc=True).issues
    assert issue.created_at == EIGHT


def test_a_list_may_be_written_as_one_text(tmp_path: Path) -> None:
    pulled = read(tmp_path, record(labels="a; b ;;c"), record(number=8, labels=["a", None, 3]), separator=";")
    assert [issue.tags for issue in pulled.issues] == [("a", "b", "c"), ("a", "3")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"issues": {"id": "number"}},
        {"issues": PLACES | {"stauts": "state"}},
        {"issues": PLACES | {"extensions": "all"}},
        {"issues": PLACES, "contacts": {"emails": "mail"}},
        {"issues": PLACES, "statuses": {"Done": "finished"}},
        {"issues": PLACES, "values": {"priority": {"P1": "top"}}},
    ],
)
def test_a_mapping_that_cannot_work_is_refused_before_anything_is_read(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        Export(tmp_path, mapping=Mapping(**wrong))


# The generic table


@pytest.mark.parametrize(("word", "status"), STATUSES.items())
def test_the_generic_table_knows_common_words_for_a_status(tmp_path: Path, word: str, status: IssueStatus) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(table([row(status=word.title())]))
    [issue] = pull(Export(path, mapping="csv")).issues
    assert issue.status is status


def test_every_column_of_the_generic_table_fills_its_field(tmp_path: Path) -> None:
    words = {
        "type": "complaint",
        "reason": "delivery_late",
        "priority": "urgent",
        "channel": "phone",
        "initiated_by": "agent",
        "customer_wrote": "no",
        "status": "resolved",
        "resolved_at": "2026-03-02T08:00:00Z",
        "is_spam": "false",
        "is_deleted": "true",
        "tags": "a, b",
    }
    cells = {name: f"some {name}" for name in COLUMNS} | row(1) | words
    path = tmp_path / "a.csv"
    path.write_bytes(table([{name.upper(): cell for name, cell in cells.items()}]))
    pulled = pull(Export(path, mapping="csv"))
    assert pulled.quarantined == []
    [issue] = pulled.issues
    assert (issue.type, issue.priority, issue.channel) == (IssueType.COMPLAINT, Priority.URGENT, Channel.PHONE)
    assert (issue.initiated_by, issue.customer_wrote, issue.is_deleted) == (Initiator.AGENT, False, True)
    assert (issue.tags, issue.resolved_at) == (("a", "b"), EIGHT.replace(day=2))
    unset = [name for name in COLUMNS if name != "is_spam" and getattr(issue, name) in (None, (), False)]
    assert unset == ["customer_wrote"]


def test_empty_cells_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(table([row(priority="", requester_email=" ", tags="", customer_wrote="")]))
    [issue] = pull(Export(path, mapping="csv")).issues
    assert (issue.priority, issue.requester_email, issue.tags, issue.customer_wrote) == (
        Priority.UNSET,
        None,
        (),
        None,
    )

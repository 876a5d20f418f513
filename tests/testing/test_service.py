"""Edits reach the records that are named, and recorded exchanges come back as they were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alignkit.testing import Record, Recorded, Records
from alignkit.testing.service import Edited
from alignkit.transport import JsonValue, Request, Response

TICKETS = Records("issue", "/tickets", ("data", "items"))


class Fixed:
    """A service that always answers the same."""

    def __init__(self, body: object, status: int = 200) -> None:
        self.response = Response(status, {}, json.dumps(body).encode())

    def handle(self, request: Request) -> Response:
        return self.response


def numbered(_kind: Records, record: Record) -> JsonValue:
    return {**record, "seen": True}


def asked(service: Edited | Recorded, url: str, *params: tuple[str, str]) -> JsonValue:
    return service.handle(Request("GET", f"https://x.example{url}", params=params)).json()


def test_each_record_of_a_list_is_edited_and_nothing_else() -> None:
    service = Edited(Fixed({"data": {"items": [{"id": 1}, "odd"], "n": 2}}), [TICKETS], numbered)
    assert asked(service, "/tickets?page=1") == {"data": {"items": [{"id": 1, "seen": True}, "odd"], "n": 2}}


def test_a_single_record_is_edited() -> None:
    service = Edited(Fixed({"id": 1}), [Records("issue", "/tickets/[0-9]+")], numbered)
    assert asked(service, "/tickets/1") == {"id": 1, "seen": True}


@pytest.mark.parametrize(("url", "status"), [("/people", 200), ("/tickets/1", 200), ("/tickets", 404)])
def test_other_paths_and_errors_pass_unchanged(url: str, status: int) -> None:
    body = {"data": {"items": [{"id": 1}]}}
    assert asked(Edited(Fixed(body, status), [TICKETS], numbered), url) == body


def test_a_body_without_the_records_passes_unchanged() -> None:
    assert asked(Edited(Fixed({"error": "no"}), [TICKETS], numbered), "/tickets") == {"error": "no"}


def recorded(folder: Path) -> Recorded:
    for number, (query, body) in enumerate(
        [([["page", "1"]], {"n": 1}), ([["page", "2"]], {"n": 2}), ([["page", "2"]], {"n": 3})]
    ):
        request = {"method": "GET", "path": "/tickets", "query": query}
        exchange = {"request": request, "status": 200, "headers": {"X-Kind": "a"}, "body": body}
        (folder / f"{number}.json").write_text(json.dumps(exchange))
    return Recorded.of_folder(folder)


def test_a_recorded_answer_comes_for_its_query_wherever_it_stands(tmp_path: Path) -> None:
    service = recorded(tmp_path)
    assert asked(service, "/tickets", ("page", "1")) == {"n": 1}
    assert asked(service, "/tickets?page=1") == {"n": 1}
    assert service.handle(Request("GET", "https://x.example/tickets?page=1")).headers == {"x-kind": "a"}


def test_answers_to_one_request_come_in_turn_and_the_last_one_stays(tmp_path: Path) -> None:
    service = recorded(tmp_path)
    assert [asked(service, "/tickets?page=2") for _ in range(3)] == [{"n": 2}, {"n": 3}, {"n": 3}]


def test_what_was_not_recorded_is_not_found(tmp_path: Path) -> None:
    assert recorded(tmp_path).handle(Request("GET", "https://x.example/tickets?page=9")).status == 404


def test_the_text_of_a_recorded_answer_is_kept(tmp_path: Path) -> None:
    exchange = {"request": {"method": "PATCH", "path": "/x"}, "status": 204, "body": ""}
    (tmp_path / "a.json").write_text(json.dumps(exchange))
    answer = Recorded.of_folder(tmp_path).handle(Request("PATCH", "https://x.example/x"))
    assert (answer.status, answer.content) == (204, b"")

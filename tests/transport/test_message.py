"""Requests and answers: what they show of themselves, and which may be sent twice."""

from __future__ import annotations

import pytest

from alignkit.transport.message import Request, Response


def test_a_request_shows_method_and_path_alone() -> None:
    wanted = Request(
        "POST",
        "https://user:sample-secret@help.example.com/tickets/ada@example.com/7?key=sample-secret",
        params=[("q", "sample-secret")],
        headers={"X-Api-Key": "sample-secret"},
        form=[("password", "sample-secret")],
    )
    assert repr(wanted) == "<Request POST /tickets/…/7>"


def test_an_answer_shows_status_and_length_alone() -> None:
    assert repr(Response(200, {"set-cookie": "sample-secret"}, b"sample-secret")) == "<Response 200, 13 bytes>"


def test_a_request_with_two_bodies_is_refused() -> None:
    with pytest.raises(ValueError, match="one of"):
        Request("POST", "/", json={}, content=b"")


@pytest.mark.parametrize(
    ("method", "given", "expected"),
    [
        ("GET", None, True),
        ("PUT", None, True),
        ("DELETE", None, True),
        ("POST", None, False),
        ("PATCH", None, False),
        ("POST", True, True),
        ("GET", False, False),
    ],
)
def test_only_what_does_no_harm_twice_is_repeatable(method: str, given: bool | None, expected: bool) -> None:
    assert Request(method, "/", repeatable=given).is_repeatable is expected

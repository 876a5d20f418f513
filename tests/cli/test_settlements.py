"""`push` and `release` tell the truth about a destination that does not do what was asked, by words and exit code."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.connectors.fake_mailman import FakeMailman

from alignkit.transport import Request, Response

from .shop import ADA, BOB, CY, NOW, Shop, page, ticket

NAMES = {ADA, BOB, CY}


@dataclass
class Lists:
    """A Mailman on loopback; `refusing` is the status that each write is answered with, 0 for none."""

    mailman: FakeMailman = field(default_factory=FakeMailman)
    refusing: int = 0
    url: str = ""

    def answer(self, request: Request) -> Response:
        if self.refusing and request.method != "GET":
            return Response(self.refusing, {"content-type": "application/json", "retry-after": "0"}, b"{}")
        return self.mailman.send(request)

    @property
    def held(self) -> set[str]:
        return {one.address for one in self.mailman.members if one.own.get("delivery_status") == "by_moderator"}


@pytest.fixture
def lists() -> Iterator[Lists]:
    served = Lists()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            split, body = urlsplit(self.path), self.rfile.read(int(self.headers.get("content-length") or 0))
            wanted = Request(
                self.command,
                split.path,
                params=parse_qsl(split.query),
                headers={"Authorization": self.headers["authorization"]},
                form=parse_qsl(body.decode()) if body else None,
            )
            response = served.answer(wanted)
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)

        do_PATCH = do_DELETE = do_GET  # noqa: N815 - the library's own names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            """Nothing; standard error is what the tests look at."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def mailing(shop: Shop, lists: Lists, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with three open tickets and a list of the same three people."""
    monkeypatch.setenv("LISTS_PASSWORD", "sample-password")
    assert base64.b64decode("cmVzdGFkbWluOnNhbXBsZS1wYXNzd29yZA==") == b"restadmin:sample-password"
    shop.change(
        'connector = "audience_file"\npath = "audience.csv"\nheld_path = "held.csv"',
        f'connector = "mailman"\nbase_url = "{lists.url}"\nusername = "restadmin"\n'
        'password = { env = "LISTS_PASSWORD" }\nlist_id = "offers.example.com"',
    )
    shop.write("tickets.jsonl", page(*(ticket(number, name) for number, name in enumerate(sorted(NAMES), 1))))
    for name in sorted(NAMES):
        lists.mailman.join(name)
    shop.pull()
    return shop


def test_a_push_that_held_nobody_does_not_say_that_it_did(mailing: Shop, lists: Lists) -> None:
    lists.refusing = 503
    result = mailing.run("push", "list", "--now", NOW)
    assert result.exit_code == 4, result.output
    assert "0 held and 0 released; now 0 of 3 people are held; 3 not settled yet" in result.stdout
    assert "Held, and why" not in result.stdout
    assert result.stdout.count("not this time; the next run tries again") == 3
    again = mailing.run("push", "list", "--now", NOW, "--json")
    rows = [json.loads(line) for line in again.stdout.splitlines()]
    assert (again.exit_code, rows[-1]["held"], rows[-1]["open"]) == (4, 0, 3)
    unsettled = {row["address"]: (row["direction"], row["state"]) for row in rows if row["type"] == "unsettled"}
    assert unsettled == dict.fromkeys(NAMES, ("hold", "intended"))
    lists.refusing = 0
    assert mailing.run("push", "list", "--now", NOW).exit_code == 0
    assert lists.held == NAMES


def test_a_push_that_is_refused_names_whom_and_says_what_was_said(mailing: Shop, lists: Lists) -> None:
    lists.refusing = 400
    result = mailing.run("push", "list", "--now", NOW)
    assert result.exit_code == 11
    assert "now 0 of 3 people are held; 3 refused by the destination" in result.stdout
    assert all(name in result.stdout.partition("Not held")[2] for name in NAMES)
    lists.refusing = 0
    assert mailing.run("push", "list", "--now", NOW).exit_code == 0
    assert lists.held == NAMES


def test_a_member_who_cannot_be_held_stays_on_the_list_of_the_refused_and_is_no_change(
    mailing: Shop, lists: Lists
) -> None:
    member = next(one for one in lists.mailman.members if one.address == CY)
    member.own["delivery_status"] = "enabled"
    for time in ("first", "second"):
        result = mailing.run("push", "list", "--now", NOW, "--json")
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        assert (result.exit_code, rows[-1]["held"], rows[-1]["rejected"]) == (11, 2, 1)
        assert (CY in {row["address"] for row in rows if row["type"] == "change"}) is (time == "first")
        [told] = [row for row in rows if row["type"] == "unsettled"]
        assert (told["address"], told["state"]) == (CY, "rejected")
        assert "an `enabled` of its own" in told["detail"]
    [shown] = [row for row in mailing.rows("status", "--now", NOW) if row["type"] == "unsettled"]
    assert (shown["destination"], shown["address"], shown["state"]) == ("list", CY, "rejected")
    assert "an `enabled` of its own" in mailing.run("status", "--now", NOW).stdout
    del member.own["delivery_status"]
    assert mailing.run("push", "list", "--now", NOW).exit_code == 0
    assert lists.held == NAMES


def test_a_release_that_did_not_come_about_is_told_and_counts_as_held(mailing: Shop, lists: Lists) -> None:
    assert mailing.run("push", "list", "--now", NOW).exit_code == 0
    lists.refusing = 503
    result = mailing.run("release", "--all-ours", "list", "--now", NOW)
    assert result.exit_code == 4
    assert "0 people released" in result.stdout
    assert "3 people are still held there" in result.stdout
    told = mailing.run("release", "--all-ours", "list", "--now", NOW, "--json")
    summary = json.loads(told.stdout.splitlines()[-1])
    assert (told.exit_code, summary["released"], summary["left"], summary["open"]) == (4, 0, 0, 3)
    lists.refusing = 0
    assert mailing.run("release", "--all-ours", "list", "--now", NOW).exit_code == 0
    assert lists.held == set()


def test_a_release_that_is_refused_names_whom(mailing: Shop, lists: Lists) -> None:
    assert mailing.run("push", "list", "--now", NOW).exit_code == 0
    lists.refusing = 400
    result = mailing.run("release", "--all-ours", "list", "--now", NOW)
    assert result.exit_code == 11
    assert all(name in result.stdout.partition("Not released")[2] for name in NAMES)
    assert lists.held == NAMES


def test_people_who_should_be_free_and_are_not_count_as_held(mailing: Shop, lists: Lists) -> None:
    assert mailing.run("push", "list", "--now", NOW).exit_code == 0
    later = "2026-03-09T09:00:00Z"
    solved = (
        ticket(number, name, status="solved", at="2026-03-03T10:00:00Z") for number, name in enumerate(sorted(NAMES), 1)
    )
    mailing.write("tickets.jsonl", page(*solved))
    assert mailing.run("pull", "--now", later).exit_code == 0
    lists.refusing = 503
    result = mailing.run("push", "list", "--now", later)
    assert result.exit_code == 4
    assert "0 held and 0 released; now 3 of 3 people are held; 3 not settled yet" in result.stdout
    assert "Not released" in result.stdout


def test_nobody_is_erased_before_they_are_released(mailing: Shop, lists: Lists) -> None:
    assert mailing.run("push", "list", "--now", NOW).exit_code == 0
    lists.refusing = 503
    refused = mailing.run("forget", ADA, "--yes", "--now", NOW)
    assert refused.exit_code == 4
    assert "nothing was erased" in refused.stderr
    lists.refusing = 0
    assert mailing.rows("forget", ADA, "--yes", "--now", NOW)[0]["customers"] == 1
    assert lists.held == NAMES - {ADA}

"""Accounts: where requests may go, with what, how often, how fast, and what becomes of each answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenacity import stop_after_attempt, wait_none

from alignkit.errors import (
    AlignkitError,
    CredentialsRejected,
    RateLimited,
    RequestRefused,
    ServiceUnreachable,
    SettingsError,
    UntrustedTarget,
)
from alignkit.transport.auth import Basic, HeaderKey, QueryKey
from alignkit.transport.flow import arun, run, run_all
from alignkit.transport.limits import Limits
from alignkit.transport.message import Request, Response
from alignkit.transport.retry import Retry
from alignkit.transport.steps import Flow, call, request

from .scripted import BASE, NOW, Answer, Script, answer

DOWN = ServiceUnreachable("`help.example.com:443` refused the connection")


@pytest.mark.parametrize(
    ("base_url", "url", "sent"),
    [
        (BASE, "/api/tickets", f"{BASE}/api/tickets"),
        (f"{BASE}/rt/", "/REST/2.0/tickets?page=2", f"{BASE}/rt/REST/2.0/tickets?page=2"),
        (f"{BASE}/rt", f"{BASE}/rt/REST/2.0/ticket/7", f"{BASE}/rt/REST/2.0/ticket/7"),
        (BASE, "HTTPS://Help.example.com:443/next#top", f"{BASE}/next"),
    ],
)
def test_a_path_is_put_after_the_roots_own(base_url: str, url: str, sent: str) -> None:
    script = Script([answer()])
    script.ask(Request("GET", url), script.account(base_url=base_url))
    assert script.sent[0].url == sent
    assert script.sent[0].headers["Authorization"] == "Bearer sample-token"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/api",
        "https://help.example.com@evil.test/",
        "https://help.example.com\\@evil.test/",
        "https://help.example.com.evil.test/",
        "https://help.example.com:8443/",
        "http://help.example.com/",
        "//evil.test/",
        "/\\evil.test/",
        "/api/../../admin",
        "api/tickets",
        "",
    ],
)
def test_a_target_outside_the_accounts_origins_is_refused_before_anything_is_sent(url: str) -> None:
    script = Script([])
    with pytest.raises(UntrustedTarget, match="`helpdesk`") as caught:
        script.ask(Request("GET", url, params=[("key", "sample-secret")]))
    assert script.sent == []
    assert "sample-secret" not in str(caught.value)


def test_a_declared_origin_may_see_the_credential() -> None:
    script = Script([answer()])
    account = script.account(origins=["https://files.example.com"])
    script.ask(Request("GET", "https://files.example.com/7"), account)
    assert "Authorization" in script.sent[0].headers


def test_a_signed_link_is_fetched_without_the_credential() -> None:
    script = Script([answer(), answer()])
    for url in ("https://bucket.files.example.net/export?sig=abc", f"{BASE}/export"):
        script.ask(Request("GET", url, headers={"Accept": "text/csv"}, credentials=False))
    assert [wanted.headers for wanted in script.sent] == [{"Accept": "text/csv"}] * 2


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example.net/",
        "https://169.254.169.254/",
        "https://2130706433/",
        "https://[::1]/",
        "https://localhost/",
        "https://metadata/",
        "http://127.0.0.1:8080/",
    ],
)
def test_a_signed_link_to_an_address_or_without_tls_is_refused(url: str) -> None:
    script = Script([])
    with pytest.raises(UntrustedTarget):
        script.ask(Request("GET", url, credentials=False))
    assert script.sent == []


def test_the_credential_is_stronger_than_a_header_of_the_same_name() -> None:
    script = Script([answer()])
    account = script.account(HeaderKey("X-Api-Key", "sample-token"))
    script.ask(Request("GET", "/", headers={"x-api-key": "from-elsewhere", "Accept": "x"}), account)
    assert script.sent[0].headers == {"Accept": "x", "X-Api-Key": "sample-token"}


def test_a_query_key_is_added_to_the_parameters() -> None:
    script = Script([answer()])
    script.ask(Request("GET", "/", params=[("page", "2")]), script.account(QueryKey("key", "sample-token")))
    assert script.sent[0].params == (("page", "2"), ("key", "sample-token"))


@pytest.mark.parametrize("url", ["http://help.example.com", "help.example.com", "https://u:p@help.example.com"])
def test_an_address_that_cannot_be_used_is_refused_when_the_account_is_made(url: str) -> None:
    with pytest.raises(SettingsError, match="`base_url`"):
        Script([]).account(base_url=url)
    with pytest.raises(SettingsError, match="`origins`"):
        Script([]).account(origins=[url])


@pytest.mark.parametrize("failure", [DOWN, answer(500), answer(502), answer(503), answer(504), answer(408)])
def test_a_repeatable_request_is_sent_again_until_it_is_answered(failure: Answer) -> None:
    script = Script([failure, failure, answer(200, b"[1]")])
    assert script.ask(Request("GET", "/")).json() == [1]
    assert script.slept == [2.0, 2.0]


@pytest.mark.parametrize(
    ("failure", "error"), [(DOWN, ServiceUnreachable), (answer(502), ServiceUnreachable), (answer(408), RequestRefused)]
)
def test_a_request_that_may_have_been_done_is_not_sent_twice(failure: Answer, error: type[AlignkitError]) -> None:
    script = Script([failure])
    with pytest.raises(error):
        script.ask(Request("POST", "/tickets", json={"subject": "x"}))
    assert len(script.sent) == 1


def test_a_post_that_is_declared_repeatable_is_sent_again() -> None:
    script = Script([DOWN, answer(201)])
    assert script.ask(Request("POST", "/search", json={}, repeatable=True)).status == 201


@pytest.mark.parametrize("failure", [DOWN, answer(503)])
def test_a_service_that_stays_down_is_unreachable_after_the_last_attempt(failure: Answer) -> None:
    script = Script(lambda _wanted: failure)
    with pytest.raises(ServiceUnreachable):
        script.ask(Request("GET", "/"))
    assert len(script.sent) == 4


@pytest.mark.parametrize(
    "headers",
    [
        {"retry_after": "7"},
        {"retry_after": "7.0"},
        {"retry_after": formatdate(NOW + 7, usegmt=True)},
        {"x_ratelimit_reset": str(int(NOW + 7))},
        {"x_ratelimit_reset": str(int((NOW + 7) * 1000))},
        {"x_ratelimit_reset": "2023-11-14T22:13:27+00:00"},
        {"x_rate_limit_reset": "7"},
    ],
)
def test_a_429_is_waited_out_in_every_form_even_for_a_post(headers: dict[str, str]) -> None:
    script = Script([answer(429, **headers), answer(201)])
    assert script.ask(Request("POST", "/tickets", json={})).status == 201
    assert script.slept == [7.0]


def test_a_503_that_names_a_wait_means_not_done_and_ignores_the_windows_end() -> None:
    script = Script([answer(503, retry_after="3", x_ratelimit_reset=str(int(NOW + 3_600))), answer(201)])
    assert script.ask(Request("POST", "/tickets", json={})).status == 201
    assert script.slept == [3.0]


def test_a_429_without_a_wait_follows_the_table() -> None:
    script = Script([answer(429), answer(200)])
    script.ask(Request("GET", "/"))
    assert script.slept == [2.0]


def test_a_wait_longer_than_the_cap_is_raised_with_its_seconds() -> None:
    script = Script([answer(429, retry_after="900")])
    account = script.account()
    with pytest.raises(RateLimited, match="900 s") as caught:
        script.ask(Request("GET", "/"), account)
    assert caught.value.seconds == 900.0
    with pytest.raises(RateLimited):
        script.ask(Request("GET", "/another"), account)
    assert len(script.sent) == 1
    assert script.slept == []


def test_too_many_429_in_a_row_are_raised() -> None:
    script = Script(lambda _wanted: answer(429, retry_after="1"))
    with pytest.raises(RateLimited, match="4 times") as caught:
        script.ask(Request("GET", "/"))
    assert caught.value.seconds == 1.0


def test_a_limit_that_hides_behind_another_status_is_known_by_its_sign() -> None:
    limits = Limits(means_limited=lambda response: b"REQUEST_LIMIT_EXCEEDED" in response.content)
    script = Script([answer(403, b"REQUEST_LIMIT_EXCEEDED", retry_after="5"), answer(200)])
    script.ask(Request("GET", "/"), script.account(limits=limits))
    assert script.slept == [5.0]


def test_a_wait_asked_of_one_flow_holds_for_all_flows_of_the_account() -> None:
    script = Script([answer(429, retry_after="30"), answer(), answer()])
    account = script.account()
    limited, other = account.attend(request(Request("GET", "/1"))), account.attend(request(Request("GET", "/2")))
    assert isinstance(next(limited), Request)
    assert limited.send(answer(429, retry_after="30")).delay == 30.0
    assert next(other).delay == 31.0, "a second after the first, or both would be told to wait again"
    limited.close()
    other.close()


def test_a_spent_window_makes_the_next_request_wait() -> None:
    limits = Limits(reset=("x-reset",), remaining=("x-left",))
    script = Script([answer(200, x_left="0", x_reset="12"), answer(200)])
    account = script.account(limits=limits)
    script.ask(Request("GET", "/1"), account)
    script.ask(Request("GET", "/2"), account)
    assert script.slept == [12.0]


def test_a_declared_pace_is_shared_by_flows_in_threads() -> None:
    script = Script(lambda _wanted: answer())
    account = script.account(limits=Limits(requests=2, seconds=10))
    flows = [account.attend(request(Request("GET", f"/{number}"))) for number in range(6)]
    run_all(flows, script.send, at_once=3, sleep=lambda _seconds: None)
    assert sorted(wanted.delay for wanted in script.sent) == [0.0, 0.0, 10.0, 10.0, 20.0, 20.0]


def test_a_requests_own_delay_is_kept() -> None:
    script = Script([answer()])
    script.ask(Request("GET", "/", delay=1.5))
    assert script.slept == [1.5]


@pytest.mark.parametrize("status", [301, 404, 410, 422, 429, 500, 503])
def test_an_accepted_status_is_returned_at_once(status: int) -> None:
    script = Script([answer(status, retry_after="1")])
    assert script.ask(Request("GET", "/", accept=frozenset({status}))).status == status


def test_an_error_can_be_caught_by_the_flow_it_concerns() -> None:
    def cautious() -> Flow[str]:
        try:
            yield from request(Request("GET", "/csat"))
        except RequestRefused as error:
            yield from call(str, "a call passes unchanged")
            return f"refused with {error.status}"
        return "answered"

    script = Script([answer(404)])
    assert script.run(script.account().attend(cautious())) == "refused with 404"


def test_a_fixed_credential_that_was_refused_is_not_tried_again() -> None:
    script = Script([answer(401)])
    with pytest.raises(CredentialsRejected, match="`username` and `password`"):
        script.ask(Request("GET", "/"), script.account(Basic("ada", "sample-secret")))
    assert len(script.sent) == 1


def test_closing_an_attended_flow_closes_the_flow_inside() -> None:
    closed: list[str] = []

    def inner() -> Flow[None]:
        try:
            yield from request(Request("GET", "/"))
        finally:
            closed.append("inner")

    kept = inner()
    attended = Script([]).account().attend(kept)
    next(attended)
    attended.close()
    assert closed == ["inner"]


def test_no_text_or_log_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    wanted = Request(
        "GET", "/people/ada@example.com", params=[("key", "sample-secret")], headers={"X-Other": "sample-secret"}
    )
    failures: list[Callable[[Request], Answer]] = [
        lambda _wanted: DOWN,
        *(
            lambda _wanted, status=status: answer(status, b"sample-secret", location="https://evil.test/?sample-secret")
            for status in (301, 400, 401, 403, 404, 418, 429, 500, 503)
        ),
    ]
    with caplog.at_level(logging.DEBUG):
        for failure in failures:
            script = Script(failure)
            with pytest.raises(AlignkitError) as caught:
                script.ask(wanted, script.account(HeaderKey("X-Key", "sample-secret")))
            assert "sample-secret" not in f"{caught.value!r} {caught.value.__context__!r}"
            assert "ada@" not in str(caught.value)
    assert len(caplog.records) > len(failures)
    assert "sample-secret" not in caplog.text
    assert "ada@" not in caplog.text


plans = st.lists(
    st.sampled_from([200, 204, 301, 401, 403, 404, 429, 500, 503, None]).map(
        lambda status: DOWN if status is None else answer(status, b"[]", retry_after="1")
    ),
    min_size=30,
    max_size=30,
)


@given(plans)
def test_sync_equals_async_whatever_a_service_answers(plan: list[Answer]) -> None:
    retry = Retry(stop=stop_after_attempt(3), wait=wait_none())

    def three() -> Flow[list[object]]:
        found: list[object] = []
        for method in ("GET", "POST", "PUT"):
            try:
                found.append((yield from request(Request(method, "/x", accept=frozenset({404})))).status)
            except AlignkitError as error:
                found.append((type(error), str(error)))
        return found

    async def adrive(script: Script) -> list[object]:
        async def sleep(seconds: float) -> None:
            script.sleep(seconds)

        return await arun(script.account(retry=retry).attend(three()), script.asend, sleep)

    first, second = Script(plan), Script(plan)
    assert run(first.account(retry=retry).attend(three()), first.send, first.sleep) == asyncio.run(adrive(second))
    assert (first.sent, first.slept) == (second.sent, second.slept)
    assert isinstance(first.sent[0], Request)


def test_an_answer_is_handed_on_as_it_came() -> None:
    came = Response(200, {"x": "y"}, b"\x00")
    assert Script([came]).ask(Request("GET", "/")) is came

"""The guarded client against a server on loopback that redirects, cuts, floods and resets."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
import ssl
import subprocess
import sys
import traceback
import zlib
from collections.abc import Callable, Generator
from pathlib import Path

import httpx
import pytest
from tenacity import stop_after_attempt, wait_none

from alignkit.errors import (
    AlignkitError,
    RequestRefused,
    ResponseInvalid,
    ServiceUnreachable,
    SettingsError,
    UntrustedTarget,
)
from alignkit.transport.account import Account
from alignkit.transport.auth import Basic, Bearer, HeaderKey, QueryKey
from alignkit.transport.client import AsyncHttpClient, HttpClient
from alignkit.transport.flow import arun, run
from alignkit.transport.message import Request, Response
from alignkit.transport.paging import by_link, read_pages
from alignkit.transport.retry import Retry
from alignkit.transport.steps import Flow, request

from .loopback import Answer, Received, Server, closed_port

SECRET = "sample-secret"
ONCE = Retry(stop=stop_after_attempt(1), wait=wait_none())
SCHEMES = [Bearer(SECRET), Basic("ada", SECRET), HeaderKey("Api-Token", SECRET), QueryKey("key", SECRET)]

Sender = Callable[[Request], Response]


def send_async(wanted: Request) -> Response:
    async def main() -> Response:
        async with AsyncHttpClient(timeout=5.0, largest_body=1_000_000) as client:
            return await client.send(wanted)

    return asyncio.run(main())


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Generator[Sender]:
    if request.param == "async":
        yield send_async
        return
    with HttpClient(timeout=5.0, largest_body=1_000_000) as client:
        yield client.send


def answering(server: Server, answer: Answer) -> Server:
    server.answer = lambda _received: answer
    return server


def test_a_request_arrives_as_it_was_described(service: Server, send: Sender) -> None:
    send(
        Request(
            "POST",
            f"{service.url}/api?fixed=1",
            params=[("q", "a b&c=d/ü"), ("q", "2")],
            headers={"X-Extra": "yes"},
            json={"subject": "Grüße", "tags": []},
        )
    )
    [seen] = service.seen
    assert (seen.method, seen.target) == ("POST", "/api?fixed=1&q=a%20b%26c%3Dd%2F%C3%BC&q=2")
    assert json.loads(seen.body) == {"subject": "Grüße", "tags": []}
    assert seen.headers["host"] == f"127.0.0.1:{service.port}"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["accept-encoding"] == "gzip, deflate"
    assert seen.headers["x-extra"] == "yes"
    assert "cookie" not in seen.headers


@pytest.mark.parametrize(
    ("wanted", "body", "content_type"),
    [
        (Request("PUT", "/", form=[("a", "1 2"), ("a", "ü")]), b"a=1+2&a=%C3%BC", "application/x-www-form-urlencoded"),
        (Request("PUT", "/", form=[]), b"", "application/x-www-form-urlencoded"),
        (Request("PUT", "/", content=b"\x00x", headers={"Content-Type": "text/csv"}), b"\x00x", "text/csv"),
        (
            Request("PUT", "/", json=[], headers={"content-type": "application/vnd.api+json"}),
            b"[]",
            "application/vnd.api+json",
        ),
        (Request("DELETE", "/"), b"", None),
    ],
)
def test_each_kind_of_body_is_sent_with_its_type(
    service: Server, client: HttpClient, wanted: Request, body: bytes, content_type: str | None
) -> None:
    account = Account(service.url, Bearer("sample-token"))
    run(account.attend(request(wanted)), client.send)
    assert (service.seen[0].body, service.seen[0].headers.get("content-type")) == (body, content_type)


def test_an_answer_comes_with_status_lower_case_headers_and_body(service: Server, send: Sender) -> None:
    answering(service, Answer(404, b'{"a": 1}', {"X-Thing": "7"}))
    response = send(Request("GET", service.url))
    assert (response.status, response.headers["x-thing"], response.json()) == (404, "7", {"a": 1})


def test_a_client_says_what_it_is_called(service: Server, send: Sender) -> None:
    async def ask() -> None:
        async with AsyncHttpClient(user_agent="shop-sync") as client:
            await client.send(Request("GET", service.url))

    send(Request("GET", service.url))
    with HttpClient(user_agent="shop-sync") as client:
        client.send(Request("GET", service.url))
    asyncio.run(ask())
    assert [seen.headers["user-agent"] for seen in service.seen] == ["alignkit", "shop-sync", "shop-sync"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_answer_is_read(service: Server, send: Sender, encoding: str) -> None:
    body = json.dumps(list(range(5_000))).encode()
    wire = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
    answering(service, Answer(200, wire, {"content-encoding": encoding}))
    assert send(Request("GET", service.url)).content == body


def test_a_gzip_bomb_is_refused_at_the_cap(service: Server, send: Sender) -> None:
    answering(service, Answer(200, gzip.compress(b"\0" * 50_000_000), {"content-encoding": "gzip"}))
    with pytest.raises(ResponseInvalid, match="larger than 1,000,000 bytes"):
        send(Request("GET", service.url))
    answering(service, Answer(200, b"[]"))
    assert send(Request("GET", service.url)).json() == []


def test_a_plain_flood_is_refused_at_the_cap(service: Server, send: Sender) -> None:
    answering(service, Answer(200, b"\0" * 1_000_001))
    with pytest.raises(ResponseInvalid, match="larger than 1,000,000 bytes"):
        send(Request("GET", service.url))


def test_a_body_cut_half_way_is_no_answer(service: Server, send: Sender) -> None:
    answering(service, Answer(200, b'{"tickets": [1, 2', announced=900))
    with pytest.raises(ServiceUnreachable, match=f"127.0.0.1:{service.port}` broke off"):
        send(Request("GET", service.url))


def test_a_compressed_body_cut_half_way_is_no_answer(service: Server, send: Sender) -> None:
    answering(service, Answer(200, gzip.compress(b"[1, 2, 3]")[:-6], {"content-encoding": "gzip"}))
    with pytest.raises(ServiceUnreachable, match="cut short"):
        send(Request("GET", service.url))


def test_a_connection_reset_is_no_answer(service: Server, send: Sender) -> None:
    answering(service, Answer(is_reset=True))
    with pytest.raises(ServiceUnreachable, match="broke off"):
        send(Request("GET", service.url))


def test_a_page_of_html_is_refused_when_json_was_wanted(service: Server, client: HttpClient) -> None:
    answering(service, Answer(200, b"<html>please log in", {"content-type": "text/html"}))
    with pytest.raises(ResponseInvalid, match="web page"):
        client.send(Request("GET", service.url)).json()


def test_a_host_that_refuses_connections_is_named_with_its_port(send: Sender) -> None:
    port = closed_port()
    with pytest.raises(ServiceUnreachable, match=f"`127.0.0.1:{port}` refused the connection; check `base_url`"):
        send(Request("GET", f"http://127.0.0.1:{port}/path?key={SECRET}"))


def test_a_server_that_says_nothing_is_given_up(send: Sender) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with HttpClient(timeout=0.2) as client, pytest.raises(ServiceUnreachable, match="did not answer within"):
            client.send(Request("GET", f"http://127.0.0.1:{silent.getsockname()[1]}"))


def test_an_answer_that_drips_is_given_up_at_the_deadline(service: Server) -> None:
    with HttpClient(deadline=-1.0) as client, pytest.raises(ServiceUnreachable, match="for one answer"):
        client.send(Request("GET", service.url))


def test_a_service_that_speaks_no_tls_is_explained(service: Server, send: Sender) -> None:
    with pytest.raises(ServiceUnreachable, match="does not speak TLS"):
        send(Request("GET", service.url.replace("http:", "https:")))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, and its key."""
    pem = tmp_path / "self-signed.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(tmp_path / "key.pem"), "-out", str(pem)],
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl cannot make a certificate here")
    pem.write_bytes(pem.read_bytes() + (tmp_path / "key.pem").read_bytes())
    return pem


def test_a_certificate_nobody_vouches_for_is_trusted_only_when_it_was_given(
    service: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # the machine's own trust is not ours
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    service.wrap(context)
    wanted = Request("GET", service.url.replace("http:", "https:"), headers={"Api-Token": SECRET})
    with HttpClient(timeout=5.0) as client, pytest.raises(ServiceUnreachable, match="certificate we do not trust"):
        client.send(wanted)
    assert service.seen == []
    with HttpClient(timeout=5.0, ca_file=certificate) as client:
        assert client.send(wanted).status == 200


def test_a_ca_file_that_cannot_be_read_is_a_setting_to_fix(tmp_path: Path) -> None:
    (tmp_path / "not.pem").write_text("nothing")
    for name in ("not.pem", "missing.pem"):
        with pytest.raises(SettingsError, match="`ca_file`"):
            HttpClient(ca_file=tmp_path / name)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("auth", SCHEMES, ids=lambda auth: type(auth).__name__)
def test_a_redirect_to_a_stranger_gives_it_no_byte(
    service: Server, stranger: Server, client: HttpClient, status: int, auth: Bearer
) -> None:
    answering(service, Answer(status, b"", {"location": f"{stranger.url}/collect"}))
    account = Account(service.url, auth, retry=ONCE)
    with pytest.raises(UntrustedTarget):
        run(account.attend(request(Request("POST", "/tickets", json={"text": SECRET}))), client.send)
    assert SECRET in service.received() or "YWRhOn" in service.received()
    assert stranger.seen == []


def test_a_redirect_is_an_answer_to_a_flow_that_accepts_it(service: Server, client: HttpClient) -> None:
    answering(service, Answer(301, b"", {"location": "/tickets/8"}))
    wanted = Request("GET", "/tickets/7", accept=frozenset({301}))
    response = run(Account(service.url, Bearer(SECRET)).attend(request(wanted)), client.send)
    assert (response.status, response.headers["location"], len(service.seen)) == (301, "/tickets/8", 1)


def test_a_redirect_within_the_service_is_not_followed_either(service: Server, client: HttpClient) -> None:
    answering(service, Answer(302, b"", {"location": "/login"}))
    with pytest.raises(RequestRefused, match="check `base_url`"):
        run(Account(service.url, Bearer(SECRET)).attend(request(Request("GET", "/"))), client.send)
    assert len(service.seen) == 1


@pytest.mark.parametrize("auth", SCHEMES, ids=lambda auth: type(auth).__name__)
@pytest.mark.parametrize(
    "link",
    [
        "{stranger}/items?page=2",
        "http://localhost:{stranger_port}/items",
        "http://127.0.0.1:{port}@127.0.0.1:{stranger_port}/",
        "http://127.0.0.1:{port}\\@127.0.0.1:{stranger_port}/",
        "//127.0.0.1:{stranger_port}/items",
        "https://127.0.0.1:{port}/items",
    ],
)
def test_a_next_link_to_a_stranger_is_refused_and_the_stranger_sees_nothing(
    service: Server, stranger: Server, client: HttpClient, auth: Bearer, link: str
) -> None:
    target = link.format(stranger=stranger.url, stranger_port=stranger.port, port=service.port)
    answering(service, Answer(200, b"[]", {"link": f'<{target}>; rel="next"'}))
    account = Account(service.url, auth, retry=ONCE)
    with pytest.raises(UntrustedTarget):
        run(account.attend(read_pages(Request("GET", "/items"), lambda _page: [0], by_link())), client.send)
    assert len(service.seen) == 1
    assert stranger.seen == []


def test_the_guard_lets_the_services_own_next_link_through(service: Server, client: HttpClient) -> None:
    def paged(received: Received) -> Answer:
        more = {"link": f'<{service.url}/items?page=2>; rel="next"'} if "page" not in received.target else {}
        return Answer(200, b"[]", more)

    service.answer = paged
    account = Account(service.url, HeaderKey("Api-Token", SECRET))
    found = run(account.attend(read_pages(Request("GET", "/items"), lambda _page: [0], by_link())), client.send)
    assert found == [0, 0]
    assert [seen.headers["api-token"] for seen in service.seen] == [SECRET, SECRET]


def test_a_signed_link_at_a_stranger_is_fetched_without_any_credential(
    service: Server, stranger: Server, client: HttpClient
) -> None:
    account = Account(service.url, HeaderKey("Api-Token", SECRET), origins=[stranger.url])
    run(account.attend(request(Request("GET", f"{stranger.url}/file?sig=1", credentials=False))), client.send)
    assert len(stranger.seen) == 1
    assert SECRET not in stranger.received()


@pytest.mark.parametrize(
    "url",
    ["/path", "//127.0.0.1/", "https://a@127.0.0.1/", "http://127.0.0.1\\@evil.test/", "ftp://x/", "http://é.test/"],
)
def test_the_client_itself_dials_no_url_that_can_be_read_in_two_ways(client: HttpClient, url: str) -> None:
    with pytest.raises(UntrustedTarget, match="nothing was sent"):
        client.send(Request("GET", url))


def test_a_url_that_httpx_reads_otherwise_is_not_dialled(
    service: Server, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = httpx.URL(f"http://127.0.0.2:{service.port}/")

    def misread(_url: str) -> httpx.URL:
        return elsewhere

    monkeypatch.setattr(httpx, "URL", misread)
    with pytest.raises(UntrustedTarget):
        client.send(Request("GET", service.url))
    assert service.seen == []


def test_a_header_that_cannot_be_sent_is_refused_without_showing_it(service: Server, send: Sender) -> None:
    for value in (f"{SECRET}\r\nX-Evil: 1", f"{SECRET}\n", f"ü{SECRET}", f"{SECRET}\x00"):
        with pytest.raises(SettingsError, match="the header `x-key`") as caught:
            send(Request("GET", service.url, headers={"X-Key": value}))
        assert SECRET not in str(caught.value)
    assert service.seen == []


def test_proxies_passwords_and_cookies_of_the_machine_are_ignored(
    service: Server, stranger: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login ada password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, stranger.url)
    answering(service, Answer(200, b"{}", {"set-cookie": f"session={SECRET}; Path=/"}))
    with HttpClient(timeout=5.0) as client:
        for _ in range(2):
            client.send(Request("GET", service.url))
    assert stranger.seen == []
    assert len(service.seen) == 2
    assert SECRET not in service.received()
    assert "authorization" not in service.received().lower()


FAILURES = {
    "cut": Answer(200, b"[1", announced=99),
    "reset": Answer(is_reset=True),
    "refused": Answer(401, SECRET.encode()),
    "broken": Answer(500, SECRET.encode()),
    "redirect": Answer(302, b"", {"location": f"https://evil.test/?{SECRET}"}),
    "bomb": Answer(200, gzip.compress(b"\0" * 70_000_000), {"content-encoding": "gzip", "x-note": SECRET}),
    "encoding": Answer(200, SECRET.encode(), {"content-encoding": "br"}),
    "cookie": Answer(404, b"{}", {"set-cookie": SECRET}),
}


@pytest.mark.parametrize("failure", sorted(FAILURES))
def test_no_secret_is_in_any_log_or_traceback(
    service: Server, client: HttpClient, caplog: pytest.LogCaptureFixture, failure: str
) -> None:
    answering(service, FAILURES[failure])
    wanted = Request(
        "GET", "/people/ada@example.com", params=[("email", "ada@example.com")], headers={"X-Other": SECRET}
    )
    with caplog.at_level(logging.DEBUG):
        for auth in SCHEMES:
            account = Account(service.url, auth, retry=ONCE)
            with pytest.raises(AlignkitError) as caught:
                run(account.attend(request(wanted)), client.send)
            written = "".join(traceback.format_exception(caught.value)) + repr(chain(caught.value))
            assert SECRET not in written
            assert "ada@" not in written
    assert SECRET not in caplog.text
    assert "ada@" not in caplog.text
    assert "%40" not in caplog.text


def chain(error: BaseException | None) -> list[BaseException]:
    """An error and all it came from, hidden or not."""
    return [] if error is None else [error, *chain(error.__cause__), *chain(error.__context__)]


def test_an_error_of_the_network_does_not_carry_httpx_along(send: Sender) -> None:
    with pytest.raises(ServiceUnreachable) as caught:
        send(Request("GET", f"http://127.0.0.1:{closed_port()}/?key={SECRET}", headers={"X-Key": SECRET}))
    assert [type(error) for error in chain(caught.value)] == [ServiceUnreachable]


def test_an_applications_own_use_of_httpx_is_logged_as_before(
    service: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), HttpClient(timeout=5.0) as ours, httpx.Client(trust_env=False) as theirs:
        ours.send(Request("GET", f"{service.url}/ours"))
        assert [record for record in caplog.records if record.name.startswith("http")] == []
        theirs.get(f"{service.url}/theirs")
    assert {"httpx", "httpcore.http11"} <= {record.name for record in caplog.records}


def test_without_a_client_httpx_is_not_loaded() -> None:
    script = (
        "import sys, alignkit.transport as t; t.Account; before = 'httpx' in sys.modules; "
        "t.HttpClient; print(before, 'httpx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "True"]


def test_sync_and_async_clients_read_the_same_answers(service: Server) -> None:
    bodies = [b"[]", b'{"a": "b"}', b"", gzip.compress(b"x" * 9_999)]

    def numbered(received: Received) -> Answer:
        number = int(received.target.strip("/"))
        return Answer(200, bodies[number], {"content-encoding": "gzip"} if number == 3 else {})

    service.answer = numbered
    account = Account(service.url, Bearer("sample-token"))

    def ask(number: int) -> Flow[Response]:
        return account.attend(request(Request("GET", f"/{number}")))

    async def main() -> list[bytes]:
        async with AsyncHttpClient(timeout=5.0) as client:
            return [(await arun(ask(number), client.send)).content for number in range(4)]

    with HttpClient(timeout=5.0) as client:
        assert [run(ask(number), client.send).content for number in range(4)] == asyncio.run(main())

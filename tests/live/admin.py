"""Seeds and inspects the live servers through their own APIs, with the standard library alone.

Nothing here shares code with the connectors, so that a mistake of theirs cannot hide in its own mirror.
What the servers answer, where it surprises, is said at the call that meets it.
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, TypeAlias

from .servers import MailmanServer, RequestTrackerServer

SAMPLE_PASSWORD = "sample-password"
REQUEST_SECONDS = 30.0

Fields: TypeAlias = Sequence[tuple[str, str]] | Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What a server said: header names in lower case, the body parsed when it is JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any

    def expect(self, *statuses: int) -> Answer:
        if self.status not in statuses:
            raise AssertionError(f"expected {statuses}, got {self.status}: {self.body!r}")
        return self


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_named: object) -> None:
        return None


@dataclass(frozen=True)
class RestClient:
    """One server's API under one credential."""

    root: str
    authorization: str | None = None

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Fields = (),
        body: object | None = None,
        form: Fields | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends `body` as JSON or `form` as a web form; any status is returned, none raised."""
        address = self.root + path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        sent = dict(headers or {})
        data: bytes | None = None
        if body is not None:
            sent["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        elif form is not None:
            data = urllib.parse.urlencode(form).encode()
        if self.authorization is not None:
            sent["Authorization"] = self.authorization
        return _open(urllib.request.Request(address, data=data, method=method, headers=sent))

    def get(self, path: str, query: Fields = ()) -> Answer:
        return self.request("GET", path, query=query)


def _open(request: urllib.request.Request) -> Answer:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect())
    try:
        with opener.open(request, timeout=REQUEST_SECONDS) as response:
            return _answer(response.status, response.headers.items(), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers.items(), error.read())


def _answer(status: int, headers: Sequence[tuple[str, str]], content: bytes) -> Answer:
    try:
        body = json.loads(content)
    except ValueError:
        body = content.decode("utf-8", errors="replace")
    return Answer(status, {name.lower(): value for name, value in headers}, body)


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


# --- Request Tracker --------------------------------------------------------------------------------------

# Enough to read tickets with their requestors' addresses and the names and lifecycles of queues. A privileged
# user needs no right at all to read whether somebody else is privileged.
READING_RIGHTS = ("ShowTicket", "SeeQueue")
# Without this one every `LastUpdated` of a user but one's own reads 1970.
USER_CHANGES_RIGHT = "AdminUsers"


class RequestTrackerAdmin:
    """The administrator of one Request Tracker, who also speaks for customers and agents."""

    def __init__(self, server: RequestTrackerServer) -> None:
        self.server = server
        self.rest = self.as_user(server.username, server.password)

    @property
    def url(self) -> str:
        return self.server.url

    def as_user(self, name: str, password: str = SAMPLE_PASSWORD) -> RestClient:
        return RestClient(f"{self.url}/REST/2.0", basic(name, password))

    def with_token(self, token: str) -> RestClient:
        return RestClient(f"{self.url}/REST/2.0", f"token {token}")

    def add_user(
        self,
        name: str,
        *,
        email: str = "",
        real_name: str = "",
        privileged: bool = False,
        signs_in: bool = False,
        timezone: str = "",
    ) -> int:
        """Creates a user, who may sign in with `SAMPLE_PASSWORD`, and returns the numeric id.

        The answer to the creation gives the name as `id`, as every mention of a user in a ticket does; the
        number is in the user's own record only.
        """
        user = {"Name": name, "EmailAddress": email, "RealName": real_name, "Privileged": int(privileged)}
        secret = {"Password": SAMPLE_PASSWORD} if signs_in else {}
        self.rest.request("POST", "/user", body=user | secret).expect(201)
        if timezone:
            self.change_user(name, Timezone=timezone)
        number: int = self.rest.get(f"/user/{name}").expect(200).body["id"]
        return number

    def change_user(self, name: str, **fields: str | int) -> None:
        """Changes a user's fields. A user's tickets keep their `LastUpdated`: only the user tells."""
        self.rest.request("PUT", f"/user/{name}", body=fields).expect(200)

    def add_integration(self, name: str, *rights: str, timezone: str = "") -> str:
        """Creates a privileged user with these rights everywhere and returns a token of theirs."""
        self.add_user(name, email=f"{name}@example.test", privileged=True, timezone=timezone)
        if rights:
            self.server.grant_user(name, *rights)
        return self.server.token(name)

    def add_agent(self, name: str) -> None:
        """Creates a privileged user who may do what agents do in every queue, and signs in."""
        email = f"{name}@example.test"
        self.add_user(name, email=email, real_name=name.title(), privileged=True, signs_in=True)
        rights = ("ShowTicket", "SeeQueue", "CreateTicket", "ModifyTicket", "ReplyToTicket", "CommentOnTicket")
        self.server.grant_user(name, *rights)

    def add_queue(self, name: str, *, lifecycle: str = "default") -> int:
        """Creates a queue; the lifecycle `returns` has names that say nothing about their class."""
        answer = self.rest.request("POST", "/queue", body={"Name": name, "Lifecycle": lifecycle}).expect(201)
        return int(answer.body["id"])

    def let_everyone_write(self) -> None:
        """Lets anybody open tickets and reply to them, by mail or signed in, as help desks do."""
        self.server.grant_group("Everyone", "CreateTicket", "ReplyToTicket")

    def file_ticket(
        self,
        subject: str,
        *,
        requestors: Sequence[str] = (),
        queue: str = "General",
        author: RestClient | None = None,
        text: str = "It did not work.",
    ) -> int:
        """Files a ticket through the API; its creator is the author, whoever the requestors are.

        An unknown requestor's address creates an unprivileged user whose name is the address. Text that is
        no address is dropped without a word: 201, and nobody as requestor.
        """
        ticket = {
            "Queue": queue,
            "Subject": subject,
            "Requestor": list(requestors),
            "Content": text,
            "ContentType": "text/plain",
        }
        answer = (author or self.rest).request("POST", "/ticket", body=ticket).expect(201)
        return int(answer.body["id"])

    def receive_mail(
        self, sender: str, subject: str, text: str = "It did not work.", *, queue: str = "General", reply_to: int = 0
    ) -> int:
        """Delivers a customer's mail the way a mail server does, and returns the ticket it reached.

        The creator of such a ticket is its requestor. Needs `let_everyone_write`.
        """
        mail = EmailMessage()
        mail["From"], mail["To"] = sender, "desk@example.test"
        mail["Subject"] = f"Re: [desk.test #{reply_to}] {subject}" if reply_to else subject
        mail.set_content(text)
        form = {"message": mail.as_string(), "queue": queue, "action": "correspond", "SessionType": "REST"}
        gateway = RestClient(self.url)
        answer = gateway.request("POST", "/REST/1.0/NoAuth/mail-gateway", form=form).expect(200)
        if answer.body != "ok\n":
            raise AssertionError(f"the mail was not taken: {answer.body!r}")
        return reply_to or max(self.search(f"Requestor.EmailAddress = '{sender}'"))

    def correspond(self, ticket: int, text: str, *, author: RestClient | None = None) -> None:
        """Replies to the customer, who gets it by mail; a new ticket becomes open."""
        self._message(ticket, "correspond", text, author)

    def comment(self, ticket: int, text: str, *, author: RestClient | None = None) -> None:
        """Adds a note that the customer does not see."""
        self._message(ticket, "comment", text, author)

    def set_status(self, ticket: int, status: str, *, author: RestClient | None = None) -> None:
        """Changes the status and makes sure: an impossible one is answered 200 with a sentence."""
        (author or self.rest).request("PUT", f"/ticket/{ticket}", body={"Status": status}).expect(200)
        now = self.ticket(ticket)["Status"]
        if now != status:
            raise AssertionError(f"ticket {ticket} is {now!r}, not {status!r}")

    def merge(self, ticket: int, *, into: int) -> None:
        answer = self.rest.request("PUT", f"/ticket/{ticket}", body={"MergeInto": into}).expect(200)
        if answer.body != ["Merge Successful"]:
            raise AssertionError(f"not merged: {answer.body!r}")

    def delete(self, ticket: int) -> None:
        self.rest.request("DELETE", f"/ticket/{ticket}").expect(204)

    def ticket(self, ticket: int) -> dict[str, Any]:
        found: dict[str, Any] = self.rest.get(f"/ticket/{ticket}").expect(200).body
        return found

    def search(self, ticket_sql: str, *, reader: RestClient | None = None) -> list[int]:
        """The ids of the first hundred tickets that TicketSQL finds, in order."""
        query = {"query": ticket_sql, "orderby": "id", "per_page": "100"}
        answer = (reader or self.rest).get("/tickets", query).expect(200)
        return [int(item["id"]) for item in answer.body["items"]]

    def _message(self, ticket: int, kind: str, text: str, author: RestClient | None) -> None:
        body = {"Content": text, "ContentType": "text/plain"}
        (author or self.rest).request("POST", f"/ticket/{ticket}/{kind}", body=body).expect(201)


# --- Mailman ----------------------------------------------------------------------------------------------


class MailmanAdmin:
    """The owner of one Mailman's lists."""

    def __init__(self, server: MailmanServer) -> None:
        self.server = server
        self.rest = RestClient(f"{server.url}/3.1", basic(server.username, server.password))

    @property
    def url(self) -> str:
        return self.server.url

    def add_list(self, name: str, *, domain: str = "example.test") -> str:
        """Creates a list, and its domain where needed, and returns the list's id."""
        if self.rest.get(f"/domains/{domain}").status == 404:
            self.rest.request("POST", "/domains", form={"mail_host": domain}).expect(201)
        self.rest.request("POST", "/lists", form={"fqdn_listname": f"{name}@{domain}"}).expect(201)
        return f"{name}.{domain}"

    def join(self, list_id: str, address: str, *, display_name: str = "", delivery_status: str = "") -> str:
        """Subscribes an address without any confirmation and returns the member's id.

        A `delivery_status` given here is written at the member's own level.
        """
        form = {
            "list_id": list_id,
            "subscriber": address,
            "display_name": display_name,
            "pre_verified": "true",
            "pre_confirmed": "true",
            "pre_approved": "true",
            "send_welcome_message": "false",
        }
        if delivery_status:
            form["delivery_status"] = delivery_status
        answer = self.rest.request("POST", "/members", form=form).expect(201)
        return answer.headers["location"].rpartition("/")[2]

    def leave(self, member_id: str) -> None:
        self.rest.request("DELETE", f"/members/{member_id}").expect(204)

    def own_preferences(self, member_id: str) -> dict[str, Any]:
        """What is set at the member's own level; a name that is absent is inherited."""
        return _settings(self.rest.get(f"/members/{member_id}/preferences"))

    def effective_preferences(self, member_id: str) -> dict[str, Any]:
        """What holds after inheritance: member, then address, then user, then the server's default.

        `hide_address` is never among them.
        """
        return _settings(self.rest.get(f"/members/{member_id}/all/preferences"))

    def set_for_member(self, member_id: str, **preferences: str) -> None:
        self._set(f"/members/{member_id}", preferences)

    def set_for_address(self, address: str, **preferences: str) -> None:
        self._set(f"/addresses/{address}", preferences)

    def set_for_user(self, address: str, **preferences: str) -> None:
        self._set(f"/users/{address}", preferences)

    def clear_for_member(self, member_id: str) -> None:
        self.rest.request("DELETE", f"/members/{member_id}/preferences").expect(204)

    def find(self, list_id: str, **criteria: str) -> list[str]:
        """The addresses on a list that meet the criteria, such as `delivery_status="by_user"`.

        The status compared is the effective one. A `*` in `subscriber` matches anything.
        """
        body = self.rest.get("/members/find", {"list_id": list_id, **criteria}).expect(200).body
        return [entry["email"] for entry in body.get("entries", ())]

    def _set(self, path: str, preferences: Mapping[str, str]) -> None:
        self.rest.request("PATCH", f"{path}/preferences", form=preferences).expect(204)


def _settings(answer: Answer) -> dict[str, Any]:
    body: dict[str, Any] = answer.expect(200).body
    return {name: value for name, value in body.items() if name not in {"self_link", "http_etag"}}

"""Records what the live servers answer into `tests/recorded/`, for tests that need no server.

Run as `python -m tests.live.record` from the repository. Requests are written without their credential, and
the server's address as https://desk.example.test or https://lists.example.test; nothing else is altered.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .admin import READING_RIGHTS, USER_CHANGES_RIGHT, Fields, MailmanAdmin, RequestTrackerAdmin, RestClient
from .servers import REPOSITORY, MailmanServer, RequestTrackerServer

RECORDED = REPOSITORY / "tests" / "recorded"
# The rest of the headers differ from run to run and tell a connector nothing.
KEPT_HEADERS = ("content-type", "location", "etag", "last-modified", "date", "www-authenticate")


@dataclass(frozen=True)
class Recorder:
    """Writes one exchange after another into one folder."""

    folder: Path
    product: str
    address: str
    public_address: str

    def write(
        self,
        name: str,
        client: RestClient,
        method: str,
        path: str,
        *,
        query: Fields = (),
        body: object | None = None,
        form: Fields | None = None,
    ) -> None:
        answer = client.request(method, path, query=query, body=body, form=form)
        base_path = client.root.removeprefix(self.address)
        request: dict[str, object] = {"method": method, "path": base_path + path}
        if query:
            request["query"] = list(query.items() if isinstance(query, Mapping) else query)
        if body is not None:
            request["body"] = body
        if form is not None:
            request["form"] = list(form.items() if isinstance(form, Mapping) else form)
        exchange = {
            "source": f"recorded from {self.product} on loopback, {datetime.now(UTC):%Y-%m-%d}",
            "request": request,
            "status": answer.status,
            "headers": {header: answer.headers[header] for header in KEPT_HEADERS if header in answer.headers},
            "body": answer.body,
        }
        text = json.dumps(exchange, indent=2, ensure_ascii=False).replace(self.address, self.public_address)
        (self.folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def empty_folder(name: str) -> Path:
    folder = RECORDED / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


# --- Request Tracker --------------------------------------------------------------------------------------

TICKET_COLUMNS = (
    "Subject,Status,Queue,Owner,Creator,LastUpdatedBy,Requestor,Cc,Priority,Type,EffectiveId,"
    "Created,LastUpdated,Started,Told,Due,Resolved,CustomFields"
)
TICKET_FIELDS = (
    ("fields", TICKET_COLUMNS),
    ("fields[Requestor]", "id,Name,EmailAddress,RealName"),
    ("fields[Creator]", "id,Name,EmailAddress"),
    ("fields[Owner]", "id,Name"),
    ("fields[Queue]", "id,Name,Lifecycle"),
)
ORDER = (("orderby", "LastUpdated"), ("order", "ASC"), ("orderby", "id"), ("order", "ASC"))
USER_FIELDS = (("fields", "id,Name,EmailAddress,RealName,Created,LastUpdated"),)
LATEST_FIRST = (("orderby", "LastUpdated"), ("order", "DESC"), ("orderby", "id"), ("order", "DESC"))
HISTORY_FIELDS = (("fields", "Type,Creator,Created,Field,OldValue,NewValue,Data"), ("per_page", "100"))


@dataclass(frozen=True)
class Desk:
    """The tickets of a small help desk, one for each thing a connector must tell apart."""

    mailed: int
    called: int
    returned: int
    reopened: int
    resolved: int
    nobody: int
    merged: int
    survivor: int
    deleted: int


def seed_desk(rt: RequestTrackerAdmin) -> Desk:
    rt.let_everyone_write()
    rt.change_user("root", EmailAddress="root@example.test")
    rt.add_agent("agnes")
    agnes = rt.as_user("agnes")
    rt.add_queue("Returns", lifecycle="returns")
    rt.add_user("ada", email="ada@example.test", real_name="Ada Ünal")
    rt.add_user("walk-in", real_name="Walk In")
    desk = Desk(
        mailed=rt.receive_mail("carla@example.test", "The kettle leaks"),
        called=rt.file_ticket("Parcel not here", requestors=["ada@example.test"], author=agnes),
        returned=rt.file_ticket("Größe passt nicht", requestors=["bob@example.test"], queue="Returns"),
        reopened=rt.file_ticket("Wrong colour", requestors=["ada@example.test", "bob@example.test"]),
        resolved=rt.file_ticket("Invoice", requestors=["dee@example.test"]),
        nobody=rt.file_ticket("Printer is empty"),
        merged=rt.file_ticket("Lamp broken", requestors=["eve@example.test"]),
        survivor=rt.file_ticket("Lamp broken again", requestors=["eve@example.test", "walk-in"]),
        deleted=rt.file_ticket("Buy pills", requestors=["spam@example.test"]),
    )
    rt.correspond(desk.mailed, "Which model is it?", author=agnes)
    rt.receive_mail("carla@example.test", "The kettle leaks", "The red one.", reply_to=desk.mailed)
    rt.set_status(desk.returned, "in transit")
    for status in ("resolved", "open"):
        rt.set_status(desk.reopened, status)
    rt.set_status(desk.resolved, "resolved")
    rt.merge(desk.merged, into=desk.survivor)
    rt.delete(desk.deleted)
    return desk


def record_request_tracker(folder: Path) -> None:
    with RequestTrackerServer(folder) as server:
        rt = RequestTrackerAdmin(server)
        desk = seed_desk(rt)
        reader = rt.with_token(rt.add_integration("reader", *READING_RIGHTS))
        rights = (*READING_RIGHTS, USER_CHANGES_RIGHT, "CreateTicket", "CommentOnTicket", "ReplyToTicket")
        sync = rt.with_token(rt.add_integration("sync", *rights))
        version = sync.get("/rt").body["Version"].partition("+")[0]
        recorder = Recorder(
            empty_folder("request_tracker"),
            f"Request Tracker {version}",
            server.url,
            "https://desk.example.test",
        )
        record_tickets(recorder, sync, desk)
        record_people(recorder, sync, reader)
        record_queues(recorder, sync)
        outsider = rt.with_token(rt.add_integration("outsider"))
        record_refusals(recorder, sync, reader, outsider)
        record_writes(recorder, sync, desk)


def record_tickets(recorder: Recorder, sync: RestClient, desk: Desk) -> None:
    def search(name: str, ticket_sql: str, **paging: str) -> None:
        query = (("query", ticket_sql), *TICKET_FIELDS, *ORDER, *paging.items())
        recorder.write(name, sync, "GET", "/tickets", query=query)

    since = "LastUpdated >= '2020-01-01 00:00:00'"
    search("tickets_page_1", since, per_page="3", page="1")
    search("tickets_page_2", since, per_page="3", page="2")
    search("tickets_last_page", since, per_page="3", page="3")
    search("tickets_past_the_end", since, per_page="3", page="9")
    search("tickets_none", "LastUpdated >= '2999-01-01 00:00:00'", per_page="100")
    search("tickets_active", f"({since}) AND Status = '__Active__'", per_page="100")
    search("tickets_inactive", f"({since}) AND Status = '__Inactive__'", per_page="100")
    recorder.write("tickets_without_fields", sync, "GET", "/tickets", query={"query": since})
    for kind in ("mailed", "called", "returned", "reopened", "resolved", "nobody", "merged", "deleted"):
        recorder.write(f"ticket_{kind}", sync, "GET", f"/ticket/{getattr(desk, kind)}")
    for kind in ("mailed", "reopened", "survivor"):
        path = f"/ticket/{getattr(desk, kind)}/history"
        recorder.write(f"history_{kind}", sync, "GET", path, query=HISTORY_FIELDS)


def record_people(recorder: Recorder, sync: RestClient, reader: RestClient) -> None:
    for name in ("ada", "agnes", "carla@example.test", "sync"):
        file_name = f"user_{name.partition('@')[0]}"
        recorder.write(file_name, sync, "GET", f"/user/{name}")
    recorder.write("user_ada_without_admin_users", reader, "GET", "/user/ada")
    recorder.write("user_unknown", sync, "GET", "/user/nobody-of-that-name")

    def walk(name: str, client: RestClient, page: int) -> None:
        paging = (("find_disabled_rows", "1"), ("per_page", "4"), ("page", str(page)))
        query = (*USER_FIELDS, *LATEST_FIRST, *paging)
        recorder.write(name, client, "GET", "/users", query=query)

    walk("users_page_1", sync, 1)
    walk("users_page_2", sync, 2)
    walk("users_past_the_end", sync, 99)
    walk("users_without_admin_users", reader, 1)
    by_address = json.dumps([{"field": "EmailAddress", "value": "ada@example.test"}])
    recorder.write("users_by_address", sync, "GET", "/users", query=(("query", by_address), *USER_FIELDS))


def record_queues(recorder: Recorder, sync: RestClient) -> None:
    query = {"fields": "id,Name,Lifecycle,Disabled", "per_page": "100"}
    recorder.write("queues", sync, "GET", "/queues/all", query=query)
    recorder.write("queue_general", sync, "GET", "/queue/1")
    recorder.write("version", sync, "GET", "/rt")


def record_refusals(recorder: Recorder, sync: RestClient, reader: RestClient, outsider: RestClient) -> None:
    stranger = RestClient(sync.root, "token sample-token")
    recorder.write("unauthorized", stranger, "GET", "/tickets", query={"query": "id > 0"})
    recorder.write("forbidden", outsider, "GET", "/ticket/1")
    recorder.write("not_found", sync, "GET", "/ticket/999999")
    recorder.write("bad_query", sync, "GET", "/tickets", query={"query": "Nonsense = 1"})
    note = {"Content": "A note.", "ContentType": "text/plain"}
    ticket = {"Queue": "No such queue", "Subject": "Call back"}
    recorder.write("create_forbidden", reader, "POST", "/ticket", body=ticket)
    recorder.write("create_without_queue", sync, "POST", "/ticket", body={"Subject": "Call back"})
    recorder.write("comment_forbidden", reader, "POST", "/ticket/1/comment", body=note)
    recorder.write("comment_on_unknown_ticket", sync, "POST", "/ticket/999999/comment", body=note)
    recorder.write("status_refused", sync, "PUT", "/ticket/1", body={"Status": "bogus"})


def record_writes(recorder: Recorder, sync: RestClient, desk: Desk) -> None:
    text = {"Content": "A note.", "ContentType": "text/plain"}
    ticket = {"Queue": "General", "Subject": "Call back", "Requestor": ["ada@example.test"]}
    recorder.write("create", sync, "POST", "/ticket", body=ticket | text)
    recorder.write("comment", sync, "POST", f"/ticket/{desk.called}/comment", body=text)
    recorder.write("correspond", sync, "POST", f"/ticket/{desk.called}/correspond", body=text)


# --- Mailman ----------------------------------------------------------------------------------------------


def record_mailman(folder: Path) -> None:
    with MailmanServer(folder) as server:
        mailman = MailmanAdmin(server)
        list_id = mailman.add_list("offers")
        people = ("ada", "bob", "cy", "dee", "eve")
        members = {name: mailman.join(list_id, f"{name}@example.test", display_name=name.title()) for name in people}
        mailman.set_for_address("bob@example.test", delivery_status="by_user")
        mailman.set_for_user("cy@example.test", delivery_status="by_user")
        mailman.set_for_member(members["dee"], delivery_status="by_bounces")
        mailman.set_for_member(members["eve"], delivery_mode="plaintext_digests", hide_address="true")
        recorder = Recorder(empty_folder("mailman"), "Mailman core 3.3.10", server.url, "https://lists.example.test")
        record_lists(recorder, mailman.rest, list_id)
        record_preferences(recorder, mailman.rest, members)
        record_hold(recorder, mailman.rest, list_id, members)
        record_mailman_refusals(recorder, mailman.rest, list_id, members["ada"])


def record_lists(recorder: Recorder, rest: RestClient, list_id: str) -> None:
    recorder.write("list", rest, "GET", f"/lists/{list_id}")
    roster = f"/lists/{list_id}/roster/member"
    for name, page in (("page_1", "1"), ("last_page", "3"), ("past_the_end", "4")):
        recorder.write(f"roster_{name}", rest, "GET", roster, query={"count": "2", "page": page})

    def find(name: str, **criteria: str) -> None:
        recorder.write(name, rest, "GET", "/members/find", query={"list_id": list_id, **criteria})

    find("find_one", subscriber="ada@example.test")
    find("find_nobody", subscriber="zoe@example.test")
    find("find_by_user", delivery_status="by_user", count="50", page="1")
    find("find_by_moderator_before", delivery_status="by_moderator", count="50", page="1")


def record_preferences(recorder: Recorder, rest: RestClient, members: Mapping[str, str]) -> None:
    recorder.write("member", rest, "GET", f"/members/{members['ada']}")
    for name, member in members.items():
        recorder.write(f"own_preferences_{name}", rest, "GET", f"/members/{member}/preferences")
        recorder.write(f"all_preferences_{name}", rest, "GET", f"/members/{member}/all/preferences")


def record_hold(recorder: Recorder, rest: RestClient, list_id: str, members: Mapping[str, str]) -> None:
    """Holds eve, who has preferences of her own, and releases her as the sink must."""
    path = f"/members/{members['eve']}/preferences"
    held = {"list_id": list_id, "delivery_status": "by_moderator", "count": "50", "page": "1"}
    recorder.write("hold", rest, "PATCH", path, form={"delivery_status": "by_moderator"})
    recorder.write("held_own_preferences", rest, "GET", path)
    recorder.write("find_by_moderator_held", rest, "GET", "/members/find", query=held)
    recorder.write("release_clear", rest, "DELETE", path)
    recorder.write("release_cleared_preferences", rest, "GET", path)
    restored = {"delivery_mode": "plaintext_digests", "hide_address": "True"}
    recorder.write("release_restore", rest, "PATCH", path, form=restored)
    recorder.write("released_own_preferences", rest, "GET", path)


def record_mailman_refusals(recorder: Recorder, rest: RestClient, list_id: str, member: str) -> None:
    unknown = "0" * 32
    recorder.write("unauthorized", RestClient(rest.root), "GET", f"/lists/{list_id}")
    recorder.write("list_not_found", rest, "GET", "/lists/none.example.test/roster/member")
    recorder.write("member_not_found", rest, "GET", f"/members/{unknown}")
    path = f"/members/{unknown}/preferences"
    recorder.write("preferences_not_found", rest, "PATCH", path, form={"delivery_status": "by_moderator"})
    bogus = {"delivery_status": "bogus"}
    recorder.write("status_refused", rest, "PATCH", f"/members/{member}/preferences", form=bogus)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        record_request_tracker(Path(folder) / "request-tracker")
        record_mailman(Path(folder) / "mailman")


if __name__ == "__main__":
    main()

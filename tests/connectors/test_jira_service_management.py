"""Holds the connector for Jira Service Management to the kit as its sheet describes it, and to what is particular."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

import pytest

from alignkit.connectors.base import Checkpoint, Fetched, NewIssue, Page, Run
from alignkit.connectors.jira_service_management import JiraServiceManagement
from alignkit.errors import (
    CredentialsRejected,
    CursorExpired,
    DataInvalid,
    PagingStuck,
    PermissionMissing,
    RequestRefused,
    SettingsError,
)
from alignkit.models import Issue, SurveyResponse
from alignkit.models.events import ContactChanged, IssueChanged, IssueRemoved, SurveyAnswered
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import Initiator, IssueStatus, Priority, SurveyBucket
from alignkit.stores import MemoryStore
from alignkit.stores.records import Batch
from alignkit.sync import Sync
from alignkit.testing import SheetTests
from alignkit.testing.sheet import Sheet
from alignkit.testing.sheet.service import SheetService
from alignkit.transport import JsonValue, MemoryTokens, Request, Response

from .answering import NOW, Answers, answer
from .driving import drive
from .sheets.jira_service_management import JIRA

SEARCH = "/rest/api/3/search/jql"
ISSUE = "/rest/api/3/issue/7"
EIGHT = "/rest/api/3/issue/8"
NINE = "/rest/api/3/issue/9"
DESKS = "/rest/servicedeskapi/servicedesk"
ORGANIZATIONS = "/rest/servicedeskapi/organization"
REQUEST = "/rest/servicedeskapi/request/7"
ADA: JsonValue = {"accountId": "qm:1", "accountType": "customer", "displayName": "Ada"}
AGENT: JsonValue = {"accountId": "712020:9", "accountType": "atlassian"}


def jira(**settings: Any) -> JiraServiceManagement:
    return JiraServiceManagement("acme", "agent@example.com", "sample-token", **settings)


def issue(id: str = "7", category: str | None = "indeterminate", **fields: JsonValue) -> dict[str, JsonValue]:
    return {
        "id": id,
        "key": f"SUP-{id}",
        "fields": {
            "status": {"name": "In progress", "statusCategory": {"key": category}},
            "reporter": ADA,
            "creator": ADA,
            "created": "2026-03-02T10:00:00.000+0100",
            "updated": "2026-03-02T11:00:00.500+0100",
            **fields,
        },
    }


def read(by: JiraServiceManagement, stream: str, service: Answers, at: Checkpoint | None = None, **run: Any) -> Page:
    return drive(by, by.read(stream, at, Run(NOW, **run)), service)


def issue_of(by: JiraServiceManagement | None = None, category: str | None = "indeterminate", **fields: Any) -> Issue:
    page = read(by or jira(), "issues", Answers({SEARCH: {"issues": [issue(category=category, **fields)]}}))
    assert not page.quarantined
    [found] = issues(page.events)
    return found


def issues(events: Sequence[object]) -> list[Issue]:
    return [one.data for one in events if isinstance(one, IssueChanged)]


def sent(service: Answers) -> dict[str, Any]:
    body = service.asked[-1].json
    assert isinstance(body, dict)
    return body


# Settings


@pytest.mark.parametrize("site", ["acme/x", "acme@evil", "acme:80", "ac me", "acme.evil", ""])
def test_a_site_that_could_name_another_host_is_refused_before_any_request(site: str) -> None:
    with pytest.raises(SettingsError, match="site"):
        JiraServiceManagement(site, "agent@example.com", "sample-token")


@pytest.mark.parametrize(
    "given",
    [
        {"site": "acme"},
        {"site": "acme", "email": "a@example.com"},
        {"site": "acme", "access_token": "sample-token"},
        {"email": "a@example.com", "token": "sample-token"},
        {"site": "acme", "email": "a@example.com", "token": "sample-token", "projects": ['SUP") OR (x']},
        {"site": "acme", "access_token": "sample-token", "cloud_id": "../../x"},
        {"site": "acme", "email": "a@example.com", "token": "sample-token", "cloud_id": "07779958-e747"},
        {"site": "acme", "refresh_token": "sample-token", "client_id": "app", "client_secret": "sample-secret"},
        {"site": "acme", "refresh_token": "sample-token", "cloud_id": "07779958-e747"},
        {"site": "acme", "email": "a@example.com", "token": "sample-token", "sees_all": True},
    ],
)
def test_settings_that_are_not_whole_or_not_plain_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        JiraServiceManagement(**given)


def test_an_app_reaches_its_site_through_the_common_host() -> None:
    app = JiraServiceManagement("acme", access_token="sample-token", cloud_id="07779958-e747")
    service = Answers({"/ex/jira/07779958-e747/rest/api/3/search/jql": {"issues": [issue()]}})
    [found] = issues(read(app, "issues", service).events)
    assert service.asked[0].url.startswith("https://api.atlassian.com/")
    assert found.url == "https://acme.atlassian.net/browse/SUP-7"


def test_an_apps_tokens_are_renewed_where_atlassian_gives_them_and_nowhere_else() -> None:
    app = JiraServiceManagement(
        "acme",
        refresh_token="sample-token",
        client_id="app",
        client_secret="sample-secret",
        cloud_id="07779958-e747",
        tokens=MemoryTokens(),
    )
    service = Answers(
        {
            "/oauth/token": {"access_token": "sample-access", "refresh_token": "sample-next", "expires_in": 3600},
            "/ex/jira/07779958-e747/rest/api/3/search/jql": {"issues": []},
        }
    )
    read(app, "issues", service)
    asked, searched = service.asked
    assert asked.url == "https://auth.atlassian.com/oauth/token"
    assert dict(asked.form or ()) == {
        "grant_type": "refresh_token",
        "refresh_token": "sample-token",
        "client_id": "app",
        "client_secret": "sample-secret",
    }
    assert searched.headers["Authorization"] == "Bearer sample-access"


def test_a_login_that_is_refused_is_told_by_the_names_of_its_settings() -> None:
    with pytest.raises(CredentialsRejected, match="`email` and `token`"):
        read(jira(), "issues", Answers({SEARCH: answer({}, 401)}))


# Walking


def test_a_bound_is_written_in_milliseconds_whatever_the_users_zone() -> None:
    service = Answers({SEARCH: {"issues": []}})
    mark = datetime(2026, 3, 4, 11, 0, 59, tzinfo=UTC)
    read(jira(), "issues", service, {"mark": mark.isoformat()})
    since = int(datetime(2026, 3, 4, 10, 45, tzinfo=UTC).timestamp()) * 1000
    wanted = f"projectType = service_desk AND updated >= {since} ORDER BY created ASC, key ASC"
    assert sent(service)["jql"] == wanted
    assert {"created", "updated", "status", "reporter"} <= set(sent(service)["fields"])


def test_projects_bound_the_search() -> None:
    service = Answers({SEARCH: {"issues": []}})
    read(jira(projects=["SUP", "IT"]), "issues", service)
    assert sent(service)["jql"].startswith('project in ("SUP", "IT") AND updated >= 0 ')


def test_a_page_that_begins_as_the_last_one_did_ends_the_walk() -> None:
    service = Answers({SEARCH: {"issues": [issue()], "nextPageToken": "t1"}})
    first = read(jira(), "issues", service)
    with pytest.raises(PagingStuck):
        read(jira(), "issues", service, first.checkpoint)


def test_the_next_window_begins_before_the_services_clock_at_the_first_page() -> None:
    service = Answers({SEARCH: {"issues": [issue()], "isLast": False}})
    page = read(jira(), "issues", service)
    assert (page.more, page.checkpoint) == (False, {"mark": "2026-03-04T11:59:00Z"})


def test_a_position_that_is_not_known_is_told_as_expired() -> None:
    service = Answers({SEARCH: answer({"errorMessages": ["the token has expired"]}, 400)})
    with pytest.raises(CursorExpired):
        read(jira(), "issues", service, {"walk": {"token": "old"}})


def test_customers_are_read_desk_by_desk_once_a_day() -> None:
    one: JsonValue = {"values": [{"id": "1"}], "isLastPage": False}
    other: JsonValue = {"values": [{"id": "2"}], "isLastPage": True}
    service = Answers(
        {
            DESKS: (answer(one), answer(one), answer(other)),
            f"{DESKS}/1/customer": (
                answer({"values": [{"accountId": "a", "emailAddress": "a@example.com"}], "isLastPage": False}),
                answer({"values": [{"accountId": "b"}], "isLastPage": True}),
            ),
            f"{DESKS}/2/customer": {"values": [], "isLastPage": True},
        }
    )
    source, checkpoint, found = jira(), None, list[str]()
    while True:
        page = read(source, "customers", service, checkpoint)
        found += [event.subject for event in page.events]
        checkpoint = page.checkpoint
        if not page.more:
            break
    assert found == ["a", "b"]
    assert service.queries(f"{DESKS}/1/customer")[1]["start"] == "1"
    asked = len(service.asked)
    assert read(source, "customers", service, checkpoint).events == ()
    assert len(service.asked) == asked


def test_only_customers_of_the_projects_that_are_read_are_asked_for() -> None:
    internal: JsonValue = {"values": [{"id": "1", "projectKey": "HR"}], "isLastPage": False}
    ours: JsonValue = {"values": [{"id": "2", "projectKey": "sup"}], "isLastPage": True}
    people: JsonValue = {"values": [{"accountId": "a"}], "isLastPage": True}
    service = Answers({DESKS: (answer(internal), answer(ours)), f"{DESKS}/2/customer": people})
    source = jira(projects=["SUP"])
    first = read(source, "customers", service)
    last = read(source, "customers", service, first.checkpoint)
    assert ([*first.events], [event.subject for event in last.events]) == ([], ["a"])
    assert (first.more, last.more) == (True, False)


def test_a_service_desk_that_hides_its_customers_is_named() -> None:
    desks: JsonValue = {"values": [{"id": "1", "projectKey": "HR"}], "isLastPage": True}
    with pytest.raises(PermissionMissing, match=r"HR.*projects"):
        read(jira(), "customers", Answers({DESKS: desks, f"{DESKS}/1/customer": answer({}, 403)}))


def test_a_site_without_service_desks_has_no_customers() -> None:
    page = read(jira(), "customers", Answers({DESKS: {"values": [], "isLastPage": True}}))
    assert (page.events, page.more) == ((), False)


# Meaning


@pytest.mark.parametrize(
    ("category", "name", "resolution", "status"),
    [
        ("new", "Waiting for support", None, IssueStatus.NEW),
        ("indeterminate", "Waiting for customer", None, IssueStatus.WAITING_ON_CUSTOMER),
        ("indeterminate", "On hold", None, IssueStatus.WAITING_ON_THIRD_PARTY),
        ("indeterminate", "Baking", "Done", IssueStatus.OPEN),
        ("done", "Closed", None, IssueStatus.RESOLVED),
        ("done", "Waiting for customer", None, IssueStatus.RESOLVED),
        ("done", "Closed", "Won't Do", IssueStatus.CANCELLED),
        ("done", "Closed", "Duplicate", IssueStatus.RESOLVED),
        ("undefined", "Odd", None, IssueStatus.UNKNOWN),
        (None, "Odd", None, IssueStatus.UNKNOWN),
    ],
)
def test_a_status_counts_by_its_category(category: str | None, name: str, resolution: str, status: IssueStatus) -> None:
    fields: dict[str, JsonValue] = {
        "status": {"name": name, "statusCategory": {"key": category}},
        "resolution": {"name": resolution} if resolution else None,
        "resolutiondate": "2026-03-02T11:00:00.000+0100",
    }
    found = issue_of(None, category, **fields)
    assert (found.status, found.status_raw) == (status, name)
    assert (found.resolved_at is not None) is (status.is_active is False)


def link(kind: str, **other: str) -> JsonValue:
    return {"type": {"name": kind}, **{side: {"id": id, "key": f"SUP-{id}"} for side, id in other.items()}}


@pytest.mark.parametrize(
    ("links", "survivor"),
    [
        ([link("Duplicate", outwardIssue="9")], "9"),
        (
            [link("Blocks", outwardIssue="8"), link("Duplicate", inwardIssue="8"), link("Duplicate", outwardIssue="9")],
            "9",
        ),
        ([link("Duplicate", inwardIssue="9")], "9"),
        ([link("Blocks", outwardIssue="9")], None),
        ([{"type": None, "outwardIssue": {"id": "9"}}], None),
        (None, None),
    ],
)
def test_a_duplicate_goes_on_in_the_issue_that_it_is_linked_to(links: JsonValue, survivor: str | None) -> None:
    page = read(jira(), "issues", Answers({SEARCH: {"issues": [a_duplicate(links)]}}))
    [found] = issues(page.events)
    assert found.merged_into == survivor
    assert found.status is (IssueStatus.MERGED if survivor else IssueStatus.RESOLVED)
    assert (Ref("issue", "9", "survivor") in page.wanted) is (survivor is not None)


def a_duplicate(links: JsonValue) -> dict[str, JsonValue]:
    return issue("7", "done", resolution={"name": "Duplicate"}, issuelinks=links)


def test_a_duplicates_customer_waits_for_the_issue_that_it_goes_on_in() -> None:
    """The survivor is of a project that the stream does not read; it comes by id."""
    bob: JsonValue = {"accountId": "qm:2", "displayName": "Bob"}
    survivor = issue("9", reporter=bob, creator=bob)
    service = Answers({SEARCH: {"issues": [a_duplicate([link("Duplicate", outwardIssue="9")])]}, NINE: survivor})
    source, store = jira(), MemoryStore()
    page = read(source, "issues", service)
    fetched = drive(source, source.fetch([ref for ref in page.wanted if ref.id == "9"], Run(NOW)), service)
    store.apply(Batch(source.name, page.events, NOW, stream="issues", checkpoint=page.checkpoint, ended=True))
    store.apply(Batch(source.name, fetched.events, NOW))
    held = store.facts("helpdesk_user:jira_service_management/qm:1", {"issues"}).issues
    assert [one.ref for one in held if one.active] == ["jira_service_management/issue/9"]


def test_an_end_without_a_resolution_is_dated_by_the_change_of_its_category() -> None:
    found = issue_of(None, "done", statuscategorychangedate="2026-03-02T10:30:00.000+0100")
    assert found.resolved_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_a_site_can_say_what_its_own_statuses_mean() -> None:
    assert issue_of(jira(statuses={"In Progress": "snoozed"})).status is IssueStatus.SNOOZED


def test_times_with_an_offset_without_a_colon_are_read_in_utc() -> None:
    found = issue_of()
    assert found.remote_updated_at == datetime(2026, 3, 2, 10, 0, 0, 500_000, UTC)
    assert found.created_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("creator", "initiator", "wrote"),
    [
        (ADA, Initiator.CUSTOMER, True),
        (AGENT, Initiator.AGENT, None),
        ({"accountId": "app:1", "accountType": "app"}, Initiator.SYSTEM, None),
        (None, None, None),
    ],
)
def test_who_began_an_issue_is_its_creator(creator: JsonValue, initiator: Initiator | None, wrote: bool | None) -> None:
    found = issue_of(creator=creator)
    assert (found.initiated_by, found.customer_wrote) == (initiator, wrote)


def test_a_customers_request_stays_one_when_an_agent_names_another_reporter() -> None:
    other: JsonValue = {"accountId": "qm:2", "accountType": "customer"}
    found = issue_of(jira(outbound_labels=["winback"]), creator=other, labels=["winback"])
    assert (found.initiated_by, found.customer_wrote) == (Initiator.CUSTOMER, True)


def test_an_agents_own_request_was_written_by_its_reporter() -> None:
    found = issue_of(creator=AGENT, reporter=AGENT)
    assert (found.initiated_by, found.customer_wrote) == (None, True)


def test_an_issue_tells_its_reporter_priority_and_place() -> None:
    reporter: JsonValue = {"accountId": "qm:1", "emailAddress": "ada@example.com", "displayName": "Ada"}
    found = issue_of(reporter=reporter, priority={"name": "Highest"}, project={"key": "SUP"}, labels=["vip"])
    assert (found.requester_id, found.requester_email, found.requester_name) == ("qm:1", "ada@example.com", "Ada")
    assert (found.priority, found.queue, found.tags) == (Priority.URGENT, "SUP", ("vip",))


def test_an_issue_whose_reporter_is_hidden_is_kept() -> None:
    assert issue_of(reporter=None).requester_id is None


def test_what_no_search_tells_is_wanted_where_it_matters() -> None:
    recent, old = "2026-03-03T11:00:00.000+0100", "2026-01-03T11:00:00.000+0100"
    rows: JsonValue = [
        issue("1"),
        issue("2", creator=AGENT),
        issue("3", creator=AGENT, labels=["winback"]),
        issue("4", category="done", updated=recent),
        issue("5", category="done", updated=old),
        issue("6", category="done", updated=recent, creator=AGENT, resolution={"name": "Declined"}),
        issue("7", category="done", updated=old, creator=AGENT),
    ]
    page = read(jira(outbound_labels=["winback"]), "issues", Answers({SEARCH: {"issues": rows}}))
    assert [(ref.kind, ref.id, ref.reason) for ref in page.wanted] == [
        ("issue", "2", "participants"),
        ("issue", "3", "who wrote"),
        ("feedback", "4", "rating"),
        ("issue", "6", "participants"),
    ]


def test_who_asks_for_the_first_time_is_looked_up_where_the_address_is_hidden() -> None:
    today = "2026-03-04T11:00:00.000+0100"
    shown: JsonValue = {"accountId": "qm:3", "emailAddress": "cy@example.com"}
    rows: JsonValue = [issue("1", created=today), issue("2"), issue("3", created=today, reporter=shown, creator=shown)]
    page = read(jira(), "issues", Answers({SEARCH: {"issues": rows}}))
    assert list(page.wanted) == [Ref("requester", "1", "address")]


# By id


ISSUE_7 = Ref("issue", "7")
PERMITTED = "/rest/api/3/permissions/project"


def fetched(prepared: Mapping[str, Any], *refs: Ref, **settings: Any) -> Fetched:
    source = jira(**settings)
    return drive(source, source.fetch(refs or (ISSUE_7,), Run(NOW)), Answers(prepared))


def test_all_participants_of_a_request_on_behalf_are_affected() -> None:
    def page(numbers: range, *, is_last: bool) -> Response:
        people: list[JsonValue] = [{"accountId": f"qm:{n}", "emailAddress": f"{n}@example.com"} for n in numbers]
        return answer({"values": people, "isLastPage": is_last})

    service = Answers(
        {
            ISSUE: issue(creator=AGENT),
            f"{REQUEST}/participant": (page(range(50), is_last=False), page(range(50, 80), is_last=True)),
        }
    )
    source = jira()
    found = drive(source, source.fetch([ISSUE_7], Run(NOW)), service)
    [changed] = issues(found.events)
    assert set(changed.affected_ids) == {f"qm:{n}" for n in range(80) if n != 1}
    assert [one["start"] for one in service.queries(f"{REQUEST}/participant")] == ["0", "50"]
    people = [event for event in found.events if isinstance(event, ContactChanged)]
    assert len(people) == 80


def test_participants_that_may_not_be_seen_are_asked_for_again_and_nobody_is_dropped() -> None:
    gateway = answer({"message": "no route"}, 404)
    assert not fetched({ISSUE: issue(creator=AGENT), f"{REQUEST}/participant": gateway}).done
    hidden = fetched({ISSUE: issue(creator=AGENT), f"{REQUEST}/participant": answer({}, 403)})
    seen = fetched({ISSUE: issue(creator=AGENT), f"{REQUEST}/participant": {"values": [{"accountId": "qm:2"}]}})
    assert (list(hidden.done), list(seen.done)) == ([], [ISSUE_7])
    [older], [newer] = ([one for one in found.events if isinstance(one, IssueChanged)] for found in (hidden, seen))
    assert older.source_version < newer.source_version


@pytest.mark.parametrize("kind", ["issue", "contact", "requester"])
def test_what_something_in_between_answers_is_told_and_asked_for_again(kind: str) -> None:
    ref = Ref(kind, "7")
    for nowhere in (Response(404, {}, b"<html>nginx</html>"), answer({"message": "no Route matched"}, 404)):
        found = fetched({ISSUE: nowhere, REQUEST: nowhere, "/rest/api/3/user": nowhere}, ref)
        assert (list(found.events), list(found.done), len(found.gaps)) == ([], [], 1)


def test_participants_that_come_again_and_again_end_the_fetch() -> None:
    again: JsonValue = {"values": [{"accountId": "qm:1"}], "isLastPage": False}
    with pytest.raises(PagingStuck):
        fetched({ISSUE: issue(creator=AGENT), f"{REQUEST}/participant": again})


def test_several_issues_are_read_at_once_and_as_they_stand() -> None:
    service = Answers({SEARCH: {"issues": [issue("7"), issue("8")]}})
    source = jira()
    refs = [ISSUE_7, Ref("issue", "8")]
    found = drive(source, source.fetch(refs, Run(NOW)), service)
    assert [one.id for one in issues(found.events)] == ["7", "8"]
    assert list(found.done) == refs
    assert len(service.asked) == 1
    assert (sent(service)["reconcileIssues"], sent(service)["maxResults"]) == ([7, 8], 2)
    assert sent(service)["jql"].startswith("id in (7, 8) ORDER BY")


@pytest.mark.parametrize("together", [answer({"errorMessages": ["no such issue"]}, 400), answer({"issues": []})])
def test_issues_that_do_not_come_together_are_read_one_by_one(together: Response) -> None:
    found = fetched({SEARCH: together, ISSUE: issue("7"), EIGHT: issue("8")}, ISSUE_7, Ref("issue", "8"))
    assert [one.id for one in issues(found.events)] == ["7", "8"]


def test_a_requesters_address_is_read_where_service_desks_show_it() -> None:
    shown: JsonValue = {"issueId": "7", "reporter": {"accountId": "qm:1", "emailAddress": "ada@example.com"}}
    found = fetched({REQUEST: shown}, Ref("requester", "7"))
    [event] = found.events
    assert isinstance(event, ContactChanged)
    assert (event.data.id, event.data.emails) == ("qm:1", ("ada@example.com",))
    nobody = fetched({REQUEST: answer({"errorMessage": "no request"}, 404)}, Ref("requester", "7"))
    assert (list(nobody.events), list(nobody.done)) == ([], [Ref("requester", "7")])


def test_a_person_is_read_by_id() -> None:
    ref = Ref("contact", "qm:1")
    person: JsonValue = {"accountId": "qm:1", "emailAddress": "ada@example.com", "displayName": "Ada"}
    found = fetched({"/rest/api/3/user": person}, ref)
    [event] = found.events
    assert isinstance(event, ContactChanged)
    assert (event.data.emails, list(found.done)) == (("ada@example.com",), [ref])


@pytest.mark.parametrize(
    ("response", "is_done"),
    [
        (answer({"errorMessages": ["the user does not exist"]}, 404), True),
        (answer({"message": "no route"}, 404), False),
        (answer({"errorMessages": []}, 403), False),
    ],
)
def test_a_person_who_cannot_be_seen_is_asked_for_again(response: Response, is_done: bool) -> None:
    found = fetched({"/rest/api/3/user": response}, Ref("contact", "qm:1"))
    assert (list(found.events), bool(found.done)) == ([], is_done)


@pytest.mark.parametrize(
    ("authors", "total", "initiator", "wrote"),
    [
        ([AGENT], 1, Initiator.CAMPAIGN, False),
        ([], 0, Initiator.CAMPAIGN, False),
        ([AGENT, ADA], 2, Initiator.AGENT, True),
        ([{"accountId": "qm:5", "accountType": "customer"}], 1, Initiator.AGENT, True),
        ([AGENT], 2, Initiator.AGENT, None),
        ([None], 1, Initiator.AGENT, None),
    ],
)
def test_an_outbound_label_makes_a_campaigns_of_what_no_customer_wrote_in(
    authors: list[JsonValue], total: int, initiator: Initiator, wrote: bool | None
) -> None:
    comments: JsonValue = {"comments": [{"author": author} for author in authors], "total": total}
    found = fetched(
        {
            ISSUE: issue(creator=AGENT, labels=["winback"]),
            f"{REQUEST}/participant": answer({}, 404),
            f"{ISSUE}/comment": comments,
        },
        outbound_labels=["winback"],
    )
    [one] = issues(found.events)
    assert (one.initiated_by, one.customer_wrote) == (initiator, wrote)


FEEDBACK = Ref("feedback", "7")
FIELDS = "/rest/api/3/field"
RATED: JsonValue = {"type": "csat", "rating": 1, "comment": {"body": "slow"}}
OVER = issue(category="done", updated="2026-03-04T09:00:00.000+0100", resolutiondate="2026-03-02T09:00:00.000+0100")
DATED: JsonValue = [
    {"id": "summary", "schema": {"type": "string"}},
    {"id": "customfield_10070", "schema": {"custom": "com.atlassian.servicedesk:sd-request-feedback-date"}},
]


def answers_of(found: Fetched) -> list[SurveyResponse]:
    return [event.data for event in found.events if isinstance(event, SurveyAnswered)]


def test_feedback_on_a_request_that_is_over_is_an_answer() -> None:
    prepared: dict[str, JsonValue] = {f"{REQUEST}/feedback": RATED, FIELDS: [], ISSUE: OVER}
    [rated] = answers_of(fetched(prepared, FEEDBACK))
    assert (rated.reading, rated.comment, rated.issue_id) == (SurveyBucket.BAD, "slow", "7")
    [silent] = answers_of(fetched(prepared, FEEDBACK, keeps_text=False))
    assert silent.comment is None


def test_feedback_is_dated_by_the_field_that_tells_it_and_never_by_a_later_change_of_the_issue() -> None:
    dated: dict[str, JsonValue] = {
        **OVER,
        "fields": {**cast("dict[str, JsonValue]", OVER["fields"]), "customfield_10070": GIVEN},
    }
    service = Answers({f"{REQUEST}/feedback": RATED, FIELDS: DATED, ISSUE: dated})
    source = jira()
    [exact] = answers_of(drive(source, source.fetch([FEEDBACK], Run(NOW)), service))
    assert exact.responded_at == exact.remote_updated_at == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert "customfield_10070" in service.queries(ISSUE)[0]["fields"]
    [rough] = answers_of(fetched({f"{REQUEST}/feedback": RATED, FIELDS: answer({}, 403), ISSUE: OVER}, FEEDBACK))
    assert rough.responded_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


GIVEN = "2026-03-03T10:00:00.000+0100"


def test_feedback_on_a_request_that_is_open_again_waits_for_a_time() -> None:
    found = fetched({f"{REQUEST}/feedback": RATED, FIELDS: [], ISSUE: issue()}, FEEDBACK)
    assert (answers_of(found), list(found.done)) == ([], [FEEDBACK])


@pytest.mark.parametrize("status", [400, 403, 404, 412])
def test_a_plan_without_feedback_is_told_and_costs_nothing(status: int) -> None:
    found = fetched({f"{REQUEST}/feedback": answer({}, status)}, FEEDBACK)
    assert (list(found.events), list(found.done)) == ([], [FEEDBACK])
    # A request that nobody rated is one that is not found.
    assert bool(found.gaps) is (status != 404)


def test_feedback_that_comes_days_after_the_one_look_is_found_by_the_daily_list() -> None:
    given: list[JsonValue] = []

    def send(wanted: Request) -> Response:
        feedback = answer(given[0]) if given else answer({"errorMessage": "none"}, 404)
        known: dict[str, Any] = {SEARCH: {"issues": [OVER]}, FIELDS: [], ISSUE: OVER, f"{REQUEST}/feedback": feedback}
        path = urlsplit(wanted.url).path
        return Answers({path: known.get(path, NOBODY)}, now[0])(wanted)

    store, now = MemoryStore(), [NOW]
    for day in range(4):
        now[0] = NOW + timedelta(days=day)
        if day == 3:
            given.append(RATED)
        Sync(store, send=send).pull(jira(), now=now[0])
        assert len([event for event in store.events() if isinstance(event, SurveyAnswered)]) == len(given)


def test_what_was_over_and_changed_within_two_weeks_is_listed_once_a_day() -> None:
    rows: JsonValue = [{**OVER, "id": "1"}, issue("2", "done", resolution={"name": "Declined"}, updated=GIVEN)]
    service = Answers({SEARCH: {"issues": rows}})
    page = read(jira(projects=["SUP"]), "feedback", service)
    assert list(page.wanted) == [Ref("feedback", "1", "rating")]
    conditions = 'project in ("SUP") AND statusCategory = Done AND updated >= -14d ORDER BY created ASC, key ASC'
    assert sent(service)["jql"] == conditions
    again = read(jira(projects=["SUP"]), "feedback", service, page.checkpoint)
    assert (len(service.asked), again.wanted, again.checkpoint) == (1, (), page.checkpoint)


NOT_FOUND = answer({"errorMessages": ["Issue does not exist or you do not have permission to see it."]}, 404)
SUP: JsonValue = {"projects": [{"id": 10_000, "key": "SUP"}]}
OTHER: JsonValue = {"projects": [{"id": 10_001, "key": "IT"}]}


def test_what_jira_does_not_find_is_gone_only_where_nothing_can_be_hidden() -> None:
    whole = fetched({ISSUE: NOT_FOUND, PERMITTED: SUP}, projects=["sup"], sees_all=True)
    assert ([type(event) for event in whole.events], list(whole.done), whole.gaps) == ([IssueRemoved], [ISSUE_7], [])
    for prepared, settings in (
        ({ISSUE: NOT_FOUND}, {}),
        ({ISSUE: NOT_FOUND}, {"projects": ["SUP"]}),
        ({ISSUE: NOT_FOUND, PERMITTED: OTHER}, {"projects": ["SUP"], "sees_all": True}),
        ({ISSUE: NOT_FOUND, PERMITTED: SUP}, {"projects": ["SUP", "IT"], "sees_all": True}),
    ):
        found = fetched(prepared, **settings)
        assert (list(found.events), list(found.done)) == ([], [])
        assert "issues not found any more: 1" in found.gaps[0]


def test_the_rights_are_there_before_and_after_what_is_gone_was_not_found() -> None:
    missing = {SEARCH: NOT_FOUND_TOGETHER, ISSUE: NOT_FOUND, EIGHT: NOT_FOUND}
    refs = [ISSUE_7, Ref("issue", "8")]
    service = Answers({**missing, PERMITTED: SUP})
    source = jira(projects=["SUP"], sees_all=True)
    assert len(drive(source, source.fetch(refs, Run(NOW)), service).events) == 2
    paths = [urlsplit(one.url).path for one in service.asked]
    assert paths == [SEARCH, ISSUE, EIGHT, PERMITTED, ISSUE, EIGHT, PERMITTED]
    for rights in ((answer(OTHER), answer(SUP)), (answer(SUP), answer(OTHER))):
        lost = fetched({**missing, PERMITTED: rights}, *refs, projects=["SUP"], sees_all=True)
        assert (list(lost.events), list(lost.done)) == ([], [])
    back = {ISSUE: (NOT_FOUND, answer(issue())), PERMITTED: SUP}
    assert list(fetched(back, projects=["SUP"], sees_all=True).done) == []


NOT_FOUND_TOGETHER = answer({"errorMessages": ["An issue with key '8' does not exist for field 'id'."]}, 400)


@pytest.mark.parametrize(
    "response",
    [
        answer({"message": "no Route matched with those values"}, 404),
        answer(["no route"], 404),
        answer({"errorMessages": []}, 403),
    ],
)
def test_an_issue_is_not_gone_on_the_word_of_anybody_else(response: Response) -> None:
    found = fetched({ISSUE: response, PERMITTED: SUP}, projects=["SUP"], sees_all=True)
    assert (list(found.events), list(found.done)) == ([], [])


# Writing and the doctor


NEW = NewIssue(subject="x", body="x", requester_email="ada@example.com")


def test_what_cannot_be_written_is_refused_before_any_request() -> None:
    service, typed = Answers({}), jira(service_desk_id="5", request_type_id="25")
    for source, flow in (
        (typed, typed.create_issue(NewIssue(subject="x", body="x", requester_email="nobody"))),
        (typed, typed.create_issue(NewIssue(subject="x", body="x", requester_email="a@b.example", tags=("x",)))),
        (jira(), jira().create_issue(NEW)),
        (typed, typed.add_note("SUP-7", "x")),
        (typed, typed.add_tag("7", "two words")),
    ):
        with pytest.raises(DataInvalid):
            drive(source, flow, service)
    assert not service.asked


DESK_5 = "/rest/servicedeskapi/servicedesk/5/customer"
WANTED: JsonValue = {"issueId": "77", "issueKey": "SUP-77"}


def created(prepared: Mapping[str, Any]) -> tuple[str, Answers]:
    source, service = jira(service_desk_id="5", request_type_id="25"), Answers(prepared)
    return drive(source, source.create_issue(NEW), service), service


def test_a_request_is_raised_on_behalf_of_the_account_with_the_address() -> None:
    others: list[JsonValue] = [
        {"accountId": "qm:0", "emailAddress": "yada@example.com"},
        {"accountId": "qm:9", "displayName": "ada@example.com"},
        {"accountId": "qm:1", "emailAddress": "Ada@Example.com"},
    ]
    made, service = created({DESK_5: {"values": others, "isLastPage": True}, RAISE: answer(WANTED, 201)})
    assert (made, sent(service)["raiseOnBehalfOf"]) == ("77", "qm:1")
    assert service.queries(DESK_5)[0]["query"] == "ada@example.com"


RAISE = "/rest/servicedeskapi/request"
INVITE = "/rest/servicedeskapi/customer"
NOBODY: JsonValue = {"values": [], "isLastPage": True}


def test_somebody_new_is_made_a_customer_of_the_desk_first() -> None:
    _, service = created(
        {
            DESK_5: (answer(NOBODY), Response(204, {}, b"")),
            INVITE: answer({"accountId": "qm:2"}, 201),
            RAISE: answer(WANTED, 201),
        }
    )
    _, invited, added, raised = (one.json for one in service.asked)
    assert invited == {"displayName": "ada@example.com", "email": "ada@example.com"}
    assert added == {"accountIds": ["qm:2"]}
    assert isinstance(raised, dict)
    assert raised["raiseOnBehalfOf"] == "qm:2"


@pytest.mark.parametrize("status", [400, 409])
def test_an_account_that_hides_its_address_is_told_and_nothing_is_raised(status: int) -> None:
    with pytest.raises(RequestRefused, match="hides"):
        created({DESK_5: NOBODY, INVITE: answer({}, status)})


def doctor(prepared: Mapping[str, Any], **settings: Any) -> dict[str, str]:
    """The remedies of a doctor at a site with the service project SUP, by subject; empty where all is well."""
    desks: JsonValue = {"values": [{"id": "5", "projectKey": "SUP"}], "isLastPage": True}
    service = Answers({"/rest/api/3/myself": {"accountId": "1"}, DESKS: desks, PERMITTED: SUP, **prepared})
    source = jira(**settings)
    found = drive(source, source.check(), service)
    assert all(one.is_well is (not one.remedy) for one in found)
    return {one.subject: one.remedy for one in found}


SCHEME = "/rest/api/3/project/SUP/issuesecuritylevelscheme"
OURS = "/rest/api/3/project/SUP/securitylevel"
LEVELS: JsonValue = {"levels": [{"id": "1", "name": "Staff"}, {"id": "2", "name": "Board"}]}


def test_the_doctor_tells_of_projects_that_are_not_seen() -> None:
    told = doctor({SCHEME: LEVELS, OURS: LEVELS}, projects=["SUP", "IT"])
    assert list(told) == ["credential", "service desks", "project `IT`", "project `SUP`", "security levels of `SUP`"]
    assert [subject for subject, remedy in told.items() if remedy] == ["project `IT`"]


def test_the_doctor_tells_of_a_project_that_may_not_be_browsed() -> None:
    assert "right to browse" in doctor({PERMITTED: OTHER})["project `SUP`"]


def test_the_doctor_tells_when_issues_may_be_hidden_under_a_security_level() -> None:
    told = doctor({SCHEME: LEVELS, OURS: {"levels": [{"id": "1", "name": "Staff"}]}})
    assert "`Board`" in told["security levels of `SUP`"]
    assert "`Staff`" not in told["security levels of `SUP`"]
    assert "`Staff`" in doctor({SCHEME: LEVELS, OURS: answer({}, 404)})["security levels of `SUP`"]


def test_the_doctor_tells_when_nobody_can_say_whether_issues_are_hidden() -> None:
    no_admin = {SCHEME: answer({"errorMessages": ["you are no administrator"]}, 403)}
    assert "expected_issues" in doctor(no_admin)["security levels of `SUP`"]
    counted = {**no_admin, "/rest/api/3/search/approximate-count": {"count": 80}}
    few = doctor(counted, expected_issues=90)
    assert few["security levels of `SUP`"] == ""
    assert "80 of 90" in few["issues: 80"]
    assert doctor(counted, expected_issues=80)["issues: 80"] == ""


def test_the_doctor_tells_when_no_service_desk_is_seen() -> None:
    told = doctor({DESKS: {"values": [], "isLastPage": True}})
    assert [subject for subject, remedy in told.items() if remedy] == ["service desks"]


def test_the_doctor_tells_of_a_credential_that_is_refused() -> None:
    assert "`email` and `token`" in doctor({"/rest/api/3/myself": answer({}, 401)})["`jira_service_management`"]


class TestJiraServiceManagementSheet(SheetTests):
    sheet: ClassVar[Sheet] = JIRA
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "30": test_a_duplicates_customer_waits_for_the_issue_that_it_goes_on_in,
        "x3": test_a_plan_without_feedback_is_told_and_costs_nothing,
        "x5": test_the_doctor_tells_when_issues_may_be_hidden_under_a_security_level,
        "23": test_a_bound_is_written_in_milliseconds_whatever_the_users_zone,
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "10": "a search goes on by its token to the end",
        "13": "the end is told by the missing token alone, however few issues a page has",
    }

    def connector(self, service: SheetService) -> JiraServiceManagement:
        return JiraServiceManagement(
            "acme",
            refresh_token=self.secret,
            client_id="app",
            client_secret="sample-secret",
            cloud_id="07779958-e747",
            tokens=service.tokens,
            base_url=service.base_url,
            projects=["SUP", "OPS"],
            sees_all=True,
            service_desk_id="5",
            request_type_id="25",
        )

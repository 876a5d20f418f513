"""Jira Service Management: a page of issues with the fields that are asked for, and one of a desk's customers."""

from __future__ import annotations

from typing import Any

from alignkit.connectors import JiraServiceManagement
from alignkit.connectors.jira_service_management.records import FIELDS
from benchmarks.connectors.case import Case, json
from benchmarks.connectors.words import Words, iso_milliseconds, moment

API = "https://acme.atlassian.net/rest/api/3"
SITE = "https://acme.atlassian.net"
AVATARS = "https://secure.gravatar.com/avatar"
FALLBACK = "https%3A%2F%2Favatar-management--avatars.us-west-2.prod.public.atl-paas.net%2Finitials%2F"

_STATUSES = (("Waiting for support", "new"), ("In Progress", "indeterminate"), ("Done", "done"))


def cases(size: int = 100) -> list[Case]:
    source = JiraServiceManagement("acme", "agent@example.com", "sample-token")
    words = Words("jira")
    page = {"issues": [_issue(number, words) for number in range(size)], "nextPageToken": "ChkjU3RyaW5nJlUxVlE"}
    half = max(1, size // 2)
    return [
        Case(source, "issues", size, {"/search/jql": json({**page, "isLast": False})}),
        Case(
            source,
            "customers",
            half,
            {"/servicedesk": json(_desks()), "/customer": json(_customers(half, words))},
        ),
    ]


def _stamp(number: int, after: int = 0) -> str:
    return iso_milliseconds(moment(number, after=after)).replace("Z", "+0000")


def _avatars(key: str, letters: str) -> dict[str, str]:
    sizes = ("48x48", "24x24", "16x16", "32x32")
    return dict.fromkeys(sizes, f"{AVATARS}/{key}?d={FALLBACK}{letters}-4.png")


def _person(number: int, words: Words, kind: str) -> dict[str, Any]:
    first, last, address = words.person(number)
    id = f"qm:7bf45758-6986-4e0e-aefc-a3000196d8d2:{number:08}"
    return {
        "self": f"{API}/user?accountId={id.replace(':', '%3A')}",
        "accountId": id,
        "emailAddress": address,
        "avatarUrls": _avatars(f"0f8c53293177b8e9f1658ae7{number:08x}", first[0] + last[0]),
        "displayName": f"{first} {last}",
        "active": True,
        "timeZone": "Europe/Berlin",
        "accountType": kind,
    }


def _issue(number: int, words: Words) -> dict[str, Any]:
    id, changed = 10_000 + number, _stamp(number, 9_000)
    name, key = words.chance.choice(
        (("Waiting for support", "new"), ("In Progress", "indeterminate"), ("Done", "done"))
    )
    customer = _person(number, words, "customer")
    icons = f"{API.replace('/api/3', '/api/2')}/universal_avatar/view/type"
    known: dict[str, Any] = {
        "summary": words.subject(),
        "status": {
            "self": f"{API}/status/10001",
            "description": "",
            "iconUrl": f"{SITE}/",
            "name": name,
            "id": "10001",
            "statusCategory": {
                "self": f"{API}/statuscategory/2",
                "id": 2,
                "key": key,
                "colorName": "blue-gray",
                "name": name,
            },
        },
        "priority": {
            "self": f"{API}/priority/3",
            "iconUrl": f"{SITE}/images/icons/priorities/medium_new.svg",
            "name": "Medium",
            "id": "3",
        },
        "issuetype": {
            "self": f"{API}/issuetype/10003",
            "id": "10003",
            "description": "For anything that a customer may ask for.",
            "iconUrl": f"{icons}/issuetype/avatar/10552?size=medium",
            "name": "[System] Service request",
            "subtask": False,
            "avatarId": 10552,
            "hierarchyLevel": 0,
        },
        "project": {
            "self": f"{API}/project/10000",
            "id": "10000",
            "key": "SUP",
            "name": "Support",
            "projectTypeKey": "service_desk",
            "simplified": False,
            "avatarUrls": {
                size: f"{icons}/project/avatar/10416{query}"
                for size, query in (
                    ("48x48", ""),
                    ("24x24", "?size=small"),
                    ("16x16", "?size=xsmall"),
                    ("32x32", "?size=medium"),
                )
            },
        },
        "reporter": customer,
        "creator": customer,
        "assignee": _person(900_000 + number % 9, words, "atlassian"),
        "created": _stamp(number),
        "updated": changed,
        "labels": ["parcel", f"wave_{number % 30}"],
        "resolution": {
            "self": f"{API}/resolution/10000",
            "id": "10000",
            "description": "Work has been completed on this issue.",
            "name": "Done",
        }
        if key == "done"
        else None,
        "resolutiondate": changed if key == "done" else None,
        "statuscategorychangedate": changed,
        "issuelinks": [],
    }
    return {
        "expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
        "id": str(id),
        "self": f"{API}/issue/{id}",
        "key": f"SUP-{number + 1}",
        "fields": {field: known[field] for field in FIELDS},
    }


def _desks() -> dict[str, Any]:
    link = f"{SITE}/rest/servicedeskapi/servicedesk/1"
    desk = {"id": "1", "projectId": "10000", "projectName": "Support", "projectKey": "SUP", "_links": {"self": link}}
    return {"_expands": [], "size": 1, "start": 0, "limit": 1, "isLastPage": True, "_links": {}, "values": [desk]}


def _customers(size: int, words: Words) -> dict[str, Any]:
    links = {"base": SITE, "context": "", "next": f"{SITE}/rest/servicedeskapi/servicedesk/1/customer?start={size}"}
    values = [_customer(number, words) for number in range(size)]
    return {
        "_expands": [],
        "size": size,
        "start": 0,
        "limit": 50,
        "isLastPage": False,
        "_links": links,
        "values": values,
    }


def _customer(number: int, words: Words) -> dict[str, Any]:
    person = _person(number, words, "customer")
    links = {"jiraRest": person["self"], "avatarUrls": person["avatarUrls"], "self": person["self"]}
    named = {name: person[name] for name in ("accountId", "emailAddress", "displayName", "active", "timeZone")}
    return {**named, "_links": links}

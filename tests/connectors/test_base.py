"""Holds what every connector shares: the names of its instances."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from alignkit.connectors import (
    AudienceFile,
    Bluesky,
    Export,
    Freshdesk,
    Gorgias,
    HubSpot,
    Intercom,
    JiraServiceManagement,
    Mailman,
    Mastodon,
    Pipedrive,
    RequestTracker,
    Salesforce,
    X,
    Zendesk,
)
from alignkit.connectors.base import ConnectorSettings, Endpoint, NewIssue, Run, Source, settings
from alignkit.connectors.x.spending import MemorySpending
from alignkit.errors import CredentialsRejected, DataInvalid, SettingsError
from alignkit.models import Post, PostPublished
from alignkit.transport import Response

from .answering import NOW
from .driving import drive

TOKEN = "sample-token"


@pytest.mark.parametrize("name", ["", " ", "a/b", "a\nb", "a\x00", " a", "a ", "a\u2028b", "a\u202eb", "\t"])
def test_a_name_that_breaks_an_id_or_a_line_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="`name`"):
        settings(ConnectorSettings, "sample", {"name": name})


@pytest.mark.parametrize("name", ["a", "zendesk-eu", "Büro Süd", "x.2", "日本"])
def test_other_names_are_taken_as_they_are(name: str) -> None:
    assert settings(ConnectorSettings, "sample", {"name": name}).name == name


@pytest.mark.parametrize("name", ["", "a\nb", "a/b"])
def test_no_service_takes_a_name_that_the_others_refuse(name: str) -> None:
    makers: tuple[Callable[[], Endpoint], ...] = (
        lambda: Zendesk("acme", access_token=TOKEN, name=name),
        lambda: X("7", TOKEN, name=name),
        lambda: Mastodon("social.example.com", TOKEN, name=name),
        lambda: Bluesky("ada.example.com", TOKEN, name=name),
        lambda: Freshdesk("acme", TOKEN, name=name),
        lambda: Gorgias("acme", access_token=TOKEN, name=name),
        lambda: HubSpot(TOKEN, name=name),
        lambda: Intercom(TOKEN, name=name),
        lambda: Pipedrive("acme", TOKEN, name=name),
        lambda: RequestTracker("https://rt.example.com", TOKEN, name=name),
        lambda: Export("tickets.jsonl", name=name),
        lambda: Mailman("https://lists.example.com", "admin", TOKEN, "offers.example.com", name=name),
        lambda: AudienceFile("audience.csv", held_path="held.csv", name=name),
    )
    for make in makers:
        with pytest.raises(SettingsError, match="`name`"):
            make()


each = pytest.mark.parametrize(
    "source",
    [
        Bluesky("ada.example.com", TOKEN),
        Freshdesk("acme", TOKEN),
        Gorgias("acme", "ada@example.com", TOKEN),
        HubSpot(TOKEN),
        Intercom(TOKEN),
        JiraServiceManagement("acme", "ada@example.com", TOKEN),
        Mastodon("social.example.com", TOKEN),
        Pipedrive("acme", TOKEN),
        RequestTracker("https://rt.example.com", TOKEN),
        RequestTracker("https://rt.example.com", username="ada", password=TOKEN),
        Salesforce("acme", token=TOKEN),
        X("7", TOKEN, spending=MemorySpending()),
        Zendesk("acme", "ada@example.com", TOKEN),
    ],
    ids=lambda source: source.type,
)
"""Every service, each in one way to log in."""


@each
def test_a_credential_that_is_refused_is_told_by_settings_that_there_are(source: Source) -> None:
    with pytest.raises(CredentialsRejected) as refused:
        drive(source, source.read(source.streams[0], None, Run(NOW)), lambda _request: Response(401))
    named = re.findall(r"`(\w+)`", str(refused.value).partition("check ")[2])
    assert named
    assert set(named) <= inspect.signature(type(source)).parameters.keys()


def posted(**values: Any) -> PostPublished:
    given: dict[str, Any] = {
        "id": "17",
        "platform": "mastodon",
        "author_handle": "bob@social.example",
        "text": "It broke!",
        **values,
    }
    return PostPublished.of(Post(posted_at=NOW, **given), source="fedi", received_at=NOW, time=NOW)


def test_an_issue_about_a_post_says_who_wrote_what_and_where() -> None:
    issue = NewIssue.of_post(posted(url="https://social.example/17"), "social@shop.example", tags=["social"])
    assert issue.subject == "bob@social.example on mastodon"
    assert issue.body.splitlines()[0] == f"bob@social.example on mastodon, {NOW:%Y-%m-%d %H:%M} UTC:"
    assert issue.body.splitlines()[2:] == ["It broke!", "", "https://social.example/17"]
    assert (issue.requester_email, issue.tags, issue.about) == ("social@shop.example", ("social",), "fedi/post/17")


def test_one_post_makes_one_issue_whatever_becomes_of_its_text() -> None:
    issue, edited = (NewIssue.of_post(posted(text=text), "social@shop.example") for text in ("It broke!", "It broke."))
    assert issue.key == edited.key != NewIssue.of_post(posted(id="18"), "social@shop.example").key


def test_a_text_that_may_not_be_kept_does_not_go_into_an_issue() -> None:
    issue = NewIssue.of_post(posted(storable=False), "social@shop.example")
    assert "It broke!" not in issue.body
    assert "fedi/post/17" in issue.body


def test_a_post_that_was_taken_back_makes_no_issue() -> None:
    with pytest.raises(DataInvalid, match="taken back"):
        NewIssue.of_post(posted(deleted_at=NOW), "social@shop.example")


@each
@pytest.mark.parametrize("content", [b"<html>please log in</html>", b"", b"{}", b"[]"])
def test_the_doctor_does_not_take_whatever_is_answered_for_an_answer(source: Source, content: bytes) -> None:
    found = drive(source, source.check(), lambda _request: Response(200, {"content-type": "text/html"}, content))
    assert [one.subject for one in found if not one.is_well and one.remedy]


@pytest.mark.parametrize("token", ["", "sample-token\n", "sample token", "s\u00e4mple-token"])
def test_no_desk_takes_a_token_that_was_copied_with_what_surrounds_it(token: str) -> None:
    makers: Sequence[Callable[[], Source]] = (
        lambda: Freshdesk("acme", token),
        lambda: Gorgias("acme", "ada@example.com", token),
        lambda: Intercom(token),
        lambda: JiraServiceManagement("acme", "ada@example.com", token),
        lambda: Zendesk("acme", "ada@example.com", token),
    )
    for make in makers:
        with pytest.raises(SettingsError) as refused:
            make()
        assert "sample" not in str(refused.value)


def test_an_empty_refresh_token_is_refused() -> None:
    with pytest.raises(SettingsError, match="`refresh_token`"):
        HubSpot(refresh_token="", client_id="app", client_secret="sample-secret")

"""Messages by Segment's specification become people, companies, and what the declared events say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alignkit import Gate, MemoryStore, Message, Policy, Sync, Verdict
from alignkit.connectors.records import Shape
from alignkit.errors import SettingsError
from alignkit.interchange import Segment
from alignkit.interchange.segment import WHEN, WHO
from alignkit.models.conversation import SurveyResponse
from alignkit.models.customer import Account, Contact
from alignkit.models.issue import Issue
from alignkit.models.marketing import Engagement
from alignkit.models.vocabulary import EngagementKind, SurveyKind

from .shop import NOW, findings, pages, read, subjects, write

AT = "2026-03-02T09:00:00.000Z"


def message(kind: str, **fields: Any) -> dict[str, Any]:
    made = {"type": kind, "messageId": f"m-{kind}", "userId": "u1", "anonymousId": "a1", "timestamp": AT}
    return made | fields


COMPLAINT = Shape(
    model=Issue,
    places={
        "id": ("properties", "ticket"),
        "status": ("properties", "status"),
        "created_at": WHEN,
        "remote_updated_at": WHEN,
        "requester_id": WHO,
    },
    statuses={"open": "open", "solved": "resolved"},
)


def data(found: Any) -> list[Any]:
    return [event.data for page in found for event in page.events]


def test_people_and_companies_are_read_by_the_reserved_traits(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.jsonl",
        [
            message(
                "identify",
                traits={
                    "firstName": "Ada",
                    "lastName": "Byron",
                    "email": "ada@example.com",
                    "phone": "+44 20 7946 0018",
                },
                context={"groupId": "g1", "locale": "en-GB", "timezone": "Europe/London"},
            ),
            message("group", groupId="g1", traits={"name": "Analytical", "plan": "pro"}),
        ],
    )
    [ada, company] = data(pages(Segment(file)))
    assert isinstance(ada, Contact)
    assert (ada.id, ada.name, ada.emails, ada.account_ids) == ("u1", "Ada Byron", ("ada@example.com",), ("g1",))
    assert ada.remote_updated_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert isinstance(company, Account)
    assert (company.id, company.name, company.plan) == ("g1", "Analytical", "pro")


@pytest.mark.parametrize("user", [None, ...])
def test_who_has_no_id_yet_is_known_by_the_anonymous_one(tmp_path: Path, user: object) -> None:
    said = message("identify", traits={"email": "ada@example.com"}, userId=None)
    if user is ...:
        del said["userId"]
    [ada] = data(pages(Segment(write(tmp_path / "a.jsonl", [said]))))
    assert ada.id == "a1"


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("Email Opened", EngagementKind.OPEN),
        ("Email Link Clicked", EngagementKind.CLICK),
        ("Email Marked as Spam", EngagementKind.SPAM_COMPLAINT),
        ("Unsubscribed", EngagementKind.UNSUBSCRIBE),
    ],
)
def test_what_people_do_with_mail_is_read_without_a_declaration(
    tmp_path: Path, event: str, kind: EngagementKind
) -> None:
    said = message("track", event=event, properties={"campaign_id": "spring"})
    [done] = data(pages(Segment(write(tmp_path / "a.jsonl", [said]))))
    assert isinstance(done, Engagement)
    assert (done.kind, done.campaign_id, done.contact_id) == (kind, "spring", "u1")
    assert done.at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_declared_event_holds_marketing_back_from_the_person_it_is_of(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.jsonl",
        [
            message("track", event="Ticket Changed", properties={"ticket": 7, "status": "open"}),
            message("identify", traits={"email": "ada@example.com"}),
        ],
    )
    store = MemoryStore()
    result = Sync(store).pull(Segment(file, track={"Ticket Changed": COMPLAINT}), now=NOW)
    assert (result.events, result.quarantined) == (2, 0)
    decision = Gate(store, Policy.starter()).decide(
        "ada@example.com", Message(category="promotional", channel="email"), now=NOW
    )
    assert decision.verdict is Verdict.SUPPRESS


def test_an_event_may_be_declared_as_a_settings_file_would(tmp_path: Path) -> None:
    declared = {
        "event": "survey.answered",
        "places": {
            "id": "messageId",
            "kind": "event",
            "score": [["properties", "score"]],
            "scale_min": [["properties", "least"]],
            "scale_max": [["properties", "most"]],
            "responded_at": "timestamp",
            "contact_id": "userId",
        },
        "words": {"kind": {"NPS Answered": "nps"}},
    }
    said = message("track", event="NPS Answered", properties={"score": 3, "least": 0, "most": 10})
    [answer] = data(pages(Segment(write(tmp_path / "a.jsonl", [said]), track={"NPS Answered": declared})))
    assert isinstance(answer, SurveyResponse)
    assert (answer.kind, answer.score) == (SurveyKind.NPS, 3)


@pytest.mark.parametrize("is_wrapped", [True, False])
def test_several_messages_may_stand_on_one_line(tmp_path: Path, is_wrapped: bool) -> None:
    items = [message("identify", userId=user, traits={"email": f"{user}@example.com"}) for user in ("u1", "u2")]
    line = {"batch": items, "sentAt": AT} if is_wrapped else items
    assert subjects(pages(Segment(write(tmp_path / "a.jsonl", [line])))) == ["u1", "u2"]


def test_other_messages_are_passed_over_and_broken_lines_set_aside(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.jsonl",
        [
            message("page", name="Home"),
            message("track", event="Signed Up"),
            message("alias"),
            {"no": "message"},
            "text",
        ],
    )
    with file.open("a") as more:
        more.write("{cut\n" + json.dumps(message("identify", traits={"email": "ada@example.com"})) + "\n")
    [page, _] = pages(Segment(file))
    assert subjects([page]) == ["u1"]
    assert len(page.quarantined) == 3


def test_a_file_that_grew_is_read_on_and_what_is_too_old_left_out(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", [message("identify", traits={"email": "ada@example.com"})])
    first = read(Segment(file), since=datetime(2026, 3, 3, tzinfo=UTC))
    with file.open("a") as more:
        more.write(json.dumps(message("identify", userId="u2", timestamp="2026-03-03T10:00:00Z")) + "\n")
        more.write(json.dumps(message("identify", userId="u3")) + "\n")
    assert subjects([first]) == []
    assert subjects([read(Segment(file), first.checkpoint)]) == ["u2"]


def test_a_check_says_whether_anything_could_be_used(tmp_path: Path) -> None:
    good = write(tmp_path / "good.jsonl", [message("identify")])
    useless = write(tmp_path / "useless.jsonl", [message("page")])
    broken = write(tmp_path / "broken.jsonl", [message("identify"), "text"])
    empty = write(tmp_path / "empty.jsonl", [])
    told = [findings(Segment(path))[0] for path in (good, useless, broken, empty, tmp_path / "absent.jsonl")]
    assert [one.is_well for one in told] == [True, False, False, True, False]
    assert "`track`" in told[1].remedy
    assert "empty" in told[3].subject


@pytest.mark.parametrize("given", [{"speed": 3}, {"max_bytes": 0}, {"track": {"x": {"event": "x"}}}])
def test_wrong_settings_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        Segment("a.jsonl", **given)

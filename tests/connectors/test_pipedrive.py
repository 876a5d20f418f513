"""Holds Pipedrive to the kit as its sheet describes it, and to what is particular about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from alignkit.connectors.base import Run
from alignkit.connectors.pipedrive import Pipedrive
from alignkit.errors import DataInvalid, ResponseInvalid, SettingsError, UntrustedTarget
from alignkit.models import ContactChanged
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import OpportunityStatus
from alignkit.testing import Sheet, SheetService, SheetTests
from alignkit.testing.sheet import answered
from alignkit.testing.world import Fate, Kind
from alignkit.transport import JsonValue, Request, Response

from .driving import drive
from .sheets.pipedrive import PIPEDRIVE

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
RUN = Run(NOW)
TOKEN = "sample-token"
DATE = {"date": "Wed, 04 Mar 2026 12:00:00 GMT"}

Send = Callable[[Request], Response]


def told(body: JsonValue, status: int = 200) -> Response:
    return answered(status, body, DATE)


def rows(*records: JsonValue, cursor: str | None = None) -> JsonValue:
    return {"success": True, "data": [*records], "additional_data": {"next_cursor": cursor}}


def datas(stream: str, *records: JsonValue) -> list[Any]:
    source = Pipedrive("acme", TOKEN)
    page = drive(source, source.read(stream, None, RUN), lambda _: told(rows(*records)))
    assert not page.quarantined
    return [event.data for event in page.events]


def test_all_parameters_but_the_cursor_stay_as_they_were() -> None:
    asked: list[dict[str, str]] = []

    def send(wanted: Request) -> Response:
        asked.append(dict(wanted.params))
        return told(rows({"id": 1}, cursor="next" if len(asked) == 1 else None))

    source = Pipedrive("acme", TOKEN)
    first = drive(source, source.read("persons", {"mark": "2026-03-04T10:00:00Z"}, RUN), send)
    last = drive(source, source.read("persons", first.checkpoint, RUN), send)
    assert asked[1].pop("cursor") == "next"
    assert asked[0] == asked[1]
    assert asked[0]["updated_since"] == "2026-03-04T09:55:00Z"
    assert last.checkpoint == {"mark": "2026-03-04T11:59:30Z"}


def test_a_cursor_that_was_forgotten_begins_the_same_window_again() -> None:
    asked: list[dict[str, str]] = []

    def send(wanted: Request) -> Response:
        asked.append(dict(wanted.params))
        return told({"success": False}, 400) if "cursor" in asked[-1] else told(rows({"id": 1}))

    source = Pipedrive("acme", TOKEN)
    begun: Mapping[str, JsonValue] = {
        "walk": {"since": "2026-03-01T10:00:00Z", "until": "2026-03-01T11:00:00Z", "after": "old"}
    }
    page = drive(source, source.read("persons", begun, RUN), send)
    assert [one.get("updated_since") for one in asked] == ["2026-03-01T10:00:00Z"] * 2
    assert page.checkpoint == {"mark": "2026-03-04T11:59:30Z"}
    assert [event.subject for event in page.events] == ["1"]


def test_a_walk_that_rested_is_followed_by_another_at_once() -> None:
    source = Pipedrive("acme", TOKEN)
    begun: dict[str, JsonValue] = {"since": "2026-03-01T10:00:00Z", "after": "c"}
    for until, more in (("2026-03-04T06:00:00Z", True), ("2026-03-04T11:59:30Z", False)):
        page = drive(source, source.read("persons", {"walk": {**begun, "until": until}}, RUN), lambda _: told(rows()))
        assert (page.more, page.checkpoint) == (more, {"mark": until})


def test_a_failure_that_comes_with_records_is_none_of_them() -> None:
    source = Pipedrive("acme", TOKEN)
    with pytest.raises(ResponseInvalid):
        drive(source, source.read("persons", None, RUN), lambda _: told({"success": False, "data": []}))


def test_a_person_has_all_addresses_the_main_one_first_and_empty_ones_not_at_all() -> None:
    mails: JsonValue = [
        {"value": "b@example.com", "primary": False},
        {"value": "a@example.com", "primary": True},
        {"value": " "},
        {"label": "work"},
    ]
    full, bare, odd = datas(
        "persons",
        {"id": 2**53 + 1, "emails": mails, "phones": [{"value": "+49 30 1"}], "org_id": 7},
        {"id": 2, "emails": [], "phones": None},
        {"id": 3, "emails": "not a list", "is_deleted": True},
    )
    assert (full.id, full.emails, full.phones) == (str(2**53 + 1), ("a@example.com", "b@example.com"), ("+49 30 1",))
    assert full.account_ids == ("7",)
    assert (bare.emails, bare.phones, bare.is_active) == ((), (), True)
    assert (odd.emails, odd.is_active) == ((), False)


@pytest.mark.parametrize("time", ["2026-03-01T08:00:00Z", "2026-03-01 08:00:00", "2026-03-01T10:00:00+02:00"])
def test_a_time_without_a_zone_is_meant_in_utc(time: str) -> None:
    [person] = datas("persons", {"id": 1, "update_time": time})
    assert person.remote_updated_at == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_a_deal_has_its_amount_its_people_and_its_end() -> None:
    deal: dict[str, JsonValue] = {"title": "Big", "value": 100.5, "currency": "eur", "person_id": 7, "org_id": 8}
    won, deleted = datas(
        "deals",
        {"id": 1, **deal, "status": "won", "expected_close_date": "2026-04-30"},
        {"id": 2, **deal, "status": "lost", "update_time": "2026-03-01T08:00:00Z", "is_deleted": True},
    )
    assert (won.status, won.contact_ids, won.account_id) == (OpportunityStatus.WON, ("7",), "8")
    assert (won.amount.amount, won.amount.currency) == (Decimal("100.5"), "EUR")
    assert won.close_date == datetime(2026, 4, 30, tzinfo=UTC)
    assert (won.deleted_at, deleted.deleted_at) == (None, datetime(2026, 3, 1, 8, tzinfo=UTC))


def test_people_and_organisations_are_read_by_id_a_hundred_at_a_time() -> None:
    asked: list[tuple[str, int]] = []

    def send(wanted: Request) -> Response:
        ids = dict(wanted.params)["ids"].split(",")
        asked.append((wanted.url.rpartition("/")[2], len(ids)))
        found: list[JsonValue] = [{"id": int(id)} for id in ids]
        return told(rows(*found))

    source = Pipedrive("acme", TOKEN)
    refs = [*(Ref("contact", str(number)) for number in range(101)), Ref("account", "1"), Ref("contact", "x")]
    fetched = drive(source, source.fetch([*refs, Ref("opportunity", "7")], RUN), send)
    assert asked == [("organizations", 1), ("persons", 100), ("persons", 1), ("deals", 1)]
    assert list(fetched.done) == [*refs, Ref("opportunity", "7")]
    assert [event.subject for event in fetched.events][-1] == "7"


def test_a_person_who_was_deleted_is_told_among_those_who_are_there() -> None:
    case = TestPipedriveSheet()
    service = case.service()
    gone, *others = service.world.live(Kind.PERSON)
    service.world.change(Kind.PERSON, gone.id, fate=Fate.DELETED)
    source = case.connector(service)
    refs = [Ref("contact", row.id) for row in (gone, *others)]
    fetched = drive(source, source.fetch(refs, RUN), service.handle)
    people = {event.subject: event.data.is_active for event in fetched.events if isinstance(event, ContactChanged)}
    assert people == {gone.id: False, **{row.id: True for row in others}}
    assert list(fetched.done) == refs


NO_SUCH: JsonValue = {"success": False, "error": "Person not found", "data": None}


def by_id(kind: str, answer: Response) -> Any:
    """What a fetch finds of a thing that no list shows; its own path gives this answer."""
    source = Pipedrive("acme", TOKEN)
    send: Send = lambda wanted: answer if wanted.url.endswith("/7") else told(rows())  # noqa: E731
    return drive(source, source.fetch([Ref(kind, "7")], RUN), send)


@pytest.mark.parametrize("kind", ["contact", "account", "opportunity"])
def test_what_pipedrive_itself_says_is_gone_is_told(kind: str) -> None:
    for answer in (told(NO_SUCH, 404), told({"success": True, "data": {"id": 7, "is_deleted": True, **STAMP}})):
        fetched = by_id(kind, answer)
        [gone] = [event.data for event in fetched.events]
        assert (gone.id, list(fetched.done)) == ("7", [Ref(kind, "7")])
        assert gone.deleted_at is not None


STAMP: Mapping[str, JsonValue] = {"update_time": "2026-03-01T08:00:00Z"}


@pytest.mark.parametrize("kind", ["contact", "account", "opportunity"])
def test_what_is_hidden_or_answered_by_a_gateway_is_not_gone(kind: str) -> None:
    page = Response(404, DATE, b"<html>nginx</html>")
    for answer in (told(NO_SUCH, 403), told({"message": "no Route matched"}, 404), page, Response(404, DATE)):
        fetched = by_id(kind, answer)
        assert (list(fetched.events), list(fetched.done)) == ([], [])
        assert fetched.gaps


def test_a_note_belongs_to_a_person_and_is_no_html() -> None:
    sent: list[Request] = []

    def send(wanted: Request) -> Response:
        sent.append(wanted)
        return told({"success": True, "data": {"id": 1}}, 201)

    source = Pipedrive("acme", TOKEN)
    drive(source, source.add_note("7", "Ticket <5> & mail:\nheld"), send)
    assert [one.json for one in sent] == [{"content": "Ticket &lt;5&gt; &amp; mail:<br>held", "person_id": 7}]
    with pytest.raises(DataInvalid, match="person"):
        drive(source, source.add_note("issue/7", "held"), send)


def test_the_address_of_an_apps_company_is_learned_and_must_be_pipedrives() -> None:
    sent: list[str] = []

    def granting(domain: str) -> Send:
        def send(wanted: Request) -> Response:
            sent.append(wanted.url)
            is_token = wanted.url.endswith("/oauth/token")
            return told({"access_token": "sample-access", "api_domain": domain} if is_token else rows())

        return send

    def app() -> Pipedrive:
        return Pipedrive("acme", refresh_token=TOKEN, client_id="app", client_secret="sample-secret")

    source = app()
    drive(source, source.read("persons", None, RUN), granting("https://acme-sandbox.pipedrive.com"))
    assert sent == ["https://oauth.pipedrive.com/oauth/token", "https://acme-sandbox.pipedrive.com/api/v2/persons"]
    source = app()
    with pytest.raises(UntrustedTarget):
        drive(source, source.read("persons", None, RUN), granting("https://pipedrive.com.example.net"))


@pytest.mark.parametrize(("is_admin", "is_well"), [(True, True), (False, False)])
def test_the_doctor_is_told_when_the_user_may_see_a_part_alone(is_admin: bool, is_well: bool) -> None:
    def send(wanted: Request) -> Response:
        if wanted.url.endswith("/users/me"):
            return told({"success": True, "data": {"is_admin": is_admin}})
        return told({"success": False}, 403) if wanted.url.endswith("/deals") else told(rows())

    source = Pipedrive("acme", TOKEN)
    findings = {one.subject: one for one in drive(source, source.check(), send)}
    assert findings["what the user sees"].is_well is is_well
    assert findings["persons"].is_well
    assert not findings["deals"].is_well
    source.without("deals", "deleted_deals")
    assert "deals" not in [one.subject for one in drive(source, source.check(), send)]


def test_the_doctor_is_told_of_a_credential_that_is_refused() -> None:
    source = Pipedrive("acme", TOKEN)
    [finding] = drive(source, source.check(), lambda _: told({}, 401))
    assert "`token`" in finding.remedy


@pytest.mark.parametrize(
    "given",
    [
        {"company": "acme"},
        {"token": TOKEN},
        {"company": "acme", "token": TOKEN, "client_id": "app"},
        {"company": "acme", "refresh_token": TOKEN},
        {"company": "acme/x", "token": TOKEN},
        {"company": "acme@x", "token": TOKEN},
        {"company": "acme:1", "token": TOKEN},
        {"company": "ac me", "token": TOKEN},
        {"company": "acme", "token": TOKEN, "base_url": "http://acme.example.com"},
    ],
)
def test_settings_that_cannot_work_are_refused_before_any_request(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refused:
        Pipedrive(**given)
    assert TOKEN not in str(refused.value)


def test_another_connectors_stream_or_checkpoint_is_refused() -> None:
    source = Pipedrive("acme", TOKEN)
    for stream, checkpoint in (("issues", None), ("persons", {"cursor": "x"})):
        with pytest.raises(DataInvalid):
            drive(source, source.read(stream, checkpoint, RUN), lambda _: told(rows()))


class TestPipedriveSheet(SheetTests):
    sheet: ClassVar[Sheet] = PIPEDRIVE
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "11": test_a_cursor_that_was_forgotten_begins_the_same_window_again,
        "27": test_a_person_has_all_addresses_the_main_one_first_and_empty_ones_not_at_all,
        "35": test_a_person_has_all_addresses_the_main_one_first_and_empty_ones_not_at_all,
        "x5": test_the_doctor_is_told_when_the_user_may_see_a_part_alone,
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "5": "the page of facts names no lag; five minutes of overlap are read again all the same",
        "10": "a list has no end but its own",
        "13": "a list's end is told by its cursor alone, and no thin pages are known",
        "28": "Pipedrive has no issues",
        "29": "Pipedrive has no issues",
        "30": "Pipedrive has no issues",
        "31": "Pipedrive has no issues",
        "x3": "persons, organisations and deals are part of every plan",
    }

    def connector(self, service: SheetService) -> Pipedrive:
        return Pipedrive(
            refresh_token=self.secret,
            client_id="app",
            client_secret="sample-secret",
            token_url=f"{service.base_url}/oauth/token",
            tokens=service.tokens,
            base_url=service.base_url,
        )

    def change(self, service: SheetService) -> None:
        world = service.world
        world.tick(timedelta(minutes=1))
        first, *_ = world.live(Kind.PERSON)
        world.change(Kind.PERSON, first.id, addresses=("changed@example.com",))
        world.add(Kind.PERSON, title="new", email="new@example.com")
        world.tick(timedelta(minutes=1))

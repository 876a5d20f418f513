"""The Mailman sink holds only who may be held, and gives everybody back as they were."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.connectors.base import Look, Order, Receipt, Result, Standing, Submitted
from alignkit.connectors.mailman import Mailman
from alignkit.errors import (
    AlignkitError,
    CredentialsRejected,
    DataInvalid,
    ResponseInvalid,
    ServiceUnreachable,
    SettingsError,
)
from alignkit.transport import Request, Response

from .driving import LASTING, PASSING, Send, breaking, drive
from .fake_mailman import FakeMailman, FakeMember

RECORDED = Path(__file__).parents[1] / "recorded" / "mailman"
ADA = "ada@example.test"
LINGERING: dict[str, Any] = {"delivery_mode": "mime_digests", "hide_address": True, "preferred_language": "de"}


def sink(**given: Any) -> Mailman:
    settings = {"username": "restadmin", "password": "sample-password", "list_id": "offers.example.com", **given}
    return Mailman("https://lists.example.com", **settings)


@pytest.fixture
def lists() -> FakeMailman:
    return FakeMailman()


def looked(lists: FakeMailman, *addresses: str, send: Send | None = None) -> Mapping[str, Look]:
    mailman = sink()
    return drive(mailman, mailman.look(addresses), send or lists.send)


def orders(lists: FakeMailman, *addresses: str) -> list[Order]:
    """Orders with the snapshots of a look, taken through JSON as a ledger does."""
    found = looked(lists, *addresses)
    snapshots = {address: json.loads(json.dumps(dict(look.snapshot))) for address, look in found.items()}
    return [Order(address, snapshots.get(address, {})) for address in addresses]


def results(receipts: Sequence[Receipt] | Submitted) -> list[Result]:
    assert not isinstance(receipts, Submitted)
    return [receipt.result for receipt in receipts]


def hold(lists: FakeMailman, given: Sequence[Order], send: Send | None = None) -> list[Result]:
    mailman = sink()
    return results(drive(mailman, mailman.hold(given), send or lists.send))


def release(lists: FakeMailman, given: Sequence[Order], send: Send | None = None) -> list[Result]:
    mailman = sink()
    return results(drive(mailman, mailman.release(given), send or lists.send))


# --- settings ---------------------------------------------------------------------------------------------


def test_the_address_of_a_list_is_taken_for_its_id() -> None:
    assert sink(list_id="offers@example.com").list_id == "offers.example.com"


@pytest.mark.parametrize("wrong", [{"list_id": "../members"}, {"list_id": ""}, {"username": ""}])
def test_a_wrong_setting_is_named_and_its_value_and_the_password_are_not_shown(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))) as caught:
        sink(**wrong)
    assert "sample-password" not in str(caught.value)
    assert "members" not in str(caught.value)


# --- members ----------------------------------------------------------------------------------------------


def members(send: Send) -> list[str]:
    mailman = sink()
    found: list[str] = []
    cursor: str | None = None
    for _ in range(100):
        page = drive(mailman, mailman.members(cursor), send)
        found += page.addresses
        cursor = page.cursor
        if cursor is None:
            return found
    raise AssertionError("the list does not end")


def test_every_member_is_listed_once_and_owners_are_not(lists: FakeMailman) -> None:
    for number in range(450):
        lists.join(f"customer{number}@example.test")
    lists.join("owner@example.test", role="owner")
    found = members(lists.send)
    assert len(found) == len(set(found)) == 450


def test_an_empty_list_has_no_members(lists: FakeMailman) -> None:
    assert members(lists.send) == []


@settings(max_examples=30)
@given(leaving=st.lists(st.integers(0, 449), unique=True, max_size=30), per_request=st.integers(1, 10))
def test_members_who_leave_while_the_list_is_read_hide_nobody_else(leaving: list[int], per_request: int) -> None:
    lists = FakeMailman()
    joined = [lists.join(f"customer{number:03}@example.test") for number in range(450)]
    queue = iter(leaving)

    def send(request: Request) -> Response:
        answer = lists.send(request)
        for number in [next(queue, None) for _ in range(per_request)]:
            if number is not None:
                lists.leave(joined[number])
        return answer

    assert set(members(send)) >= {member.address for member in lists.members}


def test_a_cursor_of_something_else_is_refused(lists: FakeMailman) -> None:
    mailman = sink()
    with pytest.raises(DataInvalid):
        drive(mailman, mailman.members("../x"), lists.send)


# --- look -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "at_address", "standing"),
    [
        (None, None, Standing.FREE),
        ("by_moderator", None, Standing.HELD),
        ("by_moderator", "by_user", Standing.HELD),
        ("by_user", None, Standing.SILENT),
        ("by_bounces", None, Standing.SILENT),
        ("unknown", None, Standing.SILENT),
        (None, "by_user", Standing.SILENT),
        (None, "by_bounces", Standing.SILENT),
        (None, "by_moderator", Standing.SILENT),
        ("enabled", "by_user", Standing.FREE),
    ],
)
def test_how_somebody_stands_follows_from_both_levels(
    lists: FakeMailman, own: str | None, at_address: str | None, standing: Standing
) -> None:
    lists.join(ADA, **({"delivery_status": own} if own else {}))
    if at_address:
        lists.at_address[ADA] = {"delivery_status": at_address}
    assert looked(lists, ADA)[ADA].standing is standing


def test_looking_changes_nothing(lists: FakeMailman) -> None:
    lists.join(ADA)
    looked(lists, ADA, "nobody@example.test")
    assert lists.writes == []


def test_the_snapshot_has_the_other_preferences_of_the_member_and_fits_into_json(lists: FakeMailman) -> None:
    member = lists.join(ADA, **LINGERING)
    snapshot = looked(lists, ADA)[ADA].snapshot
    assert json.loads(json.dumps(dict(snapshot))) == {"members": {member.id: LINGERING}}


def test_an_address_is_found_whatever_its_case_and_a_star_in_it_finds_nobody_else(lists: FakeMailman) -> None:
    lists.join(ADA)
    assert set(looked(lists, "Ada@Example.test", "*@example.test")) == {"Ada@Example.test"}


def test_an_owner_who_is_no_member_is_absent(lists: FakeMailman) -> None:
    lists.join(ADA, role="owner")
    assert looked(lists, ADA) == {}


def test_a_list_that_is_gone_is_an_error_and_never_an_empty_one(lists: FakeMailman) -> None:
    lists.list_id = "other.example.com"
    mailman = sink()
    flows: list[Callable[[], Any]] = [
        lambda: mailman.look([ADA]),
        lambda: mailman.members(None),
        lambda: mailman.hold([Order(ADA, {})]),
        lambda: mailman.release([Order(ADA, {})]),
    ]
    for flow in flows:
        with pytest.raises(SettingsError, match="`list_id`"):
            drive(mailman, flow(), lists.send)


# --- hold -------------------------------------------------------------------------------------------------


def test_a_hold_is_written_at_the_members_own_level_and_read_back(lists: FakeMailman) -> None:
    member = lists.join(ADA, **LINGERING)
    assert hold(lists, orders(lists, ADA)) == [Result.CONFIRMED]
    assert member.own == {**LINGERING, "delivery_status": "by_moderator"}
    assert looked(lists, ADA)[ADA].standing is Standing.HELD


def test_holding_twice_changes_nothing_more(lists: FakeMailman) -> None:
    lists.join(ADA)
    given = orders(lists, ADA)
    hold(lists, given)
    lists.requests.clear()
    assert hold(lists, given) == [Result.CONFIRMED]
    assert lists.writes == []


@pytest.mark.parametrize("status", ["by_user", "by_bounces"])
@pytest.mark.parametrize("level", ["own", "address"])
def test_who_gets_no_mail_for_another_reason_is_left_alone(lists: FakeMailman, status: str, level: str) -> None:
    member = lists.join(ADA)
    given = orders(lists, ADA)
    preferences = member.own if level == "own" else lists.at_address.setdefault(ADA, {})
    preferences["delivery_status"] = status
    assert hold(lists, given) == [Result.FOREIGN]
    assert lists.writes == []


def test_a_member_with_an_enabled_of_their_own_is_refused_since_a_release_would_lose_it(lists: FakeMailman) -> None:
    lists.join(ADA, delivery_status="enabled")
    lists.at_address[ADA] = {"delivery_status": "by_user"}
    assert hold(lists, orders(lists, ADA)) == [Result.REJECTED]
    assert lists.writes == []


def test_nobody_is_subscribed_by_a_hold(lists: FakeMailman) -> None:
    assert hold(lists, orders(lists, ADA)) == [Result.ABSENT]
    assert lists.members == []
    assert lists.writes == []


def test_somebody_who_joined_again_since_the_look_is_looked_at_first(lists: FakeMailman) -> None:
    lists.leave(lists.join(ADA))
    member = lists.join(ADA)
    lists.leave(member)
    given = [Order(ADA, {"members": {member.id: {}}})]
    lists.join(ADA)
    assert hold(lists, given) == [Result.RETRY]
    assert lists.writes == []


def test_an_address_that_is_subscribed_twice_is_held_and_released_twice(lists: FakeMailman) -> None:
    first, second = lists.join(ADA, **LINGERING), lists.join(ADA)
    given = orders(lists, ADA)
    assert hold(lists, given) == [Result.CONFIRMED]
    assert {first.own["delivery_status"], second.own["delivery_status"]} == {"by_moderator"}
    assert release(lists, given) == [Result.CONFIRMED]
    assert (first.own, second.own) == (LINGERING, {})


def test_of_two_subscriptions_the_one_that_somebody_else_holds_stays_held(lists: FakeMailman) -> None:
    ours, theirs = lists.join(ADA), lists.join(ADA, delivery_status="by_moderator")
    given = orders(lists, ADA)
    assert hold(lists, given) == [Result.CONFIRMED]
    assert release(lists, given) == [Result.FOREIGN]
    assert theirs.own == {"delivery_status": "by_moderator"}
    assert ours.own == {}


def test_one_person_who_fails_does_not_stop_the_others(lists: FakeMailman) -> None:
    everybody = [f"customer{number}@example.test" for number in range(3)]
    for address in everybody:
        lists.join(address)
    given = orders(lists, *everybody)

    def send(request: Request) -> Response:
        refused = request.method == "PATCH" and lists.members[1].id in request.url
        return Response(400, {}, b"{}") if refused else lists.send(request)

    assert hold(lists, given, send) == [Result.CONFIRMED, Result.REJECTED, Result.CONFIRMED]


def test_one_person_at_whom_the_service_fails_does_not_hold_up_the_others(lists: FakeMailman) -> None:
    members = [lists.join(f"{name}@example.com") for name in ("ida", "joe", "kit")]
    given = orders(lists, *(member.address for member in members))

    def send(request: Request) -> Response:
        fails = request.method == "PATCH" and members[0].id in request.url
        return Response(503, {}, b"") if fails else lists.send(request)

    assert hold(lists, given, send) == [Result.RETRY, Result.CONFIRMED, Result.CONFIRMED]


def test_when_the_service_goes_down_what_was_done_is_told_and_the_rest_is_for_later(lists: FakeMailman) -> None:
    everybody = [f"customer{number}@example.test" for number in range(3)]
    for address in everybody:
        lists.join(address)
    given = orders(lists, *everybody)

    def send(request: Request) -> Response:
        is_down = lists.members[0].own.get("delivery_status") and request.method == "PATCH"
        return Response(503, {}, b"") if is_down else lists.send(request)

    assert hold(lists, given, send) == [Result.CONFIRMED, Result.RETRY, Result.RETRY]


# --- release ----------------------------------------------------------------------------------------------


def test_a_release_gives_back_what_was_there_and_nothing_else(lists: FakeMailman) -> None:
    member = lists.join(ADA, **LINGERING)
    given = orders(lists, ADA)
    hold(lists, given)
    assert release(lists, given) == [Result.CONFIRMED]
    assert member.own == LINGERING


def test_who_switched_mail_off_for_their_address_during_the_hold_stays_off(lists: FakeMailman) -> None:
    member = lists.join(ADA)
    given = orders(lists, ADA)
    hold(lists, given)
    lists.at_address[ADA] = {"delivery_status": "by_user"}
    assert release(lists, given) == [Result.CONFIRMED]
    assert lists.effective(member)["delivery_status"] == "by_user"


def test_a_preference_that_was_changed_during_the_hold_is_kept(lists: FakeMailman) -> None:
    member = lists.join(ADA, **LINGERING)
    given = orders(lists, ADA)
    hold(lists, given)
    member.own["delivery_mode"] = "plaintext_digests"
    release(lists, given)
    assert member.own == {**LINGERING, "delivery_mode": "plaintext_digests"}


@pytest.mark.parametrize("status", ["by_user", "by_bounces", "unknown"])
def test_a_status_that_was_changed_meanwhile_is_not_touched(lists: FakeMailman, status: str) -> None:
    member = lists.join(ADA)
    given = orders(lists, ADA)
    hold(lists, given)
    member.own["delivery_status"] = status
    lists.requests.clear()
    assert release(lists, given) == [Result.FOREIGN]
    assert lists.writes == []


def test_somebody_enabled_by_hand_meanwhile_is_free_and_not_touched(lists: FakeMailman) -> None:
    member = lists.join(ADA)
    given = orders(lists, ADA)
    hold(lists, given)
    member.own["delivery_status"] = "enabled"
    assert release(lists, given) == [Result.CONFIRMED]
    assert member.own == {"delivery_status": "enabled"}


def test_releasing_one_that_is_free_changes_nothing(lists: FakeMailman) -> None:
    lists.join(ADA, **LINGERING)
    given = orders(lists, ADA)
    assert release(lists, given) == [Result.CONFIRMED]
    assert lists.writes == []


def test_a_hold_that_somebody_else_set_on_a_new_membership_is_not_lifted(lists: FakeMailman) -> None:
    member = lists.join(ADA)
    given = orders(lists, ADA)
    hold(lists, given)
    lists.leave(member)
    other = lists.join(ADA, delivery_status="by_moderator")
    assert release(lists, given) == [Result.FOREIGN]
    assert other.own == {"delivery_status": "by_moderator"}


def test_somebody_who_left_is_absent(lists: FakeMailman) -> None:
    member = lists.join(ADA)
    given = orders(lists, ADA)
    hold(lists, given)
    lists.leave(member)
    assert release(lists, given) == [Result.ABSENT]


class Crash(Exception):
    """The process ends here."""


def crash(_answer: Response) -> Response:
    raise Crash


def released_after_a_crash(at: int) -> tuple[FakeMember, bool]:
    """A member after a release that ended at request `at` and was run again, and whether it had ended there."""
    lists = FakeMailman()
    member = lists.join(ADA, **LINGERING)
    given = orders(lists, ADA)
    hold(lists, given)
    has_crashed = False
    try:
        release(lists, given, breaking(lists.send, at, crash))
    except Crash:
        has_crashed = True
    assert release(lists, given) == [Result.CONFIRMED]
    return member, has_crashed


def test_a_release_that_ended_at_any_request_is_completed_by_the_same_order() -> None:
    crashes = 0
    for at in range(20):
        member, has_crashed = released_after_a_crash(at)
        crashes += has_crashed
        assert member.own == LINGERING
    assert crashes >= 4  # find, preferences, clear, put back


# --- faults -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_changes_nothing_at_whatever_request_it_comes(
    fault: Callable[[Response], Response],
) -> None:
    for at in range(20):
        lists = FakeMailman()
        member = lists.join(ADA, **LINGERING)
        given = orders(lists, ADA)
        assert hold(lists, given, breaking(lists.send, at, fault)) == [Result.CONFIRMED]
        assert release(lists, given, breaking(lists.send, at, fault)) == [Result.CONFIRMED]
        assert member.own == LINGERING


@pytest.mark.parametrize("fault", LASTING)
def test_an_answer_that_is_none_is_an_error_and_the_same_order_repairs_what_it_left(
    fault: Callable[[Response], Response],
) -> None:
    for at in range(20):
        lists = FakeMailman()
        member = lists.join(ADA, **LINGERING)
        given = orders(lists, ADA)
        for act in (hold, release):
            try:
                act(lists, given, breaking(lists.send, at, fault))
            except ResponseInvalid:
                pass
            assert act(lists, given) == [Result.CONFIRMED]
        assert member.own == LINGERING


def test_a_service_that_is_down_before_anything_was_done_leaves_all_for_later(lists: FakeMailman) -> None:
    lists.join(ADA)
    given = orders(lists, ADA)
    assert hold(lists, given, lambda _request: Response(503, {}, b"")) == [Result.RETRY]


def test_a_wrong_password_is_an_error_and_no_answer_about_anybody(lists: FakeMailman) -> None:
    mailman = sink(password="sample-old-password")
    flows: list[Callable[[], Any]] = [lambda: mailman.look([ADA]), lambda: mailman.hold([Order(ADA, {})])]
    for flow in flows:
        with pytest.raises(CredentialsRejected) as caught:
            drive(mailman, flow(), lists.send)
        assert "sample-old-password" not in str(caught.value)
        assert ADA not in str(caught.value)


def test_looking_while_the_service_is_down_says_so(lists: FakeMailman) -> None:
    with pytest.raises(ServiceUnreachable):
        looked(lists, ADA, send=lambda _request: Response(500, {}, b""))


PREFERENCES = st.dictionaries(
    st.sampled_from(["delivery_mode", "preferred_language", "acknowledge_posts", "hide_address"]),
    st.sampled_from(["plaintext_digests", "de"]) | st.booleans(),
)
STATUS = st.sampled_from([None, "enabled", "by_user", "by_bounces", "by_moderator", "unknown"])


@settings(max_examples=100)
@given(others=PREFERENCES, own=STATUS, at_address=STATUS)
def test_a_hold_and_a_release_leave_everybody_as_they_were_and_write_nothing_but_what_they_may(
    others: dict[str, Any], own: str | None, at_address: str | None
) -> None:
    lists = FakeMailman()
    member = lists.join(ADA, **others, **({"delivery_status": own} if own else {}))
    if at_address:
        lists.at_address[ADA] = {"delivery_status": at_address}
    before, effective = dict(member.own), lists.effective(member)
    given = orders(lists, ADA)
    if looked(lists, ADA)[ADA].standing is Standing.FREE:
        held = hold(lists, given)
        assert release(lists, given) == [Result.CONFIRMED]
        assert held == [Result.REJECTED if own == "enabled" else Result.CONFIRMED]
    assert (member.own, lists.effective(member)) == (before, effective)
    assert all(method in {"PATCH", "DELETE"} and path.endswith("/preferences") for method, path in lists.writes)
    assert all(("delivery_status", "enabled") not in (sent.form or ()) for sent in lists.requests)


# --- check ------------------------------------------------------------------------------------------------


def test_a_list_in_order_has_no_complaint(lists: FakeMailman) -> None:
    mailman = sink()
    assert all(finding.is_well for finding in drive(mailman, mailman.check(), lists.send))


@pytest.mark.parametrize(
    ("given", "remedy"), [({"list_id": "none.example.com"}, "`list_id`"), ({"password": "x"}, "`password`")]
)
def test_a_check_says_which_setting_to_correct(lists: FakeMailman, given: dict[str, str], remedy: str) -> None:
    mailman = sink(**given)
    findings = drive(mailman, mailman.check(), lists.send)
    assert any(remedy in finding.remedy for finding in findings if not finding.is_well)


def test_another_version_of_the_api_is_a_finding(lists: FakeMailman) -> None:
    def send(request: Request) -> Response:
        if request.url.endswith("/system/versions"):
            return Response(200, {}, b'{"api_version": "4.0"}')
        return lists.send(request)

    mailman = sink()
    findings = drive(mailman, mailman.check(), send)
    assert [finding.subject for finding in findings if not finding.is_well] == ["API version 4.0"]


# --- recorded answers -------------------------------------------------------------------------------------


def recorded(name: str) -> tuple[Response, Any]:
    exchange = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    body = exchange.get("body")
    content = b"" if body in (None, "") else json.dumps(body).encode()
    return Response(exchange["status"], exchange["headers"], content), body


@pytest.mark.parametrize("name", ["roster_page_1", "roster_last_page", "roster_past_the_end"])
def test_recorded_rosters_are_read_without_loss(name: str) -> None:
    answer, body = recorded(name)
    mailman = sink()
    page = drive(mailman, mailman.members(None), lambda _request: answer)
    assert list(page.addresses) == [entry["email"] for entry in body.get("entries", [])]


@pytest.mark.parametrize(
    ("person", "standing"),
    [
        ("ada", Standing.FREE),
        ("bob", Standing.SILENT),
        ("cy", Standing.SILENT),
        ("dee", Standing.SILENT),
        ("eve", Standing.FREE),
    ],
)
def test_recorded_preferences_are_read_as_mailman_means_them(person: str, standing: Standing) -> None:
    own, _ = recorded(f"own_preferences_{person}")
    everything, _ = recorded(f"all_preferences_{person}")
    found, body = recorded("find_one")
    address = body["entries"][0]["email"]

    def send(request: Request) -> Response:
        if "/find" in request.url:
            return found
        return everything if "/all/" in request.url else own

    mailman = sink()
    assert drive(mailman, mailman.look([address]), send)[address].standing is standing


def test_the_recorded_answer_for_an_unknown_list_is_an_error() -> None:
    nobody, _ = recorded("find_nobody")
    gone, _ = recorded("list_not_found")
    mailman = sink()
    with pytest.raises(AlignkitError, match="`list_id`"):
        drive(mailman, mailman.look([ADA]), lambda request: nobody if "/find" in request.url else gone)

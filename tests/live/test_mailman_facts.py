"""Mailman core behaves as the sink assumes, the consent trap above all."""

from __future__ import annotations

from itertools import count

import pytest

from .admin import MailmanAdmin, RestClient, basic

NUMBERS = count(1)


@pytest.fixture
def list_id(mailman: MailmanAdmin) -> str:
    return mailman.add_list(f"offers{next(NUMBERS)}")


@pytest.fixture
def address() -> str:
    """An address that no other test uses: its preferences are shared by all lists."""
    return f"ada{next(NUMBERS)}@example.test"


# --- the consent trap -------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["address", "user"])
def test_enabling_a_member_overrides_what_they_chose_elsewhere(
    mailman: MailmanAdmin, list_id: str, address: str, level: str
) -> None:
    member = mailman.join(list_id, address)
    choose = mailman.set_for_address if level == "address" else mailman.set_for_user
    choose(address, delivery_status="by_user")
    assert mailman.effective_preferences(member)["delivery_status"] == "by_user"
    mailman.set_for_member(member, delivery_status="by_moderator")
    mailman.set_for_member(member, delivery_status="enabled")
    assert mailman.effective_preferences(member)["delivery_status"] == "enabled"


def test_unknown_overrides_as_well(mailman: MailmanAdmin, list_id: str, address: str) -> None:
    member = mailman.join(list_id, address)
    mailman.set_for_address(address, delivery_status="by_user")
    mailman.set_for_member(member, delivery_status="unknown")
    assert mailman.effective_preferences(member)["delivery_status"] == "unknown"


@pytest.mark.parametrize("value", ["", "bogus"])
def test_an_empty_or_foreign_status_is_refused_and_changes_nothing(
    mailman: MailmanAdmin, list_id: str, address: str, value: str
) -> None:
    member = mailman.join(list_id, address)
    mailman.set_for_member(member, delivery_status="by_moderator")
    form = {"delivery_status": value}
    mailman.rest.request("PATCH", f"/members/{member}/preferences", form=form).expect(400)
    assert mailman.own_preferences(member) == {"delivery_status": "by_moderator"}


def test_only_deleting_the_members_preferences_restores_inheritance_and_it_drops_all_of_them(
    mailman: MailmanAdmin, list_id: str, address: str
) -> None:
    member = mailman.join(list_id, address)
    mailman.set_for_member(member, delivery_mode="plaintext_digests", hide_address="true")
    mailman.set_for_address(address, delivery_status="by_user")
    mailman.set_for_member(member, delivery_status="by_moderator")
    mailman.clear_for_member(member)
    assert mailman.own_preferences(member) == {}
    assert mailman.effective_preferences(member)["delivery_status"] == "by_user"


def test_preferences_that_were_read_can_be_written_back_as_they_were(
    mailman: MailmanAdmin, list_id: str, address: str
) -> None:
    member = mailman.join(list_id, address)
    form = {
        "acknowledge_posts": "true",
        "delivery_mode": "mime_digests",
        "hide_address": "false",
        "preferred_language": "en",
        "receive_list_copy": "false",
        "receive_own_postings": "false",
    }
    mailman.set_for_member(member, **form)
    before = mailman.own_preferences(member)
    mailman.clear_for_member(member)
    mailman.set_for_member(member, **{name: str(value) for name, value in before.items()})
    assert mailman.own_preferences(member) == before
    assert set(before) == set(form)


# --- preferences by level ---------------------------------------------------------------------------------


def test_nothing_is_set_for_a_new_member_who_inherits_enabled(
    mailman: MailmanAdmin, list_id: str, address: str
) -> None:
    member = mailman.join(list_id, address)
    assert mailman.own_preferences(member) == {}
    assert mailman.effective_preferences(member) == {
        "acknowledge_posts": False,
        "delivery_mode": "regular",
        "delivery_status": "enabled",
        "preferred_language": "en",
        "receive_list_copy": True,
        "receive_own_postings": True,
    }


def test_a_member_outweighs_the_address_and_the_address_the_user(
    mailman: MailmanAdmin, list_id: str, address: str
) -> None:
    member = mailman.join(list_id, address)
    seen: list[str] = []
    mailman.set_for_user(address, delivery_status="by_user")
    seen.append(mailman.effective_preferences(member)["delivery_status"])
    mailman.set_for_address(address, delivery_status="by_bounces")
    seen.append(mailman.effective_preferences(member)["delivery_status"])
    mailman.set_for_member(member, delivery_status="by_moderator")
    seen.append(mailman.effective_preferences(member)["delivery_status"])
    assert seen == ["by_user", "by_bounces", "by_moderator"]


def test_a_hidden_address_is_a_preference_that_the_effective_ones_leave_out(
    mailman: MailmanAdmin, list_id: str, address: str
) -> None:
    member = mailman.join(list_id, address)
    mailman.set_for_member(member, hide_address="true")
    assert mailman.own_preferences(member) == {"hide_address": True}
    assert "hide_address" not in mailman.effective_preferences(member)


# --- finding and paging -----------------------------------------------------------------------------------


def test_members_can_be_found_by_their_effective_status_in_one_request(mailman: MailmanAdmin, list_id: str) -> None:
    held, chose, silent, open_ = (f"{list_id.partition('.')[0]}-{name}@example.test" for name in "abcd")
    mailman.set_for_member(mailman.join(list_id, held), delivery_status="by_moderator")
    mailman.join(list_id, chose)
    mailman.set_for_address(chose, delivery_status="by_user")
    mailman.join(list_id, silent, delivery_status="by_bounces")
    mailman.join(list_id, open_)
    assert mailman.find(list_id, delivery_status="by_moderator") == [held]
    assert mailman.find(list_id, delivery_status="by_user") == [chose]
    assert mailman.find(list_id, delivery_status="by_bounces") == [silent]
    assert mailman.find(list_id, delivery_status="enabled") == [open_]


def test_an_address_is_found_whatever_its_case_and_a_star_finds_everybody(
    mailman: MailmanAdmin, list_id: str, address: str
) -> None:
    mailman.join(list_id, address)
    mailman.join(list_id, f"x{address}")
    assert mailman.find(list_id, subscriber=address.upper()) == [address]
    assert mailman.find(list_id, subscriber="*@example.test") == [address, f"x{address}"]
    assert mailman.find(list_id, subscriber="nobody@example.test") == []


def test_a_roster_is_paged_in_order_and_a_page_without_members_has_no_entries(
    mailman: MailmanAdmin, list_id: str
) -> None:
    prefix = list_id.partition(".")[0]
    joined = [f"{prefix}-{number}@example.test" for number in range(5)]
    for one in joined:
        mailman.join(list_id, one)
    pages = [
        mailman.rest.get(f"/lists/{list_id}/roster/member", {"count": "2", "page": str(page)}).expect(200).body
        for page in (1, 2, 3, 4)
    ]
    assert [[entry["email"] for entry in page.get("entries", [])] for page in pages] == [
        joined[:2],
        joined[2:4],
        joined[4:],
        [],
    ]
    assert "entries" not in pages[3]
    assert [(page["start"], page["total_size"]) for page in pages] == [(0, 5), (2, 5), (4, 5), (6, 5)]


def test_a_roster_says_nothing_about_delivery_status(mailman: MailmanAdmin, list_id: str, address: str) -> None:
    mailman.join(list_id, address, delivery_status="by_moderator")
    entry = mailman.rest.get(f"/lists/{list_id}/roster/member").expect(200).body["entries"][0]
    assert "delivery_status" not in entry
    assert entry["delivery_mode"] == "regular"


# --- changes and errors -----------------------------------------------------------------------------------


def test_changing_and_clearing_preferences_answer_204_without_a_body(
    mailman: MailmanAdmin, list_id: str, address: str
) -> None:
    path = f"/members/{mailman.join(list_id, address)}/preferences"
    held = mailman.rest.request("PATCH", path, form={"delivery_status": "by_moderator"})
    cleared = mailman.rest.request("DELETE", path)
    assert [(answer.status, answer.body) for answer in (held, cleared)] == [(204, ""), (204, "")]


def test_somebody_who_left_and_came_back_is_another_member(mailman: MailmanAdmin, list_id: str, address: str) -> None:
    first = mailman.join(list_id, address)
    mailman.set_for_member(first, delivery_status="by_moderator")
    mailman.leave(first)
    assert mailman.rest.get(f"/members/{first}").status == 404
    assert mailman.rest.request("DELETE", f"/members/{first}/preferences").status == 404
    second = mailman.join(list_id, address)
    assert second != first
    assert mailman.own_preferences(second) == {}


def test_a_wrong_credential_is_a_401_and_an_unknown_list_a_404(mailman: MailmanAdmin) -> None:
    stranger = RestClient(mailman.rest.root, basic("restadmin", "wrong"))
    refused = stranger.get("/lists").expect(401)
    assert refused.body == {"title": "401 Unauthorized", "description": "REST API authorization failed"}
    assert mailman.rest.get("/lists/none.example.test/roster/member").status == 404


def test_searching_an_unknown_list_finds_nobody_instead_of_failing(mailman: MailmanAdmin) -> None:
    assert mailman.find("none.example.test") == []

"""The Mailman sink holds and gives back members of a real Mailman 3."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import TypeVar

import pytest

from alignkit.connectors.base import Look, Order, Receipt, Result, Standing, Submitted
from alignkit.connectors.mailman import Mailman
from alignkit.errors import CredentialsRejected, SettingsError
from alignkit.transport import Flow, HttpClient, run

from .admin import MailmanAdmin

T = TypeVar("T")
NUMBERS = count(1)


@pytest.fixture
def list_id(mailman: MailmanAdmin) -> str:
    return mailman.add_list(f"held{next(NUMBERS)}")


@pytest.fixture
def address() -> str:
    """An address that no other test uses: its preferences are shared by all lists."""
    return f"member{next(NUMBERS)}@example.test"


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient() as opened:
        yield opened


class Offers:
    """One list as a destination."""

    def __init__(self, admin: MailmanAdmin, list_id: str, client: HttpClient, password: str = "") -> None:
        self.sink = Mailman(admin.url, admin.server.username, password or admin.server.password, list_id)
        self._client = client

    def do(self, flow: Flow[T]) -> T:
        assert self.sink.account is not None
        return run(self.sink.account.attend(flow), self._client.send)

    def look(self, *addresses: str) -> Mapping[str, Look]:
        return self.do(self.sink.look(addresses))

    def order(self, address: str) -> Order:
        return Order(address, json.loads(json.dumps(dict(self.look(address)[address].snapshot))))

    def hold(self, *orders: Order) -> list[Result]:
        return _results(self.do(self.sink.hold(orders)))

    def release(self, *orders: Order) -> list[Result]:
        return _results(self.do(self.sink.release(orders)))


def _results(receipts: Sequence[Receipt] | Submitted) -> list[Result]:
    assert not isinstance(receipts, Submitted)
    return [receipt.result for receipt in receipts]


@pytest.fixture
def offers(mailman: MailmanAdmin, list_id: str, client: HttpClient) -> Offers:
    return Offers(mailman, list_id, client)


def test_a_member_is_held_and_given_back_with_every_preference(
    mailman: MailmanAdmin, offers: Offers, list_id: str, address: str
) -> None:
    member = mailman.join(list_id, address)
    mailman.set_for_member(member, delivery_mode="plaintext_digests", hide_address="true", acknowledge_posts="false")
    before = mailman.own_preferences(member)
    order = offers.order(address)
    assert offers.hold(order) == [Result.CONFIRMED]
    assert mailman.effective_preferences(member)["delivery_status"] == "by_moderator"
    assert offers.look(address)[address].standing is Standing.HELD
    assert offers.release(order) == [Result.CONFIRMED]
    assert mailman.own_preferences(member) == before


@pytest.mark.parametrize("level", ["address", "user"])
def test_a_member_who_switches_mail_off_during_the_hold_stays_off_after_the_release(
    mailman: MailmanAdmin, offers: Offers, list_id: str, address: str, level: str
) -> None:
    member = mailman.join(list_id, address)
    order = offers.order(address)
    offers.hold(order)
    choose = mailman.set_for_address if level == "address" else mailman.set_for_user
    choose(address, delivery_status="by_user")
    assert offers.release(order) == [Result.CONFIRMED]
    assert mailman.effective_preferences(member)["delivery_status"] == "by_user"


@pytest.mark.parametrize("level", ["member", "address", "user"])
def test_a_member_who_switched_mail_off_is_never_touched(
    mailman: MailmanAdmin, offers: Offers, list_id: str, address: str, level: str
) -> None:
    member = mailman.join(list_id, address)
    order = offers.order(address)
    if level == "member":
        mailman.set_for_member(member, delivery_status="by_user")
    elif level == "address":
        mailman.set_for_address(address, delivery_status="by_user")
    else:
        mailman.set_for_user(address, delivery_status="by_user")
    before = mailman.own_preferences(member)
    assert offers.look(address)[address].standing is Standing.SILENT
    assert offers.hold(order) == [Result.FOREIGN]
    offers.release(order)
    assert mailman.own_preferences(member) == before


def test_a_colleagues_hold_is_seen_and_never_lifted_by_an_order_for_somebody_else(
    mailman: MailmanAdmin, offers: Offers, list_id: str, address: str
) -> None:
    theirs = f"theirs.{address}"
    held = mailman.join(list_id, theirs, delivery_status="by_moderator")
    mailman.join(list_id, address)
    order = offers.order(address)
    offers.hold(order)
    offers.release(order)
    assert offers.look(theirs)[theirs].standing is Standing.HELD
    assert mailman.own_preferences(held) == {"delivery_status": "by_moderator"}


def test_a_release_that_ended_between_clearing_and_putting_back_is_completed(
    mailman: MailmanAdmin, offers: Offers, list_id: str, address: str
) -> None:
    member = mailman.join(list_id, address)
    mailman.set_for_member(member, delivery_mode="mime_digests", receive_own_postings="false")
    before = mailman.own_preferences(member)
    order = offers.order(address)
    offers.hold(order)
    mailman.clear_for_member(member)
    assert offers.release(order) == [Result.CONFIRMED]
    assert offers.release(order) == [Result.CONFIRMED]
    assert mailman.own_preferences(member) == before


def test_a_user_with_two_subscribed_addresses_is_held_at_the_one_named(
    mailman: MailmanAdmin, offers: Offers, list_id: str, address: str
) -> None:
    other = f"second.{address}"
    first = mailman.join(list_id, address)
    mailman.rest.request("POST", f"/users/{address}/addresses", form={"email": other}).expect(201)
    second = mailman.join(list_id, other)
    assert offers.hold(offers.order(address)) == [Result.CONFIRMED]
    assert mailman.own_preferences(first) == {"delivery_status": "by_moderator"}
    assert mailman.own_preferences(second) == {}


def test_an_owner_and_a_stranger_are_absent_and_nobody_joins(
    mailman: MailmanAdmin, offers: Offers, list_id: str, address: str
) -> None:
    owner = {"list_id": list_id, "subscriber": address, "role": "owner"}
    mailman.rest.request("POST", "/members", form=owner).expect(201)
    stranger = f"stranger.{address}"
    assert offers.look(address, stranger) == {}
    assert offers.hold(Order(address, {}), Order(stranger, {})) == [Result.ABSENT, Result.ABSENT]
    assert mailman.find(list_id, role="member") == []


def test_members_are_listed_over_several_pages(mailman: MailmanAdmin, list_id: str, offers: Offers) -> None:
    joined = {f"{list_id.partition('.')[0]}.{number}@example.test" for number in range(205)}
    for one in joined:
        mailman.join(list_id, one)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = offers.do(offers.sink.members(cursor))
        found += page.addresses
        cursor = page.cursor
        if cursor is None:
            break
    assert (len(found), set(found)) == (205, joined)


def test_a_list_that_is_gone_is_an_error(mailman: MailmanAdmin, offers: Offers, list_id: str, address: str) -> None:
    mailman.join(list_id, address)
    order = offers.order(address)
    mailman.rest.request("DELETE", f"/lists/{list_id}").expect(204)
    with pytest.raises(SettingsError, match="`list_id`"):
        offers.look(address)
    with pytest.raises(SettingsError, match="`list_id`"):
        offers.release(order)


def test_a_check_of_a_list_in_order_has_no_complaint_and_a_wrong_password_is_named(
    mailman: MailmanAdmin, offers: Offers, list_id: str, client: HttpClient, address: str
) -> None:
    assert all(finding.is_well for finding in offers.do(offers.sink.check()))
    stranger = Offers(mailman, list_id, client, password="sample-wrong")
    (finding,) = stranger.do(stranger.sink.check())
    assert "`password`" in finding.remedy
    with pytest.raises(CredentialsRejected):
        stranger.look(address)

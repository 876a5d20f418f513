"""The main job on real servers: a ticket holds its customer on a mailing list, and its end gives the customer back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alignkit import AsyncGate, AsyncSync, Gate, Message, Policy, SQLiteStore, Sync, Verdict
from alignkit.connectors import Mailman, RequestTracker
from alignkit.connectors.base import NewIssue
from alignkit.errors import CredentialsRejected, ServiceUnreachable, SettingsError

from .admin import READING_RIGHTS, USER_CHANGES_RIGHT, MailmanAdmin, RequestTrackerAdmin

OFFER = Message(category="promotional", channel="email")
COOL_DOWN = timedelta(hours=48)


@dataclass
class Shop:
    """A helpdesk and a list of this test's own, and the library between them."""

    desk: RequestTrackerAdmin
    lists: MailmanAdmin
    list_id: str
    token: str
    store: SQLiteStore
    members: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def source(self) -> RequestTracker:
        return RequestTracker(base_url=self.desk.url, token=self.token)

    @property
    def sink(self) -> Mailman:
        server = self.lists.server
        return Mailman(
            base_url=self.lists.url, username=server.username, password=server.password, list_id=self.list_id
        )

    def join(self, address: str, **preferences: str) -> None:
        self.members[address] = self.lists.join(self.list_id, address)
        if preferences:
            self.lists.set_for_member(self.members[address], **preferences)

    def status_of(self, address: str) -> str:
        status: str = self.lists.effective_preferences(self.members[address])["delivery_status"]
        return status


@pytest.fixture
def shop(
    fresh_rt: RequestTrackerAdmin, mailman: MailmanAdmin, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Shop]:
    name = request.node.name.replace("_", "-")[:40].strip("-")
    list_id = mailman.add_list(name)
    token = fresh_rt.add_integration("alignkit", *READING_RIGHTS, USER_CHANGES_RIGHT, timezone="UTC")
    with SQLiteStore(tmp_path / "align.db") as store:
        yield Shop(fresh_rt, mailman, list_id, token, store)


def test_a_ticket_holds_its_customer_and_its_end_gives_them_back_as_they_were(shop: Shop) -> None:
    shop.join("ada@example.test", delivery_mode="plaintext_digests", hide_address="False")
    shop.join("bob@example.test")
    shop.join("carol@example.test")
    shop.join("dan@example.test")
    shop.lists.set_for_address("carol@example.test", delivery_status="by_user")
    shop.lists.set_for_member(shop.members["dan@example.test"], delivery_status="by_moderator")
    before = {address: shop.lists.own_preferences(member) for address, member in shop.members.items()}

    shop.desk.add_agent("agnes")
    mailed = shop.desk.receive_mail("ada@example.test", "Where is my parcel")
    phoned = shop.desk.file_ticket(
        "Called: parcel lost", requestors=["bob@example.test"], author=shop.desk.as_user("agnes")
    )
    shop.desk.file_ticket("Carol's question", requestors=["carol@example.test"])

    sync = Sync(shop.store)
    pulled = sync.pull(shop.source)
    assert pulled.is_complete
    assert pulled.quarantined == 0

    gate = Gate(shop.store, Policy.starter())
    decision = gate.decide("ada@example.test", OFFER)
    assert decision.verdict is Verdict.SUPPRESS
    assert decision.until is not None
    assert timedelta(days=43) < decision.until - datetime.now(UTC) <= timedelta(days=44), "no hold is for ever"
    assert f"request_tracker/issue/{mailed}" in decision.evidence
    assert f"request_tracker/issue/{mailed}" in decision.explain()
    assert "\n" not in decision.explain()
    assert gate.decide("bob@example.test", OFFER).verdict is Verdict.SUPPRESS, "an agent's ticket for a caller counts"
    assert gate.decide("dan@example.test", OFFER).verdict is Verdict.SEND

    dry = sync.push(shop.sink, Policy.starter(), OFFER, dry_run=True)
    assert {change.address for change in dry.holds} >= {"ada@example.test", "bob@example.test"}
    assert shop.status_of("ada@example.test") == "enabled"

    pushed = sync.push(shop.sink, Policy.starter(), OFFER)
    assert pushed.braked is None
    assert shop.status_of("ada@example.test") == "by_moderator"
    assert shop.status_of("bob@example.test") == "by_moderator"
    assert shop.status_of("carol@example.test") == "by_user", "who switched mail off is never touched"
    assert shop.lists.own_preferences(shop.members["carol@example.test"]) == before["carol@example.test"]
    assert shop.lists.own_preferences(shop.members["dan@example.test"]) == before["dan@example.test"]

    again = sync.push(shop.sink, Policy.starter(), OFFER)
    assert not again.holds
    assert not again.releases

    shop.desk.set_status(mailed, "resolved")
    shop.desk.set_status(phoned, "resolved")
    sync.pull(shop.source)
    resting = gate.decide("ada@example.test", OFFER)
    assert resting.verdict is Verdict.SUPPRESS
    assert resting.until is not None
    assert timedelta(hours=47) < resting.until - datetime.now(UTC) <= COOL_DOWN

    later = resting.until + timedelta(minutes=1)
    sync.pull(shop.source, now=later)
    released = sync.push(shop.sink, Policy.starter(), OFFER, now=later)
    assert {change.address for change in released.releases} >= {"ada@example.test", "bob@example.test"}
    after = {address: shop.lists.own_preferences(member) for address, member in shop.members.items()}
    assert after == before, "whatever consent and preferences they had before"
    assert gate.decide("ada@example.test", OFFER, now=later).verdict is Verdict.SEND
    assert not list(shop.store.ledger(shop.sink.name))


def test_the_same_story_runs_in_an_event_loop(shop: Shop) -> None:
    shop.join("ada@example.test")
    ticket = shop.desk.receive_mail("ada@example.test", "Where is my parcel")

    async def story() -> None:
        sync, gate = AsyncSync(shop.store), AsyncGate(shop.store, Policy.starter())
        await sync.pull(shop.source)
        assert (await gate.decide("ada@example.test", OFFER)).verdict is Verdict.SUPPRESS
        await sync.push(shop.sink, Policy.starter(), OFFER)
        assert shop.status_of("ada@example.test") == "by_moderator"
        shop.desk.set_status(ticket, "resolved")
        later = datetime.now(UTC) + COOL_DOWN + timedelta(hours=1)
        await sync.pull(shop.source, now=later)
        await sync.push(shop.sink, Policy.starter(), OFFER, now=later)

    asyncio.run(story())
    assert shop.status_of("ada@example.test") == "enabled"


def test_a_deleted_and_a_merged_ticket_release_only_on_the_word_of_the_desk(shop: Shop) -> None:
    for person in ("eve", "fay", "gil"):
        shop.join(f"{person}@example.test")
    deleted = shop.desk.receive_mail("eve@example.test", "Deleted later")
    loser = shop.desk.receive_mail("fay@example.test", "Merged later")
    survivor = shop.desk.receive_mail("gil@example.test", "Survives")
    sync, gate = Sync(shop.store), Gate(shop.store, Policy.starter())
    sync.pull(shop.source)
    sync.push(shop.sink, Policy.starter(), OFFER)
    assert shop.status_of("eve@example.test") == "by_moderator"

    shop.desk.delete(deleted)
    shop.desk.merge(loser, into=survivor)
    sync.pull(shop.source)
    assert gate.decide("eve@example.test", OFFER).verdict is Verdict.SUPPRESS, "vanishing from a list proves nothing"

    tomorrow = datetime.now(UTC) + timedelta(hours=25)
    swept = sync.pull(shop.source, now=tomorrow)
    assert swept.fetched >= 2
    assert gate.decide("eve@example.test", OFFER, now=tomorrow).verdict is Verdict.SEND
    assert gate.decide("fay@example.test", OFFER, now=tomorrow).verdict is Verdict.SUPPRESS, "the survivor counts"

    shop.desk.set_status(survivor, "resolved")
    sync.pull(shop.source, now=tomorrow)
    later = datetime.now(UTC) + timedelta(hours=50)
    sync.pull(shop.source, now=later)
    sync.push(shop.sink, Policy.starter(), OFFER, now=later)
    assert [shop.status_of(f"{person}@example.test") for person in ("eve", "fay", "gil")] == ["enabled"] * 3


def test_a_colleagues_hold_and_a_change_of_mind_survive_reconciling(shop: Shop) -> None:
    for person in ("ivy", "jan", "kim", "leo"):
        shop.join(f"{person}@example.test")
    for person in ("ivy", "jan", "kim"):
        shop.desk.receive_mail(f"{person}@example.test", f"From {person}")
    sync = Sync(shop.store)
    sync.pull(shop.source)
    sync.push(shop.sink, Policy.starter(), OFFER)
    shop.lists.clear_for_member(shop.members["ivy@example.test"])
    shop.lists.set_for_member(shop.members["jan@example.test"], delivery_status="by_user")
    shop.lists.set_for_member(shop.members["leo@example.test"], delivery_status="by_moderator")

    found = sync.reconcile(shop.sink)
    assert found.missing == ("ivy@example.test",)
    assert found.gone == ("jan@example.test",)
    assert found.foreign == ("leo@example.test",)
    assert found.agreed == 1
    sync.reconcile(shop.sink, repair=True)
    assert shop.status_of("ivy@example.test") == "by_moderator"

    freed = sync.release(shop.sink)
    assert freed.released == ("ivy@example.test", "kim@example.test")
    assert shop.status_of("jan@example.test") == "by_user"
    assert shop.status_of("leo@example.test") == "by_moderator"


def test_a_ticket_and_a_note_can_be_written_without_mailing_the_customer(shop: Shop) -> None:
    shop.desk.server.grant_user("alignkit", "CreateTicket", "CommentOnTicket", "ShowTicketComments")
    sync = Sync(shop.store)
    number = sync.create_issue(
        shop.source, NewIssue(subject="Complaint on social media", body="text", requester_email="mia@example.test")
    )
    sync.add_note(shop.source, number, "two offers went out this week")
    assert shop.desk.ticket(int(number))["Subject"] == "Complaint on social media"
    sync.pull(shop.source)
    assert Gate(shop.store, Policy.starter()).decide("mia@example.test", OFFER).verdict is Verdict.SUPPRESS


def test_wrong_settings_give_one_clear_error_and_move_nothing(shop: Shop) -> None:
    shop.desk.receive_mail("ada@example.test", "Where is my parcel")
    sync = Sync(shop.store)
    with pytest.raises(CredentialsRejected, match="request_tracker"):
        sync.pull(RequestTracker(base_url=shop.desk.url, token="sample-token"))
    with pytest.raises(ServiceUnreachable):
        sync.pull(RequestTracker(base_url="http://127.0.0.1:9", token="sample-token"))
    assert shop.store.checkpoint("request_tracker", "tickets") is None
    sync.pull(shop.source)
    server = shop.lists.server
    wrong = Mailman(base_url=shop.lists.url, username="restadmin", password="wrong", list_id=shop.list_id)
    with pytest.raises(CredentialsRejected):
        sync.push(wrong, Policy.starter(), OFFER)
    elsewhere = Mailman(
        base_url=shop.lists.url, username=server.username, password=server.password, list_id="nowhere.example.test"
    )
    with pytest.raises(SettingsError, match="nowhere"):
        sync.push(elsewhere, Policy.starter(), OFFER)
    assert not list(shop.store.ledger("mailman"))

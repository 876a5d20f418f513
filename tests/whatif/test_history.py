"""A replay knows at each moment what had become known before, and who is who as today."""

from __future__ import annotations

from alignkit.models import Category, MessageSent
from alignkit.whatif.history import Known, Replay, addressee, read_history, went_out

from .town import ADA, BOB, DAY, HOUR, campaign, contact, day, issue, send, store_of


def test_what_happened_comes_in_the_order_in_which_it_became_known() -> None:
    events = [send("s", ADA, 2), issue("1", ADA, 2), issue("2", ADA, 1), contact(ADA, 3), contact(ADA, 5, tier="gold")]
    with store_of(*events) as store:
        history = read_history(store)
        late = read_history(store, lag=DAY)
        received = read_history(store, known=Known.RECEIVED)
    assert [each.event.subject for each in history.happenings] == ["2", "s", "1", "ada"]
    assert [event.time for event in history.people] == [day(3)]
    assert [each.at for each in late.happenings] == [day(2), day(2), day(3), day(6)]
    assert [each.at for each in received.happenings] == [day(1) + HOUR, day(2), day(2) + HOUR, day(5) + HOUR]


def test_a_message_is_what_it_says_or_what_its_campaign_says() -> None:
    events = [campaign("spring", "upsell", product_refs=("kettle",)), send("a", ADA, 1, None, campaign_id="spring")]
    with store_of(*events, send("b", ADA, 2, None), send("c", ADA, 3, "newsletter")) as store:
        history = read_history(store)
    told = [each.event for each in history.happenings]
    sent = [event for event in told if isinstance(event, MessageSent)]
    messages = [history.message(event, None) for event in sent]
    assert [one.category if one else None for one in messages] == ["upsell", None, "newsletter"]
    assert messages[0] is not None
    assert (messages[0].campaign_id, messages[0].product_refs) == ("spring", ("kettle",))
    otherwise = history.message(sent[1], Category.PROMOTIONAL)
    assert otherwise is not None
    assert otherwise.category == "promotional"


def test_a_replay_knows_nothing_before_it_is_told() -> None:
    with store_of(contact(ADA, 9), issue("1", ADA, 1)) as store:
        history = read_history(store)
    replay = Replay(history)
    [opened] = history.happenings
    key = f"email:{ADA}"
    assert replay.facts(key, {"issues"}).issues == []
    replay.tell(opened.event, opened.at)
    assert [one.status for one in replay.facts(key, {"issues"}).issues] == ["open"]
    assert [replay.customer(one) for one in replay.concerned(opened.event)] == [replay.customer(key)]
    replay.close()


def test_an_issue_of_an_account_concerns_everybody_there() -> None:
    events = [contact(ADA, 0, account_ids=("acme",)), contact(BOB, 0, account_ids=("acme",))]
    with store_of(*events, issue("1", ADA, 1, account_id="acme")) as store:
        history = read_history(store)
    replay = Replay(history)
    [opened] = history.happenings
    replay.tell(opened.event, opened.at)
    concerned = {replay.customer(key) for key in replay.concerned(opened.event)}
    assert concerned == {replay.customer(f"email:{ADA}"), replay.customer(f"email:{BOB}")}
    replay.close()


def test_only_what_left_the_house_went_out() -> None:
    statuses = ["queued", "held", "deferred", "dropped", "sent", "bounced", "failed"]
    assert [one for one in statuses if went_out(send("s", ADA, 1, status=one))] == ["sent", "bounced", "failed"]
    assert not went_out(issue("1", ADA, 1))


def test_a_message_without_an_address_went_to_nobody() -> None:
    sent, lost = send("a", ADA, 1), send("b", None, 1)
    assert isinstance(sent, MessageSent)
    assert isinstance(lost, MessageSent)
    assert (addressee(sent), addressee(lost)) == (f"email:{ADA}", None)

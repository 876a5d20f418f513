"""A replay decides about each message by what was known before it, and measures holds exactly."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.errors import DataInvalid
from alignkit.gate import Gate
from alignkit.models import CustomerEvent, Message, Outcome
from alignkit.rules import Policy
from alignkit.rules.presets import preset
from alignkit.whatif.backtesting import UNTOLD, Backtest, Tally, backtest

from .town import ADA, BOB, CY, DAY, HOUR, answer, campaign, contact, day, issue, send, store_of

STARTER = Policy.starter()


def run(*events: CustomerEvent, policy: Policy = STARTER, **options: Any) -> Backtest:
    with store_of(*events) as store:
        return backtest(policy, store, **options)


def figures(tallies: dict[str, Tally]) -> dict[str, tuple[int, int]]:
    return {name: (tally.sends, tally.held) for name, tally in tallies.items()}


ISSUE = (issue("1", ADA, 1), issue("1", ADA, 3, "resolved", created=1))


def test_messages_are_held_while_an_issue_was_open_and_cooled_down() -> None:
    found = run(*ISSUE, *(send(f"s{n}", ADA, n) for n in (0, 2, 4, 6)), send("b", BOB, 2))
    assert (found.all.sends, found.all.held) == (5, 2)
    assert found.by_rule == {"open-issue": 1, "cool-down": 1}
    assert found.by_outcome == {Outcome.DEFER: 2}
    assert (found.began_at, found.ended_at, found.events) == (day(0), day(6), 7)


def test_a_hold_lasts_from_the_first_word_to_the_end_of_the_cool_down() -> None:
    found = run(*ISSUE, send("late", BOB, 20))
    [held] = found.holds
    assert (held.scope, held.rules) == ("promotional/email", ("open-issue",))
    assert (held.began_at, held.ended_at) == (day(1), day(5))
    assert found.hold_times.median == found.hold_times.p95 == found.hold_times.longest == 4 * DAY
    assert set(found.hold_times_by_rule()) == {"open-issue"}


def test_a_hold_that_goes_on_is_counted_as_lasting() -> None:
    found = run(issue("1", ADA, 1), send("s", ADA, 2))
    assert (found.hold_times.ended, found.hold_times.lasting, found.hold_times.median) == (0, 1, None)


def test_what_became_known_at_the_moment_of_a_message_was_not_known_before() -> None:
    assert run(issue("1", ADA, 1), send("s", ADA, 1)).all.held == 0
    assert run(issue("1", ADA, 1), send("s", ADA, 1 + 1e-9)).all.held == 1


def test_a_lag_delays_what_is_known() -> None:
    events = (issue("1", ADA, 1), send("s", ADA, 1.1))
    assert run(*events).all.held == 1
    assert run(*events, lag=6 * HOUR).all.held == 0


def test_a_history_can_be_replayed_as_it_was_received() -> None:
    events = (issue("1", ADA, 1), send("s", ADA, 1.02))
    assert run(*events, known="happened").all.held == 1
    assert run(*events, known="received").all.held == 0


def test_a_message_that_would_have_been_held_does_not_count_towards_enough() -> None:
    shop = preset("shop")
    week = [send(f"s{n}", ADA, n) for n in (1, 2, 3, 4, 5)]
    assert run(*week, policy=shop).by_rule == {"enough-mail": 2}
    held_first = run(issue("1", ADA, 0.5), issue("1", ADA, 0.9, "resolved", created=0.5), *week, policy=shop)
    assert held_first.by_rule == {"cool-down": 2}


def test_messages_are_told_apart_by_campaign_category_and_segment() -> None:
    found = run(
        contact(ADA, 0, tier="gold"),
        campaign("spring", "upsell"),
        *ISSUE,
        send("a", ADA, 2, None, campaign_id="spring"),
        send("b", BOB, 2, None, campaign_id="spring"),
        send("c", ADA, 9, "newsletter"),
    )
    assert {name: (one.sends, one.held) for name, one in found.by_campaign.items()} == {
        "spring": (2, 1),
        UNTOLD: (1, 0),
    }
    assert {name: one.sends for name, one in found.by_category.items()} == {"upsell": 2, "newsletter": 1}
    assert figures(found.by_segment) == {"gold": (2, 1), UNTOLD: (1, 0)}
    assert found.by_campaign["spring"].share == 0.5


def test_a_segment_is_what_it_was_then() -> None:
    found = run(contact(ADA, 0, tier="silver"), contact(ADA, 5, tier="gold"), send("a", ADA, 2), send("b", ADA, 6))
    assert set(found.by_segment) == {"silver", "gold"}


def test_messages_of_which_too_little_is_known_are_counted_apart() -> None:
    found = run(send("a", ADA, 1, None), send("b", None, 1), send("c", ADA, 1))
    assert (found.all.sends, found.unclassified, found.unaddressed) == (1, 1, 1)
    assert run(send("a", ADA, 1, None), category="newsletter").by_category["newsletter"].sends == 1


def test_what_is_always_allowed_is_never_held() -> None:
    assert run(*ISSUE, send("receipt", ADA, 2, "transactional")).all.held == 0


def test_one_message_counts_once_however_often_it_is_told() -> None:
    again = send("a", ADA, 2, status="bounced")
    assert run(send("a", ADA, 1.9), again).all.sends == 1
    assert run(send("a", ADA, 2, status="held")).all.sends == 0


def test_holds_that_begin_again_soon_flap() -> None:
    events = (*ISSUE, issue("2", ADA, 6), issue("2", ADA, 7, "resolved", created=6), send("s", CY, 30))
    found = run(*events)
    assert len(found.holds) == 2
    assert (found.flapping.again, found.flapping.customers) == (1, 1)
    assert found.flapping.by_rule == {"open-issue": 1}
    assert run(*events, flapping_within=HOUR).flapping.again == 0


def policy_of(*whens: dict[str, Any]) -> Policy:
    rules = [
        {"id": f"r{number}", "effect": "suppress", "outcome": "defer", "reason": "x", "when": when}
        for number, when in enumerate(whens)
    ]
    return Policy.from_json(json.dumps({"name": "p", "rules": rules}))


def test_nights_do_not_swamp_how_long_holds_took() -> None:
    is_open = {"any": "issues", "where": [{"field": "active", "equals": True}]}
    policy = policy_of({"local_time": "21:00-08:00", "zone": "UTC"}, is_open)
    found = run(contact(ADA, 0), *ISSUE, send("s", ADA, 29), policy=policy)
    assert (found.hold_times.ended, found.hold_times.median, found.flapping.again) == (1, 2 * DAY, 0)
    by_clock = found.hold_times_by_clock
    assert (by_clock.ended, by_clock.median) == (26, 11 * HOUR)
    assert found.hold_times_by_rule()["r0"] == by_clock
    assert found.to_dict()["hold_times_by_clock"]["ended"] == 26


SAME_PRODUCT = {
    "any": "issues",
    "where": [{"field": "active", "equals": True}, {"field": "products", "same_as": "product_refs"}],
}
SAME_CAMPAIGN = {
    "count": "sends",
    "at_least": 2,
    "where": [{"field": "campaign", "same_as": "campaign_id"}, {"field": "at", "within": "7d"}],
}


def test_holds_of_offers_for_a_product_are_measured_for_those_to_whom_they_went() -> None:
    phone: dict[str, Any] = {"product_refs": ("phone",)}
    found = run(
        campaign("phones", "promotional", **phone),
        issue("1", ADA, 1, **phone),
        issue("1", ADA, 5, "resolved", created=1, **phone),
        issue("2", BOB, 1, **phone),
        send("a", ADA, 2, None, campaign_id="phones"),
        send("b", BOB, 2),
        send("c", ADA, 29, None, campaign_id="phones"),
        policy=policy_of(SAME_PRODUCT),
    )
    assert (found.all.sends, found.all.held, found.by_rule) == (3, 1, {"r0": 1})
    [held] = found.holds
    assert (held.scope, held.lasted, held.rules) == ("promotional/email//phone", 4 * DAY, ("r0",))
    assert found.not_followed == ()


def test_holds_of_a_campaign_are_measured_for_those_to_whom_it_went() -> None:
    found = run(
        *(send(f"a{n}", ADA, n, campaign_id="spring") for n in (1, 2, 3)),
        send("b", BOB, 1, campaign_id="autumn"),
        send("c", BOB, 30, campaign_id="autumn"),
        policy=policy_of(SAME_CAMPAIGN),
    )
    assert (found.all.sends, found.all.held) == (5, 1)
    [held] = found.holds
    assert (held.scope, held.began_at, held.ended_at) == ("promotional/email/spring", day(2), day(8))


def test_a_policy_that_tells_no_campaigns_apart_follows_none() -> None:
    found = run(*ISSUE, send("a", ADA, 2, campaign_id="spring"), send("b", ADA, 30, campaign_id="autumn"))
    assert [held.scope for held in found.holds] == ["promotional/email"]


@pytest.mark.parametrize(
    "when",
    [
        {"message": "id", "is_unset": False},
        {"all_of": [{"not": {"any": "sends", "where": [{"any_of": [{"field": "campaign", "same_as": "id"}]}]}}]},
        {
            "latest": "issues",
            "passes": [{"not": {"all_of": [{"field": "ref", "same_as": "about_issue"}]}}],
        },
    ],
)
def test_rules_whose_holds_cannot_be_followed_are_told(when: dict[str, Any]) -> None:
    found = run(*ISSUE, send("s", ADA, 2), policy=policy_of(SAME_PRODUCT, when))
    assert found.not_followed == ("r1",)
    assert found.to_dict()["not_followed"] == ["r1"]


def test_two_addresses_of_one_person_are_one_customer_from_the_beginning() -> None:
    both = contact(ADA, 9).model_copy()
    linked = contact("ada@work.example", 9)
    data = linked.data.model_copy(update={"emails": (ADA, "ada@work.example")})
    known = type(linked).of(data, source="desk", received_at=day(9))
    assert run(issue("1", ADA, 1), send("s", "ada@work.example", 2), known).all.held == 1
    assert run(issue("1", ADA, 1), send("s", "ada@work.example", 2), both).all.held == 0


def test_a_colleague_s_issue_counts_from_its_own_moment() -> None:
    people = [contact(who, 0, account_ids=("acme",)) for who in (ADA, BOB)]
    urgent = issue("1", ADA, 1, priority="urgent", account_id="acme")
    found = run(*people, urgent, send("before", BOB, 0.5), send("after", BOB, 2))
    assert (found.all.held, dict(found.by_rule)) == (1, {"account-issue": 1})
    assert {held.customer for held in found.holds} == {held.customer for held in found.holds if held.rules}
    assert len({held.customer for held in found.holds}) == 2


def test_the_store_is_left_as_it_was() -> None:
    with store_of(*ISSUE, send("s", ADA, 2)) as store:
        before = store.counts(), store.sources()
        backtest(STARTER, store)
        assert (store.counts(), store.sources()) == before


def test_nothing_is_a_history_too() -> None:
    found = run()
    assert (found.all.sends, found.began_at, found.holds, found.all.share) == (0, None, (), 0.0)
    assert json.dumps(found.to_dict())


def test_the_figures_can_be_kept_as_json() -> None:
    told = json.loads(json.dumps(run(*ISSUE, send("s", ADA, 2), answer("n", BOB, 3, 2), send("t", BOB, 20)).to_dict()))
    assert (told["sends"], told["held"], told["share"]) == (2, 1, 0.5)
    assert told["hold_times"]["median_s"] == 4 * 86_400


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"segment": "shoe_size"}, "no attribute `shoe_size`"),
        ({"lag": -HOUR}, "`lag` is negative"),
        ({"known": "guessed"}, "`known` is `guessed`"),
        ({"category": "spam"}, "`category` is `spam`"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(DataInvalid) as refused:
        run(**options)
    assert text in str(refused.value)


def random_history(random: Random) -> list[CustomerEvent]:
    """Issues that open, close and open again, and messages in between, on random days."""
    events: list[CustomerEvent] = [contact(who, random.random(), account_ids=("acme",)) for who in (ADA, BOB)]
    for number in range(random.randint(0, 3)):
        at, who = random.uniform(0, 20), random.choice([ADA, BOB])
        created = at
        for _ in range(random.randint(1, 3)):
            status = random.choice(["open", "resolved", "waiting_on_customer", "spam"])
            priority = random.choice(["normal", "urgent"])
            events.append(issue(f"i{number}", who, at, status, created=created, priority=priority, account_id="acme"))
            at += random.uniform(0.1, 10)
    events += [answer(f"n{n}", random.choice([ADA, BOB]), random.uniform(0, 40), random.randint(0, 10)) for n in (1, 2)]
    categories = ["promotional", "solicitation", "upsell"]
    for n in range(random.randint(1, 8)):
        events.append(send(f"s{n}", random.choice([ADA, BOB, CY]), random.uniform(0, 40), random.choice(categories)))
    return events


@given(st.integers(0, 2**32).map(Random))
@settings(max_examples=15)
def test_no_decision_looks_ahead(random: Random) -> None:
    events, cut = random_history(random), day(random.uniform(0, 40))
    early = [event for event in events if event.time <= cut or event.type == "contact.changed"]
    later = [event for event in events if event not in early and event.type != "message.sent"]
    some, more = run(*early), run(*early, *later)
    assert (more.all, more.by_rule, more.by_campaign) == (some.all, some.by_rule, some.by_campaign)
    ended = [held for held in some.holds if held.ended_at is not None]
    assert [held for held in more.holds if held in ended] == ended


@given(st.integers(0, 2**32).map(Random))
@settings(max_examples=10)
def test_the_order_of_arrival_changes_nothing(random: Random) -> None:
    events = random_history(random)
    told = run(*events).to_dict()
    assert run(*random.sample(events, len(events))).to_dict() == told


def test_a_holdout_lets_the_same_ones_through_as_the_gate_does() -> None:
    people = [f"p{number}@example.com" for number in range(12)]
    opened = [issue(f"{100 - number}", one, 1 + number / 100) for number, one in reversed(list(enumerate(people)))]
    told = [send(f"s{number}", one, 4) for number, one in enumerate(people)]
    rules = [
        {"id": "open", "effect": "suppress", "outcome": "defer", "reason": "x", "when": {"any": "issues"}},
        {"id": "measure", "effect": "exempt", "reason": "x", "when": {"holdout": 0.5, "salt": "spring"}},
    ]
    policy = Policy.from_json(json.dumps({"name": "measured", "rules": rules}))
    offer = Message(category="promotional", channel="email")
    with store_of(*opened, *told) as store:
        found = backtest(policy, store)
        held = [one for one in people if Gate(store, policy).decide(one, offer, now=day(4)).verdict == "suppress"]
    assert 2 < len(held) < 10
    assert found.all.held == len(held)
    store = store_of(*told[::-1], *opened[::-1])
    assert [one for one in people if Gate(store, policy).decide(one, offer, now=day(4)).verdict == "suppress"] == held
    store.close()

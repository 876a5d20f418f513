"""A rollout decides by the policy in force alone, and reports what the others would have decided."""

from __future__ import annotations

import json

import pytest

from alignkit.errors import DataInvalid, PolicyInvalid
from alignkit.gate import Gate
from alignkit.models import Message, Verdict
from alignkit.rules import Policy
from alignkit.whatif.comparison import Change
from alignkit.whatif.rollout import NOTHING_IN_FORCE, Rollout

from .town import ADA, BOB, CY, HOUR, contact, day, issue, store_of

OFFER = Message(category="promotional", channel="email")
STARTER = Policy.starter()
QUICKER = Policy.starter(name="quicker", mode="shadow", cool_down="1h")
WATCHED = Policy.starter(name="watched", mode="observe", only_priorities=["urgent"])
NOW = day(2) + 2 * HOUR
TOWN = (
    contact(ADA, 0),
    contact(BOB, 0),
    contact(CY, 0),
    issue("1", ADA, 1),
    issue("2", BOB, 2, "resolved", created=1),
)


def test_the_policy_in_force_decides_as_a_gate_does() -> None:
    with store_of(*TOWN) as store:
        rollout, gate = Rollout(store, [QUICKER, STARTER, WATCHED]), Gate(store, STARTER)
        for who in (ADA, BOB, CY, "stranger@example.com"):
            mine, its = rollout.decide(who, OFFER, now=NOW), gate.decide(who, OFFER, now=NOW)
            assert mine.to_dict() == its.to_dict()


def test_the_shadow_s_differences_are_reported_by_rule_and_customer() -> None:
    with store_of(*TOWN) as store:
        rollout = Rollout(store, [STARTER, QUICKER, WATCHED])
        for who in (ADA, BOB, CY):
            rollout.decide(who, OFFER, now=NOW)
        bob = store.customer(BOB)
    enforced, shadow, observed = rollout.report()
    assert (enforced.policy, enforced.asked, enforced.held) == ("starter", 3, 2)
    assert enforced.by_rule == {"open-issue": 1, "cool-down": 1}
    assert (shadow.policy, shadow.held) == ("quicker", 1)
    assert shadow.compared is not None
    assert shadow.compared.by_rule == {"cool-down": {Change.RELEASED: 1}}
    assert bob is not None
    assert [one.who for one in shadow.compared.differences] == [bob.id]
    assert (observed.held, observed.compared, enforced.compared) == (0, None, None)
    assert json.loads(json.dumps([one.to_dict() for one in rollout.report()]))[1]["compared"]["changed"] == 1


def test_without_a_policy_in_force_everything_goes_out_and_is_counted() -> None:
    with store_of(*TOWN) as store:
        rollout = Rollout(store, [STARTER.model_copy(update={"mode": "observe"}), QUICKER])
        decision = rollout.decide(ADA, OFFER, now=NOW)
    assert (decision.verdict, decision.policy_name) == (Verdict.SEND, NOTHING_IN_FORCE.name)
    _, observed, shadow = rollout.report()
    assert (observed.held, observed.by_rule) == (1, {"open-issue": 1})
    assert shadow.compared is not None
    assert shadow.compared.changes == {Change.HELD: 1}


def test_a_customer_of_the_store_is_asked_about_like_an_address() -> None:
    with store_of(*TOWN) as store:
        ada = store.customer(ADA)
        assert ada is not None
        assert Rollout(store, [STARTER]).decide(ada, OFFER, now=NOW).rules == ("open-issue",)


def test_two_policies_cannot_both_be_in_force_or_have_one_name() -> None:
    with store_of() as store:
        with pytest.raises(PolicyInvalid, match="`starter` and `other` are both in mode `enforce`"):
            Rollout(store, [STARTER, Policy.starter(name="other")])
        with pytest.raises(PolicyInvalid, match="two policies have one name"):
            Rollout(store, [STARTER, Policy.starter(mode="shadow")])


def test_who_cannot_be_asked_about_is_refused() -> None:
    with store_of(*TOWN) as store:
        rollout = Rollout(store, [STARTER])
        with pytest.raises(DataInvalid):
            rollout.decide("nobody", OFFER, now=NOW)
        ada = store.customer(ADA)
        assert ada is not None
        with pytest.raises(DataInvalid, match="has no identifiers"):
            rollout.decide(ada.model_copy(update={"identifiers": ()}), OFFER, now=NOW)

"""A rollout decides by the policy in force alone, and reports what the others would have decided."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import product

import pytest

from alignkit.errors import DataInvalid, PolicyInvalid, StoreUnavailable
from alignkit.gate import Gate
from alignkit.models import Customer, Message, Verdict
from alignkit.rules import Facts, Policy
from alignkit.rules.comparison import Change
from alignkit.rules.policy import Mode
from alignkit.stores import MemoryStore
from alignkit.sync import Sync
from alignkit.whatif.rollout import NOTHING_IN_FORCE, Rollout

from .town import ADA, BOB, CY, HOUR, contact, day, issue, store_of

OFFER = Message(category="promotional", channel="email")
REQUEST = Message(category="solicitation", channel="email")
RECEIPT = Message(category="transactional", channel="email")
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


NOTHING_ABOUT_HOLDS = Policy(name="bare")
LET_THROUGH = Policy.from_json(
    json.dumps(
        {
            "name": "let through",
            "rules": [
                {"id": "held", "effect": "suppress", "outcome": "drop", "reason": "x", "when": {"any": "holds"}},
                {"id": "known", "effect": "exempt", "reason": "x", "when": {"customer": "tier", "equals": "gold"}},
            ],
        }
    )
)
GOLD = contact("dan@example.com", 0, tier="gold")


def stopped(store: MemoryStore) -> None:
    Sync(store).stop("wrong prices", "Grace", now=NOW - HOUR)


def held_by_hand(store: MemoryStore) -> None:
    Sync(store).hold(BOB, "a dispute", now=NOW)


def left_alone(_: MemoryStore) -> None:
    pass


@pytest.mark.parametrize("happens", [stopped, held_by_hand, left_alone])
@pytest.mark.parametrize("read_at", [None, day(1), NOW - 4 * HOUR], ids=["fresh", "stale", "half stale"])
@pytest.mark.parametrize("policy", [STARTER, NOTHING_ABOUT_HOLDS, LET_THROUGH], ids=lambda policy: policy.name)
def test_each_policy_decides_as_a_gate_does(
    policy: Policy, read_at: datetime | None, happens: Callable[[MemoryStore], None]
) -> None:
    beside = policy.model_copy(update={"name": "beside", "mode": Mode.SHADOW})
    half_known = Customer(id="7", identifiers=("unknown@example.com", BOB))
    with store_of(*TOWN, GOLD, read_at=read_at) as store:
        happens(store)
        rollout, gate = Rollout(store, [beside, policy, WATCHED]), Gate(store, policy)
        people: list[str | Customer] = [ADA, BOB, CY, "dan@example.com", "stranger@example.com", half_known]
        for who, message in product(people, (OFFER, REQUEST, RECEIPT)):
            mine, its = rollout.decide(who, message, now=NOW), gate.decide(who, message, now=NOW)
            assert mine.to_dict() == its.to_dict()
    shadow = rollout.report()[1]
    assert shadow.compared is not None
    assert (shadow.asked, shadow.compared.asked, shadow.compared.changed) == (18, 18, 0)


class FailingStore(MemoryStore):
    """A store that answers so many questions and no more."""

    left = 1

    def ask(
        self, identifier: str, needs: AbstractSet[str], after: int | None = None
    ) -> tuple[Facts, Mapping[str, datetime | None]]:
        self.left -= 1
        if self.left < 0:
            raise StoreUnavailable("the store did not take part")
        return super().ask(identifier, needs, after)


def test_a_store_that_fails_in_front_of_a_shadow_changes_nothing() -> None:
    with FailingStore() as store:
        rollout = Rollout(store, [NOTHING_ABOUT_HOLDS, QUICKER])
        assert rollout.decide(ADA, OFFER, now=NOW).errors == ()
        with pytest.raises(StoreUnavailable):
            rollout.decide(ADA, OFFER, now=NOW)
        kept = Rollout(store, [NOTHING_ABOUT_HOLDS], on_error="suppress")
        assert kept.decide(ADA, OFFER, now=NOW).verdict is Verdict.SUPPRESS
    enforced, shadow = rollout.report()
    assert (enforced.asked, shadow.asked, shadow.failed) == (1, 0, 1)


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

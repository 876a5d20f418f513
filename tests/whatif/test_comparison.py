"""A comparison names everybody whom two policies decide differently, and the rules that make the difference."""

from __future__ import annotations

import json

import pytest

from alignkit.models import Category, Channel, Message, Outcome, Verdict
from alignkit.rules import Policy
from alignkit.rules import comparison as module
from alignkit.rules.comparison import Change
from alignkit.rules.presets import preset
from alignkit.sync import Sync
from alignkit.whatif.comparison import compare, made_questions, questions_of_store

from .town import ADA, BOB, CY, HOUR, contact, day, issue, store_of

STARTER = Policy.starter()
OFFER = Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL)
NEWS = Message(category=Category.NEWSLETTER, channel=Channel.EMAIL)
STORE = (
    contact(ADA, 0),
    contact(BOB, 0),
    contact(CY, 0),
    issue("1", ADA, 1),
    issue("2", BOB, 2, "resolved", created=1),
)


def test_customers_of_a_store_are_compared_by_their_messages() -> None:
    quicker = Policy.starter(name="quicker", cool_down="1h")
    with store_of(*STORE) as store:
        questions = list(questions_of_store(store, [OFFER, NEWS], now=day(2) + 2 * HOUR))
        found, back = compare(STARTER, quicker, questions), compare(quicker, STARTER, questions)
    assert (found.before, found.after, found.asked, found.changed) == ("starter", "quicker", 6, 2)
    assert found.changes == {Change.RELEASED: 2}
    assert found.by_rule == {"cool-down": {Change.RELEASED: 2}}
    [offer, news] = found.differences
    assert offer.who == news.who == f"email:{BOB}"
    assert offer.rules == ("cool-down",)
    assert (offer.before.verdict, offer.after.verdict) == (Verdict.SUPPRESS, Verdict.SEND)
    assert {offer.after.scope, news.after.scope} == {"promotional/email", "newsletter/email"}
    assert back.changes == {Change.HELD: 2}


def test_a_store_that_is_stale_is_told_as_a_gate_would() -> None:
    hold = Policy.starter(name="hold", solicitation_freshness="1h")
    request = Message(category=Category.SOLICITATION, channel=Channel.EMAIL)
    with store_of(*STORE, read_at=day(9)) as store:
        found = compare(STARTER, hold, questions_of_store(store, [request], now=day(9) + 1.5 * HOUR))
    assert found.changes[Change.HELD] >= 1
    assert all(one.after.stale for one in found.differences)


def test_a_store_that_never_read_a_source_makes_marketing_wait() -> None:
    with store_of() as store:
        assert list(questions_of_store(store, [OFFER])) == []
        Sync(store).hold(ADA, "a dispute", now=day(0), expires_at=day(1))
        [question] = questions_of_store(store, [OFFER], now=day(2))
        assert question.ask(STARTER).incomplete == ("any source",)


def test_everybody_waits_in_a_stop_whatever_the_policies_say() -> None:
    empty = Policy(name="empty")
    with store_of(*STORE) as store:
        Sync(store).stop("wrong prices", "Grace", now=day(2))
        found = compare(STARTER, empty, questions_of_store(store, [OFFER], now=day(2) + HOUR))
    assert (found.asked, found.changed) == (3, 0)


def test_each_kind_of_difference_is_told_apart() -> None:
    review = STARTER.model_copy(
        update={
            "name": "review",
            "rules": tuple(
                rule.model_copy(update={"outcome": Outcome.REVIEW}) if rule.id == "open-issue" else rule
                for rule in STARTER.rules
            ),
        }
    )
    renamed = STARTER.model_copy(
        update={
            "name": "renamed",
            "rules": tuple(
                rule.model_copy(update={"id": "open"}) if rule.id == "open-issue" else rule for rule in STARTER.rules
            ),
        }
    )
    with store_of(*STORE) as store:
        questions = list(questions_of_store(store, [OFFER], now=day(2) + HOUR))
        assert compare(STARTER, review, questions).changes == {Change.OUTCOME: 1}
        found = compare(STARTER, renamed, questions)
        assert compare(STARTER, STARTER, questions).changed == 0
    assert found.changes == {Change.RULES: 1}
    assert found.differences[0].rules == ("open", "open-issue")


@pytest.mark.parametrize("name", ["saas", "shop", "subscription"])
def test_made_facts_show_every_rule_that_another_policy_adds(name: str) -> None:
    other = preset(name)
    found = compare(STARTER, other, made_questions([STARTER, other], number=300))
    added = {rule.id for rule in other.rules if rule.effect == "suppress"} - {rule.id for rule in STARTER.rules}
    assert added
    assert added - set(found.by_rule) == set()


def test_made_facts_are_the_same_for_the_same_seed() -> None:
    first, again, other = (list(made_questions([STARTER], number=20, seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len(first) == 20 + len(STARTER.rules)


def test_many_differences_are_counted_and_only_the_first_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LISTED", 3)
    found = compare(STARTER, Policy(name="empty"), made_questions([STARTER], number=100))
    assert len(found.differences) == 3
    assert found.changed > 3
    assert found.changed == found.changes[Change.RELEASED]


def test_the_figures_can_be_kept_as_json() -> None:
    found = compare(STARTER, Policy(name="empty"), made_questions([STARTER], number=10))
    told = json.loads(json.dumps(found.to_dict()))
    assert told["asked"] == found.asked
    assert told["changes"] == {"held": 0, "released": found.changed, "outcome": 0, "rules": 0}
    assert json.loads(json.dumps(found.differences[0].to_dict()))["change"] == "released"

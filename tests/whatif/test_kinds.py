"""Kinds of messages are told apart as finely as the rules do, and no more finely."""

from __future__ import annotations

import json
from typing import Any

from alignkit.models import Category
from alignkit.rules import Policy
from alignkit.whatif.history import read_history
from alignkit.whatif.kinds import Kinds

from .town import ADA, BOB, campaign, contact, send, store_of

SENT = (
    contact(ADA, 0),
    campaign("phones", "promotional", product_refs=("phone", "case")),
    send("a", ADA, 1, None, campaign_id="phones"),
    send("b", ADA, 2, None, campaign_id="phones", channel="sms"),
    send("c", BOB, 2, "newsletter"),
    send("d", None, 2, None, campaign_id="phones"),
    send("e", BOB, 2, None),
)
BY_PRODUCT = {"any": "issues", "where": [{"field": "products", "same_as": "product_refs"}]}
BY_CAMPAIGN = {"message": "campaign_id", "equals": "phones"}


def scopes(*whens: dict[str, Any], otherwise: Category | None = None) -> list[list[str]]:
    """The kinds of Ada, of Bob and of somebody else."""
    rules = [{"id": f"r{number}", "effect": "exempt", "reason": "x", "when": when} for number, when in enumerate(whens)]
    with store_of(*SENT) as store:
        history = read_history(store)
        kinds = Kinds(Policy.from_json(json.dumps({"name": "p", "rules": rules})), history, otherwise)
        people = [history.customers[f"email:{who}"] for who in (ADA, BOB)]
    return [[kind.scope for kind in kinds.of(who)] for who in (*people, "stranger")]


def test_without_a_rule_that_looks_closer_category_and_channel_make_a_kind() -> None:
    assert scopes({"any": "issues"}) == [["newsletter/email", "promotional/email", "promotional/sms"]] * 3


def test_products_make_a_kind_for_those_to_whom_they_were_offered() -> None:
    ada, bob, stranger = scopes(BY_PRODUCT)
    assert ada == ["newsletter/email", "promotional/email//case/phone", "promotional/sms//case/phone"]
    assert bob == stranger == ["newsletter/email"]


def test_campaigns_make_a_kind_where_a_rule_names_one() -> None:
    ada, bob, _ = scopes(BY_CAMPAIGN)
    assert ada == ["newsletter/email", "promotional/email/phones", "promotional/sms/phones"]
    assert bob == ["newsletter/email"]
    assert scopes(BY_CAMPAIGN, BY_PRODUCT)[0][1] == "promotional/email/phones/case/phone"


def test_what_nobody_classified_is_a_kind_only_where_it_is_said_what_it_is() -> None:
    assert "upsell/email" not in scopes({"any": "issues"})[1]
    assert "upsell/email" in scopes({"any": "issues"}, otherwise=Category.UPSELL)[1]

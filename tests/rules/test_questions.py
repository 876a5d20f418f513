"""Questions are asked of values of their kind alone, and comparisons with the message are answered as written."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from alignkit.models import Verdict
from alignkit.rules import Facts
from alignkit.rules.conditions import AnyRow, Condition, CountRows, RowTest
from alignkit.rules.questions import LARGEST, AnyOfTests

from .builders import DAY, HOUR, NOW, account, hold, issue, message, policy, rule, send

conditions: TypeAdapter[Condition] = TypeAdapter(Condition)


def holds(condition: Condition, facts: Facts, **said: Any) -> bool:
    decision = policy(rule(condition)).decide(facts, message(**said), NOW)
    assert decision.errors == ()
    return decision.verdict is Verdict.SUPPRESS


SAME_PRODUCT = RowTest(field="products", same_as="product_refs")


@pytest.mark.parametrize(
    ("products", "said", "answer"),
    [
        (("a",), ("a",), True),
        (("a", "b"), ("c", "b"), True),
        (("a",), ("b",), False),
        ((), ("a",), False),
        (("a",), (), False),
        ((), (), False),
    ],
)
def test_lists_are_the_same_where_they_have_something_in_common(products: Any, said: Any, answer: bool) -> None:
    offers = AnyRow(any="issues", where=(SAME_PRODUCT,))
    assert holds(offers, Facts(issues=[issue(products=products)]), product_refs=said) is answer


def test_an_issue_without_a_product_concerns_every_offer_where_the_policy_says_so() -> None:
    either = AnyOfTests(any_of=(RowTest(field="products", is_unset=True), SAME_PRODUCT))
    offers = AnyRow(any="issues", where=(either,))
    assert holds(offers, Facts(issues=[issue(products=())]), product_refs=("a",))
    assert holds(offers, Facts(issues=[issue(products=())]))
    assert not holds(offers, Facts(issues=[issue(products=("b",))]), product_refs=("a",))


@pytest.mark.parametrize(
    ("field", "attribute", "row", "said", "answer"),
    [
        ("channel", "channel", {"channel": "sms"}, {"channel": "sms"}, True),
        ("channel", "channel", {"channel": "sms"}, {"channel": "email"}, False),
        ("campaign", "campaign_id", {"campaign": "spring"}, {"campaign_id": "spring"}, True),
        ("campaign", "campaign_id", {"campaign": None}, {"campaign_id": None}, False),
        ("campaign", "product_refs", {"campaign": "a"}, {"product_refs": ("b", "a")}, True),
        ("campaign", "product_refs", {"campaign": None}, {"product_refs": ("b", "a")}, False),
    ],
)
def test_a_text_is_the_same_as_a_text_or_one_of_a_list(
    field: str, attribute: str, row: Any, said: Any, answer: bool
) -> None:
    condition = AnyRow(any="sends", where=(RowTest(field=field, same_as=attribute),))
    assert holds(condition, Facts(sends=[send(HOUR, **row)]), **said) is answer


def test_a_list_is_the_same_as_a_text_that_is_in_it() -> None:
    named = AnyRow(any="holds", where=(RowTest(field="categories", same_as="category"),))
    assert holds(named, Facts(holds=[hold(categories=("promotional",))]))
    assert not holds(named, Facts(holds=[hold()]))


def test_one_rule_caps_each_channel_by_itself() -> None:
    cap = CountRows(
        count="sends",
        at_least=2,
        where=(RowTest(field="at", within=7 * DAY), RowTest(field="channel", same_as="channel")),
    )
    sends = [send(DAY, ref="mail/send/1"), send(2 * DAY, ref="mail/send/2"), send(DAY, ref="s/send/3", channel="sms")]
    assert holds(cap, Facts(sends=sends))
    assert not holds(cap, Facts(sends=sends), channel="sms")


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"any": "issues", "where": [{"field": "status", "same_as": "category"}]}, "is never what `category`"),
        ({"any": "issues", "where": [{"field": "products", "same_as": "product"}]}, "messages have no field `product`"),
        ({"any": "issues", "where": [{"field": "active", "same_as": "channel"}]}, "`active` is a flag"),
        ({"any": "issues", "where": [{"field": "created_at", "same_as": "channel"}]}, "`created_at` is a time"),
        ({"any": "issues", "where": [{"field": "channel", "same_as": "channel", "equals": "sms"}]}, "ask exactly one"),
        ({"customer": "tier", "same_as": "channel"}, "Extra inputs"),
        ({"message": "channel", "same_as": "channel"}, "Extra inputs"),
        ({"count": "issues", "at_least": 2, "distinct": "tags"}, "`tags` is a list; count different texts"),
        ({"count": "issues", "at_least": 2, "distinct": "active"}, "`active` is a flag; count different texts"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_refused(condition: Any, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        conditions.validate_python(condition)
    assert said in str(refused.value)


@pytest.mark.parametrize("arr", [None, 50.0])
def test_the_companies_of_a_customer_are_rows(arr: float | None) -> None:
    large = AnyRow(any="accounts", where=(RowTest(field="arr", at_least=1_000),))
    assert holds(large, Facts(accounts=[account(arr=5_000.0)]))
    assert not holds(large, Facts(accounts=[account(arr=arr)]))


def test_three_customers_of_an_account_with_urgent_issues_are_counted_the_own_one_among_them() -> None:
    several = CountRows(
        count="all_issues", at_least=3, distinct="customer", where=(RowTest(field="priority", equals="urgent"),)
    )

    def urgent(customer: str | None, number: int) -> Any:
        return issue(ref=f"desk/issue/{number}", customer=customer, priority="urgent")

    others = [urgent("c2", 2), urgent("c3", 3), urgent("c3", 4), urgent(None, 5)]
    assert holds(several, Facts("c1", issues=[urgent("c1", 1)], account_issues=others))
    assert not holds(several, Facts("c1", account_issues=others))
    assert policy(rule(several)).needs == {"issues", "account_issues"}


@pytest.mark.parametrize("operator", ["equals", "at_least", "at_most"])
def test_a_number_is_bounded_on_both_sides(operator: str) -> None:
    for bound in (LARGEST, float(LARGEST), -LARGEST, 0.5 - LARGEST):
        conditions.validate_python({"any": "surveys", "where": [{"field": "score", operator: bound}]})
    for beyond in (LARGEST + 1, -LARGEST - 1, 10**400, -1.7e308):
        with pytest.raises(ValidationError, match=r"is a number beyond 1,000,000,000,000,000; write one that lies"):
            conditions.validate_python({"any": "surveys", "where": [{"field": "score", operator: beyond}]})

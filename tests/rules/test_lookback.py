"""How far back a policy looks follows from its conditions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alignkit.rules import Policy
from alignkit.rules.lookback import MEMORY

DAY = 86_400_000_000
ACTIVE = {"field": "active", "equals": True}


def policy(*conditions: dict[str, Any]) -> Policy:
    rules = [
        {"id": f"rule-{number}", "effect": "suppress", "outcome": "defer", "reason": "because", "when": condition}
        for number, condition in enumerate(conditions)
    ]
    return Policy.from_json(json.dumps({"name": "test", "rules": rules}))


@pytest.mark.parametrize(
    ("condition", "days"),
    [
        ({"any": "issues", "where": [ACTIVE]}, 0),
        ({"any": "issues", "where": [{"field": "active", "is_unset": True}]}, 0),
        ({"any": "issues", "where": [{"field": "active", "equals": False}]}, None),
        ({"any": "issues"}, None),
        ({"none": "issues", "where": [{"field": "resolved_at", "within": "3d"}]}, 3),
        ({"any": "issues", "where": [ACTIVE, {"field": "resolved_at", "within": "3d"}]}, 0),
        ({"any": "issues", "where": [{"any_of": [ACTIVE, {"field": "resolved_at", "within": "3d"}]}]}, 3),
        ({"any": "issues", "where": [{"any_of": [ACTIVE, {"field": "brand", "is_unset": True}]}]}, None),
        ({"any": "issues", "where": [{"all_of": [{"field": "brand", "is_unset": True}, ACTIVE]}]}, 0),
        ({"any": "issues", "where": [{"not": ACTIVE}]}, None),
        ({"any": "issues", "where": [{"field": "created_at", "older_than": "3d"}]}, None),
        ({"count": "signals", "at_least": 3, "where": [{"field": "at", "within": "7d"}]}, 7),
        (
            {
                "latest": "sends",
                "where": [{"field": "at", "within": "7d"}],
                "passes": [{"field": "at", "within": "1d"}],
            },
            7,
        ),
        ({"latest": "sends", "passes": [{"field": "at", "within": "1d"}]}, None),
        ({"any": "surveys"}, 0),
        ({"any": "holds"}, 0),
        ({"customer": "is_vip", "equals": True}, 0),
        ({"all_of": [{"any": "posts", "where": [{"field": "at", "within": "2d"}]}, {"any": "holds"}]}, 2),
    ],
)
def test_how_far_a_condition_looks_back(condition: dict[str, Any], days: int | None) -> None:
    assert policy(condition).lookback == (None if days is None else days * DAY + MEMORY)


def test_a_policy_looks_as_far_as_the_farthest_of_its_rules() -> None:
    near, far = ({"any": "posts", "where": [{"field": "at", "within": span}]} for span in ("2d", "9d"))
    assert policy(near, far).lookback == 9 * DAY + MEMORY
    assert policy(near, {"any": "issues"}).lookback is None
    assert Policy.starter().lookback == 14 * DAY + MEMORY

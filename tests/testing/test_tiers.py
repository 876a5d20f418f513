"""A tier is reached when everything was seen that it asks for, and not before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alignkit.connectors.base import Capability
from alignkit.testing.tiers import Evidence, Tier, missing, tier

GOLD = Evidence(
    passes_kit=True,
    has_page=True,
    recorded={"people": 3, "tickets": 4},
    checked={"people": 1, "tickets": 2},
    reads_limits=True,
    capabilities=frozenset({Capability.DELETIONS, Capability.MERGES, Capability.FETCH}),
    lateness=timedelta(minutes=1),
)


def test_a_connector_of_which_everything_was_seen_is_gold() -> None:
    assert tier(GOLD) is Tier.GOLD


@pytest.mark.parametrize(
    ("seen", "reached", "words"),
    [
        (replace(GOLD, passes_kit=False), Tier.NONE, "every test of the kit"),
        (replace(GOLD, has_page=False), Tier.NONE, "a page in the documentation"),
        (replace(GOLD, recorded={"people": 3, "tickets": 0}), Tier.BRONZE, "recorded exchanges of `tickets`"),
        (replace(GOLD, recorded={}), Tier.BRONZE, "a real server or recorded exchanges"),
        (replace(GOLD, checked={"tickets": 0}), Tier.BRONZE, "requests of `tickets` held to the official description"),
        (replace(GOLD, reads_limits=False), Tier.BRONZE, "limits read from headers"),
        (replace(GOLD, capabilities=GOLD.capabilities - {Capability.MERGES}), Tier.SILVER, "merges"),
        (replace(GOLD, capabilities=GOLD.capabilities - {Capability.DELETIONS}), Tier.SILVER, "deletions"),
        (replace(GOLD, capabilities=GOLD.capabilities - {Capability.FETCH}), Tier.SILVER, "reading by id"),
        (replace(GOLD, owed=["31"]), Tier.BRONZE, "trap 31"),
        (replace(GOLD, lateness=timedelta(minutes=6)), Tier.SILVER, "webhooks, or changes seen within five minutes"),
        (replace(GOLD, lateness=None), Tier.SILVER, "webhooks, or changes seen within five minutes"),
        (replace(GOLD, is_sink=True), Tier.SILVER, "reading back, and drift repaired on a real server"),
    ],
)
def test_one_thing_that_was_not_seen_keeps_a_tier_away(seen: Evidence, reached: Tier, words: str) -> None:
    tiers = list(Tier)
    assert tier(seen) is reached
    assert list(missing(seen, tiers[tiers.index(reached) + 1])) == [words]


def test_a_real_server_stands_for_recordings_and_a_service_without_description_is_held_to_none() -> None:
    assert tier(replace(GOLD, recorded={}, is_live=True, checked=None)) is Tier.GOLD


def test_a_sink_is_gold_when_it_repairs_drift_on_a_real_server() -> None:
    assert tier(replace(GOLD, is_sink=True, is_live=True, capabilities=frozenset({Capability.READ_BACK}))) is Tier.GOLD

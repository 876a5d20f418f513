"""The conformance kit for stores: subclass `StoreTests`, and pytest runs all of it against yours."""

from __future__ import annotations

from alignkit.testing.store.delivery import DeliveryTests
from alignkit.testing.store.facts import FactTests
from alignkit.testing.store.people import PeopleTests
from alignkit.testing.store.reach import ReachTests
from alignkit.testing.store.runs import RunTests
from alignkit.testing.store.upkeep import UpkeepTests


class StoreTests(RunTests, PeopleTests, FactTests, ReachTests, DeliveryTests, UpkeepTests):
    """Every promise of `Store`. A subclass overrides `open`; its store begins empty."""

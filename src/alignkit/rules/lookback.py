"""How far back a policy looks: what is over, and lies further back, can never again matter to it.

Customers collect closed issues by the dozen. A store that knows how far a policy looks back need not read them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from alignkit.models.times import MICROSECOND
from alignkit.rules.conditions import (
    AllOfTests,
    AnyOfTests,
    AnyRow,
    Condition,
    CountRows,
    LatestRow,
    NoRow,
    PluginTest,
    RowTest,
    Test,
)
from alignkit.rules.structure import conditions_in

MEMORY = timedelta(days=7) // MICROSECOND
"""An explanation tells of holds that have ended so recently, in microseconds."""

_OF_ISSUES = frozenset({"issues", "account_issues", "all_issues"})
_WITH_AN_END = _OF_ISSUES | {"signals", "posts", "sends"}
"""Collections of things that a store may leave out; the others it tells always."""


def lookback(conditions: Iterable[Condition]) -> int | None:
    """Microseconds after which a thing passes no test any more, once it is over; None where that is never certain.

    A thing is over when it is not active (of unknown status, an issue is not over), and it lies as far back as the
    latest moment of which its facts speak. Leaving such things out changes no decision, neither now nor later.
    """
    found = 0
    for condition in conditions:
        for each in conditions_in(condition):
            match each:
                case AnyRow() | NoRow() | CountRows() | LatestRow() if each.collection in _WITH_AN_END:
                    limit = _of_all(each.where, each.collection)
                case PluginTest():
                    limit = None
                case _:
                    limit = 0
            if limit is None:
                return None
            found = max(found, limit)
    return found


def _of_all(tests: Iterable[Test], collection: str) -> int | None:
    """Of tests that must all pass: one that ends is enough."""
    return min((limit for test in tests if (limit := _of(test, collection)) is not None), default=None)


def _of(test: Test, collection: str) -> int | None:
    match test:
        case RowTest():
            if test.within is not None:
                return test.within // MICROSECOND
            is_about_active = collection in _OF_ISSUES and test.field == "active"
            return 0 if is_about_active and (test.equals is True or test.is_unset is True) else None
        case AllOfTests():
            return _of_all(test.all_of, collection)
        case AnyOfTests():
            limits = [_of(part, collection) for part in test.any_of]
            return max((limit for limit in limits if limit is not None), default=None) if None not in limits else None
        case _:
            return None

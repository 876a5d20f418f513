"""What is over, and lies further back than a policy looks, changes no decision, neither now nor later."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from alignkit.rules import Facts, Policy
from alignkit.rules.fields import ROW_FIELDS, Kind

from .comparing import told
from .generating import Typed
from .interpreter import EPOCH

DAY = 86_400_000_000


def without_what_is_over(facts: Facts, after: int) -> Facts:
    """The facts as a store may give them, with as much left out as it may leave out."""
    issues = {"issues", "account_issues"}
    kept: dict[str, list[Any]] = {}
    for name in (*issues, "signals", "posts", "sends"):
        kept[name] = [
            row
            for row in getattr(facts, name)
            if (name in issues and row.active is not False) or _last_at(name, row) > after
        ]
    return replace(facts, **kept)  # type: ignore[arg-type] # lists of their own rows


def _last_at(collection: Any, row: Any) -> int:
    times = (name for name, field in ROW_FIELDS[collection].items() if field.kind is Kind.TIME)
    return max((getattr(row, name) for name in times if getattr(row, name) is not None), default=0)


def test_what_is_left_out_changes_no_decision_now_or_later() -> None:
    left_out = decided = 0
    for number in range(250):
        maker = Typed(f"lookback-{number}")
        compiled = Policy.from_json(json.dumps(maker.policy()))
        limit = compiled.lookback
        if limit is None:
            continue
        for _ in range(12):
            now, message = maker.now(), maker.message()
            facts = maker.facts(now)
            fewer = without_what_is_over(facts, now - limit)
            left_out += facts != fewer
            for later in (0, 1, limit // 2, limit, 40 * DAY):
                at = EPOCH + timedelta(microseconds=now + later)
                with_all, with_fewer = compiled.decide(facts, message, at), compiled.decide(fewer, message, at)
                assert told(with_all) == told(with_fewer), f"seed lookback-{number}"
                assert (with_all.until, with_all.recheck_at) == (with_fewer.until, with_fewer.recheck_at)
                assert later or with_all.explain() == with_fewer.explain()
                decided += 1
    assert left_out > 50
    assert decided > 1_000

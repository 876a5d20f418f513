"""A row is cited by the thing that it is or was read from, and not at all where that has no name."""

from __future__ import annotations

from typing import Any

import pytest

from alignkit.rules.citation import PLUGINS, reference

from .builders import account, issue, signal


@pytest.mark.parametrize(
    ("collection", "row", "cited"),
    [
        ("issues", issue(), "desk/issue/1"),
        ("all_issues", issue(ref="desk/issue/2"), "desk/issue/2"),
        ("signals", signal("desk/issue/9"), "desk/issue/9"),
        ("accounts", account(), "crm/account/1"),
        ("issues", issue(ref=7), ""),
        ("issues", None, ""),
        ("issues", "desk/issue/1", ""),
        (PLUGINS, "desk/issue/1", "desk/issue/1"),
        (PLUGINS, 7, ""),
    ],
)
def test_a_row_is_cited_by_its_thing(collection: str, row: Any, cited: str) -> None:
    assert reference(collection, row) == cited

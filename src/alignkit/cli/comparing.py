"""Tells how one policy decides beside another: in `policy diff`, and for the shadows of a `push`."""

from __future__ import annotations

from collections.abc import Sequence

from alignkit.cli.output import SHOWN, Output, number
from alignkit.rules.comparison import Change, Comparison
from alignkit.sync.shadows import Observed

_CHANGES = {
    Change.HELD: "held now",
    Change.RELEASED: "released",
    Change.OUTCOME: "another outcome",
    Change.RULES: "other rules",
}


def tell_differences(output: Output, found: Comparison) -> None:
    """Who would be decided differently, and which rules make the difference."""
    for one in found.differences:
        output.row("difference", **one.to_dict())
    title = f"{found.changed:,} of {number(found.asked, 'decision')} would differ: {found.before} → {found.after}"
    output.say(title, "bold")
    rows = [(rule, *(changes[change] or "" for change in Change)) for rule, changes in sorted(found.by_rule.items())]
    columns = ("rule", *_CHANGES.values())
    output.table("By rule", columns, rows, right=columns[1:])
    shown = [
        (one.who, one.after.scope, _CHANGES[one.change], one.before.explain(), one.after.explain())
        for one in found.differences[:SHOWN]
    ]
    output.table("Who", ("customer", "message", "", "before", "after"), shown)
    output.rest(found.changed - SHOWN)


def tell_shadows(output: Output, shadows: Sequence[Observed]) -> None:
    """What policies that are not in force would have done with the same people."""
    for one in shadows:
        output.row("shadow", **one.to_dict())
        people = number(one.asked, "person", "people")
        output.say(f"\nbeside it, {one.policy} in `{one.mode}` mode: it would hold {one.held:,} of {people}", "bold")
        if one.failed:
            output.say(f"not asked about {number(one.failed, 'person', 'people')}, for the store failed", "yellow")
        if one.compared is not None:
            tell_differences(output, one.compared)
        else:
            rules = [(rule, f"{count:,}") for rule, count in one.by_rule.most_common()]
            output.table("By rule", ("rule", "people"), rows=rules, right=("people",))

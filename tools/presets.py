#!/usr/bin/env python3
"""Writes the page of the policies that ship: each rule with its reason, each parameter with its default.

Run it without arguments from anywhere; it replaces `docs/presets.md`. The page follows from the presets alone, so a
test holds the committed page to what this writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from inspect import getdoc
from pathlib import Path
from typing import Any

from alignkit.models import Category
from alignkit.rules.durations import format_duration
from alignkit.rules.policy import Rule
from alignkit.rules.presets import PRESETS, Starter, preset

PAGE = Path(__file__).parents[1] / "docs" / "presets.md"
HEAD = """\
% Written by tools/presets.py from the presets; change those, then run it again.

# Presets

Four policies ship. `starter` needs no configuration, and the others begin with all of its rules; take the one that is
nearest to your business, and change its numbers. Every preset passes [the check](checking.md), and each rule carries
its reason, in the policy and here.

```python
from alignkit.rules import Policy
from alignkit.rules.presets import preset

shop = preset("shop", most_mails=2, zone="Europe/Berlin")
assert shop.name == "shop"
assert preset("starter") == Policy.starter()
```

In the settings of the command line, it is `policy = { preset = "shop", parameters = { most_mails = 2 } }`. Once no
parameter says what you want, write the preset to a file and go on from there: `shop.to_toml()`.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(line for name, kind in PRESETS.items() for line in section(name, kind))]).rstrip() + "\n"


def section(name: str, kind: type[Starter]) -> Iterator[str]:
    """What one preset holds, why, and what can be changed."""
    yield f"## `{name}`\n\n{first_line(kind)}\n"
    known = {rule.id for rule in preset("starter").rules} if kind is not Starter else set[str]()
    parameters = {"zone": "UTC"} if "zone" in kind.model_fields else {}
    yield "| rule | messages | what becomes of them | why |\n|---|---|---|---|"
    for rule in preset(name, **parameters).rules:
        if rule.id not in known:
            yield f"| `{rule.id}` | {messages(rule)} | {rule.outcome or 'noted'} | {rule.why} |"
    if known:
        yield "\nand all rules of [`starter`](#starter).\n"
    yield "\n| parameter | default |\n|---|---|"
    for field, info in kind.model_fields.items():
        if kind is Starter or Starter.model_fields.get(field) is None or default(info.default) != usual(field):
            yield f"| `{field}` | {default(info.default)} |"
    yield ""
    yield from meanings(kind)


def messages(rule: Rule) -> str:
    """Which messages a rule is about."""
    marketing = {category for category in Category if category.is_marketing}
    named = set(rule.categories)
    words = [
        category.replace("_", " ") for category in rule.categories if not (marketing <= named and category in marketing)
    ]
    if marketing <= named:
        words.insert(0, "all marketing")
    by = f" by {', '.join(channel.replace('_', ' ') for channel in rule.channels)}" if rule.channels else ""
    return ", ".join(words) + by


def usual(field: str) -> str:
    """The default that the starter has."""
    return default(Starter.model_fields[field].default)


def default(value: Any) -> str:
    """A default as it would be written in a file."""
    match value:
        case timedelta():
            return f"`{format_duration(value)}`"
        case tuple():
            return ", ".join(default(each) for each in value) or "none"
        case StrEnum():
            return f"`{value.value}`"
        case None:
            return "none"
        case _:
            return f"`{value}`"


def meanings(kind: type[Starter]) -> Iterator[str]:
    """What the parameters mean, as the preset's documentation says."""
    told = (getdoc(kind) or "").partition("Attributes:\n")[2]
    for entry in re.split(r"\n(?=    \w)", told.rstrip()):
        names, _, meaning = " ".join(entry.split()).partition(": ")
        yield f"- {', '.join(f'`{name}`' for name in names.split(', '))}: {meaning}"
    yield ""


def first_line(kind: type[Starter]) -> str:
    """The claim that a preset's documentation begins with."""
    return " ".join((getdoc(kind) or "").split("\n\n")[0].split())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

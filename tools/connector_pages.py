#!/usr/bin/env python3
"""Writes the page of each connector that declares a `profile`, from its code.

Run it without arguments from anywhere; it replaces `docs/connectors/TYPE.md`. Parameters come from the constructor and
the `Args:` of the class, all else from class attributes, so a test holds the committed pages to what this writes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from alignkit.connectors.base import Capability, Profile, Source
from alignkit.models.vocabulary import IssueStatus
from alignkit.registry import BUILT_IN, Connector, resolve

PAGES = Path(__file__).parents[1] / "docs" / "connectors"
HEAD = "% Written by tools/connector_pages.py from the connector; change that, then run it again.\n"
LINE = 120
MEANINGS: Mapping[Capability, str] = {
    Capability.INCREMENTAL: "later runs read only what changed",
    Capability.DELETIONS: "a deleted issue is noticed",
    Capability.MERGES: "a merged issue is noticed",
    Capability.FETCH: "single issues are read by id",
    Capability.WEBHOOKS: "webhooks are understood",
    Capability.WRITE_ISSUE: "`create_issue`",
    Capability.WRITE_NOTE: "`add_note`, which the customer does not see",
    Capability.WRITE_TAG: "`add_tag`, which leaves other tags alone",
    Capability.HOLD: "people are held",
    Capability.RELEASE: "people are released",
    Capability.READ_BACK: "what was done is read back",
    Capability.AMEND: "reasons and dates at the destination are kept up to date",
}
_WRITES = frozenset({Capability.WRITE_ISSUE, Capability.WRITE_NOTE, Capability.WRITE_TAG})
_OF_SINKS = frozenset({Capability.HOLD, Capability.RELEASE, Capability.READ_BACK, Capability.AMEND})


def profiled() -> dict[str, Connector]:
    """The built-in connectors whose pages are written here, by type."""
    found = {name: resolve(name) for name in BUILT_IN}
    return {name: one for name, one in found.items() if one.profile is not None}


def pages() -> dict[Path, str]:
    """Every page that this script answers for, with its text."""
    return {Path(f"{name}.md"): page(one, one.profile) for name, one in profiled().items() if one.profile is not None}


def page(connector: Connector, profile: Profile) -> str:
    """The page of one connector."""
    parts = [
        *_opening(connector, profile),
        *_settings(connector),
        *_permissions(connector, profile),
        *_streams(connector, profile),
        *_capabilities(connector),
        *_statuses(connector),
        *_list("How it reads", profile.reading),
        *_list("Writes", profile.writing),
        *_list("Limits", profile.limits),
        *_not_covered(profile),
        *_list("Sources", profile.sources),
    ]
    return HEAD + "\n" + "\n\n".join(parts) + "\n"


def _opening(connector: Connector, profile: Profile) -> Iterator[str]:
    first = (inspect.getdoc(connector) or "").split("\n\n")[0].replace("\n", " ")
    yield f"# {profile.service}"
    yield f"`{connector.__name__}`: {first}"
    lines = [f"from alignkit.connectors import {connector.__name__}", "", f"service = {profile.example}"]
    if issubclass(connector, Source):
        lines += _told_streams(connector.streams)
    yield "\n".join(["```python", *lines, "```"])


def _told_streams(streams: tuple[str, ...]) -> list[str]:
    """A line that says what streams there are, as the formatter would have it."""
    line = f"assert service.streams == {streams!r}".replace("'", '"')
    if len(line) <= LINE:
        return [line]
    return ["assert service.streams == (", *(f'    "{stream}",' for stream in streams), ")"]


def _settings(connector: Connector) -> Iterator[str]:
    described = arguments(connector)
    rows = [
        (f"`{one.name}`", "" if one.default is one.empty else _default(one.default), described.get(one.name, ""))
        for one in inspect.signature(connector).parameters.values()
    ]
    yield "## Settings"
    yield _table(("setting", "default", "meaning"), rows)


def _default(value: object) -> str:
    return "none" if value in (None, (), "") else f"`{value}`".replace("True", "true").replace("False", "false")


def arguments(connector: Connector) -> dict[str, str]:
    """What the class says of each argument of its constructor."""
    section = re.search(r"^Args:\n((?:    .*\n|\n)*)", f"{inspect.getdoc(connector)}\n", re.MULTILINE)
    lines = section[1] if section else ""
    entries = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", lines, re.MULTILINE)
    return {name: re.sub(r"\s+", " ", text) for name, text in entries}


def _permissions(connector: Connector, profile: Profile) -> Iterator[str]:
    yield "## What the credential must be allowed"
    yield _table(("permission", "for"), profile.permissions.items())
    looks = "`check`, and with it `alignkit doctor`, looks at what reading needs and says what to correct."
    writes = not connector.capabilities.isdisjoint(_WRITES)
    yield f"{looks} Whether one may write shows when something is written." if writes else looks


def _streams(connector: Connector, profile: Profile) -> Iterator[str]:
    if not issubclass(connector, Source):
        return
    rows = [
        (f"`{name}`", one.brings, f"`{one.endpoint}`", one.late)
        for name, one in ((name, profile.streams[name]) for name in connector.streams)
    ]
    yield "## Streams"
    yield _table(("stream", "brings", "from", "late by"), rows)
    yield "To what is said of lateness comes the time between two runs."


def _capabilities(connector: Connector) -> Iterator[str]:
    rows = [
        (f"`{one.value}`", "yes" if one in connector.capabilities else "no", MEANINGS[one])
        for one in Capability
        if one in connector.capabilities or one not in _OF_SINKS
    ]
    yield "## Capabilities"
    yield _table(("capability", "", "meaning"), rows)


def _statuses(connector: Connector) -> Iterator[str]:
    if not issubclass(connector, Source) or not connector.statuses:
        return
    rows = [(f"`{word}`", f"`{meaning}`", _counts(meaning)) for word, meaning in connector.statuses.items()]
    yield "## Statuses"
    yield _table(("the service's", "alignkit's", "counts as"), [*rows, ("any other", "`unknown`", "open, and told")])


def _counts(meaning: IssueStatus) -> str:
    return {True: "open", False: "over", None: "open, and told"}[meaning.is_active]


def _list(title: str, sentences: Iterable[str]) -> Iterator[str]:
    items = [f"- {sentence}" for sentence in sentences]
    if items:
        yield f"## {title}"
        yield "\n".join(items)


def _not_covered(profile: Profile) -> Iterator[str]:
    if profile.not_covered:
        yield "## What is not covered, and why"
        yield _table(("left out", "why"), profile.not_covered.items())


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def main() -> None:
    """Writes every page."""
    for path, text in pages().items():
        (PAGES / path).write_text(text, "utf-8")


if __name__ == "__main__":
    main()

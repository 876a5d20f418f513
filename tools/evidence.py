#!/usr/bin/env python3
"""Writes docs/evidence.md: what each connector has been held to, per stream, and the tier that follows.

Run it without arguments from anywhere. The figures of requests and recordings are those that the tests counted
(tests/contract/evidence.json); all else is computed from the tests of the connectors, so a test holds the committed
page to what this writes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.contract.evidence import figures  # noqa: E402
from tests.contract.specs import LEXICONS, OPENAPI  # noqa: E402

from alignkit.connectors.base import Sink, Source  # noqa: E402 - the tests are found from the project's root
from alignkit.models.events import ContactChanged, IssueChanged, IssueRemoved, PostPublished  # noqa: E402
from alignkit.testing import ConnectorTests, SheetTests, SinkTests  # noqa: E402
from alignkit.testing.measured import lateness, passes, shown  # noqa: E402
from alignkit.testing.tiers import Evidence, Tier, missing, tier  # noqa: E402
from alignkit.testing.traps import tally  # noqa: E402
from alignkit.testing.watch import Clock, CrashPoint, Watched  # noqa: E402

PAGE = ROOT / "docs" / "evidence.md"
COUNTED = (IssueChanged, IssueRemoved, ContactChanged, PostPublished)
"""Issues, people and posts: the streams that tell of these are those that a tier looks at."""
SERVICES = {"jira_service_management": "jira"}
"""Where figures are kept under another name than the connector's type."""

HEAD = """% Written by tools/evidence.py from the tests; run it again when they change.
# Evidence

What each connector has been held to. Nobody claims a tier: it is computed, by `alignkit.testing.tiers`, from what was
seen.

bronze
: every test of the kit passed; a page in the documentation

silver
: also: recorded exchanges of each stream of issues, people or posts parsed without loss, or a real server; requests
  held to the official description where there is one; a wait as long as the service's headers ask for, where they say;
  no trap owed

gold
: also: deletions, merges and reading by id; webhooks, or all that the service tells seen within five minutes; for a
  sink: reading back, and drift repaired on a real server

The columns say:

- **seen within**: measured, the time by which the slowest of what the service tells of issues (a change, a deletion, a
  merge) was in the store, when the service showed it as late as its facts say that it may. The time between two runs
  comes to it.
- **requests**: the different requests that the service's official description allows.
- **recorded**: exchanges that others recorded with the real service, parsed without loss: those alone whose method and
  path the connector itself asks, each in its envelope as it was recorded. Single records that came otherwise (from a
  view, from what made them) are parsed by the tests as well, and not counted.
- **traps shown**, **owed**, **not applicable**: of those in `alignkit.testing.traps`, how many are shown by tests that
  ran, how many could be stepped into and are shown by nothing yet, and how many cannot be stepped into. The one about
  webhooks waits: alignkit takes none.

A dash means that there is nothing to compare with.

"""
COLUMNS = """| connector | stream | tier | seen within | requests | recorded | traps shown | owed | not applicable |
|---|---|---|---|---|---|---|---|---|"""
NEXT = "## What the next tier asks for"
LACKS = """## What is owed

Traps that could be stepped into and that nothing shows yet, and random histories whose end is known to differ from the
truth; those tests fail as expected, in these words."""


@dataclass(frozen=True)
class Seen:
    """One connector, its evidence, and what its streams have been held to."""

    type: str
    evidence: Evidence
    streams: Sequence[str]
    figures: Mapping[str, Mapping[str, int]]
    traps: Mapping[str, int] | None
    lacks: Sequence[str] = ()


def page() -> str:
    """The whole page."""
    with TemporaryDirectory() as folder:
        found = sorted(connectors(Path(folder)), key=lambda one: one.type)
    rows = [row for one in found for row in _rows(one)]
    lacks = [f"- {one.type}: {words}." for one in found for words in one.lacks] or ["Nothing that is known."]
    return "\n".join(
        [HEAD + COLUMNS, *rows, "", NEXT, "", *_next(found), "", LACKS, "", *lacks, ""],
    )


def connectors(folder: Path) -> Iterator[Seen]:
    """Every connector that is held to the kit; the one with a sheet, where there are two classes for one."""
    cases: dict[str, ConnectorTests[Any]] = {}
    for case in _cases(folder):
        if isinstance(case, SinkTests):
            yield _sink(case)
            continue
        type = case.connector(case.service()).type
        if type not in cases or isinstance(case, SheetTests):
            cases[type] = case
    yield from (_source(type, case) for type, case in cases.items())


def _cases(folder: Path) -> Iterator[ConnectorTests[Any] | SinkTests[Any]]:
    for file in sorted((ROOT / "tests" / "connectors").glob("test_*.py")):
        module = import_module(f"tests.connectors.{file.stem}")
        for made in vars(module).values():
            is_kit = isinstance(made, type) and issubclass(made, (ConnectorTests, SinkTests))
            if is_kit and made.__module__ == module.__name__ and made.__name__.startswith("Test"):
                case: ConnectorTests[Any] | SinkTests[Any] = cast("Any", made)()
                # Where a connector works on files, a fixture gives its tests a folder.
                place = folder / made.__name__
                place.mkdir(exist_ok=True)
                vars(case)["root"] = place
                yield case


def _source(type: str, case: ConnectorTests[Any]) -> Seen:
    source = case.connector(case.service())
    service = SERVICES.get(type, type)
    counted = figures().get(service, {})
    kinds: dict[str, set[object]] = {stream: set() for stream in source.streams}
    for stream, read in case.trial().pages():
        kinds[stream] |= {event.__class__ for event in read.events}
    told = [stream for stream in source.streams if kinds[stream] & set(COUNTED)]
    is_described = service in OPENAPI or service in LEXICONS
    evidence = Evidence(
        passes_kit=not _expected_to_fail(case),
        has_page=_has_page(type),
        owed=sorted(case.owed),
        recorded={stream: counted.get(stream, {}).get("recorded", 0) for stream in told},
        is_live=_is_live(type),
        checked={stream: counted.get(stream, {}).get("requests", 0) for stream in told} if is_described else None,
        reads_limits=_limits_seen(case) if isinstance(case, SheetTests) else _reads_limits(source),
        capabilities=shown(case),
        lateness=lateness(case) if isinstance(case, SheetTests) else None,
    )
    lacks = [f"trap {number}: {words}" for number, words in case.owed.items()]
    lacks += [f"`{test}` fails" for test in _expected_to_fail(case)]
    if isinstance(case, SheetTests):
        lacks += [f"histories end otherwise: {words}" for words in case.unmended.values()]
    return Seen(type, evidence, source.streams, counted, tally(case), lacks)


def _sink(case: SinkTests[Any]) -> Seen:
    sink = case.sink(case.service())
    evidence = Evidence(
        passes_kit=not _expected_to_fail(case),
        has_page=_has_page(sink.type),
        is_live=_is_live(sink.type),
        reads_limits=_reads_limits(sink),
        capabilities=sink.capabilities,
        is_sink=True,
    )
    return Seen(sink.type, evidence, ["(sink)"], {}, None)


def _has_page(type: str) -> bool:
    return (ROOT / "docs" / "connectors" / f"{type}.md").is_file()


def _is_live(type: str) -> bool:
    return (ROOT / "tests" / "live" / f"test_{type}.py").is_file()


def _expected_to_fail(case: ConnectorTests[Any] | SinkTests[Any]) -> Sequence[str]:
    """The tests of the kit that are marked as failing; all others pass, or the suite that holds this page does not."""
    marked = [
        name
        for name, test in vars(type(case)).items()
        if any(mark.name in {"xfail", "skip"} for mark in getattr(test, "pytestmark", ()))
    ]
    return sorted([*marked, *(case.unmended if isinstance(case, SheetTests) else ())])


def _limits_seen(case: SheetTests) -> bool | None:
    """Whether it was seen to wait as its service says; None where that says nothing in headers."""
    service = case.service()
    if case.sheet.limited and service.wait_told(1) == service.wait_told(2):
        return None
    return passes(case, "test_a_limit_in_the_services_own_words_is_waited_for")


def _reads_limits(endpoint: Source | Sink) -> bool:
    """Whether limits are read from headers; what sends no requests has none."""
    if endpoint.account is None:
        return True
    limits = Watched(endpoint.account, Clock(0.0), CrashPoint()).limits
    return bool(limits.retry_after or limits.reset)


def _rows(seen: Seen) -> Iterator[str]:
    reached = tier(seen.evidence)
    traps = seen.traps or {}
    is_described = seen.evidence.checked is not None
    late = _shortly(seen.evidence.lateness)
    for stream in seen.streams:
        counted = seen.figures.get(stream, {})
        requests = str(counted.get("requests", 0)) if is_described else "–"
        recorded = str(counted["recorded"]) if counted.get("recorded") else "none" if seen.figures else "–"
        counts = " | ".join(str(traps[name]) if traps else "–" for name in ("shown", "owed", "not applicable"))
        yield f"| {seen.type} | `{stream}` | {reached} | {late} | {requests} | {recorded} | {counts} |"


def _shortly(late: timedelta | None) -> str:
    if late is None:
        return "–"
    if late >= timedelta(days=1):
        return f"{late.days} d"
    return f"{late.seconds // 3600} h" if late.seconds >= 3600 else f"{late.seconds // 60} min"


def _next(found: Sequence[Seen]) -> Iterator[str]:
    tiers = list(Tier)
    for one in found:
        reached = tier(one.evidence)
        if reached is not Tier.GOLD:
            demanded = tiers[tiers.index(reached) + 1]
            yield f"- {one.type}, for {demanded}: {'; '.join(missing(one.evidence, demanded))}."


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

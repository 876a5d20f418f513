"""The conformance kit for sources: subclass `ConnectorTests`, and pytest runs all of it against your connector."""

from __future__ import annotations

from alignkit.testing.source.breaking import BreakingTests
from alignkit.testing.source.case import S
from alignkit.testing.source.claims import ClaimTests
from alignkit.testing.source.reading import ReadingTests
from alignkit.testing.source.records import RecordTests
from alignkit.testing.traps import TrapTests


class ConnectorTests(ReadingTests[S], BreakingTests[S], RecordTests[S], ClaimTests[S], TrapTests[S]):
    """What every source must hold to, whoever wrote it.

    Give at least `service`, `connector` and `expected`, `records` where the service answers JSON, and the hook of each
    capability that is claimed; see `SourceCase`. Every test makes its own service, so tests may run in any order and
    at once. Nothing is random and nothing waits.
    """

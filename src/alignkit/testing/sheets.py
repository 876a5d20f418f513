"""The conformance kit for sources with a sheet: subclass `SheetTests`, and pytest runs all of it against yours."""

from __future__ import annotations

from alignkit.testing.connectors import ConnectorTests
from alignkit.testing.sheet.histories import HistoryTests
from alignkit.testing.sheet.service import SheetService
from alignkit.testing.sheet.traps import SheetTrapTests


class SheetTests(SheetTrapTests, HistoryTests, ConnectorTests[SheetService]):
    """All of `ConnectorTests` for a source whose service is described by a sheet, and its random histories.

    Give `sheet` and `connector`; everything else follows from the sheet, and may be overridden.
    """

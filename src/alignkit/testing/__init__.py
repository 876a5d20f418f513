"""The conformance kit: tests that every connector and store must pass, for those who write one (extra `testing`)."""

from __future__ import annotations

from alignkit.testing.case import Expected, SourceCase, Trial
from alignkit.testing.connectors import ConnectorTests
from alignkit.testing.service import Edit, FakeService, Record, Recorded, Records
from alignkit.testing.sheet import Sheet
from alignkit.testing.sheet_service import SheetService
from alignkit.testing.sheets import SheetTests
from alignkit.testing.sink_case import Cast, SinkCase, SinkTrial
from alignkit.testing.sinks import SinkTests
from alignkit.testing.stores import StoreTests

__all__ = [
    "Cast",
    "ConnectorTests",
    "Edit",
    "Expected",
    "FakeService",
    "Record",
    "Recorded",
    "Records",
    "Sheet",
    "SheetService",
    "SheetTests",
    "SinkCase",
    "SinkTests",
    "SinkTrial",
    "SourceCase",
    "StoreTests",
    "Trial",
]

"""The conformance kit: tests that every connector must pass, for those who write one (extra `testing`)."""

from __future__ import annotations

from alignkit.testing.case import Expected, SourceCase, Trial
from alignkit.testing.connectors import ConnectorTests
from alignkit.testing.service import Edit, FakeService, Record, Recorded, Records

__all__ = [
    "ConnectorTests",
    "Edit",
    "Expected",
    "FakeService",
    "Record",
    "Recorded",
    "Records",
    "SourceCase",
    "Trial",
]

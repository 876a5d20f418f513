"""The conformance kit: tests that every connector and store must pass, for those who write one (extra `testing`).

Its parts are loaded on first use: the plugin beside them is loaded with every run of pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alignkit.testing.connectors import ConnectorTests
    from alignkit.testing.service import Edit, FakeService, Record, Recorded, Records
    from alignkit.testing.sheet import Sheet
    from alignkit.testing.sheet.service import SheetService
    from alignkit.testing.sheets import SheetTests
    from alignkit.testing.sink.case import Cast, SinkCase, SinkTrial
    from alignkit.testing.sinks import SinkTests
    from alignkit.testing.source.case import Expected, SourceCase, Trial
    from alignkit.testing.stores import StoreTests

_HOMES = {
    "Cast": "sink.case",
    "ConnectorTests": "connectors",
    "Edit": "service",
    "Expected": "source.case",
    "FakeService": "service",
    "Record": "service",
    "Recorded": "service",
    "Records": "service",
    "Sheet": "sheet",
    "SheetService": "sheet.service",
    "SheetTests": "sheets",
    "SinkCase": "sink.case",
    "SinkTests": "sinks",
    "SinkTrial": "sink.case",
    "SourceCase": "source.case",
    "StoreTests": "stores",
    "Trial": "source.case",
}

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


def __getattr__(name: str) -> object:
    """Loads a part of the kit when it is first asked for, and keeps it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]

"""Holds the connector for Bell to the kit as its sheet describes Bell, random histories included."""

from __future__ import annotations

from typing import ClassVar

from alignkit.testing.histories import SheetTests
from alignkit.testing.sheet import Sheet
from alignkit.testing.sheet_service import SheetService

from .bell import Bell
from .bell_sheet import BELL


class TestBellSheet(SheetTests):
    sheet: ClassVar[Sheet] = BELL

    def connector(self, service: SheetService) -> Bell:
        return Bell(service.base_url, self.secret)

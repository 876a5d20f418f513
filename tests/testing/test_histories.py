"""Holds the connector for Bell to the kit as its sheet describes Bell, random histories included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from alignkit.testing import SheetTests
from alignkit.testing.sheet import Sheet
from alignkit.testing.sheet.service import SheetService
from alignkit_hostile.bell import Bell

from .bell_sheet import BELL


class TestBellSheet(SheetTests):
    sheet: ClassVar[Sheet] = BELL
    not_applicable: ClassVar[Mapping[str, str]] = {
        "5": "Bell shows each row as soon as it is stamped",
        "10": "a walk through Bell has no end but the last row",
        "11": "a cursor of Bell is good for ever",
        "38": "the token is one that does not end",
        "x3": "every Bell has the same plan",
        "x5": "a token sees all of Bell",
    }

    def connector(self, service: SheetService) -> Bell:
        return Bell(service.base_url, self.secret)

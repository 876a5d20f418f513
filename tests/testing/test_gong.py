"""Holds the connector for Gong to the kit: every trap that a sheet can lay is laid, and none is stepped into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from alignkit.testing import Sheet, SheetService, SheetTests
from alignkit_hostile.gong import Gong

from .gong_sheet import GONG


class TestGong(SheetTests):
    sheet: ClassVar[Sheet] = GONG
    cap: ClassVar[int | None] = 12
    not_applicable: ClassVar[Mapping[str, str]] = {
        "30": "tickets of Gong are never merged",
        "31": "tickets of Gong are never deleted",
        "40": "nothing is written to Gong",
        "x5": "a token sees all of Gong",
    }

    def connector(self, service: SheetService) -> Gong:
        reach = min(listing.cap.rows or 0 for listing in service.sheet.listings if listing.cap)
        return Gong(service.base_url, self.secret, service.tokens, reach=reach)

"""Holds the connector for Chime to alignkit's conformance kit, and to what the service was recorded to answer."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import ClassVar

from alignkit.registry import register, resolve
from alignkit.stores import MemoryStore
from alignkit.sync import Sync
from alignkit.testing import Recorded, Sheet, SheetService, SheetTests

from alignkit_chime import Chime
from sheet import SHEET

RECORDED = Path(__file__).parent / "recorded"


class TestChime(SheetTests):
    sheet: ClassVar[Sheet] = SHEET
    not_applicable: ClassVar[Mapping[str, str]] = {
        "5": "a row is listed by its stamp, and the last minute is held back",
        "10": "a walk has no end but the last row",
        "11": "a cursor is good for ever",
        "30": "tickets are never merged",
        "38": "the token is one that does not end",
        "40": "nothing is written to the service",
        "x3": "every plan has both streams",
        "x5": "a token sees every ticket, or none",
    }

    def connector(self, service: SheetService) -> Chime:
        return Chime(service.base_url, self.secret)


def test_what_the_service_was_recorded_to_answer_is_read_without_loss() -> None:
    store = MemoryStore()
    recorded = Recorded.of_folder(RECORDED)
    result = Sync(store, send=recorded.handle).pull(Chime("https://chime.example.com", "sample-token"))
    assert result.is_complete
    assert not list(store.quarantined())
    assert {issue.id: issue.status_raw for issue in store.issues()} == {"7": "open", "8": "done"}
    assert store.customer("email:ada@example.com") is not None


def test_users_find_it_by_its_name() -> None:
    if not any(point.name.startswith("chime@") for point in entry_points(group="alignkit.connectors")):
        # The package was not installed: its tests run where it lies.
        register("chime", Chime)
    assert resolve("chime") is Chime

"""Recorded exchanges say where they come from and carry no credential."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .record import RECORDED
from .servers import MailmanServer

EXCHANGES = sorted((RECORDED / "request_tracker").glob("*.json")) + sorted((RECORDED / "mailman").glob("*.json"))


def test_there_are_recorded_exchanges_of_both_servers() -> None:
    assert {path.parent.name for path in EXCHANGES} == {"request_tracker", "mailman"}


@pytest.mark.parametrize("path", EXCHANGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recorded_exchange_names_its_source_and_holds_no_credential(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    exchange: dict[str, Any] = json.loads(text)
    assert set(exchange) == {"source", "request", "status", "headers", "body"}
    assert exchange["source"].startswith("recorded from ")
    assert not {"authorization", "headers"} & set(exchange["request"])
    assert not {"authorization", "set-cookie"} & set(exchange["headers"])
    assert MailmanServer.password not in text
    assert "127.0.0.1" not in text

"""Holds the committed pages of connectors to what their code says now."""

from __future__ import annotations

import inspect
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from alignkit.connectors.base import Source
from alignkit.registry import Connector

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "tools" / "connector_pages.py"))
PAGES: Mapping[Path, str] = SCRIPT["pages"]()
PROFILED: Mapping[str, Connector] = SCRIPT["profiled"]()
arguments: Callable[[Connector], Mapping[str, str]] = SCRIPT["arguments"]


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_a_committed_page_says_what_the_connector_says(path: Path) -> None:
    committed = (ROOT / "docs" / "connectors" / path).read_text("utf-8")
    assert committed == PAGES[path], "run `tools/connector_pages.py` and commit what it writes"


@pytest.mark.parametrize("name", PROFILED)
def test_every_setting_is_described(name: str) -> None:
    connector = PROFILED[name]
    taken = [*inspect.signature(connector).parameters]
    assert [*arguments(connector)] == taken, "the `Args:` of the class are not the parameters of its constructor"


@pytest.mark.parametrize("name", PROFILED)
def test_every_stream_has_its_profile_and_there_is_no_other(name: str) -> None:
    connector = PROFILED[name]
    assert connector.profile is not None
    streams = connector.streams if issubclass(connector, Source) else ()
    assert {*connector.profile.streams} == {*streams}

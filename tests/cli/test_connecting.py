"""`connectors` lists what there is, and `connectors new` begins one of your own."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignkit import registry

from .shop import Shop, run


def test_every_connector_is_listed_with_what_it_takes(shop: Shop) -> None:
    rows = {row["name"]: row for row in shop.rows("connectors")}
    assert set(rows) == set(registry.names())
    assert rows["mailman"]["kind"] == "destination"
    assert rows["mailman"]["secrets"] == ["password"]
    assert rows["request_tracker"]["required"] == ["base_url"]
    assert "request_tracker" in run("connectors").stdout


def test_the_command_writes_the_package_and_says_what_to_do(tmp_path: Path) -> None:
    told = run("connectors", "new", "acme_desk", "--folder", str(tmp_path / "new")).stdout
    assert "pytest" in told
    assert (tmp_path / "new" / "src" / "alignkit_acme_desk" / "connector.py").is_file()
    assert (tmp_path / "new" / "tests" / "test_acme_desk.py").is_file()
    assert "class AcmeDesk(Source):" in (tmp_path / "new" / "src" / "alignkit_acme_desk" / "connector.py").read_text()


@pytest.mark.parametrize("words", [["new"], ["old", "acme"]])
def test_half_a_wish_is_refused(words: list[str]) -> None:
    assert run("connectors", *words).exit_code == 2

"""A renewed token survives the run that renewed it, whatever the connector, and from a settings file too."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from tests.connectors.driving import drive

from alignkit.cli.settings import Settings
from alignkit.connectors import JiraServiceManagement, X, Zendesk
from alignkit.connectors.base import Source
from alignkit.errors import SettingsError
from alignkit.registry import BUILT_IN, resolve
from alignkit.transport import MemoryTokens, Request, Response, request

RENEWING = sorted(name for name in BUILT_IN if "tokens" in inspect.signature(resolve(name)).parameters)

WAYS = {
    "bluesky": 'identifier = "shop.example.com"\napp_password = { env = "SAMPLE" }',
    "gorgias": 'domain = "acme"',
    "hubspot": "",
    "jira_service_management": 'site = "acme"\ncloud_id = "07779958-e747"',
    "pipedrive": 'company = "acme"',
    "salesforce": 'domain = "acme"',
    "x": 'user_id = "7"\nspending_file = "spending.json"',
    "zendesk": 'subdomain = "acme"',
}
APP = 'refresh_token = { env = "SAMPLE" }\nclient_id = "app"\nclient_secret = { env = "SAMPLE" }\n'


class Renewing:
    """Renews tokens, each refresh token once, and answers whatever else is asked with the token that was shown."""

    def __init__(self) -> None:
        self.renewals = 0
        self.shown = list[str]()

    def __call__(self, wanted: Request) -> Response:
        if wanted.method == "GET":
            self.shown.append(wanted.headers["Authorization"])
            return Response(200, {}, b"{}")
        self.renewals += 1
        access, refresh = f"access-{self.renewals}", f"next-{self.renewals}"
        told = {"access_token": access, "refresh_token": refresh, "accessJwt": access, "refreshJwt": refresh}
        return Response(200, {"content-type": "application/json"}, json.dumps(told).encode())


@pytest.mark.parametrize("connector", RENEWING)
def test_a_renewal_outlives_the_run_in_the_file_that_the_settings_name(
    connector: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMPLE", "sample-token")
    app = "" if connector == "bluesky" else APP
    text = f'[sources.desk]\nconnector = "{connector}"\ntoken_file = "desk.token"\n{WAYS[connector]}\n{app}'
    (tmp_path / "alignkit.toml").write_text(text, "utf-8")
    service = Renewing()
    for run in ("one", "two"):
        elsewhere = tmp_path / run
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        source: Source = Settings(tmp_path / "alignkit.toml").source("desk")
        drive(source, request(Request("GET", "/anything")), service)
    assert (service.renewals, service.shown) == (1, ["Bearer access-1", "Bearer access-1"])
    assert {one.name for one in tmp_path.iterdir()} >= {"desk.token", "desk.token.lock"}


@pytest.mark.parametrize(
    ("connector", "given"),
    [
        (JiraServiceManagement, {"site": "acme", "cloud_id": "07779958-e747"}),
        (X, {"user_id": "7", "spending_file": "spending.json"}),
        (Zendesk, {"subdomain": "acme"}),
    ],
)
def test_a_refresh_token_of_a_single_use_is_not_spent_where_nothing_keeps_the_next(
    connector: type[JiraServiceManagement | X | Zendesk], given: dict[str, Any]
) -> None:
    app: dict[str, Any] = {"refresh_token": "sample-token", "client_id": "app", "client_secret": "sample-secret"}
    with pytest.raises(SettingsError, match="`token_file`"):
        connector(**given, **app)
    assert connector(**given, **app, tokens=MemoryTokens()).account is not None


def test_a_store_of_ones_own_is_stronger_than_the_file(tmp_path: Path) -> None:
    tokens = MemoryTokens()
    source = Zendesk(
        "acme",
        refresh_token="sample-token",
        client_id="app",
        client_secret="sample-secret",
        token_file=tmp_path / "desk.token",
        tokens=tokens,
    )
    drive(source, request(Request("GET", "/anything")), Renewing())
    assert tokens.load() is not None
    assert not (tmp_path / "desk.token").exists()


def test_the_page_about_settings_names_every_service_whose_tokens_are_renewed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
    told = page.partition("## `token_file`")[2].partition("\n## ")[0].replace("\n", " ")
    profiles = [resolve(name).profile for name in RENEWING]
    assert [one.service for one in profiles if one is not None and one.service not in told] == []
    assert None not in profiles

"""Starts oidc-provider, a certified OpenID provider, on loopback, and signs in to it as a person would."""

from __future__ import annotations

import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from .admin import REQUEST_SECONDS, Answer, NoRedirect, RestClient, basic
from .servers import CACHE, LoopbackServer, NotInstalled, OwnProcess, node_environment

OIDC_HOME = CACHE / "oidc"
PROGRAM = Path(__file__).with_name("oauth_provider.mjs")
CALLBACK = "http://127.0.0.1:9/callback"
MOST_STEPS = 15


class OAuthServer(LoopbackServer):
    """An OAuth2 provider whose access tokens last `lifetime` seconds and whose refresh tokens work once.

    It is the service as well: `/me` answers whoever brings an access token that has not ended.
    """

    name = "oidc-provider"
    ready_path = "/.well-known/openid-configuration"
    client_id = "connector"
    client_secret = "sample-client-secret"
    lifetime = 3

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    def _require_installed(self) -> None:
        if shutil.which("node") is None or not (OIDC_HOME / "requirements.txt").exists():
            raise NotInstalled(f"{self.name} or Node.js is not installed; run `make live`")

    def _launch(self) -> OwnProcess:
        # Node looks for modules from where the program lies.
        program = OIDC_HOME / PROGRAM.name
        shutil.copyfile(PROGRAM, program)
        command = ("node", program, str(self.port), str(self.lifetime))
        return OwnProcess.start(command, env=node_environment(self.data), log=self.log)


class OAuthAdmin:
    """The owner of the client, and the person who lets it in."""

    def __init__(self, server: OAuthServer) -> None:
        self.server = server
        self._rest = RestClient(server.url, basic(server.client_id, server.client_secret))

    @property
    def url(self) -> str:
        return self.server.url

    def connect(self, person: str = "ada") -> str:
        """Signs a person in, lets the client act for them, and returns its first refresh token."""
        form = {"grant_type": "authorization_code", "code": self._code(person), "redirect_uri": CALLBACK}
        first: str = self.token(form).expect(200).body["refresh_token"]
        return first

    def token(self, form: Mapping[str, str]) -> Answer:
        return self._rest.request("POST", "/token", form=form)

    def is_accepted(self, token: str) -> bool:
        """Whether the service lets somebody in with a token."""
        return RestClient(self.url, f"Bearer {token}").get("/me").status == 200

    def _code(self, person: str) -> str:
        """Walks through the sign-in pages, the browser's part played by a cookie jar and a search for forms."""
        browser = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar()), NoRedirect()
        )
        question = {
            "client_id": self.server.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid offline_access",
            "prompt": "consent",
        }
        url, form = f"{self.url}/auth?{urlencode(question)}", None
        for _ in range(MOST_STEPS):
            location, page = _visit(browser, url, form)
            url, form = urljoin(url, location), None
            if url.startswith(CALLBACK):
                return parse_qs(urlsplit(url).query)["code"][0]
            if not location:
                prompt, action = _form(page)
                url, form = urljoin(url, action), {"prompt": prompt, "login": person, "password": "sample-password"}
        raise AssertionError(f"no code after {MOST_STEPS} pages")


def _visit(browser: urllib.request.OpenerDirector, url: str, form: Mapping[str, str] | None) -> tuple[str, str]:
    """Where a page redirects to, and the page itself."""
    data = urlencode(form).encode() if form else None
    try:
        with browser.open(urllib.request.Request(url, data=data), timeout=REQUEST_SECONDS) as response:
            return "", response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.headers.get("location", ""), error.read().decode()


def _form(page: str) -> tuple[str, str]:
    action = re.search(r'<form[^>]* action="([^"]+)"', page)
    prompt = re.search(r'name="prompt" value="([^"]+)"', page)
    if action is None or prompt is None:
        raise AssertionError("the provider shows a page without a form")
    return prompt[1], action[1]

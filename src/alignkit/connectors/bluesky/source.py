"""Bluesky as a source: what is addressed to an account, what searches find, and posts by their address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    Fetched,
    Finding,
    Page,
    Profile,
    Run,
    Source,
    settings,
    unknown_stream,
)
from alignkit.connectors.bluesky.fetch import fetch
from alignkit.connectors.bluesky.lists import List, Mentions, Search, notifications, query, search
from alignkit.connectors.bluesky.profile import PROFILE
from alignkit.connectors.bluesky.session import Session
from alignkit.connectors.bluesky.streams import Reader, account, own_session, read
from alignkit.connectors.renewal import RenewalSettings
from alignkit.errors import AlignkitError, PermissionMissing, RequestRefused
from alignkit.models.exchange import Ref
from alignkit.transport import Account, Flow, Request, TokenStore, request, service_root

HOST = "https://bsky.social"

_MOST_HIDDEN = 100
_HIDING = {
    "muted people": ("app.bsky.graph.getMutes", "mutes"),
    "blocked people": ("app.bsky.graph.getBlocks", "blocks"),
    "muted lists of people": ("app.bsky.graph.getListMutes", "lists"),
    "blocked lists of people": ("app.bsky.graph.getListBlocks", "lists"),
}


class BlueskySettings(RenewalSettings):
    """What is needed to read for one account.

    Attributes:
        identifier: the account's handle or DID.
        app_password: one made for this program; the account's own password works too and may do far more.
        base_url: where the account signs in; the account's own server, where it has one.
        searches: what to search for, one query each, in Bluesky's search syntax.
        keeps_text: whether posts keep their text; no decision needs it.
    """

    identifier: str
    app_password: SecretStr = Field(min_length=1)
    base_url: str = HOST
    searches: tuple[str, ...] = ()
    keeps_text: bool = True

    @field_validator("identifier")
    @classmethod
    def _without_at(cls, identifier: str) -> str:
        name = identifier.strip().removeprefix("@")
        if not name:
            raise ValueError("give a handle or a DID")
        return name

    @field_validator("searches")
    @classmethod
    def _has_words(cls, searches: tuple[str, ...]) -> tuple[str, ...]:
        if not all(query.strip() for query in searches):
            raise ValueError("a search has no words; remove it")
        return tuple(dict.fromkeys(searches))


class Bluesky(Source):
    """Posts that mention, answer or quote one account, and those that searches find.

    Args:
        identifier: the account's handle or DID.
        app_password: one made for this program; the account's own password works too and may do far more.
        base_url: where the account signs in; its own server, where it has one.
        searches: what to search for, one query each, in Bluesky's own syntax.
        token_file: where the session rests between runs; without it every run signs in anew, and an account may do
            that 300 times a day.
        tokens: a store of your own for it, instead of a file.
        keeps_text: whether posts keep their text; no decision needs it.
        name: of this instance; it stays the same when the account moves.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "bluesky"
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.INCREMENTAL, Capability.FETCH})
    streams: ClassVar[tuple[str, ...]] = ("mentions", "search")
    brings_issues: ClassVar[bool] = False
    profile: ClassVar[Profile | None] = PROFILE

    def __init__(
        self,
        identifier: str,
        app_password: str | SecretStr,
        *,
        base_url: str = HOST,
        searches: Sequence[str] = (),
        token_file: str | Path | None = None,
        tokens: TokenStore | None = None,
        keeps_text: bool = True,
        name: str = "bluesky",
    ) -> None:
        given: dict[str, object] = {
            "identifier": identifier,
            "app_password": app_password,
            "base_url": base_url,
            "searches": searches,
            "token_file": token_file,
            "keeps_text": keeps_text,
            "name": name,
        }
        chosen = settings(BlueskySettings, self.type, given)
        root = service_root(chosen.base_url)
        auth = Session(root, chosen.identifier, chosen.app_password, chosen.token_store(tokens))
        self.name: str = chosen.name
        self.account: Account | None = Account(root, auth, name=chosen.name)
        self._reader = Reader(chosen.name, chosen.keeps_text)
        self._searches = chosen.searches
        self._lists: dict[str, List] = {"mentions": Mentions(), "search": Search(chosen.searches)}

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of `mentions` (replies and quotes included) or `search`, with the authors of its posts.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
        """
        if stream not in self._lists:
            raise unknown_stream(self, stream)
        return (yield from read(self._reader, self._lists[stream], checkpoint, run))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads posts (`post`, by `at://` address) and authors (`contact`, by DID).

        A post that was taken back comes without author and text, and with `deleted_at`. One that cannot be seen gives
        nothing.
        """
        return (yield from fetch(self._reader, refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the session, the account's standing, notifications and searches, and whom the account has muted."""
        try:
            return (yield from self._findings())
        except AlignkitError as error:
            return [Finding(is_well=False, subject=f"`{self.name}`", remedy=str(error))]

    def _findings(self) -> Flow[Sequence[Finding]]:
        response = yield from request(own_session())
        who = account(response, self.name)
        is_active = who.get("active") is not False
        findings = [
            Finding(
                is_well=is_active,
                subject=f"account `{who.get('handle', who['did'])}`",
                remedy="" if is_active else f"the account is {who.get('status') or 'not active'}; restore it first",
            )
        ]
        findings += [(yield from self._finding("notifications", notifications(limit=1)))]
        for words in self._searches if "search" in self.wanted_streams else ():
            findings += [(yield from self._finding(f"search `{words}`", search(words, limit=1)))]
        return [*findings, *(yield from self._hidden())]

    def _hidden(self) -> Flow[list[Finding]]:
        """Whom the account has chosen not to hear: Bluesky leaves their posts out of every list, without a word."""
        findings: list[Finding] = []
        for subject, (method, name) in _HIDING.items():
            response = yield from request(query(method, [("limit", str(_MOST_HIDDEN))]))
            answer = response.json()
            rows = answer.get(name) if isinstance(answer, dict) else None
            count = len(rows) if isinstance(rows, list) else 0
            if count:
                more = "at least " if count == _MOST_HIDDEN else ""
                findings.append(Finding(is_well=True, subject=f"{more}{count} {subject}, whose posts are not seen"))
        return findings

    def _finding(self, subject: str, wanted: Request) -> Flow[Finding]:
        try:
            response = yield from request(wanted)
        except (PermissionMissing, RequestRefused):
            remedy = "the service refuses to answer it; check the words of a search, or make a new app password"
            return Finding(is_well=False, subject=subject, remedy=remedy)
        answer = response.json()
        if isinstance(answer, dict) and answer.get("priority") is True:
            remedy = "shows only people that the account follows; switch off `priority notifications` in its settings"
            return Finding(is_well=False, subject=subject, remedy=remedy)
        return Finding(is_well=True, subject=subject)

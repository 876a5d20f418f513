"""Mastodon as a source: mentions and replies, walked upwards, and posts by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, SecretStr

from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    ConnectorSettings,
    Fetched,
    Finding,
    Page,
    Profile,
    Run,
    Source,
    settings,
    unknown_stream,
)
from alignkit.connectors.mastodon.checks import check
from alignkit.connectors.mastodon.fetch import fetch
from alignkit.connectors.mastodon.posts import bodies
from alignkit.connectors.mastodon.profile import PROFILE
from alignkit.connectors.mastodon.streams import Reader, read
from alignkit.models.exchange import Ref
from alignkit.transport import Account, Bearer, Flow, Limits


class MastodonSettings(ConnectorSettings):
    """What is needed to read one account.

    Attributes:
        instance: the host of the server.
        token: of the account, with the scopes that the page names.
        base_url: another address, such as a proxy.
        keeps_text: whether posts keep their text.
        keeps_private_text: whether private ones do.
    """

    instance: str = Field(pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")
    token: SecretStr
    base_url: str | None = None
    keeps_text: bool = True
    keeps_private_text: bool = False


class Mastodon(Source):
    """One Mastodon account as a source of mentions and replies.

    Args:
        instance: the host of the server: `social.example.com`.
        token: of the account.
        base_url: another address, such as a proxy.
        name: of this instance; it stays the same when the address changes.
        keeps_text: whether posts keep their text.
        keeps_private_text: whether private ones do.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "mastodon"
    profile: ClassVar[Profile | None] = PROFILE
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.INCREMENTAL, Capability.FETCH})
    streams: ClassVar[tuple[str, ...]] = ("mentions",)
    brings_issues: ClassVar[bool] = False

    def __init__(
        self,
        instance: str,
        token: str | SecretStr,
        *,
        base_url: str | None = None,
        name: str = "mastodon",
        keeps_text: bool = True,
        keeps_private_text: bool = False,
    ) -> None:
        given: dict[str, object] = {
            "instance": instance,
            "token": token,
            "base_url": base_url,
            "name": name,
            "keeps_text": keeps_text,
            "keeps_private_text": keeps_private_text,
        }
        chosen = settings(MastodonSettings, self.type, given)
        limits = Limits(remaining=("x-ratelimit-remaining",))
        root = chosen.base_url or f"https://{chosen.instance.lower()}"
        self.name: str = chosen.name
        self.account: Account | None = Account(root, Bearer(chosen.token), name=chosen.name, limits=limits)
        self._reader = Reader(
            chosen.name,
            bodies(chosen.instance.lower(), keeps_text=chosen.keeps_text, keeps_private_text=chosen.keeps_private_text),
        )

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of `mentions`, upwards from the last one known, with the authors of their posts.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
        """
        if stream not in self.streams:
            raise unknown_stream(self, stream)
        return (yield from read(self._reader, checkpoint, run))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads posts by id (`post`). One that cannot be seen gives nothing: it may be gone, or hidden."""
        return (yield from fetch(self._reader, refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the token and its scopes, at a policy that drops mentions, and whom the account has muted."""
        return (yield from check(self._reader))

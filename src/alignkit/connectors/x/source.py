"""X as a source: mentions and a search, newest first, posts by id, and never past the day's budget (API v2).

Source: docs.x.com, "Pagination", "Timelines", "Search Posts", "Posts lookup", "Pricing", and X's OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr, model_validator

from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    Fetched,
    Finding,
    Page,
    Profile,
    Run,
    Source,
    is_one_of,
    settings,
    unknown_stream,
)
from alignkit.connectors.renewal import AppSettings
from alignkit.connectors.x.checks import check
from alignkit.connectors.x.fetch import fetch
from alignkit.connectors.x.profile import PROFILE
from alignkit.connectors.x.spending import MILLION, Budget, Spending, SpendingFile
from alignkit.connectors.x.streams import Reader, read
from alignkit.errors import SettingsError
from alignkit.models.exchange import Ref
from alignkit.transport import Account, Auth, Bearer, Flow, Limits, Response, TokenStore

API = "https://api.x.com"

_HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class XLimits(Limits):
    """X's windows, and its usage cap, which no wait of ours outlasts."""

    def advised_wait(self, response: Response, now: float) -> float | None:
        """See `Limits.advised_wait`."""
        is_capped = self.means_limited(response) and b"UsageCapExceeded" in response.content
        return _HOUR if is_capped else Limits.advised_wait(self, response, now)


class XSettings(AppSettings):
    """What is needed to read one account.

    Attributes:
        user_id: of the account, a number.
        token: an app's bearer token; or `refresh_token` and `client_id` of a user's grant.
        query: what is searched for, in X's own language.
        daily_budget: the most that reading may cost in a day of UTC, in dollars; all streams share it.
        price_post: of one post.
        price_user: of one author.
        reads_authors: whether the names of authors are read.
        keeps_text: whether posts keep their text.
        spending_file: where what a day has cost is kept, so that the budget outlives a crash; connectors that are paid
            from one budget share one file.
        watched_days: on how many days after its own a post is looked up, to see whether it still stands; at most half
            of the budget is spent on that.
    """

    is_single_use: ClassVar[bool] = True

    user_id: str = Field(pattern=r"^[0-9]{1,20}$")
    token: SecretStr | None = None
    base_url: str = API
    query: str | None = Field(default=None, min_length=1, max_length=512)
    daily_budget: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5.0
    price_post: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.005
    price_user: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.010
    reads_authors: bool = True
    keeps_text: bool = True
    spending_file: Path | None = None
    watched_days: Annotated[int, Field(ge=0, le=30)] = 1

    @model_validator(mode="after")
    def _has_one_credential(self) -> XSettings:
        if not is_one_of((self.token,), (self.refresh_token, self.client_id)):
            raise ValueError("give either `token`, or `refresh_token` and `client_id`")
        return self

    def auth(self, tokens: TokenStore | None) -> Auth:
        """How requests are authenticated; `tokens` stands in for the file of the settings."""
        if self.token is not None:
            return Bearer(self.token)
        return self.renewed(f"{self.base_url.rstrip('/')}/2/oauth2/token", tokens)


class X(Source):
    """One account at X as a source of mentions and of what a search finds.

    Args:
        user_id: of the account, a number.
        token: an app's bearer token.
        refresh_token: of a user's grant, with `client_id`, instead of `token`.
        client_id: see `refresh_token`.
        client_secret: where the app has one.
        token_file: where renewed tokens rest between runs; needed with `refresh_token`, as each renewal replaces it.
        tokens: a store of your own for them, instead of a file.
        base_url: another address, such as a proxy.
        name: of this instance; it stays the same when the address changes.
        query: what is searched for, in X's own language.
        daily_budget: the most that reading may cost in a day of UTC, in dollars; all streams share it.
        price_post: of one post.
        price_user: of one author.
        reads_authors: whether the names of authors are read.
        keeps_text: whether posts keep their text.
        spending_file: where what a day has cost is kept, so that the budget outlives a crash; connectors that are paid
            from one budget share one file. It is needed, unless `spending` is given.
        spending: a store of your own for that, instead of a file.
        watched_days: on how many days after its own a post is looked up, to see whether it still stands; at most half
            of the budget is spent on that, and 0 spends nothing.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "x"
    profile: ClassVar[Profile | None] = PROFILE
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.INCREMENTAL, Capability.FETCH})
    streams: ClassVar[tuple[str, ...]] = ("mentions", "search")
    checkpoint_version: ClassVar[int] = 2
    brings_issues: ClassVar[bool] = False

    def __init__(
        self,
        user_id: str,
        token: str | SecretStr | None = None,
        *,
        refresh_token: str | SecretStr | None = None,
        client_id: str | None = None,
        client_secret: str | SecretStr | None = None,
        token_file: str | Path | None = None,
        tokens: TokenStore | None = None,
        base_url: str = API,
        name: str = "x",
        query: str | None = None,
        daily_budget: float = 5.0,
        price_post: float = 0.005,
        price_user: float = 0.010,
        reads_authors: bool = True,
        keeps_text: bool = True,
        spending_file: str | Path | None = None,
        spending: Spending | None = None,
        watched_days: int = 1,
    ) -> None:
        given: dict[str, object] = {
            "user_id": user_id,
            "token": token,
            "refresh_token": refresh_token,
            "client_id": client_id,
            "client_secret": client_secret,
            "token_file": token_file,
            "base_url": base_url,
            "name": name,
            "query": query,
            "daily_budget": daily_budget,
            "price_post": price_post,
            "price_user": price_user,
            "reads_authors": reads_authors,
            "keeps_text": keeps_text,
            "spending_file": spending_file,
            "watched_days": watched_days,
        }
        chosen = settings(XSettings, self.type, given)
        if spending is None:
            if chosen.spending_file is None:
                raise SettingsError("give `spending_file`: what a day has cost must be kept, or no budget holds")
            spending = SpendingFile(chosen.spending_file)
        limits = XLimits(reset=("x-rate-limit-reset",), remaining=("x-rate-limit-remaining",))
        self.name: str = chosen.name
        self.account: Account | None = Account(chosen.base_url, chosen.auth(tokens), name=chosen.name, limits=limits)
        self._reader = Reader(
            name=chosen.name,
            user_id=chosen.user_id,
            query=chosen.query,
            budget=Budget(chosen.name, int(chosen.daily_budget * MILLION), spending),
            price_post=chosen.price_post,
            price_user=chosen.price_user if chosen.reads_authors else 0.0,
            reads_authors=chosen.reads_authors,
            keeps_text=chosen.keeps_text,
            watched_days=chosen.watched_days,
        )

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of `mentions` or `search`, newest first.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
            RateLimited: the page could cost more than is left of the day's budget; nothing was asked for.
        """
        if stream not in self.streams:
            raise unknown_stream(self, stream)
        return (yield from read(self._reader, stream, checkpoint, run))

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads posts by id (`post`); those that no longer fit into half of the day's budget are left for later.

        A post that was taken back comes without author and text, and with `deleted_at`. One that cannot be seen gives
        nothing.
        """
        return (yield from fetch(self._reader, refs, run))

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the credential, at what is left of the project's monthly cap, and whether each list is answered.

        It asks for posts of the last minute alone, within the day's budget.
        """
        return (yield from check(self._reader, self.wanted_streams))

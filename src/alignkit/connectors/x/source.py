"""X as a source: mentions and a search, newest first, and never past the day's budget (API v2).

Source: docs.x.com, "Pagination", "Timelines", "Search Posts", "Pricing", and X's OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, SecretStr, model_validator

from alignkit.connectors.answers import Payload, parsed
from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    ConnectorSettings,
    Finding,
    Page,
    Profile,
    Run,
    Source,
    settings,
)
from alignkit.connectors.records import Answer
from alignkit.connectors.window import kept, position, service_time
from alignkit.connectors.x.posts import PAGE, POST, authors, made
from alignkit.connectors.x.profile import PROFILE
from alignkit.connectors.x.walk import Position, Walk, begun, later, of_day, stamp
from alignkit.errors import AlignkitError, DataInvalid, PagingStuck, RateLimited, RequestRefused, ResponseInvalid
from alignkit.models.events import CustomerEvent, PostPublished
from alignkit.transport import (
    Account,
    Auth,
    Bearer,
    Flow,
    Limits,
    RefreshToken,
    Request,
    Response,
    TokenFile,
    TokenStore,
    request,
)

API = "https://api.x.com"
MOST_MENTIONS = 800
"""How far back mentions reach."""

_MOST = 100
_LEAST = {"mentions": 5, "search": 10}
_WINDOW = timedelta(days=7) - timedelta(minutes=1)
_HOUR = 3_600.0


class _Usage(Payload):
    project_usage: int = 0
    project_cap: int = 0


class _Used(Payload):
    data: _Usage


@dataclass(frozen=True, slots=True)
class XLimits(Limits):
    """X's windows, and its usage cap, which no wait of ours outlasts."""

    def advised_wait(self, response: Response, now: float) -> float | None:
        """See `Limits.advised_wait`."""
        is_capped = self.means_limited(response) and b"UsageCapExceeded" in response.content
        return _HOUR if is_capped else Limits.advised_wait(self, response, now)


class XSettings(ConnectorSettings):
    """What is needed to read one account.

    Attributes:
        user_id: of the account, a number.
        token: an app's bearer token; or `refresh_token` and `client_id` of a user's grant.
        token_file: where the token of a grant rests between runs; each refresh token is of a single use.
        query: what is searched for, in X's own language.
        daily_budget: the most that each stream may cost in a day of UTC, in dollars.
        price_post: of one post.
        price_user: of one author.
        reads_authors: whether the names of authors are read.
        keeps_text: whether posts keep their text.
    """

    user_id: str = Field(pattern=r"^[0-9]{1,20}$")
    token: SecretStr | None = None
    refresh_token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    token_file: Path | None = None
    base_url: str = API
    query: str | None = Field(default=None, min_length=1, max_length=512)
    daily_budget: Annotated[float, Field(gt=0)] = 5.0
    price_post: Annotated[float, Field(ge=0)] = 0.005
    price_user: Annotated[float, Field(ge=0)] = 0.010
    reads_authors: bool = True
    keeps_text: bool = True

    @model_validator(mode="after")
    def _has_one_credential(self) -> XSettings:
        grant = [part is not None for part in (self.refresh_token, self.client_id)]
        if (self.token is not None) == any(grant) or any(grant) != all(grant):
            raise ValueError("give either `token`, or `refresh_token` and `client_id`")
        return self

    def auth(self, tokens: TokenStore | None) -> Auth:
        """How requests are authenticated; `tokens` stands in for the file of the settings."""
        if self.token is not None:
            return Bearer(self.token)
        if tokens is None and self.token_file is not None:
            tokens = TokenFile(self.token_file)
        return RefreshToken(
            f"{self.base_url.rstrip('/')}/2/oauth2/token",
            self.refresh_token or "",
            client_id=self.client_id or "",
            client_secret=self.client_secret or "",
            tokens=tokens,
        )

    @property
    def price(self) -> float:
        """The most that one post can cost."""
        return self.price_post + (self.price_user if self.reads_authors else 0.0)


class X(Source):
    """One account at X as a source of mentions and of what a search finds.

    Args:
        user_id: of the account, a number.
        token: an app's bearer token.
        refresh_token: of a user's grant, with `client_id`, instead of `token`.
        client_id: see `refresh_token`.
        client_secret: where the app has one.
        token_file: where the token of a grant rests between runs; each refresh token is of a single use.
        tokens: a store of your own for the token, instead of a file.
        base_url: another address, such as a proxy.
        name: of this instance; it stays the same when the address changes.
        query: what is searched for, in X's own language.
        daily_budget: the most that each stream may cost in a day of UTC, in dollars.
        price_post: of one post.
        price_user: of one author.
        reads_authors: whether the names of authors are read.
        keeps_text: whether posts keep their text.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "x"
    profile: ClassVar[Profile | None] = PROFILE
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.INCREMENTAL})
    streams: ClassVar[tuple[str, ...]] = ("mentions", "search")

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
        }
        chosen = settings(XSettings, self.type, given)
        limits = XLimits(reset=("x-rate-limit-reset",), remaining=("x-rate-limit-remaining",))
        self.name: str = chosen.name
        self.account: Account | None = Account(chosen.base_url, chosen.auth(tokens), name=chosen.name, limits=limits)
        self._chosen = chosen

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of `mentions` or `search`, newest first.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
            RateLimited: the page could cost more than is left of the day's budget; nothing was asked for.
        """
        if stream not in self.streams:
            raise DataInvalid(f"`{stream}` is no stream of X; there are {', '.join(self.streams)}")
        at = of_day(position(Position, checkpoint, self.name), run)
        if stream == "search" and self._chosen.query is None:
            return Page((), kept(at), more=False)
        walk = at.walk or begun(at, run)
        size = self._affordable(stream, at)
        response = yield from request(self._page(stream, walk, size))
        gaps: list[str] = []
        if response.status == 400:
            walk = Walk(start=stamp(self._start(stream, walk, response)))
            gaps = ["the last post known is older than a search reaches; what came between is not read"]
            response = yield from request(self._page(stream, walk, size))
        answer = self._read(response)
        token: str | None = answer.beside.get("token")
        if token is not None and token == walk.token:
            raise PagingStuck(f"`{self.name}` gave the same page of `{stream}` again; nothing was skipped")
        count = len(answer.of(POST)) + len(answer.bad)
        walk = walk.model_copy(
            update={
                "token": token,
                "read": walk.read + count,
                "newest": walk.newest or answer.beside.get("newest"),
            }
        )
        if token is None and stream == "mentions" and walk.read >= MOST_MENTIONS:
            gaps.append(f"only the latest {MOST_MENTIONS} mentions can be read; older ones may be missing")
        # As if each post had another author: what X charges for one who comes twice is not known.
        spent = at.spent + count * self._chosen.price
        after = Position(mark=at.mark, walk=walk, day=at.day, spent=spent)
        if token is None:
            after = Position(mark=later(at.mark, walk.newest), day=at.day, spent=spent)
        return Page(self._events(answer, run), kept(after), token is not None, answer.bad, gaps=gaps)

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the token and at what is left of the project's monthly cap; no post is read, so nothing is paid."""
        try:
            used = parsed(_Used, (yield from request(Request("GET", "/2/usage/tweets"))), self.name).data
        except AlignkitError as error:
            return [Finding(is_well=False, subject=f"`{self.name}`", remedy=str(error))]
        is_well = not used.project_cap or used.project_usage < used.project_cap
        remedy = "" if is_well else "the project's cap is spent; raise it, or wait for its reset"
        subject = f"{used.project_usage} of {used.project_cap} posts of the project's cap"
        return [Finding(is_well=True, subject="credential"), Finding(is_well=is_well, subject=subject, remedy=remedy)]

    def _affordable(self, stream: str, at: Position) -> int:
        """How many posts the next page may have, each at the most that it can cost."""
        left, price = self._chosen.daily_budget - at.spent, self._chosen.price
        most = _MOST if not price else int(left / price + 1e-9)
        if most < _LEAST[stream]:
            raise RateLimited(
                f"`{self.name}` has spent the day's budget of `{stream}`; raise `daily_budget`, or run again tomorrow"
            )
        return min(most, _MOST)

    def _page(self, stream: str, walk: Walk, size: int) -> Request:
        is_search = stream == "search"
        params = [
            *([("query", self._chosen.query or "")] if is_search else []),
            ("max_results", str(size)),
            ("tweet.fields", "author_id,edit_history_tweet_ids,lang,note_tweet,referenced_tweets"),
            *([("expansions", "author_id"), ("user.fields", "username")] if self._chosen.reads_authors else []),
            *([("since_id", walk.since)] if walk.since else []),
            *([("start_time", walk.start)] if walk.start else []),
            *([("next_token" if is_search else "pagination_token", walk.token)] if walk.token else []),
        ]
        path = "/2/tweets/search/recent" if is_search else f"/2/users/{self._chosen.user_id}/mentions"
        may_be_too_old = is_search and walk.since is not None and walk.token is None
        return Request("GET", path, params=params, accept=frozenset({400}) if may_be_too_old else frozenset())

    def _start(self, stream: str, walk: Walk, response: Response) -> datetime:
        """From when on a search reaches, where the last post known is older.

        Raises:
            RequestRefused: it is not older, so the refusal has another reason.
        """
        start = service_time(response, self.name) - _WINDOW
        if walk.since is None or made(walk.since) >= start:
            raise RequestRefused(f"`{self.name}` refused `{stream}` (400); correct `query`", status=400)
        return start

    def _read(self, response: Response) -> Answer:
        """The posts of an answer, which tells their number even where there is none."""
        answer = None
        # Raised anew below: what the error was made from holds parts of the body.
        with suppress(ResponseInvalid):
            answer = PAGE.read(response.content, self.name)
        if answer is None or answer.beside.get("count") is None:
            raise ResponseInvalid(f"`{self.name}` answered something else than posts; check `base_url`")
        return answer

    def _events(self, answer: Answer, run: Run) -> list[CustomerEvent]:
        names = authors(answer.beside.get("users"))
        events: list[CustomerEvent] = []
        for found in answer.of(POST):
            if found.extras.beside:  # a retweet
                continue
            update: dict[str, Any] = {"author_handle": names.get(found.data.author_ref or "")}
            if not self._chosen.keeps_text:
                update["text"] = None
            post = found.data.model_copy(update=update)
            events.append(PostPublished.of(post, source=self.name, received_at=run.now, version=found.extras.version))
        return events

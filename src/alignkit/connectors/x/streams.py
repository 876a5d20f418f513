"""Reads one page of a stream for one checkpoint, newest first, each page paid for before it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.connectors.records import Answer, Found
from alignkit.connectors.window import kept, position, service_time
from alignkit.connectors.x.posts import AUTHOR, PAGE, POST, made
from alignkit.connectors.x.spending import MILLION, Budget, Grant
from alignkit.connectors.x.walk import Position, Walk, begun, later, today, watched
from alignkit.errors import (
    CredentialsRejected,
    PagingStuck,
    PermissionMissing,
    RateLimited,
    RequestRefused,
    ResponseInvalid,
    ServiceUnreachable,
)
from alignkit.models.conversation import Post
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Ref
from alignkit.transport import Flow, Request, Response, request

MOST_MENTIONS = 800
"""How far back mentions reach."""

MOST = 100
LEAST = {"mentions": 5, "search": 10}
FIELDS = "author_id,edit_history_tweet_ids,lang,note_tweet,referenced_tweets"
WINDOW = timedelta(days=7) - timedelta(minutes=1)
"""How far back a search reaches."""

FIRST = 20
"""So many posts are asked for first where most are known: what may be lost with an answer is small then."""

_FAILED = frozenset({500, 502, 503, 504})
_REFUSED = (RateLimited, RequestRefused, PermissionMissing, CredentialsRejected)
"""How a request ends that was answered with a refusal, which costs nothing."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What reading needs to know of the connector.

    Attributes:
        price_post: in dollars.
        price_user: of one author, in dollars; 0 where authors are not read.
        watched_days: on how many days after its own a post is looked up.
    """

    name: str
    user_id: str
    query: str | None
    budget: Budget
    price_post: float
    price_user: float
    reads_authors: bool
    keeps_text: bool
    watched_days: int

    @property
    def price(self) -> int:
        """The most that one post of a list can cost."""
        return round((self.price_post + self.price_user) * MILLION)

    @property
    def price_by_id(self) -> int:
        """What a post costs that is read by id, without its author."""
        return round(self.price_post * MILLION)

    def pay(self, wanted: Request, grant: Grant) -> Flow[Response]:
        """An answer that may cost as much as was granted; a refusal gives all of it back.

        It is sent once, for each time that it is carried out may be paid for.
        """
        once = replace(wanted, accept=wanted.accept | _FAILED, repeatable=False)
        try:
            response = yield from request(once)
        except _REFUSED:
            yield from self.budget.settle(grant, 0)
            raise
        if response.status in _FAILED:
            yield from self.budget.settle(grant, 0)
            raise ServiceUnreachable(f"`{self.name}` answered {response.status}; try again later")
        return response

    def listed(self, answer: Answer, run: Run) -> list[CustomerEvent]:
        """Posts of a list with their authors; those that repeat others are left out."""
        own = [row for row in answer.of(POST) if not row.extras.beside.is_retweet]
        authors = {author.data.id: author for author in answer.of(AUTHOR) if author.extras.beside}
        wrote = dict.fromkeys(row.data.author_ref for row in own)
        people = [authors[id].event(source=self.name, received_at=run.now) for id in wrote if id in authors]
        names = {id: author.extras.beside for id, author in authors.items()}
        posts = [self.post(row, run, author=names.get(row.data.author_ref or "")) for row in own]
        return [*people, *posts]

    def post(
        self, row: Found[Post], run: Run, *, author: str | None = None, version: int | None = None
    ) -> CustomerEvent:
        """A post as it stands, and its author's name where that is known."""
        text = row.data.text if self.keeps_text else None
        return row.changed(author_handle=author, text=text).event(
            source=self.name, received_at=run.now, version=version
        )


def read(reader: Reader, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of `mentions` or `search`.

    Raises:
        DataInvalid: this is no checkpoint of a stream.
        RateLimited: the page could cost more than is left of the day's budget; nothing was asked for.
    """
    at = position(Position, checkpoint, reader.name)
    if stream == "search" and reader.query is None:
        return Page((), kept(at), more=False)
    walk, gaps = at.walk or begun(at, run), list[str]()
    most = FIRST if at.mark is not None and walk.token is None else MOST
    grant = yield from reader.budget.reserve(today(run).isoformat(), reader.price, LEAST[stream], most)
    response = yield from reader.pay(page(reader, stream, walk, grant.count), grant)
    if response.status == 400:
        clamped = _clamped(reader, stream, walk, response)
        gaps.append("a search reaches 7 days back; posts from before that are not read")
        if clamped is None:
            yield from reader.budget.settle(grant, 0)
            return _ended(reader, at, walk, Page((), {}, more=False, gaps=gaps), run)
        walk = clamped
        response = yield from reader.pay(page(reader, stream, walk, grant.count), grant)
    answer = _listed(reader, response)
    rows = answer.of(POST)
    yield from reader.budget.settle(grant, len(rows) + len(answer.bad))
    walk = _walked(reader, stream, walk, answer)
    gap = _unreached(at, walk) if stream == "mentions" else []
    found = reader.listed(answer, run)
    at = at.model_copy(update={"watched": watched({*at.watched, *_ids(rows)}, today(run), reader.watched_days)})
    told = Page(found, {}, more=False, quarantined=answer.bad, gaps=[*gaps, *gap])
    if walk.token is None:
        return _ended(reader, at, walk, told, run)
    return Page(found, kept(at.model_copy(update={"walk": walk})), True, answer.bad, gaps=told.gaps)


def page(reader: Reader, stream: str, walk: Walk, size: int) -> Request:
    """The request for a page."""
    is_search = stream == "search"
    params = [
        *([("query", reader.query or "")] if is_search else []),
        ("max_results", str(size)),
        ("tweet.fields", FIELDS),
        *([("expansions", "author_id"), ("user.fields", "username")] if reader.reads_authors else []),
        *([("since_id", walk.since)] if walk.since else []),
        *([("start_time", stamp(walk.start))] if walk.start else []),
        *([("until_id", walk.until)] if walk.until else []),
        *([("next_token" if is_search else "pagination_token", walk.token)] if walk.token else []),
    ]
    path = "/2/tweets/search/recent" if is_search else f"/2/users/{reader.user_id}/mentions"
    may_be_too_old = is_search and walk.begins is not None
    accept = frozenset({400} if may_be_too_old else ())
    return Request("GET", path, params=params, accept=accept)


def stamp(moment: datetime) -> str:
    """A time as X takes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _clamped(reader: Reader, stream: str, walk: Walk, response: Response) -> Walk | None:
    """The walk as far back as a search reaches; None where it has come so far already.

    Raises:
        RequestRefused: it asks for nothing older, so the refusal has another reason.
    """
    start = service_time(response, reader.name) - WINDOW
    if walk.begins is None or walk.begins >= start:
        raise RequestRefused(f"`{reader.name}` refused `{stream}` (400); correct `query`", status=400)
    if walk.oldest is not None and made(walk.oldest) <= start:
        return None
    return walk.model_copy(update={"since": None, "start": start, "until": walk.oldest, "token": None})


def _listed(reader: Reader, response: Response) -> Answer:
    """The posts of an answer, which tells their number even where there is none."""
    answer = None
    # Raised anew below: what the error was made from holds parts of the body.
    with suppress(ResponseInvalid):
        answer = PAGE.read(response.content, reader.name)
    if answer is None or answer.beside.get("count") is None:
        raise ResponseInvalid(f"`{reader.name}` answered something else than posts; check `base_url`")
    return answer


def _walked(reader: Reader, stream: str, walk: Walk, answer: Answer) -> Walk:
    """The walk after a page."""
    token: str | None = answer.beside.get("token")
    if token is not None and token == walk.token:
        raise PagingStuck(f"`{reader.name}` gave the same page of `{stream}` again; nothing was skipped")
    rows = answer.of(POST)
    return walk.model_copy(
        update={
            "token": token,
            "read": walk.read + len(rows) + len(answer.bad),
            "newest": walk.newest or answer.beside.get("newest"),
            "oldest": min((str(row.extras.version) for row in rows), key=int, default=walk.oldest),
        }
    )


def _unreached(at: Position, walk: Walk) -> list[str]:
    """What a walk may not have reached at its end: X counts among the 800 mentions what it does not show."""
    has_met_mark = at.mark is not None and walk.oldest is not None and int(walk.oldest) <= int(at.mark)
    if walk.token is not None or has_met_mark or walk.read <= MOST_MENTIONS - MOST:
        return []
    return [f"only the latest {MOST_MENTIONS} mentions can be read; older ones may be missing"]


def _ended(reader: Reader, at: Position, walk: Walk, told: Page, run: Run) -> Page:
    """The last page of a walk; once a day it wants the posts of the days before, for no list tells what is gone."""
    day = today(run)
    is_due = at.looked != day
    wanted = [Ref("post", id, "whether it still stands") for id in at.watched if made(id).date() < day]
    known = watched(at.watched, day, reader.watched_days)
    after = Position(mark=later(at.mark, walk.newest), watched=known, looked=day)
    return Page(told.events, kept(after), False, told.quarantined, wanted if is_due else (), told.gaps)


def _ids(rows: Sequence[Found[Post]]) -> set[str]:
    return {row.data.id for row in rows if not row.extras.beside.is_retweet}

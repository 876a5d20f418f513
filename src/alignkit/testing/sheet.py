"""What one service is like, line by line, each line with the words of the facts page that it follows."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from re import Match
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from alignkit.models.times import MICROSECOND
from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.service import Records
from alignkit.testing.world import SECOND, Fate, Kind, MakeId, Row, World, large_number
from alignkit.transport import JsonValue, Request, Response

if TYPE_CHECKING:
    from alignkit.testing.sheet_service import SheetService

Flag = Literal["D", "I", "C", "M", "U"]
Stamp = Literal["changed", "touched", "created", "id"]


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a facts page, and the flag that says how well they are known.

    Attributes:
        page: the page's name, as in `zendesk`.
        flag: D documented, I reported in an issue, C done by a public connector, M general knowledge, U uncertain.
    """

    page: str
    flag: Flag
    words: str


def quoting(page: str) -> Callable[[Flag, str], Quote]:
    """Gives a short way to quote one page many times, from a flag and the words."""
    return lambda flag, words: Quote(page, flag, words)


# --- rules: each is one line of a sheet ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of a list where the request names none; equal stamps follow the order of creation."""

    by: Stamp
    why: Quote
    is_newest_first: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """How a list takes its lower and upper bound.

    Attributes:
        is_inclusive: None where nobody knows; then one service takes it this way, another that way.
        unit: how exactly the bound is compared: stamps and bound are cut down to it.
        zone: the offset from UTC of the unit's borders, where that is days.
    """

    by: Stamp
    is_inclusive: bool | None
    why: Quote
    unit: timedelta = MICROSECOND
    zone: timedelta = timedelta(0)
    is_until_inclusive: bool = True


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows a page has.

    Attributes:
        shrinks: whether a page may have fewer rows than asked for though more follow.
    """

    default: int
    most: int
    why: Quote
    shrinks: bool = True


@dataclass(frozen=True, slots=True)
class Tokens:
    """How a walk goes on after a page.

    Attributes:
        walk: `keyset` goes on after the last row, `offset` skips as many rows as were shown, while rows move, and
            `snapshot` walks through what was found by the first request.
        lives: how long a token is known.
        is_bound: whether a token is refused with another question than the one it was given for.
        expired: the status that tells of a token that is not known.
    """

    walk: Literal["keyset", "offset", "snapshot"]
    why: Quote
    lives: timedelta | None = None
    is_bound: bool = False
    expired: int = 400


@dataclass(frozen=True, slots=True)
class Cap:
    """How far one question reaches.

    Attributes:
        status: what a request beyond is answered; None where the list just ends there.
    """

    why: Quote
    rows: int | None = None
    pages: int | None = None
    status: int | None = 400


@dataclass(frozen=True, slots=True)
class Lag:
    """How long a list may show an older version, or nothing, of what can be read by id already."""

    up_to: timedelta
    why: Quote


@dataclass(frozen=True, slots=True)
class Late:
    """How old a stamp may be when its row is first seen, as with a transaction that was open so long."""

    up_to: timedelta
    why: Quote


@dataclass(frozen=True, slots=True)
class Withheld:
    """How new a row must not be to be listed."""

    last: timedelta
    why: Quote


@dataclass(frozen=True, slots=True)
class Shows:
    """Which of the things that are gone a list still shows."""

    fates: frozenset[Fate]
    why: Quote


@dataclass(frozen=True, slots=True)
class Happens:
    """That things of a kind end so at this service."""

    kind: Kind
    fate: Fate
    why: Quote


@dataclass(frozen=True, slots=True)
class Restores:
    """That things of a kind come back from such an end: out of the trash, or off the list of spam."""

    kind: Kind
    fate: Fate
    why: Quote


@dataclass(frozen=True, slots=True)
class Varies:
    """That things of a kind change in this, too: an answer gets another score, an issue another requester.

    Attributes:
        is_stamped: whether the service shows such a change by the stamp of the thing. Where it does not, only what is
            open changes so, since nobody looks again at what is over.
    """

    kind: Kind
    field: Literal["score", "person"]
    why: Quote
    is_stamped: bool = True


@dataclass(frozen=True, slots=True)
class Aliases:
    """That a person may have further e-mail addresses, which `Row.addresses` holds."""

    why: Quote


@dataclass(frozen=True, slots=True)
class Includes:
    """That an issue may concern further people, whom `Row.others` holds."""

    why: Quote


@dataclass(frozen=True, slots=True)
class Supplies:
    """That an issue may have its writer's address and no person, in `Row.email`."""

    why: Quote


@dataclass(frozen=True, slots=True)
class Hides:
    """That whoever loses a right sees nothing of these kinds any more, in lists or by id, and is told no reason."""

    kinds: tuple[Kind, ...]
    why: Quote


@dataclass(frozen=True, slots=True)
class Touches:
    """That the service changes rows without a new value of the stamp that it shows."""

    why: Quote


@dataclass(frozen=True, slots=True)
class Backdates:
    """That things may claim to be as old as this when they first appear."""

    up_to: timedelta
    why: Quote


@dataclass(frozen=True, slots=True)
class Renews:
    """That access tokens end and are renewed.

    Attributes:
        path: a regular expression for the whole path of the request for a new token, which is a POST.
        presents: what such a request shows for it: the secret, or the refresh token of the last answer.
        answer: the body of the answer, from the access token and the refresh token.
        is_single_use: whether a refresh token is good for one renewal, which gives the next. It stays good until
            the access token that it brought is used, so that an answer may be lost.
        secret_lasts: whether the secret itself stays good all the same, as a password does.
        status: the status that tells of a token that ended.
        words: what the error's body says then.
    """

    path: str
    presents: Callable[[Request], str | None]
    answer: Callable[[str, str], JsonValue]
    why: Quote
    is_single_use: bool = False
    secret_lasts: bool = False
    status: int = 401
    words: str = "the token has ended"


@dataclass(frozen=True, slots=True)
class Optional:
    """That a plan may lack what these requests read; they are refused then.

    Attributes:
        path: a regular expression for the whole path of the URL.
    """

    path: str
    status: int
    why: Quote


@dataclass(frozen=True, slots=True)
class Repeats:
    """That a list may have the same row twice on one page."""

    why: Quote


@dataclass(frozen=True, slots=True)
class Thins:
    """That a page may have fewer rows than asked for, or none, though more follow."""

    why: Quote


@dataclass(frozen=True, slots=True)
class Gone:
    """What reading by id answers for a thing that is gone.

    Attributes:
        then: `record` shows it as it is, `survivor` shows the other one in its place, `redirect` leads to that one,
            and a number is the status of a refusal.
    """

    fate: Fate
    then: Literal["record", "survivor", "redirect"] | int
    why: Quote


@dataclass(frozen=True, slots=True)
class Limited:
    """How the service says that it was asked too often; `headers` gets its clock and the seconds to wait."""

    why: Quote
    status: int = 429
    headers: Callable[[datetime, int], Mapping[str, str]] = lambda _now, seconds: {"retry-after": str(seconds)}


# --- requests and answers in the service's language ---------------------------------------------------------------


class Refused(Exception):
    """The service refuses a request; raised by whatever reads one."""

    def __init__(self, status: int, words: str = "") -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def _any_row(_row: Row) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Ask:
    """What one request for a list wants, in neutral words.

    Attributes:
        since: the lower bound, read by the list's `Bound`.
        until: the upper bound.
        where: any further condition.
        token: what the page before gave.
        page: the number of the page, from 1.
        size: how many rows are wanted; None for the service's default.
        above: only rows with greater ids.
        below: only rows with smaller ids.
        is_from_oldest: whether the page is taken from the far end of a list that shows the newest first (`min_id`).
        sort: the order, where the request names one, most significant first; a minus sign turns one around.
        refusal: the status for a request that the service refuses.
    """

    since: datetime | None = None
    until: datetime | None = None
    where: Callable[[Row], bool] = _any_row
    token: str | None = None
    page: int | None = None
    size: int | None = None
    above: str | None = None
    below: str | None = None
    is_from_oldest: bool = False
    sort: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """One request at the service, for whatever answers it."""

    request: Request
    params: Mapping[str, str]
    match: Match[str]
    service: SheetService

    @property
    def world(self) -> World:
        """The service's truth."""
        return self.service.world

    @property
    def json(self) -> dict[str, JsonValue]:
        """The body of the request, an object."""
        return self.request.json if isinstance(self.request.json, dict) else {}


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list, for the envelope.

    Attributes:
        records: the rows as the service renders them.
        token: for the next page; None on the last one, unless the walk goes on for ever.
        has_more: whether rows follow.
        total: how many rows the question found in all.
        offset: how many of them came before this page.
    """

    visit: Visit
    ask: Ask
    rows: Sequence[Row]
    records: list[JsonValue]
    token: str | None
    has_more: bool
    total: int
    offset: int


Render: TypeAlias = Callable[[Row, World], JsonValue]
Answer: TypeAlias = JsonValue | Response


def only_rows(found: Found) -> Answer:
    """The bare list, without an envelope."""
    return found.records


def _no_headers(_found: Found) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Listing:
    """One list of the service.

    Attributes:
        kinds: what it lists.
        path: a regular expression for the whole path of the URL.
        ask: reads a request for it; raises `Refused` where the service refuses one.
        answer: the envelope around the records.
        at: the keys in the answer that lead to the list of records; for the kit's tests of single records.
        key: the field of a record with its id.
        required: fields of a record without which it cannot be used.
        status: where a record of an issue has its status, `outer.inner` where it is nested.
        keeps_token: whether the last page has a token too, for the next run.
        render: where the list shows its rows otherwise than the sheet says.
        price: what one row costs.
    """

    kinds: tuple[Kind, ...]
    path: str
    ask: Callable[[Visit], Ask]
    answer: Callable[[Found], Answer]
    sort: Sort
    size: Size
    tokens: Tokens
    method: str = "GET"
    bound: Bound | None = None
    cap: Cap | None = None
    lag: Lag | None = None
    withheld: Withheld | None = None
    shows: Shows | None = None
    repeats: Repeats | None = None
    thins: Thins | None = None
    headers: Callable[[Found], Mapping[str, str]] = _no_headers
    keeps_token: bool = False
    render: Render | None = None
    price: float = 0.0
    at: tuple[str, ...] = ()
    key: str = "id"
    required: frozenset[str] = frozenset({"id"})
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """Reading one thing by id.

    Attributes:
        path: a regular expression for the whole path, with the id as the group `id`.
        answer: the envelope around the record.
        gone: what is answered for things that are gone; 404 where no line says otherwise.
    """

    kind: Kind
    path: str
    why: Quote
    answer: Callable[[JsonValue], JsonValue] = lambda record: record
    gone: Sequence[Gone] = ()
    render: Render | None = None
    at: tuple[str, ...] = ()
    key: str = "id"
    required: frozenset[str] = frozenset({"id"})
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """Any other request: writes, lists of statuses, reading several by id, tokens.

    Attributes:
        do: answers it, with a body or a whole response; raises `Refused` where the service refuses.
        is_open: whether it is answered without the credential.
    """

    method: str
    path: str
    do: Callable[[Visit], Answer]
    why: Quote
    is_open: bool = False


def carries(request: Request, secret: str) -> bool:
    """Whether a request has the secret in a header or in its query, as it is or in Base64."""
    values = [*request.headers.values(), *(value for _, value in request.params)]
    return any(secret in word or secret in _decoded(word) for value in values for word in value.split())


def _decoded(word: str) -> str:
    try:
        return b64decode(word, validate=True).decode()
    except ValueError:
        return ""


def plain_error(status: int, words: str) -> JsonValue:
    """An error's body where a sheet says nothing of it."""
    return {"error": words or str(status)}


def _no_common_headers(_world: World) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One service.

    Attributes:
        words: each word for the status of an issue that the service has, and what it means.
        render: how a row of a kind is shown.
        unit: how exact stamps are.
        happens: how things end here.
        restores: from which ends things come back here.
        varies: what else changes here.
        hides: what a right that was taken away hides.
        aliases: whether people have further addresses.
        includes: whether issues concern further people.
        supplies: whether an issue may name an address alone.
        late: how old a stamp may be when its row is first seen.
        error: the body of an error, from status and words.
        headers: what every answer carries, such as what is left of a limit.
        admits: whether a request has the credential.
    """

    name: str
    base_url: str
    words: Mapping[str, IssueStatus]
    render: Mapping[Kind, Render]
    listings: Sequence[Listing]
    lookups: Sequence[Lookup] = ()
    actions: Sequence[Action] = ()
    happens: Sequence[Happens] = ()
    restores: Sequence[Restores] = ()
    varies: Sequence[Varies] = ()
    hides: Hides | None = None
    aliases: Aliases | None = None
    includes: Includes | None = None
    supplies: Supplies | None = None
    late: Late | None = None
    touches: Touches | None = None
    backdates: Backdates | None = None
    limited: Limited | None = None
    renews: Renews | None = None
    optional: Sequence[Optional] = ()
    unit: timedelta = SECOND
    make_id: MakeId = large_number
    has_numeric_ids: bool = True
    error: Callable[[int, str], JsonValue] = plain_error
    headers: Callable[[World], Mapping[str, str]] = _no_common_headers
    admits: Callable[[Request, str], bool] = carries

    @property
    def kinds(self) -> frozenset[Kind]:
        """What the service lists."""
        return frozenset(kind for listing in self.listings for kind in listing.kinds)

    @property
    def lateness(self) -> timedelta:
        """How long after a change the last list shows it."""
        lags = [listing.lag.up_to for listing in self.listings if listing.lag]
        withheld = [listing.withheld.last for listing in self.listings if listing.withheld]
        late = [self.late.up_to] if self.late else []
        return sum((max(times, default=timedelta(0)) for times in (lags, withheld, late)), timedelta(0))

    @property
    def settles(self) -> timedelta:
        """How long the kit waits until every list shows a change."""
        return self.lateness + timedelta(minutes=1)

    @property
    def lines(self) -> frozenset[str]:
        """What the sheet tells of beyond data: the names of its lines, as traps ask for them."""
        found = {name for name in _LINES if getattr(self, name)}
        rules = {name for name in ("lag", "cap", "thins", "repeats") for one in self.listings if getattr(one, name)}
        lives = {"lives" for one in self.listings if one.tokens.lives}
        return frozenset(found | rules | lives | ({"optional"} if self.optional else set()))

    @property
    def records(self) -> Sequence[Records]:
        """Where the answers of the service hold records, for the kit's tests of single records."""
        places: list[Listing | Lookup] = [*self.listings, *self.lookups]
        return [
            Records(_word(one), one.path, one.at, key=one.key, required=one.required, status=one.status)
            for one in places
        ]


_LINES = ("late", "touches", "backdates", "limited", "renews", "hides", "aliases", "includes", "supplies")


def _word(place: Listing | Lookup) -> str:
    kind = place.kind if isinstance(place, Lookup) else place.kinds[0]
    return "contact" if kind is Kind.PERSON else kind.value


def quotes(part: object) -> Iterator[Quote]:
    """Every quote on a sheet or in a part of one."""
    if isinstance(part, Quote):
        yield part
    elif isinstance(part, tuple | list):
        for one in cast("Sequence[object]", part):
            yield from quotes(one)
    elif is_dataclass(part):
        for named in fields(part):
            yield from quotes(getattr(part, named.name))

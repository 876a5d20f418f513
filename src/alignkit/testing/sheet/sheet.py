"""One service as a whole: its lists, its look-ups by id, its other requests, and what its lines say of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.service import Records
from alignkit.testing.sheet.exchange import Answer, Ask, Found, Render, Visit, carries, plain_error
from alignkit.testing.sheet.lines import (
    Aliases,
    Backdates,
    Bound,
    Cap,
    Gone,
    Happens,
    Hides,
    Includes,
    Lag,
    Late,
    Limited,
    Optional,
    Quote,
    Renews,
    Repeats,
    Restores,
    Shows,
    Size,
    Sort,
    Supplies,
    Thins,
    Tokens,
    Touches,
    Varies,
    Withheld,
)
from alignkit.testing.world import SECOND, Kind, MakeId, World, large_number
from alignkit.transport import JsonValue, Request


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

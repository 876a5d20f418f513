"""Answers requests as the service on a sheet would, from a world that may change between any two of them."""

from __future__ import annotations

import json
import random
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from alignkit.testing.sheet.exchange import Ask, Found, Refused, Render, Visit, answered, response_of
from alignkit.testing.sheet.lines import Bound, Renews
from alignkit.testing.sheet.sheet import Listing, Lookup, Sheet
from alignkit.testing.world import Fate, Kind, Row, World, floored
from alignkit.transport import JsonValue, MemoryTokens, Request, Response, TokenStore

ODDS = 0.15
"""How often a lively service does what it is allowed to do now and then."""


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a walk is: behind which row, or how many rows in; for one question, since one moment."""

    question: str
    at: float
    key: str
    offset: int
    step: int


@dataclass(slots=True)
class SheetService:
    """One service as its sheet describes it.

    Attributes:
        secret: what every request has to carry.
        page: the most rows on a page, where the sheet lets pages shrink; None for as many as were asked for.
        is_lively: whether it does now and then what its sheet allows, such as giving the same row twice.
        before: called before each answer; it may change the world.
        requests: every request.
        spent: what the rows that were read have cost.
        is_basic: whether the account has the plan that lacks what is optional.
        is_thin: whether every other page of a list that may be thin is empty.
        renewals: how often a token was given.
        expired: how often a position was asked for that had ended.
        tokens: where a connector keeps its token beyond its process, for services that renew tokens.
    """

    sheet: Sheet
    world: World
    secret: str
    page: int | None = 2
    is_lively: bool = False
    random: random.Random = field(default_factory=lambda: random.Random(0))
    before: Callable[[], None] = _nothing
    requests: list[Request] = field(default_factory=list[Request])
    spent: float = 0.0
    is_basic: bool = False
    is_thin: bool = False
    renewals: int = 0
    expired: int = 0
    tokens: TokenStore = field(default_factory=MemoryTokens)
    root: str = ""
    _ended: int = 0
    _refreshes: list[str] = field(default_factory=list[str])
    _snapshots: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])

    @property
    def base_url(self) -> str:
        """The service's root, for the connector: the sheet's, or `root` where it is served elsewhere."""
        return self.root or self.sheet.base_url

    def handle(self, request: Request) -> Response:
        """See `FakeService`."""
        self.requests.append(request)
        self.before()
        try:
            response = self._routed(request)
        except Refused as refused:
            response = answered(refused.status, self.sheet.error(refused.status, refused.words))
        headers = {"date": format_datetime(self.world.now, usegmt=True), **self.sheet.headers(self.world)}
        return Response(response.status, {**headers, **response.headers}, response.content)

    @property
    def is_blind(self) -> bool:
        """Whether a right was taken away from whoever reads, so that the kinds that the sheet names are hidden."""
        return bool(self.world.hidden)

    @is_blind.setter
    def is_blind(self, value: bool) -> None:
        hides = self.sheet.hides
        self.world.hidden = frozenset(hides.kinds) if value and hides else frozenset()

    def render(self, row: Row, by: Render | None = None) -> JsonValue:
        """A row as the service shows it."""
        return (by or self.sheet.render[row.kind])(row, self.world)

    def _routed(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        params = dict([*parse_qsl(parts.query, keep_blank_values=True), *request.params])
        actions = [one for one in self.sheet.actions if one.method == request.method]
        for action in actions:
            if match := re.fullmatch(action.path, parts.path):
                self._admit(request, is_open=action.is_open)
                return response_of(action.do(Visit(request, params, match, self)))
        if self.sheet.renews and request.method == "POST" and re.fullmatch(self.sheet.renews.path, parts.path):
            return answered(200, self._new_token(request, self.sheet.renews))
        self._admit(request, is_open=False)
        for optional in self.sheet.optional:
            if self.is_basic and re.fullmatch(optional.path, parts.path):
                raise Refused(optional.status, "the plan lacks this")
        for listing in self.sheet.listings:
            if listing.method == request.method and (match := re.fullmatch(listing.path, parts.path)):
                return self._list(listing, Visit(request, params, match, self))
        for lookup in self.sheet.lookups:
            if request.method == "GET" and (match := re.fullmatch(lookup.path, parts.path)):
                return self._look_up(lookup, match["id"])
        raise Refused(404, "there is no such path")

    def _admit(self, request: Request, *, is_open: bool) -> None:
        if is_open:
            return
        if not self.sheet.admits(request, self.secret):
            raise Refused(401, "the credential is wrong")
        if self.sheet.renews:
            self._admit_token(request, self.sheet.renews)

    def _admit_token(self, request: Request, rule: Renews) -> None:
        if not self.sheet.admits(request, self._access):
            raise Refused(rule.status, rule.words)
        self._refreshes = self._refreshes[-1:]

    @property
    def _access(self) -> str:
        """The access token that is good now; one that ended is good for nothing."""
        return f"{self.secret}-access-{self.renewals}-{self._ended}"

    def end_token(self) -> None:
        """Ends the access token that is in use."""
        self._ended += 1

    def _new_token(self, request: Request, rule: Renews) -> JsonValue:
        good = {*self._refreshes} or {self.secret}
        if rule.presents(request) not in good | ({self.secret} if rule.secret_lasts else set()):
            raise Refused(400, "invalid_grant")
        self.renewals += 1
        following = f"{self.secret}-refresh-{self.renewals}" if rule.is_single_use else self.secret
        self._refreshes = [*(self._refreshes or [self.secret]), following]
        return rule.answer(self._access, following)

    def limit(self, seconds: int) -> Response | None:
        """How this service refuses for a time; None where its sheet does not say."""
        if (limited := self.sheet.limited) is None:
            return None
        body = json.dumps(self.sheet.error(limited.status, "too many requests")).encode()
        headers = {"content-type": "application/json", "date": format_datetime(self.world.now, usegmt=True)}
        return Response(limited.status, {**headers, **limited.headers(self.world.now, seconds)}, body)

    def wait_told(self, seconds: int) -> Mapping[str, str]:
        """The headers by which this service says how long to wait."""
        return {} if self.sheet.limited is None else self.sheet.limited.headers(self.world.now, seconds)

    # Lists

    def _list(self, listing: Listing, visit: Visit) -> Response:
        ask = listing.ask(visit)
        question = _question(listing, visit)
        spot = self._spot(listing, ask, question)
        rows = self._walked(listing, ask, question, spot)
        start, size = self._start(listing, ask, rows, spot), self._size(listing, ask)
        self._refuse_beyond(listing, start, size)
        reach = _reach(listing, rows)
        if ask.is_from_oldest:
            page, end = rows[max(0, reach - size) : reach], size
        else:
            edge = listing.cap.rows if listing.cap and listing.cap.rows else reach
            end = max(start, min(start + self._thinned(listing, size), reach, edge))
            page = rows[start:end]
        has_more = end < reach
        token = None
        if has_more or (listing.keeps_token and (page or spot is None)):
            token = _token(listing, ask, page, replace(self._following(listing, question, spot), offset=end))
        elif listing.keeps_token:
            token = ask.token
        return self._enveloped(listing, visit, ask, page, token, has_more=has_more, total=len(rows), offset=start)

    def _enveloped(
        self,
        listing: Listing,
        visit: Visit,
        ask: Ask,
        page: Sequence[Row],
        token: str | None,
        *,
        has_more: bool,
        total: int,
        offset: int,
    ) -> Response:
        shown = self._repeated(listing, page)
        self.spent += listing.price * len(shown)
        records = [self.render(self._as_shown(listing, row), listing.render) for row in shown]
        found = Found(visit, ask, shown, records, token, has_more, total, offset)
        response = response_of(listing.answer(found))
        return Response(response.status, {**response.headers, **listing.headers(found)}, response.content)

    def _walked(self, listing: Listing, ask: Ask, question: str, spot: _Spot | None) -> Sequence[Row]:
        """What the question finds, in its order: as things stand, or as they stood when the walk began."""
        if listing.tokens.walk != "snapshot":
            return self._found(listing, ask)
        if spot is None:
            key = f"{question}/{len(self._snapshots)}"
            self._snapshots[key] = self._found(listing, ask)
            return self._snapshots[key]
        return self._snapshots[spot.key]

    def _found(self, listing: Listing, ask: Ask) -> list[Row]:
        shown = listing.shows.fates if listing.shows else frozenset[Fate]()
        rows = [
            row
            for row in self.world.listed(listing.kinds, is_lagging=listing.lag is not None)
            if (row.fate is None or row.fate in shown)
            and ask.where(row)
            and self._is_in_bounds(listing, ask, row)
            and (ask.above is None or _by_id(row.id) > _by_id(ask.above))
            and (ask.below is None or _by_id(row.id) < _by_id(ask.below))
        ]
        for key, is_newest_first in reversed(_order(listing, ask)):
            rows.sort(key=partial(_rank, by=key), reverse=is_newest_first)
        return rows

    def _as_shown(self, listing: Listing, row: Row) -> Row:
        """A row that a list has found, as it shows it."""
        now = self.world.by_id(row.kind, row.id) if listing.lag and listing.lag.is_shown_afresh else None
        return row if now is None or now.fate is not None else now

    def _is_in_bounds(self, listing: Listing, ask: Ask, row: Row) -> bool:
        withheld = listing.withheld
        if withheld and row.fate is not Fate.PURGED and row.touched > self.world.now - withheld.last:
            return False
        if (bound := listing.bound) is None:
            return True
        stamp = _cut(row, bound)
        if ask.since is not None:
            since = floored(ask.since + bound.zone, bound.unit)
            if stamp < since or (stamp == since and not self._is_inclusive(bound)):
                return False
        if ask.until is not None:
            until = floored(ask.until + bound.zone, bound.unit)
            return stamp < until or (stamp == until and bound.is_until_inclusive)
        return True

    def _is_inclusive(self, bound: Bound) -> bool:
        """How this service takes its bound; where nobody knows, its id decides."""
        return bool(hash_of(self.secret, self.world.meanings) % 2) if bound.is_inclusive is None else bound.is_inclusive

    def _spot(self, listing: Listing, ask: Ask, question: str) -> _Spot | None:
        if ask.token is None:
            return None
        rule = listing.tokens
        try:
            found = _Spot(*json.loads(urlsafe_b64decode(ask.token.encode())))
        except (ValueError, TypeError):
            raise Refused(rule.expired, "the token is not known") from None
        if rule.lives is not None and self.world.now.timestamp() - found.at > rule.lives.total_seconds():
            self.expired += 1
            raise Refused(rule.expired, "the token has expired")
        if rule.is_bound and found.question != question:
            raise Refused(400, "the token belongs to another question")
        if rule.walk == "snapshot" and found.key not in self._snapshots:
            raise Refused(rule.expired, "the token is not known")
        return found

    def _start(self, listing: Listing, ask: Ask, rows: Sequence[Row], spot: _Spot | None) -> int:
        if ask.page is not None:
            return (ask.page - 1) * self._size(listing, ask)
        if spot is None:
            return 0
        if listing.tokens.walk != "keyset":
            return spot.offset
        return sum(1 for row in rows if not _is_behind(row, spot.key, _order(listing, ask)))

    def _size(self, listing: Listing, ask: Ask) -> int:
        size = min(ask.size or listing.size.default, listing.size.most)
        return min(size, self.page) if listing.size.shrinks and self.page else size

    def _thinned(self, listing: Listing, size: int) -> int:
        if listing.thins is None:
            return size
        if self.is_thin:
            return size * (len(self.requests) % 2)
        return self.random.randrange(size) if self.is_lively and self.random.random() < ODDS else size

    def _repeated(self, listing: Listing, page: Sequence[Row]) -> list[Row]:
        is_repeated = self.is_lively and listing.repeats is not None and page and self.random.random() < ODDS
        return [*page, self.random.choice(page)] if is_repeated else list(page)

    def _refuse_beyond(self, listing: Listing, start: int, size: int) -> None:
        cap = listing.cap
        if cap is None or cap.status is None:
            return
        if (cap.pages is not None and start // size >= cap.pages) or (cap.rows is not None and start >= cap.rows > 0):
            raise Refused(cap.status, "no page beyond this one")

    def _following(self, listing: Listing, question: str, spot: _Spot | None) -> _Spot:
        """Where a walk is as long as it has not moved."""
        at = self.world.now.timestamp() if listing.tokens.lives else 0.0
        if spot is not None:
            return replace(spot, at=at, step=spot.step + 1)
        key = f"{question}/{len(self._snapshots) - 1}" if listing.tokens.walk == "snapshot" else ""
        return _Spot(question, at, key, 0, 0)

    # Single things

    def _look_up(self, lookup: Lookup, id: str) -> Response:
        row = self.world.by_id(lookup.kind, id)
        if row is None:
            raise Refused(404, "there is nothing with this id")
        if row.fate is not None:
            then = next((gone.then for gone in lookup.gone if gone.fate is row.fate), 404)
            if isinstance(then, int):
                raise Refused(then, "it is gone")
            if then == "redirect":
                place = lookup.path.replace("(?P<id>", "(").replace("\\", "")
                target = re.sub(r"\([^)]*\)", str(row.survivor), place)
                return Response(301, {"location": f"{self.base_url}{target}"}, b"")
            if then == "survivor":
                return self._look_up(lookup, str(row.survivor))
        return response_of(lookup.answer(self.render(row, lookup.render)))

    def seen(self, kind: Kind, id: str) -> Row | None:
        """A thing as it can be read by id, unless it is gone."""
        row = self.world.by_id(kind, id)
        return None if row is None or row.fate is not None else row


def hash_of(*parts: object) -> int:
    """A number that follows from some values, the same in every process."""
    return sum(ord(letter) * place for place, letter in enumerate(repr(parts), 1))


_POSITIONS = frozenset({"cursor", "page", "token", "after", "starting_after", "next_token", "pagination_token"})


def _question(listing: Listing, visit: Visit) -> str:
    """What a request asks for, whichever page of it."""
    params = sorted((name, value) for name, value in visit.params.items() if name not in _POSITIONS)
    return str(hash_of(listing.path, params)) if listing.tokens.is_bound or listing.tokens.walk == "snapshot" else ""


def _order(listing: Listing, ask: Ask) -> list[tuple[str, bool]]:
    """The keys of an order and whether each is turned around, the most significant first; ids settle ties."""
    if ask.sort:
        named = [(key.removeprefix("-"), key.startswith("-")) for key in ask.sort]
    else:
        named = [(listing.sort.by, listing.sort.is_newest_first)]
    return named if named[-1][0] == "id" else [*named, ("id", named[-1][1])]


def _rank(row: Row, by: str) -> tuple[int | float, str]:
    if by == "id":
        return _by_id(row.id)
    stamps = {"changed": row.changed, "touched": row.touched, "created": row.created}
    return stamps[by].timestamp(), ""


def _by_id(id: str) -> tuple[int | float, str]:
    """Numbers by their size, words by their letters."""
    return (len(id), id) if id.isdigit() else (0, id)


def _key(row: Row, order: Sequence[tuple[str, bool]]) -> str:
    return json.dumps([_rank(row, by) for by, _ in order])


def _is_behind(row: Row, key: str, order: Sequence[tuple[str, bool]]) -> bool:
    """Whether a row comes after the one with this key."""
    if not key:
        return True
    marks: list[list[float | str]] = json.loads(key)
    for (by, is_newest_first), mark in zip(order, marks, strict=True):
        here, there = _rank(row, by), (mark[0], mark[1])
        if here != there:
            return (here > there) != is_newest_first
    return False


def _reach(listing: Listing, rows: Sequence[Row]) -> int:
    """How far a list goes that just ends where its cap is."""
    cap = listing.cap
    return min(len(rows), cap.rows) if cap and cap.rows and cap.status is None else len(rows)


def _token(listing: Listing, ask: Ask, page: Sequence[Row], spot: _Spot) -> str:
    """The token for what follows a page; where the page was empty, it is another one than before all the same."""
    if page:
        key = spot.key if listing.tokens.walk == "snapshot" else _key(page[-1], _order(listing, ask))
        spot = replace(spot, key=key, step=0)
    return urlsafe_b64encode(json.dumps([spot.question, spot.at, spot.key, spot.offset, spot.step]).encode()).decode()


def _cut(row: Row, bound: Bound) -> datetime:
    stamps = {"changed": row.changed, "touched": row.touched, "created": row.created}
    return floored(stamps.get(bound.by, row.changed) + bound.zone, bound.unit)

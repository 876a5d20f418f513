"""The lines of a sheet, one class for each rule, each with the words of the facts page that it follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from alignkit.models.times import MICROSECOND
from alignkit.testing.world import Fate, Kind
from alignkit.transport import JsonValue, Request

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
    """How long a list may show an older version, or nothing, of what can be read by id already.

    Attributes:
        up_to: how long.
        why: the page's words.
        is_shown_afresh: whether what is found and put in order by an older version is shown as it is by then.
    """

    up_to: timedelta
    why: Quote
    is_shown_afresh: bool = False


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

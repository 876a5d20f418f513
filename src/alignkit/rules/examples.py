"""Facts as people write them down: rows that say only what matters, the rest filled in.

A row gets a value for each field that it does not name, so that an example stays short: an issue is open and two days
old, an answer is a detractor's, a message went out yesterday. What follows from a named value follows here too: a
resolved issue is no longer active, and was resolved yesterday. Times are instants, or told from now: `3d ago`, `in 2h`.
`unset` lists fields that have no value, where one would be filled in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any, cast, get_args, get_type_hints

from alignkit.errors import DataInvalid
from alignkit.models.times import MICROSECOND, microseconds
from alignkit.models.vocabulary import IssueStatus
from alignkit.rules.durations import format_duration, parse_duration
from alignkit.rules.facts import Facts
from alignkit.rules.fields import CUSTOMER_FIELDS, ROW_FIELDS, Collection, Field, Kind
from alignkit.rules.questions import LARGEST
from alignkit.rules.wording import nearest_moment

_DAY = timedelta(days=1) // MICROSECOND
_TOLD = re.compile(r"(?:(?P<ago>\S+) ago|in (?P<ahead>\S+)|(?P<now>now))", re.ASCII)
_SOME_WORD = "example"
UNSET = "unset"
"""The name under which a row lists its fields without a value."""

ROWS: Mapping[str, type] = {
    name: get_args(hint)[0] for name, hint in get_type_hints(Facts).items() if getattr(hint, "__origin__", None) is list
}
"""The collections that facts keep, and the records that each is made of."""

_USUAL: Mapping[str, Mapping[str, Any]] = {
    "issues": {"status": "open", "type": "other", "priority": "normal"},
    "signals": {"kind": "issue_opened", "polarity": "negative", "strength": 1.0, "confidence": 1.0},
    "surveys": {"kind": "nps", "bucket": "detractor", "score": 3.0, "normalised": 0.3},
    "posts": {"platform": "network", "kind": "post", "polarity": "negative", "confidence": 1.0},
    "sends": {"category": "promotional", "channel": "email"},
    "holds": {"kind": "manual", "reason": "asked for by hand"},
}
_USUAL_OF = {**_USUAL, "account_issues": _USUAL["issues"]}
_KEPT_AS = {"account_issues": "issue"}
_IDS = {"customer": "the customer's id", "bucketing_id": "what holdouts choose the customer by"}


def make_row(collection: str, now: int, given: Mapping[str, Any], number: int = 1) -> Any:
    """A record of this collection with the given fields, the others filled in; times in microseconds since 1970.

    `number` tells the records of one example apart: it stands in the reference that is filled in.
    """
    known = ROW_FIELDS[cast("Collection", collection)]
    record = ROWS[collection]
    filled = _filled(collection, now, given, number)
    missing = {field.name for field in fields(record) if field.default is MISSING and field.name not in filled}
    plain = {name: _plain(known[name], now) for name in missing}
    return record(**{**plain, **filled})


def _filled(collection: str, now: int, given: Mapping[str, Any], number: int) -> dict[str, Any]:
    kind = _KEPT_AS.get(collection, collection.removesuffix("s"))
    name = "thing" if collection == "signals" else "ref"
    ref = f"example/{'issue' if collection == 'signals' else kind}/{collection[0]}{number}"
    filled = {name: ref, **_USUAL_OF.get(collection, {}), **given}
    return {**_of_issue(filled, now), **filled} if "issue" in collection else filled


def _of_issue(given: Mapping[str, Any], now: int) -> dict[str, Any]:
    """What the status of an issue says of its other fields."""
    status = IssueStatus(given["status"])
    active = given.get("active", False if given.get("excluded") in ("spam", "deleted") else status.is_active)
    began = given.get("created_at", now - 2 * _DAY)
    return {
        "status_raw": status.value,
        "active": active,
        "excluded": status.value if status.value in ("spam", "deleted", "merged") else None,
        "created_at": began,
        "first_active_at": began,
        "resolved_at": now - _DAY if active is False else None,
        "status_since": given.get("resolved_at") or now - _DAY,
    }


def _plain(field: Field, now: int) -> Any:
    if field.is_optional:
        return None
    words = sorted(field.words)
    values = {Kind.FLAG: False, Kind.NUMBER: 0, Kind.TIME: now - _DAY, Kind.LIST: ()}
    return values.get(field.kind, words[0] if words else _SOME_WORD)


def read_facts(tree: Mapping[str, Any], now: int, place: str = "facts") -> Facts:
    """The facts that a document's table describes.

    Args:
        tree: a list of tables for each collection, `customer` and `bucketing_id` (texts), and `attributes` (a table).
        now: microseconds since 1970, from which relative times are told.
        place: where the table stands, for errors.

    Raises:
        DataInvalid: an unknown name, a word that a field never has, or a value of a wrong kind; the text says where.
    """
    known = (*ROWS, *_IDS, "attributes")
    for name in tree:
        if name not in known:
            raise DataInvalid(f"`{place}.{name[:80]}` is not known; {_remedy(name, known)}")
    rows = {name: _read_rows(name, tree[name], now, f"{place}.{name}") for name in ROWS if name in tree}
    attributes = _read_fields(tree.get("attributes", {}), CUSTOMER_FIELDS, now, f"{place}.attributes")
    if wrong := next((name for name in _IDS if not isinstance(tree.get(name), str | None)), None):
        raise DataInvalid(f"`{place}.{wrong}` is no text; write {_IDS[wrong]}")
    known_as: dict[str, Any] = {name: tree.get(name) for name in _IDS}
    return replace(Facts(attributes=attributes, **known_as), **cast("dict[str, Any]", rows))


def _read_rows(collection: str, value: object, now: int, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise DataInvalid(f"`{place}` is no list of tables; write one table for each row")
    known = ROW_FIELDS[cast("Collection", collection)]
    return [
        make_row(collection, now, _read_fields(each, known, now, f"{place}[{index}]"), index + 1)
        for index, each in enumerate(cast("list[object]", value))
    ]


def _read_fields(value: object, known: Mapping[str, Field], now: int, place: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise DataInvalid(f"`{place}` is no table; write names and values")
    given = dict(cast("Mapping[str, object]", value))
    unset = [str(name) for name in _texts(given.pop(UNSET, ()), f"{place}.{UNSET}")]
    for name in (*given, *unset):
        if name not in known:
            raise DataInvalid(f"`{place}.{name[:80]}` is not known; {_remedy(name, tuple(known))}")
    if full := next((name for name in unset if name in given or not known[name].is_optional), None):
        raise DataInvalid(f"`{place}.{UNSET}` names `{full}`, which has a value; remove it there")
    read = {name: _read_value(each, known[name], now, f"{place}.{name}") for name, each in given.items()}
    return {**read, **dict.fromkeys(unset)}


def _remedy(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean `{close[0]}`?" if close else f"there are {', '.join(f'`{one}`' for one in known)}"


def _read_value(value: Any, field: Field, now: int, place: str) -> Any:
    if field.kind is Kind.TIME:
        return microseconds(read_moment(value, nearest_moment(now), place))
    if field.kind is Kind.LIST:
        return tuple(_word(each, field, place) for each in _texts(value, place))
    if field.kind is Kind.TEXT:
        return _word(value, field, place)
    fits = isinstance(value, bool) if field.kind is Kind.FLAG else _is_number(value)
    if not fits:
        bounds = f" within {LARGEST:,} of 0" if field.kind is Kind.NUMBER else ""
        raise DataInvalid(f"`{place}` is a {field.kind}; write one{bounds}")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST  # NaN is not


def _texts(value: object, place: str) -> list[object]:
    if not isinstance(value, list | tuple):
        raise DataInvalid(f"`{place}` is a list; write one")
    return list(cast("Sequence[object]", value))


def _word(value: object, field: Field, place: str) -> str:
    if not isinstance(value, str):
        raise DataInvalid(f"`{place}` is a text; write one")
    if field.words and value not in field.words:
        raise DataInvalid(f"`{place}` is never `{value[:80]}`; {_remedy(value, sorted(field.words))}")
    return value


def read_moment(value: object, now: datetime, place: str) -> datetime:
    """The instant that is meant: an aware time, its ISO text, or a time told from now, such as `3d ago` or `in 2h`.

    Raises:
        DataInvalid: it is none of these; the text says where.
    """
    try:
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
        if isinstance(value, str):
            return _told(value, now)
    except (ValueError, OverflowError):
        pass
    raise DataInvalid(f"`{place}` is no time; write `3d ago`, `in 2h`, or an instant with its zone")


def _told(text: str, now: datetime) -> datetime:
    found = _TOLD.fullmatch(text)
    if found is None:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return moment.astimezone(UTC)
    if found["now"]:
        return now
    return now - parse_duration(found["ago"]) if found["ago"] else now + parse_duration(found["ahead"])


def move_facts(facts: Facts, span: int) -> Facts:
    """The same facts with every time so many microseconds later."""
    moved = {name: [_moved(name, row, span) for row in getattr(facts, name)] for name in ROWS}
    return replace(facts, **cast("dict[str, Any]", moved))


def _moved(collection: str, row: Any, span: int) -> Any:
    known = ROW_FIELDS[cast("Collection", collection)]
    times = [name for name in known if known[name].kind is Kind.TIME and getattr(row, name) is not None]
    return replace(row, **{name: getattr(row, name) + span for name in times})


def write_facts(facts: Facts, now: int) -> dict[str, Any]:
    """The table that `read_facts` reads back as equal facts, with no field that would be filled in anyway."""
    tree: dict[str, Any] = {name: value for name in _IDS if (value := getattr(facts, name)) is not None}
    if facts.attributes:
        tree["attributes"] = {name: value for name, value in facts.attributes.items() if value is not None}
    for collection in ROWS:
        rows: Sequence[Any] = getattr(facts, collection)
        if rows:
            tree[collection] = [_write_row(collection, row, now, index + 1) for index, row in enumerate(rows)]
    return tree


def _write_row(collection: str, row: Any, now: int, number: int) -> dict[str, Any]:
    known = ROW_FIELDS[cast("Collection", collection)]
    given: dict[str, Any] = {"status": row.status} if "issue" in collection else {}
    # A named value may change what is filled in for others, which must then be named as well.
    while other := _untold(
        row, make_row(collection, now, given, number), [name for name in known if name not in given]
    ):
        given |= other
    told = {name: _write_value(value, known[name], now) for name, value in given.items() if value is not None}
    unset = [name for name, value in given.items() if value is None]
    return {**told, UNSET: unset} if unset else told


def _untold(row: Any, usual: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in sorted(names) if getattr(row, name) != getattr(usual, name)}


def _write_value(value: Any, field: Field, now: int) -> Any:
    if field.kind is Kind.TIME:
        return write_moment(value, now)
    return list(value) if field.kind is Kind.LIST else value


def write_moment(instant: int, now: int) -> str:
    """A time told from now, such as `3d ago`, exact to the microsecond."""
    if instant == now:
        return "now"
    span = format_duration(abs(instant - now) * MICROSECOND)
    return f"{span} ago" if instant < now else f"in {span}"

"""Evaluates conditions as SOQL and JQL write them, for the sheets of services that take a query language."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from alignkit.testing.sheet import Refused
from alignkit.testing.world import Row

Test = Callable[[Row], bool]
Value = Callable[[Row, str], Any]
"""The value of a field, by the name that the language has for it; `KeyError` where there is no such field."""
Literal = Callable[[str, str], Any]
"""The value of a literal, from the field's name and the text, its quotes removed."""

_TOKEN = re.compile(r"""\(|\)|,|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|<=|>=|!=|<>|[=<>]|[^\s(),=<>!'"]+""")
_ORDER = re.compile(r"\s+ORDER\s+BY\s+(?P<order>.*?)(?:\s+LIMIT\s+(?P<limit>\d+))?\s*$", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Query:
    """One query, read.

    Attributes:
        where: whether a row is found.
        order: names of fields, each with whether it is turned around, the most significant first.
        limit: the most rows.
    """

    where: Test
    order: Sequence[tuple[str, bool]]
    limit: int | None


def read_query(text: str, value: Value, literal: Literal) -> Query:
    """Reads conditions joined by AND, OR, NOT and parentheses, with `ORDER BY` and `LIMIT` after them.

    Raises:
        Refused: 400, for what the language or this reader does not know.
    """
    tail = _ORDER.search(text)
    conditions = text if tail is None else text[: tail.start()]
    order = [] if tail is None else [_direction(part) for part in tail["order"].split(",")]
    limit = int(tail["limit"]) if tail and tail["limit"] else None
    reader = _Reader(_TOKEN.findall(conditions), value, literal)
    return Query(reader.whole(), order, limit)


def _direction(part: str) -> tuple[str, bool]:
    name, _, direction = part.strip().partition(" ")
    return name, direction.strip().upper() == "DESC"


class _Reader:
    def __init__(self, tokens: list[str], value: Value, literal: Literal) -> None:
        self._tokens = tokens
        self._value = value
        self._literal = literal

    def whole(self) -> Test:
        if not self._tokens:
            return lambda _row: True
        found = self._any()
        if self._tokens:
            raise Refused(400, f"cannot read the query from `{self._tokens[0]}`")
        return found

    def _any(self) -> Test:
        parts = [self._all()]
        while self._is_next("OR"):
            parts.append(self._all())
        return lambda row: any(part(row) for part in parts)

    def _all(self) -> Test:
        parts = [self._one()]
        while self._is_next("AND"):
            parts.append(self._one())
        return lambda row: all(part(row) for part in parts)

    def _one(self) -> Test:
        if self._is_next("NOT"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._is_next("("):
            inner = self._any()
            self._expect(")")
            return inner
        name = self._take()
        sign = self._take().upper()
        if sign == "NOT":
            sign = f"NOT {self._take().upper()}"
        if sign in ("IN", "NOT IN"):
            values = self._values(name)
            return lambda row: (self._field(row, name) in values) is (sign == "IN")
        return self._comparison(name, sign, self._read(name, self._take()))

    def _comparison(self, name: str, sign: str, wanted: Any) -> Test:
        def holds(row: Row) -> bool:
            found = self._field(row, name)
            if sign in ("=", "!=", "<>"):
                return (found == wanted) is (sign == "=")
            if found is None or wanted is None:
                return False
            return bool({"<": found < wanted, "<=": found <= wanted, ">": found > wanted, ">=": found >= wanted}[sign])

        if sign not in ("=", "!=", "<>", "<", "<=", ">", ">="):
            raise Refused(400, f"cannot read the sign `{sign}`")
        return holds

    def _values(self, name: str) -> list[Any]:
        self._expect("(")
        values = [self._read(name, self._take())]
        while self._is_next(","):
            values.append(self._read(name, self._take()))
        self._expect(")")
        return values

    def _field(self, row: Row, name: str) -> Any:
        try:
            return self._value(row, name)
        except KeyError:
            raise Refused(400, f"there is no field `{name}`") from None

    def _read(self, name: str, text: str) -> Any:
        is_quoted = text[:1] in "'\""
        try:
            return self._literal(name, re.sub(r"\\(.)", r"\1", text[1:-1]) if is_quoted else text)
        except (ValueError, KeyError):
            raise Refused(400, f"cannot compare `{name}` with that value") from None

    def _is_next(self, token: str) -> bool:
        if self._tokens and self._tokens[0].upper() == token:
            self._tokens.pop(0)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._is_next(token):
            raise Refused(400, f"`{token}` is missing")

    def _take(self) -> str:
        if not self._tokens:
            raise Refused(400, "the query ends too early")
        return self._tokens.pop(0)

"""A loop asks each test once of a row, and of tests that exclude each other only as many as it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest

from alignkit.rules import Facts
from alignkit.rules.branches import DEEPEST
from alignkit.rules.conditions import AnyRow, Condition, NotTest, RowTest
from alignkit.rules.generator import Questions, generate

from .builders import NOW, at, issue, message


@dataclass
class Watched:
    """A row that tells what it was asked for."""

    asked: list[str]
    fields: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(issue(**self.fields), name)


def bits_of(found: int, _: object) -> int:
    return found


def found(conditions: list[Condition], row: Any) -> list[int]:
    """The numbers of the conditions that hold of this row alone."""
    function = generate(Questions(conditions, (), ()), bits_of, 0, unknown_is_active=True)
    bits = function(Facts(issues=[row]), message(), at(NOW))
    return [number for number in range(len(conditions)) if bits >> number & 1]


def asked_of(*conditions: Condition, **fields: Any) -> list[str]:
    row = Watched([], fields)
    found(list(conditions), cast("Any", row))
    return row.asked


def issues(*tests: Any) -> Condition:
    return AnyRow(any="issues", where=tests)


OPEN, CLOSED = RowTest(field="status", in_=("new", "open")), RowTest(field="status", in_=("closed", "resolved"))
HIGH, EMAIL = RowTest(field="priority", equals="high"), RowTest(field="channel", equals="email")


def test_of_words_that_exclude_each_other_the_second_is_asked_where_the_first_fails() -> None:
    conditions = issues(OPEN, HIGH), issues(OPEN, EMAIL), issues(CLOSED)
    assert asked_of(*conditions) == ["status", "priority", "channel", "ref"]
    assert asked_of(*conditions, status="closed") == ["status", "status", "ref"]


def test_words_that_overlap_are_both_asked() -> None:
    both = RowTest(field="status", in_=("open", "closed"))
    assert found([issues(OPEN, HIGH), issues(OPEN), issues(both)], issue()) == [1, 2]


def test_a_denied_test_excludes_nothing() -> None:
    conditions = [issues(OPEN, HIGH), issues(OPEN), issues(NotTest(test=CLOSED))]
    assert found(conditions, issue()) == [1, 2]
    assert found(conditions, issue(status="snoozed")) == [2]


def test_another_field_with_the_same_words_is_another_test() -> None:
    email, sms = RowTest(field="brand", equals="email"), RowTest(field="channel", equals="sms")
    assert found([issues(email), issues(email, HIGH), issues(sms)], issue(brand="email", channel="sms")) == [0, 2]


@pytest.mark.parametrize("size", [DEEPEST - 1, DEEPEST, DEEPEST + 1, 3_000])
def test_however_many_tests_rules_share_they_are_compiled_and_asked(size: int) -> None:
    shared = [RowTest(field="queue", not_in=(f"q{number}",)) for number in range(size)]
    assert found([issues(*shared), issues(*shared, HIGH)], issue(queue="q")) == [0]
    assert found([issues(*shared), issues(*shared, HIGH)], issue(queue=f"q{size - 1}")) == []


def test_however_many_words_exclude_each_other_they_are_compiled_and_asked() -> None:
    pairs = [
        issues(RowTest(field="queue", equals=f"q{number // 2}"), *([HIGH] * (number % 2))) for number in range(800)
    ]
    assert found(pairs, issue(queue="q399")) == [798]
    assert found(pairs, issue(queue="q0", priority="high")) == [0, 1]

"""The generated function says what the closures say, asks little, and holds a policy's values as data."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignkit.rules import Facts
from alignkit.rules.citation import reference
from alignkit.rules.closures import Closures
from alignkit.rules.conditions import (
    AllOf,
    AllOfTests,
    AnyOf,
    AnyRow,
    Condition,
    CountRows,
    CustomerTest,
    MessageTest,
    Not,
    NotTest,
    RowTest,
)
from alignkit.rules.generator import Function, Questions, generate

from .builders import NOW, at, issue, message, random_condition, random_facts, random_message, signal

seeds = st.integers(min_value=0, max_value=2**32).map(Random)
NOTHING: Any = "nothing"


def written(
    suppressing: list[Condition],
    exempting: list[Condition] | None = None,
    noting: list[Condition] | None = None,
    *,
    unknown_is_active: bool = True,
) -> Function[Any]:
    """A function that answers with a bit for each condition that holds, and with what is cited."""
    questions = Questions(suppressing, noting or [], exempting or [])
    return generate(questions, lambda *found: found, NOTHING, unknown_is_active=unknown_is_active)


def holding(condition: Condition, facts: Facts, **fields: Any) -> bool:
    return written([condition])(facts, message(**fields), at(NOW)) is not NOTHING


def told(answer: Any) -> tuple[set[int], set[str]]:
    """The numbers of the conditions that hold, and what is cited."""
    found, cited = answer
    return {number for number in range(found.bit_length()) if found >> number & 1}, set(cited)


@given(seeds)
@settings(max_examples=300)
def test_the_function_finds_and_cites_what_the_closures_do(random: Random) -> None:
    groups = [[random_condition(random) for _ in range(random.randint(0, 5))] for _ in range(3)]
    facts, said, now = random_facts(random), random_message(random), at(NOW)
    unknown_is_active = random.random() < 0.5
    closures = Closures(unknown_is_active=unknown_is_active)
    suppressing, noting, exempting = groups
    numbered = list(enumerate([*suppressing, *noting, *exempting]))
    holding = {number for number, condition in numbered if closures.check(condition)(facts, said, now)}
    held = {number for number in holding if number < len(suppressing)}
    freed = {number for number in holding if number >= len(suppressing) + len(noting)} if held else set[int]()
    noted = {number for number in holding if len(suppressing) <= number < len(suppressing) + len(noting)}
    names = {
        reference(*cited)
        for number in (freed or held) | noted
        for cited in closures.citation(numbered[number][1])(facts, said, now)
    }
    answer = written(suppressing, exempting, noting, unknown_is_active=unknown_is_active)(facts, said, now)
    assert answer is NOTHING if not (held or noted) else told(answer) == (held | freed | noted, names)


@dataclass
class Watched:
    """A row that tells what it was asked for."""

    asked: list[str]

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(issue(), name)


def asked_of(*conditions: Condition, **facts: Any) -> list[str]:
    row = Watched([])
    written(list(conditions))(Facts(issues=cast("Any", [row]), **facts), message(), at(NOW))
    return row.asked


HIGH, LOW = RowTest(field="priority", equals="high"), RowTest(field="priority", equals="low")
NORMAL = RowTest(field="priority", equals="normal")
OPEN, EMAIL = RowTest(field="status", equals="open"), RowTest(field="channel", equals="email")


def issues(*tests: Any) -> Condition:
    return AnyRow(any="issues", where=tests)


def test_a_test_that_rules_share_is_asked_once_of_each_row() -> None:
    assert asked_of(issues(OPEN, HIGH), issues(LOW, OPEN), issues(OPEN)) == ["status", "ref", "priority", "priority"]


def test_rules_that_ask_the_same_in_another_order_share_everything() -> None:
    assert asked_of(issues(OPEN, HIGH), issues(HIGH, OPEN)) == ["status", "priority"]
    assert asked_of(issues(OPEN, NORMAL), issues(AllOfTests(all_of=(NORMAL, OPEN)))) == ["status", "priority", "ref"]


def test_a_test_and_its_opposite_are_one_question() -> None:
    assert asked_of(issues(NORMAL, EMAIL), issues(NotTest(test=NORMAL), OPEN)) == ["priority", "channel", "ref"]


def test_what_an_earlier_test_rules_out_is_not_asked() -> None:
    assert asked_of(issues(HIGH, OPEN, EMAIL)) == ["priority"]


def test_a_fault_escapes() -> None:
    broken = Facts(issues=[issue(reopened_count="many")])
    with pytest.raises(TypeError):
        holding(issues(RowTest(field="reopened_count", at_least=2)), broken)


@pytest.mark.parametrize("none", [None, 7])
def test_a_collection_that_is_none_is_a_fault(none: Any) -> None:
    with pytest.raises(TypeError):
        holding(issues(OPEN), Facts(issues=none))


def test_exempting_conditions_are_not_asked_where_nothing_suppresses() -> None:
    class Unreadable(dict[str, Any]):
        def get(self, *_: Any) -> Any:
            raise AssertionError("an attribute was asked for")

    vip = CustomerTest(customer="is_vip", equals=True)
    function = written([issues(OPEN)], [vip])
    assert function(Facts(attributes=Unreadable()), message(), at(NOW)) is NOTHING
    with pytest.raises(AssertionError):
        function(Facts(issues=[issue()], attributes=Unreadable()), message(), at(NOW))


HOSTILE = ["'", '"', "\\", "a\n", "{}", "'); raise SystemExit  #", "__import__('os')", "\ud800", "\x00", "row.ref"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_in_a_policy_is_compared_and_never_run(text: str) -> None:
    for test in (RowTest(field="queue", equals=text), RowTest(field="queue", in_=(text, "x"))):
        assert holding(issues(test), Facts(issues=[issue(queue=text)]))
        assert not holding(issues(test), Facts(issues=[issue(queue="other")]))
    tagged = issues(RowTest(field="tags", contains=text))
    assert holding(tagged, Facts(issues=[issue(tags=(text,))]))
    assert holding(CustomerTest(customer="tier", equals=text), Facts(attributes={"tier": text}))
    assert holding(MessageTest(message="campaign_id", equals=text), Facts(), campaign_id=text)


def test_a_value_of_a_type_of_its_own_is_held_all_the_same() -> None:
    class Word(str):
        __slots__ = ()

    test = RowTest.model_construct(field="queue", equals=Word("shop"))
    assert holding(AnyRow.model_construct(any="issues", where=(test,)), Facts(issues=[issue(queue="shop")]))


def test_conditions_may_be_nested_deeply() -> None:
    condition: Condition = issues(OPEN)
    for _ in range(30):
        condition = AnyOf(any_of=(AllOf(all_of=(Not(condition=condition), issues(NORMAL))), issues(HIGH)))
    careful = Closures(unknown_is_active=True)
    facts = Facts(issues=[issue()])
    assert holding(condition, facts) is careful.check(condition)(facts, message(), at(NOW))


def test_many_rules_may_ask_different_things_of_one_collection() -> None:
    conditions = [issues(RowTest(field="queue", equals=f"queue-{n}"), OPEN) for n in range(500)]
    answer = written(conditions)(Facts(issues=[issue(queue="queue-7")]), message(), at(NOW))
    assert told(answer) == ({7}, {"desk/issue/1"})


def test_an_absent_thing_is_none_of_the_different_ones() -> None:
    several = CountRows(count="issues", at_least=2, distinct="brand")
    assert not holding(several, Facts(issues=[issue(brand="a"), issue(brand=None), issue(brand="a")]))
    assert holding(several, Facts(issues=[issue(brand="a"), issue(brand="b")]))


def test_signals_are_cited_by_their_thing() -> None:
    answer = written([AnyRow(any="signals")])(Facts(signals=[signal("desk/issue/9")]), message(), at(NOW))
    assert told(answer) == ({0}, {"desk/issue/9"})


def test_what_one_row_makes_hold_is_told_of_every_rule_that_asks_for_such_rows() -> None:
    is_open, several = issues(OPEN), CountRows(count="issues", at_least=2, where=(OPEN,))
    function = written([is_open, several, is_open], [several], [is_open])
    one, two = issue(), issue(ref="desk/issue/2")
    assert told(function(Facts(issues=[one]), message(), at(NOW))) == ({0, 2, 3}, {one.ref})
    assert told(function(Facts(issues=[one, two]), message(), at(NOW))) == ({0, 1, 2, 3, 4}, {one.ref, two.ref})


def test_what_is_freed_is_cited_in_the_place_of_what_is_held() -> None:
    function = written([issues(OPEN)], [issues(HIGH)], [issues(NORMAL)])
    facts = Facts(issues=[issue(ref="d/issue/1"), issue(ref="d/issue/2", status="closed", priority="high")])
    assert told(function(facts, message(), at(NOW))) == ({0, 1, 2}, {"d/issue/1", "d/issue/2"})
    facts.issues[0].priority = "low"
    assert told(function(facts, message(), at(NOW))) == ({0, 2}, {"d/issue/2"})

"""Formulas keep their meaning when they are denied, and come true in exactly the ways that they name."""

from __future__ import annotations

from itertools import product
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from alignkit.rules.check.formula import Every, Formula, Leaf, Some, conjuncts, denied, leaves, truth, ways

CLAIMS = "abc"
seeds = st.integers(min_value=0, max_value=2**32).map(Random)


def random_formula(random: Random, depth: int = 3) -> Formula[str]:
    if not depth or random.random() < 0.3:
        return Leaf(random.choice(CLAIMS), is_denied=random.random() < 0.5)
    parts = tuple(random_formula(random, depth - 1) for _ in range(random.randint(0, 3)))
    return Every(parts) if random.random() < 0.5 else Some(parts)


def worlds() -> list[dict[str, bool]]:
    return [dict(zip(CLAIMS, values, strict=True)) for values in product([False, True], repeat=len(CLAIMS))]


@given(seeds)
def test_a_denied_formula_is_true_exactly_where_the_formula_is_false(random: Random) -> None:
    formula = random_formula(random)
    for world in worlds():
        assert truth(denied(formula), world.get) is (not truth(formula, world.get))


@given(seeds)
def test_a_formula_is_true_exactly_where_one_of_its_ways_is(random: Random) -> None:
    formula = random_formula(random)
    for world in worlds():
        way_holds = any(all(world[leaf.claim] is not leaf.is_denied for leaf in way) for way in ways(formula))
        assert truth(formula, world.get) is way_holds


@given(seeds)
def test_what_is_settled_early_stays_settled(random: Random) -> None:
    formula, known = random_formula(random), {"a": random.random() < 0.5}
    early = truth(formula, known.get)
    if early is not None:
        assert {truth(formula, {**world, **known}.get) for world in worlds()} == {early}


@given(seeds)
def test_the_conjuncts_together_are_the_formula(random: Random) -> None:
    formula = random_formula(random)
    for world in worlds():
        assert truth(Every(tuple(conjuncts(formula))), world.get) is truth(formula, world.get)


def test_leaves_come_in_order_with_their_repeats() -> None:
    formula: Formula[str] = Every((Leaf("a"), Some((Leaf("b", is_denied=True), Leaf("a")))))
    assert [leaf.claim for leaf in leaves(formula)] == ["a", "b", "a"]

"""Holds a cohort to what is kept of it: nobody's name, and the same cohort when it is read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.models import Hold, HoldKind
from alignkit.stores.cohort import EVERYBODY, Cohort, is_active
from alignkit.testing.store.stories import at

WORDS = st.lists(st.text(min_size=1, max_size=8), max_size=3).map(tuple)


@given(people=WORDS, orders=WORDS, accounts=WORDS, products=WORDS, everybody=st.booleans())
def test_a_cohort_is_read_as_it_was_written_without_anybodys_name(
    people: tuple[str, ...],
    orders: tuple[str, ...],
    accounts: tuple[str, ...],
    products: tuple[str, ...],
    everybody: bool,
) -> None:
    cohort = Cohort(everybody=everybody, people=people, orders=orders, accounts=accounts, products=products)
    kept = Cohort.from_text(cohort.to_text())
    assert kept == cohort.lasting
    assert (kept.people, kept.orders) == ((), ())
    assert bool(cohort) == bool(cohort.named or cohort.lasting)


def test_everybody_is_meant_only_where_it_is_said() -> None:
    assert Cohort.from_text(EVERYBODY.to_text()) == EVERYBODY
    assert not Cohort()
    assert Cohort.from_text(Cohort().to_text()) == Cohort()


@pytest.mark.parametrize("text", [None, "", "EU customers", "7", "[]", "{", '{"everybody": 1}', '{"products": 5}'])
def test_words_of_another_system_mean_nobody(text: str | None) -> None:
    assert not Cohort.from_text(text)


@pytest.mark.parametrize(
    ("released", "expires", "active"),
    [(None, None, True), (3, None, True), (2, None, False), (None, 2, False), (3, 2, False), (3, 3, True)],
)
def test_a_hold_is_in_force_from_its_beginning_to_its_first_end(
    released: int | None, expires: int | None, active: bool
) -> None:
    hold = Hold(
        id="h",
        kind=HoldKind.MANUAL,
        reason="a recall",
        opened_at=at(1),
        released_at=None if released is None else at(released),
        expires_at=None if expires is None else at(expires),
    )
    assert is_active(hold, at(2)) is active
    assert not is_active(hold, at(0.9))

"""Ids that are numbers are told from everything else, and each is asked for once."""

from __future__ import annotations

import pytest

from alignkit.connectors.ids import number, numbers
from alignkit.errors import DataInvalid
from alignkit.models.exchange import Ref


def test_each_id_of_a_kind_counts_once_and_what_is_no_number_names_nothing() -> None:
    given = [("issue", "7"), ("contact", "8"), ("issue", "x"), ("issue", "٧"), ("issue", "7"), ("issue", "9")]
    assert numbers([Ref(kind, id, f"reason {at}") for at, (kind, id) in enumerate(given)], "issue") == ["7", "9"]


@pytest.mark.parametrize("text", ["", "-1", "7/..", "٧", "1.0"])
def test_an_id_that_is_no_number_is_refused_in_words(text: str) -> None:
    assert number("7", "a ticket") == "7"
    with pytest.raises(DataInvalid, match="the id of a ticket is a number"):
        number(text, "a ticket")

"""Holds the text of a model to what the model would write itself: ids and kept events follow from it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from tests.strategies import START, events

from alignkit.errors import DataInvalid
from alignkit.models import CustomerEvent, Issue, IssueStatus, Model, Order
from alignkit.models.commerce import OrderLine
from alignkit.models.text import text_of

BARE = {"id": "1", "status": "open", "status_raw": "open", "created_at": START}


@given(events())
def test_a_text_is_what_the_model_would_write_itself(event: CustomerEvent) -> None:
    data, model = event.data, event.data_type
    assert text_of(data, model) == data.model_dump_json(exclude_defaults=True).encode()
    assert model.model_validate_json(text_of(data, model)) == data


@given(events())
def test_what_is_not_to_be_told_is_left_out_and_nothing_else(event: CustomerEvent) -> None:
    untold = {"remote_updated_at", "extensions"}
    expected = event.data.model_dump_json(exclude_defaults=True, exclude=untold).encode()
    assert text_of(event.data, event.data_type, untold) == expected


def test_words_times_and_lists_are_written_as_text() -> None:
    issue = Issue.model_validate({**BARE, "priority": "high", "tags": ["a"], "closed_at": START + timedelta(seconds=1)})
    text = text_of(issue, Issue).decode()
    assert issue.status is IssueStatus.OPEN
    assert '"status":"open"' in text
    assert '"priority":"high"' in text
    assert '"tags":["a"]' in text
    assert "type" not in text, "a default is not written"


def test_models_within_a_model_are_written_too() -> None:
    order = Order.model_validate({"id": "1", "lines": [{"product_ref": "shoe", "quantity": "2"}]})
    assert isinstance(order.lines[0], OrderLine)
    assert text_of(order, Order) == order.model_dump_json(exclude_defaults=True).encode()


def test_fields_that_the_model_does_not_know_are_not_written() -> None:
    class Coloured(Issue, frozen=True):
        colour: str = "grey"

    said = Coloured.model_validate({**BARE, "colour": "red"})
    assert b"colour" not in text_of(said, Issue)


@pytest.mark.parametrize("fields", [{"subject": "\ud800"}, {"tags": ("a\udfffb",)}])
def test_half_of_a_character_is_refused(fields: dict[str, object]) -> None:
    issue: Model = Issue.model_validate(BARE).model_copy(update=fields)
    with pytest.raises(DataInvalid, match="surrogate"):
        text_of(issue, Issue)

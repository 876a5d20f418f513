"""An answer in another form than was asked for is an error that shows none of it, and never an empty page."""

from __future__ import annotations

import pytest

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.records import Body, Shape
from alignkit.errors import ResponseInvalid
from alignkit.models.customer import Account
from alignkit.transport import Response

SHAPE = Shape(model=Account, places={"id": "id", "name": "name"})
BODY = Body({"rows": SHAPE})
PRIVATE = "ada@example.com"


class Made(Payload):
    id: str


def test_numbers_are_taken_as_text_and_what_is_not_known_is_ignored() -> None:
    assert parsed(Made, Response(201, content=b'{"id": 9007199254740993, "more": 1}'), "shop").id == "9007199254740993"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"<html>", f'{{"id": ["{PRIVATE}"]}}'.encode()])
def test_another_answer_than_was_asked_for_is_told_without_its_values(content: bytes) -> None:
    with pytest.raises(ResponseInvalid, match="`shop`") as refused:
        parsed(Made, Response(200, content=content), "shop")
    error: BaseException | None = refused.value
    while error is not None:
        assert PRIVATE not in f"{error}{error.args}"
        error = error.__cause__ or error.__context__


def test_a_list_is_read_and_one_that_is_empty_or_null_is_one_too() -> None:
    [found] = listed(BODY, Response(200, content=b'{"rows": [{"id": 1, "name": "A"}]}'), "shop").of(SHAPE)
    assert (found.data.id, found.data.name) == ("1", "A")
    for content in (b'{"rows": []}', b'{"rows": null}'):
        assert not listed(BODY, Response(200, content=content), "shop").of(SHAPE)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"error": "no"}', b"[]", f'{{"rows": [{{"id": "{PRIVATE}'.encode()])
def test_an_answer_without_its_list_is_no_empty_page(content: bytes) -> None:
    with pytest.raises(ResponseInvalid, match="`shop`") as refused:
        listed(BODY, Response(200, content=content), "shop")
    error: BaseException | None = refused.value
    while error is not None:
        assert PRIVATE not in str(error)
        error = error.__cause__ or error.__context__

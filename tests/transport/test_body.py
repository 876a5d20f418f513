"""Bodies: what an honest service sends is read, and nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.errors import ResponseInvalid
from alignkit.transport.message import JsonValue, Response

json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_what_a_service_encodes_is_what_the_flow_reads(value: JsonValue) -> None:
    assert Response(200, content=json.dumps(value).encode()).json() == value


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_sixty_four_levels_are_read_and_one_more_is_refused(opening: str) -> None:
    closing = "]" if opening == "[" else "}"

    def nested(levels: int) -> Response:
        innermost = "[]" if opening == "[" else "{}"
        return Response(200, content=(opening * (levels - 1) + innermost + closing * (levels - 1)).encode())

    assert nested(64).json()
    with pytest.raises(ResponseInvalid, match="deeper than 64"):
        nested(65).json()
    with pytest.raises(ResponseInvalid, match="deeper than 64"):
        nested(200_000).json()


@pytest.mark.parametrize(
    "number", ["1" * 65, "-" + "1" * 65, "1e400", "-1e400", "NaN", "Infinity", "-Infinity", "9" * 9_000]
)
def test_a_number_no_honest_service_sends_is_refused(number: str) -> None:
    with pytest.raises(ResponseInvalid, match="number that is not finite"):
        Response(200, content=f'{{"id": [{number}]}}'.encode()).json()


def test_long_digits_inside_a_text_are_no_number() -> None:
    assert Response(200, content=b'["%s", %s]' % (b"7" * 300, b"8" * 64)).json() == ["7" * 300, int("8" * 64)]


@pytest.mark.parametrize(
    ("content", "content_type", "why"),
    [
        (b"<html><body>sample-secret", "text/html; charset=utf-8", "web page"),
        (b"  <!doctype html>sample-secret", "", "web page"),
        (b'{"a": "sample-secret', "application/json", "cut short"),
        (b"sample-secret", "text/plain", "not JSON"),
        (b"", "application/json", "it is empty"),
        (b"\xff\xfe\xff sample-secret", "application/json", "not JSON"),
    ],
)
def test_a_body_that_is_not_json_is_described_and_not_shown(content: bytes, content_type: str, why: str) -> None:
    with pytest.raises(ResponseInvalid, match=why) as caught:
        Response(200, {"content-type": content_type}, content).json()
    shown = repr(caught.value) + repr(caught.value.__cause__) + repr(caught.value.__context__)
    assert "sample-secret" not in shown
    assert f"{len(content)} bytes" in str(caught.value)


def test_a_content_type_made_of_secrets_is_not_repeated() -> None:
    with pytest.raises(ResponseInvalid) as caught:
        Response(200, {"content-type": "sample-secret \n" * 9}, b"x").json()
    assert "sample-secret" not in str(caught.value)


def test_text_is_read_in_the_character_set_it_names() -> None:
    assert Response(200, {"content-type": 'text/csv; charset="iso-8859-1"'}, b"caf\xe9").text() == "café"
    assert Response(200, {}, "café".encode()).text() == "café"


@pytest.mark.parametrize("charset", ["utf-8", "no-such-charset", "hex", "idna"])
def test_text_that_is_not_in_its_character_set_is_refused(charset: str) -> None:
    with pytest.raises(ResponseInvalid, match=charset):
        Response(200, {"content-type": f"text/csv; charset={charset}"}, b"\xff\xfe").text()

"""Reads the answers of a service that hold no records: counts, lists of words, what a write made."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from alignkit.connectors.records import Answer, Body
from alignkit.errors import ResponseInvalid
from alignkit.transport import Response


class Payload(BaseModel):
    """A part of an answer, as far as it is read: what it does not know is ignored."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True
    )


class Named(Payload):
    """A thing, as far as an answer names it."""

    id: str


P = TypeVar("P", bound=Payload)


def parsed(model: type[P], response: Response, name: str) -> P:
    """An answer as this model.

    Raises:
        ResponseInvalid: it is something else; the text names the fields, not their values.
    """
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        places = sorted({".".join(map(str, fault["loc"])) or "body" for fault in faults})
    raise ResponseInvalid(f"`{name}` answered something else than was asked for: {', '.join(places[:5])}")


def listed(body: Body, response: Response, name: str) -> Answer:
    """The records of an answer that must hold a list of them.

    Raises:
        ResponseInvalid: there is no such list; an answer without it is no empty page.
    """
    answer = None
    # Raised anew below: what the error was made from holds parts of the body.
    with suppress(ResponseInvalid):
        answer = body.read(response.content, name)
    if answer is None or answer.absent:
        raise ResponseInvalid(f"`{name}` answered something else than a list of records; check `base_url`")
    return answer

"""Writes to Pipedrive: notes on persons, which no customer sees."""

from __future__ import annotations

from html import escape

from alignkit.connectors.pipedrive.records import is_id
from alignkit.errors import DataInvalid
from alignkit.transport import Flow, JsonValue, Request, request


def add_note(person_id: str, text: str) -> Flow[None]:
    """Adds a note to a person; sent once."""
    if not is_id(person_id):
        raise DataInvalid("the id of a person is a number; Pipedrive has no issues, and a note belongs to a person")
    # A note is HTML, and a text is none.
    content = escape(text, quote=False).replace("\n", "<br>")
    body: JsonValue = {"content": content, "person_id": int(person_id)}
    yield from request(Request("POST", "/v1/notes", json=body))

"""Writes to Pipedrive: notes on persons, which no customer sees."""

from __future__ import annotations

from html import escape

from alignkit.connectors.ids import number
from alignkit.transport import Flow, JsonValue, Request, request


def add_note(person_id: str, text: str) -> Flow[None]:
    """Adds a note to a person; sent once."""
    # A note is HTML, and a text is none.
    content = escape(text, quote=False).replace("\n", "<br>")
    body: JsonValue = {"content": content, "person_id": int(number(person_id, "a person"))}
    yield from request(Request("POST", "/v1/notes", json=body))

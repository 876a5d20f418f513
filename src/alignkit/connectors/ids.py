"""Tells the ids of services that know no others than numbers."""

from __future__ import annotations

from collections.abc import Sequence

from alignkit.errors import DataInvalid
from alignkit.models.exchange import Ref


def is_number(text: str) -> bool:
    """Whether a text may be such an id."""
    return text.isascii() and text.isdigit()


def numbers(refs: Sequence[Ref], kind: str) -> list[str]:
    """The ids of one kind that these refs name, each once; what is no number names nothing."""
    return list(dict.fromkeys(ref.id for ref in refs if ref.kind == kind and is_number(ref.id)))


def number(text: str, thing: str) -> str:
    """The id of a thing, as somebody gave it.

    Raises:
        DataInvalid: it is no number.
    """
    if not is_number(text):
        raise DataInvalid(f"the id of {thing} is a number")
    return text

"""Describes one request and one answer: the vocabulary of flows, accounts and the client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alignkit.transport._body import JsonValue, parsed_json, parsed_text
from alignkit.transport._shown import shown_path

__all__ = ["JsonValue", "Request", "Response"]

_REPEATABLE_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One HTTP request, described and not yet sent.

    Attributes:
        method: in capitals.
        url: absolute, or a path starting with "/" that the account puts after the path of its `base_url`.
        params: the query, appended to whatever query `url` has.
        headers: sent as they are; credentials are added by the account, never here.
        json: sent as `application/json`; at most one of `json`, `form` and `content` may be given.
        form: sent as `application/x-www-form-urlencoded`.
        content: sent as it is; name its type in `headers`.
        delay: seconds to wait before sending.
        credentials: False sends the request bare, as links signed by a third party need.
        accept: statuses beside 2xx that are returned to the flow instead of raised.
        repeatable: whether sending twice does no harm; None decides by method. Only a repeatable request is
            sent again after a timeout, a 5xx or a broken connection.
    """

    method: str
    url: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    json: JsonValue | None = None
    form: Sequence[tuple[str, str]] | None = None
    content: bytes | None = None
    delay: float = 0.0
    credentials: bool = True
    accept: frozenset[int] = frozenset()
    repeatable: bool | None = None

    def __post_init__(self) -> None:
        if sum(body is not None for body in (self.json, self.form, self.content)) > 1:
            raise ValueError("a request takes one of `json`, `form` and `content`, not several")

    @property
    def is_repeatable(self) -> bool:
        """Whether sending this request twice does no harm."""
        return self.method in _REPEATABLE_METHODS if self.repeatable is None else self.repeatable

    def __repr__(self) -> str:
        return f"<Request {self.method} {shown_path(self.url)}>"


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """One HTTP answer, read to its end and decompressed.

    Attributes:
        status: the HTTP status.
        headers: keys in lower case; a header sent several times is joined with ", ".
        content: the body.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes = b""

    def json(self) -> JsonValue:
        """The body as JSON.

        Raises:
            ResponseInvalid: it is not JSON, is cut, nests deeper than 64 levels or holds a number that is
                infinite or longer than 64 digits. The text names type and length, never the body.
        """
        return parsed_json(self.content, self.headers.get("content-type", ""))

    def text(self) -> str:
        """The body as text, by the character set it names, else UTF-8.

        Raises:
            ResponseInvalid: the bytes are not in that character set.
        """
        return parsed_text(self.content, self.headers.get("content-type", ""))

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.content)} bytes>"

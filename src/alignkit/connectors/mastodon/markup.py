"""Makes plain text of the HTML that posts are written in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import unescape
from html.parser import HTMLParser


class _Words(HTMLParser):
    """Gathers the text of HTML; where a line or a paragraph ends, so does a line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its signature
        if tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self.parts.append("\n")


def plain(*texts: str | None) -> str | None:
    """Texts in HTML as plain ones, the warning before the words."""
    told = [text for text in texts if text]
    quick = [_without_tags(text) for text in told]
    lines = parsed(told) if None in quick else "".join(f"{text}\n" for text in quick)
    return lines.strip() or None


def parsed(texts: Iterable[str]) -> str:
    """Texts in HTML as plain ones, whatever is in them."""
    words = _Words()
    for text in texts:
        words.feed(text)
        words.handle_data("\n")
    words.close()
    return "".join(words.parts)


_TAG = re.compile(
    r"<(?:a|b|blockquote|code|del|em|i|li|ol|p|pre|s|span|strong|u|ul)(?: [a-z-]+=\"[^\"<>]*\")*>"
    r"|</(?:a|b|blockquote|code|del|em|i|li|ol|pre|s|span|strong|u|ul)>"
)
"""The tags of posts, as servers write them, beside those that end a line."""

_REFERENCE = re.compile(r"&(?:[a-z]+|#[0-9]+);")


def _without_tags(text: str) -> str | None:
    """The same for what servers write, in a fifth of the time; None for anything else, which only a parser can tell."""
    lines = text.replace("</p>", "\n").replace("<br />", "\n").replace("<br>", "\n")
    if lines.count("&") != len(_REFERENCE.findall(lines)):
        return None
    words = _TAG.sub("", lines)
    # No tag that is taken out has another one within, so whatever else begins like a tag is still there.
    return None if "<" in words else unescape(words)

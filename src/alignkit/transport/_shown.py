"""Says which request is meant, in texts and logs, without showing anything private in it."""

from __future__ import annotations

from urllib.parse import urlsplit

_LONGEST_SEGMENT = 40


def shown_path(url: str) -> str:
    """The path of a URL, without host and query; a segment that may be an address or a key becomes "…"."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return "…"
    return "/".join(_shown_segment(segment) for segment in path.split("/"))


def _shown_segment(segment: str) -> str:
    private = "@" in segment or "%40" in segment or len(segment) > _LONGEST_SEGMENT
    return "…" if private or not segment.isprintable() else segment

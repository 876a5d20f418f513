"""Mentions, replies, quotes and search results out of Bluesky."""

from alignkit.connectors.bluesky.source import Bluesky, BlueskySettings

__all__ = ["Bluesky", "BlueskySettings"]

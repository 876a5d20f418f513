"""Reads mentions and replies from a Mastodon account, on Mastodon and servers that speak its API."""

from alignkit.connectors.mastodon.source import Mastodon, MastodonSettings

__all__ = ["Mastodon", "MastodonSettings"]

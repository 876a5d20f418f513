"""Reads tickets, people, organizations and ratings from Zendesk Support, and writes tickets, notes and tags."""

from alignkit.connectors.zendesk.source import Zendesk, ZendeskSettings

__all__ = ["Zendesk", "ZendeskSettings"]

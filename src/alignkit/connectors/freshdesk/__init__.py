"""Reads tickets, contacts, companies and ratings from Freshdesk, and writes tickets, notes and tags."""

from alignkit.connectors.freshdesk.source import Freshdesk, FreshdeskSettings

__all__ = ["Freshdesk", "FreshdeskSettings"]

"""Reads conversations, tickets, contacts and companies from Intercom, and writes tickets, notes and tags."""

from alignkit.connectors.intercom.source import Intercom, IntercomSettings

__all__ = ["Intercom", "IntercomSettings"]

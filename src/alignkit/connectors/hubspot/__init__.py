"""Reads tickets, contacts and companies from HubSpot, creates tickets, adds notes and tags (CRM v3 and v4)."""

from alignkit.connectors.hubspot.source import HubSpot, HubSpotSettings

__all__ = ["HubSpot", "HubSpotSettings"]

"""Reads tickets, customers and satisfaction surveys from Gorgias, and writes tickets, internal notes and tags."""

from alignkit.connectors.gorgias.source import Gorgias, GorgiasSettings

__all__ = ["Gorgias", "GorgiasSettings"]

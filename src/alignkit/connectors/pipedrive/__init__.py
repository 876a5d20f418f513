"""Reads organisations, persons and deals from Pipedrive (API v2), and adds notes.

Source: developers.pipedrive.com, the OpenAPI documents of API v2 and, for notes and the user's own record, v1.
"""

from alignkit.connectors.pipedrive.source import Pipedrive, PipedriveSettings

__all__ = ["Pipedrive", "PipedriveSettings"]

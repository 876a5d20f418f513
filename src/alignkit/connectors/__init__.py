"""Connectors: one file or folder for each service, loaded on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alignkit.connectors.audience_file import AudienceFile
    from alignkit.connectors.bluesky import Bluesky
    from alignkit.connectors.export import Export
    from alignkit.connectors.freshdesk import Freshdesk
    from alignkit.connectors.gorgias import Gorgias
    from alignkit.connectors.hubspot import HubSpot
    from alignkit.connectors.intercom import Intercom
    from alignkit.connectors.jira_service_management import JiraServiceManagement
    from alignkit.connectors.mailman import Mailman
    from alignkit.connectors.mastodon import Mastodon
    from alignkit.connectors.pipedrive import Pipedrive
    from alignkit.connectors.request_tracker import RequestTracker
    from alignkit.connectors.salesforce import Salesforce
    from alignkit.connectors.x import X
    from alignkit.connectors.zendesk import Zendesk

_HOMES = {
    "AudienceFile": "alignkit.connectors.audience_file",
    "Bluesky": "alignkit.connectors.bluesky",
    "Export": "alignkit.connectors.export",
    "Freshdesk": "alignkit.connectors.freshdesk",
    "Gorgias": "alignkit.connectors.gorgias",
    "HubSpot": "alignkit.connectors.hubspot",
    "Intercom": "alignkit.connectors.intercom",
    "JiraServiceManagement": "alignkit.connectors.jira_service_management",
    "Mailman": "alignkit.connectors.mailman",
    "Mastodon": "alignkit.connectors.mastodon",
    "Pipedrive": "alignkit.connectors.pipedrive",
    "RequestTracker": "alignkit.connectors.request_tracker",
    "Salesforce": "alignkit.connectors.salesforce",
    "X": "alignkit.connectors.x",
    "Zendesk": "alignkit.connectors.zendesk",
}

__all__ = [
    "AudienceFile",
    "Bluesky",
    "Export",
    "Freshdesk",
    "Gorgias",
    "HubSpot",
    "Intercom",
    "JiraServiceManagement",
    "Mailman",
    "Mastodon",
    "Pipedrive",
    "RequestTracker",
    "Salesforce",
    "X",
    "Zendesk",
]


def __getattr__(name: str) -> Any:
    """Loads a connector when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]

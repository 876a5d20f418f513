"""Finds connectors by name: the built-in ones, then those of installed packages, then those registered by hand.

A package offers its connectors as entry points of the group `alignkit.connectors`. The entry point's name is
`NAME@VERSION`, where the version is that of the connector protocol it was written for (`PROTOCOL_VERSION`).
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TypeAlias

from alignkit.connectors.base import PROTOCOL_VERSION, Sink, Source
from alignkit.errors import SettingsError

Connector: TypeAlias = type[Source] | type[Sink]

GROUP = "alignkit.connectors"

BUILT_IN = {
    "request_tracker": ("alignkit.connectors.request_tracker", "RequestTracker"),
    "mailman": ("alignkit.connectors.mailman", "Mailman"),
    "bluesky": ("alignkit.connectors.bluesky", "Bluesky"),
    "hubspot": ("alignkit.connectors.hubspot", "HubSpot"),
    "freshdesk": ("alignkit.connectors.freshdesk", "Freshdesk"),
    "gorgias": ("alignkit.connectors.gorgias", "Gorgias"),
    "intercom": ("alignkit.connectors.intercom", "Intercom"),
    "jira_service_management": ("alignkit.connectors.jira_service_management", "JiraServiceManagement"),
    "zendesk": ("alignkit.connectors.zendesk", "Zendesk"),
    "salesforce": ("alignkit.connectors.salesforce", "Salesforce"),
    "pipedrive": ("alignkit.connectors.pipedrive", "Pipedrive"),
    "mastodon": ("alignkit.connectors.mastodon", "Mastodon"),
    "x": ("alignkit.connectors.x", "X"),
    "export": ("alignkit.connectors.export", "Export"),
    "audience_file": ("alignkit.connectors.audience_file", "AudienceFile"),
    "segment": ("alignkit.interchange.segment", "Segment"),
    "singer": ("alignkit.interchange.singer", "Singer"),
}

_registered: dict[str, Connector] = {}


def register(name: str, connector: Connector) -> None:
    """Makes a connector known under a name, in this process.

    Raises:
        SettingsError: the name is taken.
    """
    if name in BUILT_IN or _registered.get(name, connector) is not connector:
        raise SettingsError(f"there is a connector `{name}` already; choose another name")
    _registered[name] = connector


def names() -> list[str]:
    """The names of all connectors that can be resolved."""
    return sorted({*BUILT_IN, *(_split(point.name)[0] for point in entry_points(group=GROUP)), *_registered})


def resolve(name: str) -> Connector:
    """The connector with this name.

    Raises:
        SettingsError: there is none, two packages offer it, or it was written for another protocol version.
    """
    if name in BUILT_IN:
        module, attribute = BUILT_IN[name]
        built_in: Connector = getattr(import_module(module), attribute)
        return built_in
    offered = [point for point in entry_points(group=GROUP) if _split(point.name)[0] == name]
    if len(offered) > 1:
        raise SettingsError(f"two installed packages offer a connector `{name}`; remove one of them")
    if offered:
        return _load(offered[0])
    if name in _registered:
        return _registered[name]
    raise SettingsError(f"there is no connector `{name}`; there are {', '.join(names())}")


def _load(point: EntryPoint) -> Connector:
    name, version = _split(point.name)
    if version != str(PROTOCOL_VERSION):
        raise SettingsError(
            f"the connector `{name}` is written for protocol {version or 'unnamed'} and this alignkit speaks"
            f" {PROTOCOL_VERSION}; install a matching release of its package"
        )
    try:
        found = point.load()
    except Exception as error:
        raise SettingsError(
            f"the connector `{name}` cannot be loaded ({type(error).__name__}); install its package again"
        ) from error
    if not (isinstance(found, type) and issubclass(found, (Source, Sink))):
        raise SettingsError(f"what the package of `{name}` offers is no connector; report it to its authors")
    return found


def _split(point: str) -> tuple[str, str]:
    name, _, version = point.partition("@")
    return name, version

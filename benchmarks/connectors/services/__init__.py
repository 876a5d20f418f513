"""Pages of each service as it really sends them: the fields that nobody reads too, sizes as recorded ones have them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.connectors.case import Case
from benchmarks.connectors.services import (
    bluesky,
    export,
    freshdesk,
    gorgias,
    hubspot,
    intercom,
    jira_service_management,
    mastodon,
    pipedrive,
    salesforce,
    x,
    zendesk,
)

_NETWORK = (
    zendesk,
    freshdesk,
    intercom,
    hubspot,
    salesforce,
    gorgias,
    jira_service_management,
    pipedrive,
    mastodon,
    bluesky,
    x,
)


def every(folder: Path) -> Sequence[Case]:
    """A page of each issue, people and post stream; what is read from files is written into `folder`."""
    return [*(case for service in _NETWORK for case in service.cases()), *export.cases(folder)]

"""Reads Zendesk tickets and users as its cursor export returns them, with or without side-loaded users and metrics."""

from __future__ import annotations

from collections.abc import Mapping as Table
from functools import partial

from alignkit.connectors.export.mapping import Mapping
from alignkit.connectors.zendesk import people, tickets
from alignkit.models.vocabulary import IssueStatus


def zendesk(
    *,
    custom_statuses: Table[str, IssueStatus] | None = None,
    spam_tags: frozenset[str] = frozenset({"spam"}),
) -> Mapping:
    """The mapping of Zendesk's exports.

    Args:
        custom_statuses: the id of a custom status -> ours. Zendesk tells custom statuses by id alone; without an entry
            the category counts, which is what `status` says.
        spam_tags: a ticket with one of these is spam.
    """
    return Mapping(
        issues=tickets.PLACES,
        contacts=people.PLACES,
        issues_at="tickets",
        contacts_at="users",
        contact_mark="role",
        statuses=tickets.STATUSES,
        values={"channel": tickets.CHANNELS, **people.WORDS},
        separator=None,
        also=tickets.ALSO,
        finish=partial(tickets.settle, custom_statuses or {}, spam_tags),
    )

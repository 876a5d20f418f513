"""Looks at a portal the way a doctor would: what the token may read, and whether that is all there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.base import Finding
from alignkit.connectors.hubspot.portal import Portal
from alignkit.connectors.hubspot.records import Kind
from alignkit.connectors.window import Walk
from alignkit.errors import AlignkitError, PermissionMissing
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Flow

SCOPES = {
    "tickets": "tickets",
    "contacts": "crm.objects.contacts.read",
    "companies": "crm.objects.companies.read",
}
"""The scope that a kind of object needs."""


class _Total(Payload):
    total: int


def check(portal: Portal, kinds: Iterable[Kind], expected_tickets: int | None) -> Flow[Sequence[Finding]]:
    """What is well and what is not; a missing scope ends nothing but its own line."""
    findings: list[Finding] = []
    for kind in kinds:
        try:
            response = yield from portal.search(kind, Walk())
            total = parsed(_Total, response, portal.name).total
            findings.append(_seen(kind, total, expected_tickets))
            if kind.name == "tickets":
                ids = [found.data.id for found in listed(kind.body, response, portal.name).of(kind.shape)]
                findings += yield from _pipelines(portal)
                findings += yield from _people(portal, ids)
        except PermissionMissing:
            remedy = f"give the token the scope `{SCOPES[kind.name]}`"
            findings.append(Finding(is_well=False, subject=kind.name, remedy=remedy))
        except AlignkitError as error:
            findings.append(Finding(is_well=False, subject=f"`{portal.name}`", remedy=str(error)))
            break
    return findings


def _seen(kind: Kind, total: int, expected_tickets: int | None) -> Finding:
    if kind.name == "tickets" and expected_tickets is not None and total < expected_tickets:
        remedy = f"{total} of {expected_tickets} are seen; use a token of a private app, which sees all of them"
        return Finding(is_well=False, subject="tickets", remedy=remedy)
    if not total:
        remedy = "none is seen; if there are some, use a token of a private app, which sees all of them"
        return Finding(is_well=kind.name != "tickets", subject=kind.name, remedy=remedy)
    is_asked = kind.name == "tickets" and expected_tickets is None
    hint = "; whether that is all nobody says: set `expected_tickets` to what an administrator sees" if is_asked else ""
    return Finding(is_well=True, subject=f"{kind.name}: {total}{hint}")


def _pipelines(portal: Portal) -> Flow[list[Finding]]:
    """Whether each stage says what it means."""
    yield from portal.learn_stages()
    silent = [
        f"{pipeline.label}/{stage.label}"
        for pipeline in portal.pipelines
        for stage in pipeline.stages
        if portal.status_of(stage.id) is IssueStatus.UNKNOWN
    ]
    remedy = f"these say neither open nor closed; name them in `statuses`: {', '.join(silent)}" if silent else ""
    return [Finding(is_well=not silent, subject="stages of pipelines", remedy=remedy)]


def _people(portal: Portal, ids: Sequence[str]) -> Flow[list[Finding]]:
    """Whether tickets name their people to us."""
    if not ids:
        return []
    people = yield from portal.associated(ids, "contacts")
    named = sum(bool(people.get(one)) for one in ids)
    remedy = "" if named else f"none of {len(ids)} tickets names a contact; give the token the scope of contacts"
    return [Finding(is_well=bool(named), subject="people of tickets", remedy=remedy)]

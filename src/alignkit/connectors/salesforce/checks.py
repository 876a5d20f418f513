"""Looks at an org the way a doctor would: rights, hidden objects, and whether all records are seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pydantic import Field

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.base import Finding
from alignkit.connectors.salesforce.org import Org, select
from alignkit.connectors.salesforce.records import Kind
from alignkit.errors import AlignkitError, PermissionMissing, RequestRefused
from alignkit.transport import Flow, Request, request

_ROUGHLY = 0.95
"""The org counts its records now and then, so that its figure is a little old."""


class _Count(Payload):
    total: int = Field(alias="totalSize")


class _Counted(Payload):
    name: str
    count: int


class _Counts(Payload):
    objects: Sequence[_Counted] = Field(default=(), alias="sObjects")


class _Status(Payload):
    label: str = Field(alias="MasterLabel")


class _Statuses(Payload):
    records: Sequence[_Status]


def check(org: Org, kinds: Iterable[Kind], declared: Collection[str], expected: int | None) -> Flow[Sequence[Finding]]:
    """What is well and what is not; what cannot be read ends nothing but its own line."""
    findings: list[Finding] = []
    try:
        counts = yield from _counts(org)
        for kind in kinds:
            findings += yield from _seen(org, kind, counts, expected)
        findings.append((yield from _statuses(org, declared)))
    except AlignkitError as error:
        findings.append(Finding(is_well=False, subject=f"`{org.name}`", remedy=str(error)))
    return findings


def _counts(org: Org) -> Flow[dict[str, int] | None]:
    """How many records the org has, whoever asks; None where that may not be asked."""
    params = [("sObjects", "Case,Contact,Lead,Account,Opportunity")]
    wanted = Request("GET", f"{org.api}/limits/recordCount", params=params, accept=frozenset({400, 403, 404}))
    response = yield from request(wanted)
    if response.status >= 400:
        return None
    return {one.name: one.count for one in parsed(_Counts, response, org.name).objects}


def _seen(org: Org, kind: Kind, counts: dict[str, int] | None, expected: int | None) -> Flow[list[Finding]]:
    """Whether the user sees an object, its fields, and all of its records."""
    subject = f"object `{kind.object}`"
    try:
        listed(kind.body, (yield from org.records(kind, "LIMIT 1")), org.name)
    except (PermissionMissing, RequestRefused) as error:
        return [Finding(is_well=False, subject=subject, remedy=str(error))]
    seen = parsed(_Count, (yield from org.query(select("COUNT()", kind.object))), org.name).total
    if kind.object == "Case" and expected is not None:
        return [_compared(subject, seen, expected, least=expected)]
    there = (counts or {}).get(kind.object)
    if there is None:
        remedy = "whether these are all records cannot be told; set `expected_cases`, or let the user view the setup"
        return [Finding(is_well=kind.object != "Case", subject=f"{subject}: {seen}", remedy=remedy)]
    return [_compared(subject, seen, there, least=there * _ROUGHLY)]


def _compared(subject: str, seen: int, there: int, *, least: float) -> Finding:
    if seen < least:
        remedy = f"{seen} of about {there} are seen; give the user `View All` on this object"
        return Finding(is_well=False, subject=subject, remedy=remedy)
    return Finding(is_well=True, subject=f"{subject}: {seen} of about {there}")


def _statuses(org: Org, declared: Collection[str]) -> Flow[Finding]:
    """Whether the words of the settings are statuses of this org."""
    response = yield from org.query(select("MasterLabel", "CaseStatus"))
    there = {one.label.casefold() for one in parsed(_Statuses, response, org.name).records}
    strange = sorted(word for word in declared if word.casefold() not in there)
    remedy = f"there is no status {', '.join(f'`{word}`' for word in strange)}; correct `statuses`" if strange else ""
    return Finding(is_well=not strange, subject="statuses of cases", remedy=remedy)

"""Looks at one site the way a doctor would: credential, service desks, projects, and what may be hidden in them."""

from __future__ import annotations

from collections.abc import Sequence

from alignkit.connectors.answers import Payload, parsed
from alignkit.connectors.base import Finding
from alignkit.connectors.jira_service_management.fetch import browsable
from alignkit.connectors.jira_service_management.site import API, DESK_API, NOT_THERE, Desks, Site
from alignkit.errors import AlignkitError
from alignkit.transport import Flow, Request, request

_MOST_DESKS = 1_000
_ROUGHLY = 0.99
"""Jira counts approximately."""


class _Level(Payload):
    id: str
    name: str = ""


class _Levels(Payload):
    levels: Sequence[_Level] = ()


class _Count(Payload):
    count: int


def check(site: Site, expected: int | None) -> Flow[Sequence[Finding]]:
    """What is well and what is not; the first thing that cannot even be asked ends the list."""
    findings: list[Finding] = []
    try:
        yield from request(Request("GET", f"{API}/myself"))
        findings.append(Finding(is_well=True, subject="credential"))
        keys = yield from _desk_keys(site)
        remedy = "" if keys else "no service desk is seen; give the user a licence, or the app the right scopes"
        findings.append(Finding(is_well=not remedy, subject="service desks", remedy=remedy))
        open_to_us = yield from browsable(site)
        for key in sorted(site.projects or keys):
            remedy = _remedy(is_desk=key in keys, is_browsable=key in open_to_us)
            findings.append(Finding(is_well=not remedy, subject=f"project `{key}`", remedy=remedy))
            if not remedy:
                findings.append((yield from _levels(site, key, is_counted=expected is not None)))
        if expected is not None:
            findings.append((yield from _count(site, expected)))
    except AlignkitError as error:
        findings.append(Finding(is_well=False, subject=f"`{site.name}`", remedy=str(error)))
    return findings


def _desk_keys(site: Site) -> Flow[frozenset[str]]:
    """The project keys of all service desks that are seen."""
    keys: set[str] = set()
    start = 0
    while start < _MOST_DESKS:
        params = [("start", str(start)), ("limit", "50")]
        page = parsed(Desks, (yield from request(Request("GET", f"{DESK_API}/servicedesk", params))), site.name)
        keys |= {one.projectKey.upper() for one in page.values if one.projectKey}
        start += len(page.values)
        if page.isLastPage or not page.values:
            break
    return frozenset(keys)


def _remedy(*, is_desk: bool, is_browsable: bool) -> str:
    if not is_desk:
        return "this is no service project that is seen; correct it, or give the right"
    return "" if is_browsable else "its issues are hidden from the user; give the right to browse the project"


def _levels(site: Site, key: str, *, is_counted: bool) -> Flow[Finding]:
    """Whether issues of a project may be hidden under a security level, which no search and no list would say."""
    subject = f"security levels of `{key}`"
    there = yield from _told_levels(site, f"{API}/project/{key}/issuesecuritylevelscheme")
    if there is None:
        remedy = (
            "whether issues are hidden cannot be told; set `expected_issues`, or let the user administer the project"
        )
        return Finding(is_well=is_counted, subject=subject, remedy="" if is_counted else remedy)
    ours = yield from _told_levels(site, f"{API}/project/{key}/securitylevel")
    hidden = sorted(f"`{name}`" for id, name in there.items() if id not in (ours or {}))
    remedy = f"issues may be hidden under {', '.join(hidden)}; let the user into these levels" if hidden else ""
    return Finding(is_well=not hidden, subject=subject, remedy=remedy)


def _told_levels(site: Site, path: str) -> Flow[dict[str, str] | None]:
    """Names of levels by id; None where they are not told."""
    response = yield from request(Request("GET", path, accept=NOT_THERE))
    if response.status in NOT_THERE:
        return None
    return {level.id: level.name for level in parsed(_Levels, response, site.name).levels}


def _count(site: Site, expected: int) -> Flow[Finding]:
    """Whether as many issues are seen as an administrator sees."""
    wanted = Request("POST", f"{API}/search/approximate-count", json={"jql": site.scope}, repeatable=True)
    seen = parsed(_Count, (yield from request(wanted)), site.name).count
    remedy = f"{seen} of {expected} are seen; give the user the right to browse, and let it into every security level"
    is_well = seen >= expected * _ROUGHLY
    return Finding(is_well=is_well, subject=f"issues: {seen}", remedy="" if is_well else remedy)

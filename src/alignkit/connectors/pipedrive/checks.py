"""Looks at a company the way a doctor would: the token, each list, and whether the user sees everything."""

from __future__ import annotations

from collections.abc import Sequence

from alignkit.connectors.answers import Payload, parsed
from alignkit.connectors.base import Finding
from alignkit.connectors.pipedrive.records import KINDS, Kind
from alignkit.connectors.pipedrive.streams import answered, page_request
from alignkit.connectors.window import Walk
from alignkit.errors import AlignkitError, PermissionMissing, RequestRefused
from alignkit.transport import Flow, Request, request


class _Me(Payload):
    is_admin: bool = False


class _User(Payload):
    data: _Me


def check(name: str, streams: Sequence[str]) -> Flow[Sequence[Finding]]:
    """What is well and what is not; an administrator sees everything. `name` is the connector's."""
    findings: list[Finding] = []
    try:
        me = parsed(_User, (yield from request(Request("GET", "/v1/users/me"))), name).data
        remedy = "" if me.is_admin else "the user is no administrator and may see a part alone; use one who is"
        findings.append(Finding(is_well=me.is_admin, subject="what the user sees", remedy=remedy))
        for kind in {KINDS[stream].list: KINDS[stream] for stream in streams}.values():
            findings += yield from _seen(name, kind)
    except AlignkitError as error:
        findings.append(Finding(is_well=False, subject=f"`{name}`", remedy=str(error)))
    return findings


def _seen(name: str, kind: Kind) -> Flow[list[Finding]]:
    try:
        answered(kind.body, (yield from request(page_request(kind, Walk(), size=1))), name)
    except (PermissionMissing, RequestRefused) as error:
        return [Finding(is_well=False, subject=kind.list, remedy=str(error))]
    return [Finding(is_well=True, subject=kind.list)]

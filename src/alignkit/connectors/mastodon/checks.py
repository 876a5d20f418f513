"""Looks at an account the way a doctor would: whose token it is, what it may read, and what is kept from it."""

from __future__ import annotations

from collections.abc import Sequence

from alignkit.connectors.answers import Payload, parsed
from alignkit.connectors.base import Finding
from alignkit.connectors.mastodon.streams import NOT_THERE, PAGE_SIZE, Reader, mentions, relationships, several
from alignkit.errors import AlignkitError, PermissionMissing
from alignkit.transport import Flow, Request, Response, request

_HIDING = {
    "muted people": ("/api/v1/mutes", "read:mutes"),
    "blocked people": ("/api/v1/blocks", "read:blocks"),
    "blocked servers": ("/api/v1/domain_blocks", "read:blocks"),
}


class _Me(Payload):
    id: str = ""
    acct: str = ""


class _Policy(Payload):
    for_not_following: str = ""
    for_not_followers: str = ""
    for_new_accounts: str = ""
    for_private_mentions: str = ""
    for_limited_accounts: str = ""


def check(reader: Reader) -> Flow[Sequence[Finding]]:
    """What is well and what is not; the first thing that cannot even be asked ends the list."""
    findings: list[Finding] = []
    try:
        me = parsed(_Me, (yield from request(Request("GET", "/api/v1/accounts/verify_credentials"))), reader.name)
        findings.append(Finding(is_well=True, subject=f"account `{me.acct}`"))
        rows = reader.mentions((yield from request(mentions()))).of(reader.bodies.mention)
        findings.append(Finding(is_well=True, subject="mentions"))
        ids = [row.data.id for row in rows[:1]] or ["0"]
        findings.append((yield from _by_id(ids)))
        findings.append((yield from _relationships(me.id)))
        wanted = Request("GET", "/api/v2/notifications/policy", accept=frozenset({404}))
        findings.append(_policy((yield from request(wanted)), reader.name))
        findings += yield from _hidden()
    except AlignkitError as error:
        findings.append(Finding(is_well=False, subject=f"`{reader.name}`", remedy=str(error)))
    return findings


def _by_id(ids: Sequence[str]) -> Flow[Finding]:
    """Whether posts can be looked at again."""
    subject = "posts by id"
    try:
        response = yield from request(several(ids))
    except PermissionMissing:
        remedy = "give the token `read:statuses`, or edited and deleted posts are not seen"
        return Finding(is_well=False, subject=subject, remedy=remedy)
    if response.status in NOT_THERE:
        remedy = "a server before 4.3 cannot be asked for several; deleted posts are not seen"
        return Finding(is_well=False, subject=subject, remedy=remedy)
    return Finding(is_well=True, subject=subject)


def _relationships(id: str) -> Flow[Finding]:
    """Whether a deleted post can be told from a blocked one."""
    try:
        yield from request(relationships([id]))
    except PermissionMissing:
        remedy = "give the token `read:follows`, or a deleted post cannot be told from a blocked one"
        return Finding(is_well=False, subject="relationships", remedy=remedy)
    return Finding(is_well=True, subject="relationships")


def _policy(response: Response, name: str) -> Finding:
    if response.status == 404:
        return Finding(is_well=True, subject="policy for notifications: this server has none")
    policy = parsed(_Policy, response, name)
    dropped = sorted(name for name, value in policy.model_dump().items() if value == "drop")
    remedy = f"mentions are dropped ({', '.join(dropped)}); set these to accept or filter" if dropped else ""
    return Finding(is_well=not dropped, subject="policy for notifications", remedy=remedy)


def _hidden() -> Flow[list[Finding]]:
    """Whom the account has chosen not to hear: their mentions do not exist for it."""
    findings: list[Finding] = []
    for subject, (path, scope) in _HIDING.items():
        try:
            response = yield from request(Request("GET", path, params=[("limit", str(PAGE_SIZE))]))
        except PermissionMissing:
            findings.append(Finding(is_well=True, subject=f"{subject}: told with `{scope}` alone"))
            continue
        body = response.json()
        count = len(body) if isinstance(body, list) else 0
        if count:
            more = "at least " if count == PAGE_SIZE else ""
            findings.append(Finding(is_well=True, subject=f"{more}{count} {subject}, whose mentions are not seen"))
    return findings

"""Looks at a Zendesk the way a doctor would: credential, role, what stays hidden, ratings, custom statuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from alignkit.connectors.answers import Payload, parsed
from alignkit.connectors.base import Finding
from alignkit.connectors.zendesk.desk import API, NOT_THERE, Desk
from alignkit.errors import AlignkitError
from alignkit.transport import Flow, JsonValue, Request, request


class _Count(Payload):
    value: int | None = None


class _Counted(Payload):
    count: _Count


def check(
    desk: Desk, custom_statuses: Mapping[str, object], expected_tickets: int | None = None
) -> Flow[Sequence[Finding]]:
    """What is well and what is not; the first thing that cannot even be asked ends the list."""
    findings: list[Finding] = []
    try:
        response = yield from request(Request("GET", f"{API}/users/me.json"))
        body = response.json()
        me = cast("dict[str, JsonValue]", body.get("user") or {}) if isinstance(body, dict) else {}
        findings += _person(me)
        if findings[0].is_well:
            findings.append((yield from _seen(desk, expected_tickets)))
            findings.append((yield from _ratings()))
            findings += yield from _statuses(desk, custom_statuses)
    except AlignkitError as error:
        findings.append(Finding(is_well=False, subject=f"`{desk.name}`", remedy=str(error)))
    return findings


def _person(me: Mapping[str, JsonValue]) -> list[Finding]:
    if me.get("id") is None:
        # Zendesk answers a wrong credential here with 200 and an anonymous user.
        return [Finding(is_well=False, subject="credential", remedy="nobody is signed in; check `email` and `token`")]
    is_admin, restriction = me.get("role") == "admin", me.get("ticket_restriction")
    use_admin = "incremental exports are for admins; use an admin's token"
    lift = f"only a part is seen: the user is restricted to `{restriction}`; lift that"
    return [
        Finding(is_well=True, subject="credential"),
        Finding(is_well=is_admin, subject="role", remedy="" if is_admin else use_admin),
        Finding(is_well=restriction is None, subject="tickets", remedy="" if restriction is None else lift),
    ]


def _seen(desk: Desk, expected: int | None) -> Flow[Finding]:
    """How many tickets the credential sees; a part of them looks like the whole."""
    response = yield from request(Request("GET", f"{API}/tickets/count.json"))
    seen = parsed(_Counted, response, desk.name).count.value
    if seen is None:
        return Finding(is_well=True, subject="number of tickets: Zendesk is counting")
    if expected is not None and seen < expected:
        remedy = f"{seen} of {expected} are seen; use an admin's token, whom no role or brand restricts"
        return Finding(is_well=False, subject="number of tickets", remedy=remedy)
    if not seen:
        remedy = "none is seen; if there are some, use an admin's token, whom no role or brand restricts"
        return Finding(is_well=False, subject="number of tickets", remedy=remedy)
    return Finding(is_well=True, subject=f"number of tickets: {seen}")


def _ratings() -> Flow[Finding]:
    wanted = Request("GET", f"{API}/satisfaction_ratings.json", [("page[size]", "1")], accept=NOT_THERE)
    response = yield from request(wanted)
    if response.status in NOT_THERE:
        return Finding(is_well=True, subject="ratings: the plan has none, so that stream is skipped")
    return Finding(is_well=True, subject="ratings")


def _statuses(desk: Desk, declared: Mapping[str, object]) -> Flow[list[Finding]]:
    """Whether the custom statuses of the settings are there."""
    if not declared:
        return []
    labels = yield from desk.status_labels()
    known = {*labels, *labels.values()}
    return [
        Finding(is_well=True, subject=f"custom status `{word}`")
        if word.casefold() in known
        else Finding(is_well=False, subject=f"custom status `{word}`", remedy="there is none of this name; correct it")
        for word in sorted(declared)
    ]

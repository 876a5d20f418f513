"""Looks at an account the way a doctor would: the credential, the project's cap, and whether each list is answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from alignkit.connectors.answers import Payload, parsed
from alignkit.connectors.base import Finding
from alignkit.connectors.window import service_time
from alignkit.connectors.x.posts import PAGE, POST
from alignkit.connectors.x.streams import LEAST, Reader, page
from alignkit.connectors.x.walk import Walk
from alignkit.errors import AlignkitError, RateLimited, ResponseInvalid
from alignkit.transport import Flow, Request, Response, request

_RECENT = timedelta(minutes=1)
"""Few posts are so new, and only those are paid for."""


class _Usage(Payload):
    project_usage: int = 0
    project_cap: int = 0


class _Used(Payload):
    data: _Usage


def check(reader: Reader, streams: Sequence[str]) -> Flow[Sequence[Finding]]:
    """What is well and what is not; the first thing that cannot even be asked ends the list."""
    findings: list[Finding] = []
    try:
        # How much is used is told to an app alone; a user's grant is refused here and good all the same.
        response = yield from request(Request("GET", "/2/usage/tweets", accept=frozenset({403})))
        findings.append(_usage(response, reader.name))
        now = service_time(response, reader.name)
        for stream in streams:
            if stream == "search" and reader.query is None:
                continue
            findings.append((yield from _answered(reader, stream, now)))
    except AlignkitError as error:
        findings.append(Finding(is_well=False, subject=f"`{reader.name}`", remedy=str(error)))
    return findings


def _usage(response: Response, name: str) -> Finding:
    if response.status == 403:
        return Finding(is_well=True, subject="the project's cap: told to an app's bearer token alone")
    used = parsed(_Used, response, name).data
    is_well = not used.project_cap or used.project_usage < used.project_cap
    remedy = "" if is_well else "the project's cap is spent; raise it, or wait for its reset"
    return Finding(is_well, f"{used.project_usage} of {used.project_cap} posts of the project's cap", remedy)


def _answered(reader: Reader, stream: str, now: datetime) -> Flow[Finding]:
    """Whether a list is answered, by its posts of the last minute."""
    try:
        grant = yield from reader.budget.reserve(now.date().isoformat(), reader.price, LEAST[stream], LEAST[stream])
    except RateLimited as error:
        return Finding(is_well=False, subject=stream, remedy=str(error))
    response = yield from reader.pay(page(reader, stream, Walk(start=now - _RECENT), grant.count), grant)
    if response.status == 400:
        yield from reader.budget.settle(grant, 0)
        return Finding(is_well=False, subject=stream, remedy=f"`{reader.name}` refused it; correct `query`")
    answer = PAGE.read(response.content, reader.name)
    if answer.beside.get("count") is None:
        raise ResponseInvalid(f"`{reader.name}` answered something else than posts; check `base_url`")
    yield from reader.budget.settle(grant, len(answer.of(POST)) + len(answer.bad))
    return Finding(is_well=True, subject=stream)

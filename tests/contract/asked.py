"""Which endpoints a connector asks when it reads, so that recordings of others count for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from alignkit.connectors.base import Capability
from alignkit.models.exchange import Ref
from alignkit.testing import SheetTests
from alignkit.testing.world import Kind

from .recordings import Recording

Endpoint = tuple[str, str]

KINDS = {"issue": Kind.ISSUE, "contact": Kind.PERSON, "account": Kind.ACCOUNT, "post": Kind.POST}


def endpoint(method: str, path: str) -> Endpoint:
    """A method and a path without ids, versions, the way through a gateway, and the ending that some services allow."""
    direct = re.sub(r"^/ex/jira/[^/]+", "", path).removesuffix(".json")
    return method, "/".join("#" if re.search(r"[0-9]", part) else part for part in direct.split("/"))


_KNOWN: dict[str, frozenset[Endpoint]] = {}


def endpoints(case: type[SheetTests]) -> frozenset[Endpoint]:
    """What a connector asks its service for in two runs and when it reads by id; nothing that writes."""
    if case.__name__ not in _KNOWN:
        _KNOWN[case.__name__] = _endpoints(case)
    return _KNOWN[case.__name__]


def _endpoints(case: type[SheetTests]) -> frozenset[Endpoint]:
    trial = case().undisturbed()
    world, service = trial.service.world, trial.service
    if case().claims(Capability.FETCH):
        refs = [Ref(name, row.id) for name, kind in KINDS.items() for row in world.live(kind)[:2]]
        trial.fetch([*refs, Ref("issue", "1")])
    return frozenset(endpoint(one.method, urlsplit(one.url).path) for one in service.requests)


def asked(case: type[SheetTests], found: Iterable[Recording]) -> Sequence[Recording]:
    """The recordings of what this connector asks for."""
    known = endpoints(case)
    return [one for one in found if endpoint(one.method, one.path) in known]

"""Compares what Pipedrive's connector sends with the official specs; what others recorded is of the API before it."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from tests.connectors import test_pipedrive as particular
from tests.connectors.driving import drive

from alignkit.connectors.base import Run
from alignkit.connectors.pipedrive import Pipedrive
from alignkit.models.exchange import Ref
from alignkit.testing.sheet import answered
from alignkit.transport import Request, Response

from . import evidence, recordings, specs

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
CASE = particular.TestPipedriveSheet()


@pytest.mark.parametrize("stream", Pipedrive.streams)
def test_every_request_of_a_stream_is_as_the_spec_wants_it(stream: str) -> None:
    service = CASE.service()
    source = CASE.connector(service)
    checkpoint, more = None, True
    for _ in range(2):
        while more:
            page = drive(source, source.read(stream, checkpoint, Run(NOW)), service.handle)
            checkpoint, more = page.checkpoint, page.more
        more = True
    list_of = "deals" if stream == "deleted_deals" else stream
    recorded = len(recordings.recordings("pipedrive", f"/api/v2/{list_of}"))
    assert recorded == 0, "there are recordings of version 2 now; read them without loss"
    # Tokens come from an address of their own, which the description leaves out.
    asked = [one for one in service.requests if urlsplit(one.url).path != "/oauth/token"]
    evidence.hold("pipedrive", stream, requests=specs.check("pipedrive", asked), recorded=recorded)


def test_every_other_request_is_as_the_spec_wants_it() -> None:
    sent: list[Request] = []

    def send(wanted: Request) -> Response:
        sent.append(wanted)
        if urlsplit(wanted.url).path == "/v1/users/me":
            return answered(200, {"success": True, "data": {"is_admin": 1}})
        is_alone = urlsplit(wanted.url).path[-1].isdigit()
        return answered(200, {"success": True, "data": {"id": 1} if is_alone else []})

    source = Pipedrive("acme", "sample-token")
    refs = [Ref("contact", "1"), Ref("account", "2"), Ref("opportunity", "3")]
    drive(source, source.fetch(refs, Run(NOW)), send)
    drive(source, source.check(), send)
    drive(source, source.add_note("1", "held"), send)
    assert specs.check("pipedrive", sent) >= 11

"""What is served on a port is answered as in memory, and the port is free again afterwards."""

from __future__ import annotations

import json
from urllib.error import URLError
from urllib.request import Request as Asked
from urllib.request import urlopen

import pytest

from alignkit.testing.served import Served
from alignkit.transport import Request, Response


def echo(request: Request) -> Response:
    told = {
        "method": request.method,
        "path": request.url.rpartition("/")[2],
        "json": request.json,
        "form": request.form,
    }
    return Response(200, {"content-type": "application/json", "x-more": "yes"}, json.dumps(told).encode())


def answer(asked: Asked) -> dict[str, object]:
    with urlopen(asked, timeout=10) as response:
        assert response.headers["x-more"] == "yes"
        found: dict[str, object] = json.loads(response.read())
        return found


def test_requests_come_through_as_they_were_sent() -> None:
    with Served(echo) as served:
        got = answer(Asked(f"{served.url}/a?b=1"))
        sent = answer(Asked(f"{served.url}/a", b'{"c": 2}', {"content-type": "application/json"}, method="PUT"))
        form = answer(Asked(f"{served.url}/a", b"d=3"))
        assert (got["method"], got["path"], got["json"]) == ("GET", "a?b=1", None)
        assert (sent["method"], sent["json"]) == ("PUT", {"c": 2})
        assert (form["method"], form["form"]) == ("POST", [["d", "3"]])
        assert served.heard == 3


def test_nobody_listens_when_it_is_over() -> None:
    with Served(echo) as served:
        url = served.url
    with pytest.raises(URLError):
        urlopen(url, timeout=10)

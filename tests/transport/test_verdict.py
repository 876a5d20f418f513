"""Statuses: what each makes the caller do next."""

from __future__ import annotations

import pytest

from alignkit.errors import (
    AlignkitError,
    CredentialsRejected,
    PermissionMissing,
    RequestRefused,
    ServiceUnreachable,
    UntrustedTarget,
)
from alignkit.transport._verdict import judged
from alignkit.transport.message import Request, Response
from alignkit.transport.origin import place

from .scripted import BASE

OWN = frozenset({place(BASE).origin})


def verdict(status: int, *, location: str = "", setting: str | None = "`token`") -> AlignkitError:
    with pytest.raises(AlignkitError) as caught:
        judged(Request("GET", "/tickets"), Response(status, {"location": location}), OWN, "helpdesk", setting=setting)
    return caught.value


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (304, RequestRefused),
        (400, RequestRefused),
        (401, CredentialsRejected),
        (403, PermissionMissing),
        (404, RequestRefused),
        (405, RequestRefused),
        (422, RequestRefused),
        (451, RequestRefused),
        (500, ServiceUnreachable),
        (599, ServiceUnreachable),
    ],
)
def test_each_status_has_its_error(status: int, error: type[AlignkitError]) -> None:
    found = verdict(status)
    assert type(found) is error
    assert "`helpdesk`" in str(found)
    assert str(status) in str(found)


def test_a_refusal_carries_its_status() -> None:
    found = verdict(422)
    assert isinstance(found, RequestRefused)
    assert found.status == 422


def test_a_refused_credential_names_the_setting_to_check() -> None:
    assert "check `token`" in str(verdict(401))


@pytest.mark.parametrize("status", [401, 403])
def test_a_link_that_carried_no_credential_blames_none(status: int) -> None:
    assert isinstance(verdict(status, setting=None), RequestRefused)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("/login?next=sample-secret", RequestRefused),
        (f"{BASE}/login?next=sample-secret", RequestRefused),
        ("https://evil.test/?sample-secret", UntrustedTarget),
        ("http://help.example.com/", UntrustedTarget),
        ("//evil.test/sample-secret", UntrustedTarget),
        ("https://help.example.com@evil.test/sample-secret", UntrustedTarget),
        ("https://help.example.com\\@evil.test/", UntrustedTarget),
    ],
)
def test_a_redirect_is_an_error_that_tells_own_from_strange(
    status: int, location: str, error: type[AlignkitError]
) -> None:
    found = verdict(status, location=location)
    assert type(found) is error
    assert "sample-secret" not in str(found)


@pytest.mark.parametrize("status", [200, 201, 204, 207, 299])
def test_every_success_is_an_answer(status: int) -> None:
    response = Response(status)
    assert judged(Request("GET", "/"), response, OWN, "helpdesk", setting=None) is response

"""Turns a status into what the caller does next: an answer for the flow, or the error that says so."""

from __future__ import annotations

from collections.abc import Collection

from alignkit.errors import (
    AlignkitError,
    CredentialsRejected,
    PermissionMissing,
    RequestRefused,
    ServiceUnreachable,
    UntrustedTarget,
)
from alignkit.transport._shown import shown_path
from alignkit.transport.message import Request, Response
from alignkit.transport.origin import Origin, place


def judged(
    wanted: Request, response: Response, allowed: Collection[Origin], name: str, *, setting: str | None
) -> Response:
    """The answer, where the flow may see it.

    Args:
        wanted: the request as the flow made it, its URL absolute or a path.
        response: the answer to it.
        allowed: the origins a redirect may name without being called untrusted.
        name: what texts call the service.
        setting: what to check when the credential is refused; None for a request that carried none.
    """
    status = response.status
    if 200 <= status < 300 or status in wanted.accept:
        return response
    what = f"{wanted.method} {shown_path(wanted.url)}"
    if 300 <= status < 400:
        raise _redirected(response, allowed, f"`{name}` answered {what} with a redirect ({status})")
    if status == 401 and setting is not None:
        raise CredentialsRejected(f"`{name}` refused the credential (401); check {setting}")
    if status == 403 and setting is not None:
        raise PermissionMissing(
            f"`{name}` does not let this credential {what} (403); give it that permission, or use another"
        )
    if status == 404:
        raise RequestRefused(f"`{name}` has nothing at {what} (404); check `base_url`", status=status)
    if status >= 500:
        raise ServiceUnreachable(f"`{name}` failed at {what} ({status}); try again later")
    raise RequestRefused(
        f"`{name}` refused {what} ({status}); check the settings, or report it as a fault of the connector",
        status=status,
    )


def _redirected(response: Response, allowed: Collection[Origin], what: str) -> AlignkitError:
    """The error for a redirect, which nobody follows: credentials would travel with it."""
    target = response.headers.get("location", "")
    is_own = "://" not in target and not target.startswith(("//", "\\"))
    if not is_own:
        try:
            origin = place(target).origin
        except ValueError:
            return UntrustedTarget(f"{what} to an address that cannot be read; nothing was sent there")
        if origin not in allowed:
            return UntrustedTarget(f"{what} to `{origin}`; nothing was sent there; check `base_url`")
    return RequestRefused(f"{what} to a path of its own; check `base_url`", status=response.status)

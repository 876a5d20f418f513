"""Every error alignkit raises on purpose, sorted by what the caller does next.

    AlignkitError
    ├── SettingsError            fix what was configured, then run again
    │   ├── CredentialsRejected      the service said 401: the credential is wrong or has ended
    │   ├── PermissionMissing        the service said 403: the credential may not do this
    │   └── PolicyInvalid            the policy was refused; the one in force stays
    ├── TryAgainLater            nothing is wrong here; the same call may work later
    │   ├── ServiceUnreachable       no connection, a timeout, or 5xx after every retry
    │   ├── RateLimited              the service asked for more patience than the cap allows
    │   ├── StoreUnavailable         the store did not answer, is full, or is locked
    │   ├── LeaseHeld                another process is already pulling or pushing this
    │   └── Stopped                  somebody stopped everything outbound, or this destination
    ├── ServiceMisbehaved        the service answered something that cannot be trusted
    │   ├── ResponseInvalid          not JSON, cut short, too deep, too large
    │   ├── RequestRefused           a 4xx that is neither 401, 403, 404 nor 429
    │   ├── PagingStuck              the same page or cursor came twice
    │   ├── CursorExpired            the service no longer knows this position
    │   └── UntrustedTarget          a link led outside the connector's own origins
    ├── DataInvalid              what was handed in cannot be read; the text says where
    └── StoreDamaged             the store's file is not what it should be; restore a copy

Texts never hold a secret, an address, a body or a query string.
"""

from __future__ import annotations


class AlignkitError(Exception):
    """The root of every error raised on purpose."""


class SettingsError(AlignkitError):
    """Something configured is wrong; the text says what to change."""


class CredentialsRejected(SettingsError):
    """The service did not accept the credential (401)."""


class PermissionMissing(SettingsError):
    """The credential is valid but may not do this (403)."""


class PolicyInvalid(SettingsError):
    """The policy was refused as a whole; a policy already in force stays in force."""


class TryAgainLater(AlignkitError):
    """The same call may succeed later without any change."""


class ServiceUnreachable(TryAgainLater):
    """No usable answer came: no connection, a timeout, a cut body, or 5xx after every retry."""


class RateLimited(TryAgainLater):
    """The service asked for a wait longer than the cap, or for too many of them.

    Attributes:
        seconds: the wait the service asked for, or None where it named none.
    """

    def __init__(self, message: str, *, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class StoreUnavailable(TryAgainLater):
    """The store did not answer, is locked, read-only or full; nothing was half-written."""


class LeaseHeld(TryAgainLater):
    """Another process holds the lease for this source or destination.

    Attributes:
        owner: who holds it, as the holder named itself; None where that is not known.
    """

    def __init__(self, message: str, *, owner: str | None = None) -> None:
        super().__init__(message)
        self.owner = owner


class Stopped(TryAgainLater):
    """Somebody stopped everything outbound, or this destination; the text says who, why and since when."""


class ServiceMisbehaved(AlignkitError):
    """The service's answer cannot be trusted; the checkpoint has not moved."""


class ResponseInvalid(ServiceMisbehaved):
    """The body is not what was announced: not JSON, cut, too deep or too large."""


class RequestRefused(ServiceMisbehaved):
    """The service refused the request as such.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class PagingStuck(ServiceMisbehaved):
    """The same page or cursor came twice; going on would never end."""


class CursorExpired(ServiceMisbehaved):
    """The service no longer knows this position; its scope must be read again from the start."""


class UntrustedTarget(ServiceMisbehaved):
    """A link or redirect led to an origin outside the connector's closed set; nothing was sent there."""


class DataInvalid(AlignkitError):
    """What was handed in cannot be read; the text names the place and the remedy."""


class StoreDamaged(AlignkitError):
    """The store's file is damaged or is not an alignkit store."""

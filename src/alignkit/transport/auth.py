"""Turns settings into credentials, as flows: the account decides where a credential may go, never a scheme.

A scheme with a fixed credential returns it at once; one that renews tokens (`alignkit.transport.oauth`) yields
requests of its own, which the account sends to the scheme's declared origins alone.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import SecretStr

from alignkit.errors import SettingsError
from alignkit.transport.message import Response
from alignkit.transport.origin import Origin
from alignkit.transport.steps import Flow

Clock = Callable[[], float]
"""Seconds since the epoch."""


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """What is added to a request, and where paths lead that are given without a host.

    Attributes:
        headers: added to the request's own and stronger than they.
        params: added to the query.
        root: the service's root where a token answer taught one; None means the account's `base_url`.
    """

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    params: Sequence[tuple[str, str]] = ()
    root: str | None = None

    def __repr__(self) -> str:
        return f"<Credential {', '.join([*self.headers, *(name for name, _ in self.params)])}>"


class Auth(Protocol):
    """A scheme; write one of your own for a service that needs it (signed short-lived tokens, sessions)."""

    @property
    def setting(self) -> str:
        """What the user checks when the credential is refused, such as "`token`"."""
        ...

    @property
    def origins(self) -> frozenset[Origin]:
        """Where the scheme's own requests may go."""
        ...

    def credential(self, clock: Clock) -> Flow[Credential]:
        """The credential for the next request."""
        ...

    def renewal(self, refused: Response, used: Credential, clock: Clock) -> Flow[Credential | None]:
        """Another credential after an answer in 400–499, or None where the answer stands."""
        ...


class FixedCredential:
    """A scheme whose credential never changes: the common part of the schemes below."""

    __slots__ = ("_credential", "_setting")

    def __init__(self, credential: Credential, setting: str) -> None:
        self._credential = credential
        self._setting = setting

    @property
    def setting(self) -> str:
        return self._setting

    @property
    def origins(self) -> frozenset[Origin]:
        return frozenset()

    def credential(self, clock: Clock) -> Flow[Credential]:  # noqa: ARG002 - the protocol's signature
        yield from ()
        return self._credential

    def renewal(
        self,
        refused: Response,  # noqa: ARG002 - the protocol's signature
        used: Credential,  # noqa: ARG002
        clock: Clock,  # noqa: ARG002
    ) -> Flow[Credential | None]:
        yield from ()
        return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} **********>"


class Anonymous(FixedCredential):
    """No credential: public data."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(Credential(), "whether the service needs a credential")


class Basic(FixedCredential):
    """User name and password (RFC 7617), in UTF-8; `setting` is what a service calls them."""

    __slots__ = ()

    def __init__(self, username: str, password: SecretStr | str, *, setting: str = "`username` and `password`") -> None:
        if ":" in username:
            raise SettingsError(f"the name in {setting} holds a colon, which basic authentication cannot carry")
        pair = f"{username}:{revealed(password)}".encode()
        header = {"Authorization": f"Basic {b64encode(pair).decode()}"}
        super().__init__(Credential(header), setting)


class Bearer(FixedCredential):
    """A token sent as `Authorization: Bearer` (RFC 6750)."""

    __slots__ = ()

    def __init__(self, token: SecretStr | str, *, setting: str = "token") -> None:
        super().__init__(Credential({"Authorization": f"Bearer {sendable(token, setting)}"}), f"`{setting}`")


class HeaderKey(FixedCredential):
    """A key in a header of the service's choice: `HeaderKey("Authorization", key, prefix="token ")`."""

    __slots__ = ()

    def __init__(self, header: str, key: SecretStr | str, prefix: str = "", *, setting: str = "token") -> None:
        super().__init__(Credential({header: f"{prefix}{sendable(key, setting)}"}), f"`{setting}`")


class QueryKey(FixedCredential):
    """A key in the query, for services that take it nowhere else; it is in no text and no log."""

    __slots__ = ()

    def __init__(self, param: str, key: SecretStr | str, *, setting: str = "api_key") -> None:
        super().__init__(Credential(params=((param, sendable(key, setting)),)), f"`{setting}`")


def revealed(secret: SecretStr | str) -> str:
    """The characters of a secret, for the line that sends it."""
    return secret.get_secret_value() if isinstance(secret, SecretStr) else secret


def sendable(secret: SecretStr | str, setting: str) -> str:
    """The characters of a secret that can stand in a header.

    Raises:
        SettingsError: it is empty or holds a space, a line break or a character outside ASCII. HTTP libraries
            would refuse it too, with the secret in their text.
    """
    text = revealed(secret)
    if not text or not all("!" <= character <= "~" for character in text):
        raise SettingsError(
            f"`{setting}` is empty or holds a space, a line break or a character outside ASCII; "
            "copy it again without what surrounds it"
        )
    return text

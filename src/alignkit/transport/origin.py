"""Says where a URL leads, strictly: the one parser whose answer decides who may see a credential."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote

from alignkit.errors import SettingsError

_URL = re.compile(r"(?i:(https?))://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"https": 443, "http": 80}
_LITERAL = "/:%!$&'()*+,;=@~-._[]|{}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: equal origins, and only they, may share a credential."""

    scheme: str
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine, told by its name alone and never by asking DNS."""
        if self.host == "localhost":
            return True
        address = _address(self.host)
        return address is not None and address.is_loopback

    @property
    def is_named(self) -> bool:
        """Whether the host is a name; an address, in whatever notation, or a bare word is not."""
        last = self.host.rpartition(".")[2]
        return "." in self.host and ":" not in self.host and not _NUMERIC_LABEL.fullmatch(last)

    @property
    def address(self) -> str:
        """`host:port`, as texts name it."""
        return f"{self._bracketed}:{self.port}"

    def is_within(self, suffix: str) -> bool:
        """Whether the host is `suffix` or lies under it: `a.example.com` is within `example.com`."""
        domain = suffix.lower().lstrip(".")
        return bool(domain) and (self.host == domain or self.host.endswith(f".{domain}"))

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def __str__(self) -> str:
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self._bracketed}{port}"


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """A URL taken apart: the origin it leads to, and what is asked for there."""

    origin: Origin
    path: str
    query: str

    @property
    def url(self) -> str:
        """The URL put together again; its fragment is gone, because nobody sends one."""
        return f"{self.origin}{self.path}{self.query}"


def place(url: str) -> Place:
    """Take an absolute URL apart.

    Raises:
        ValueError: parsers could disagree about where it leads; the text says why and shows no part of it.
    """
    if not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("it holds a space, a control character or a backslash")
    parts = _URL.fullmatch(url)
    if parts is None:
        raise ValueError("it does not begin with `https://` and a host")
    scheme, authority, path, query = parts[1].lower(), parts[2], parts[3], parts[4] or ""
    if {".", ".."} & set(path.lower().replace("%2e", ".").split("/")):
        raise ValueError("its path holds `.` or `..`")
    return Place(_origin(scheme, authority), quote(path or "/", _LITERAL), quote(query, f"{_LITERAL}?"))


def service_root(url: str, *, setting: str = "base_url") -> str:
    """A `base_url` setting in its one spelling: `https://host[:port][/prefix]`, no slash at the end.

    Plain http is for loopback alone. Addresses that lead to a machine's own network card, to nobody or to
    many (link-local, unspecified, multicast) are refused.

    Raises:
        SettingsError: the text says what to change and does not repeat the value, which may hold a secret.
    """
    try:
        root = place(url.strip())
    except ValueError as error:
        problem = str(error)
    else:
        problem = _why_no_root(root, url)
        if not problem:
            return f"{root.origin}{root.path.rstrip('/')}"
    raise SettingsError(f"`{setting}` cannot be used: {problem}; write it as `https://service.example.com`")


def subdomain(value: str, *, setting: str = "subdomain") -> str:
    """A setting that becomes the first label of a host name, in lower case.

    Raises:
        SettingsError: it is anything but letters, digits and inner hyphens, so it could name another host.
    """
    label = value.strip().lower()
    if _SUBDOMAIN.fullmatch(label) is None:
        raise SettingsError(
            f"`{setting}` takes letters, digits and hyphens alone: of `https://acme.example.com` write `acme`"
        )
    return label


def _origin(scheme: str, authority: str) -> Origin:
    if "@" in authority:
        raise ValueError("it holds a user name before the host")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise ValueError("its host is not plain ASCII; write an international name in its `xn--` form")
    port = int(parts[2]) if parts[2] else _DEFAULT_PORTS[scheme]
    if not 0 < port < 65536:
        raise ValueError("its port is not between 1 and 65535")
    return Origin(scheme, _host(parts[1].lower()), port)


def _host(written: str) -> str:
    if written.startswith("["):
        address = _address(written[1:-1])
        if address is None or address.version != 6:
            raise ValueError("its host is not an address")
        return address.compressed
    if len(written) > 253 or not all(_LABEL.fullmatch(label) for label in written.split(".")):
        raise ValueError("its host is not a name")
    return written


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _why_no_root(root: Place, url: str) -> str:
    origin, address = root.origin, _address(root.origin.host)
    if root.query or "?" in url or "#" in url:
        return "it holds a query or a fragment"
    if origin.scheme == "http" and not origin.is_loopback:
        return "plain http would show the credential to everybody on the way"
    mapped = getattr(address, "ipv4_mapped", None) or address
    if mapped is not None and (mapped.is_link_local or mapped.is_unspecified or mapped.is_multicast):
        return "its address is not one a service can have"
    return ""

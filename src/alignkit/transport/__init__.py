"""How alignkit talks to services: flows, accounts and one guarded client."""

from typing import TYPE_CHECKING, Any

from alignkit.transport.account import Account
from alignkit.transport.auth import Anonymous, Auth, Basic, Bearer, Credential, FixedCredential, HeaderKey, QueryKey
from alignkit.transport.flow import arun, arun_all, run, run_all
from alignkit.transport.limits import Limits
from alignkit.transport.message import JsonValue, Request, Response
from alignkit.transport.oauth import ClientCredentials, RefreshToken
from alignkit.transport.origin import Origin, service_root, subdomain
from alignkit.transport.paging import PageGuard, by_cursor, by_link, by_number, link_params, next_link, read_pages
from alignkit.transport.retry import Retry
from alignkit.transport.steps import Call, Effect, Flow, call, request
from alignkit.transport.tokens import MemoryTokens, Token, TokenFile, TokenStore

if TYPE_CHECKING:
    from alignkit.transport.client import AsyncHttpClient, HttpClient

__all__ = [
    "Account",
    "Anonymous",
    "AsyncHttpClient",
    "Auth",
    "Basic",
    "Bearer",
    "Call",
    "ClientCredentials",
    "Credential",
    "Effect",
    "FixedCredential",
    "Flow",
    "HeaderKey",
    "HttpClient",
    "JsonValue",
    "Limits",
    "MemoryTokens",
    "Origin",
    "PageGuard",
    "QueryKey",
    "RefreshToken",
    "Request",
    "Response",
    "Retry",
    "Token",
    "TokenFile",
    "TokenStore",
    "arun",
    "arun_all",
    "by_cursor",
    "by_link",
    "by_number",
    "call",
    "link_params",
    "next_link",
    "read_pages",
    "request",
    "run",
    "run_all",
    "service_root",
    "subdomain",
]


def __getattr__(name: str) -> Any:
    """Load the clients on first use: who reads files or takes a decision has no need of httpx."""
    if name in {"AsyncHttpClient", "HttpClient"}:
        from alignkit.transport import client

        return getattr(client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

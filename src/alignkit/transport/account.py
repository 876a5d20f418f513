"""Stands between a connector's flows and its service: where requests may go, with what, how often, how fast."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from alignkit.errors import RateLimited, ServiceUnreachable, UntrustedTarget
from alignkit.log import logger
from alignkit.transport._shown import shown_path
from alignkit.transport._verdict import judged
from alignkit.transport.auth import Auth, Clock, Credential
from alignkit.transport.limits import Limiter, Limits
from alignkit.transport.message import Request, Response
from alignkit.transport.origin import Origin, Place, place, service_root
from alignkit.transport.retry import Attempts, Retry
from alignkit.transport.steps import Flow, Steps, request

T = TypeVar("T")
Exchange = Callable[[Request], Flow[Response]]

_log = logger("transport")


class Account:
    """One credential at one service, shared by every flow that uses it; safe to share between threads.

    Args:
        base_url: the service's root, without the API's path.
        auth: the scheme that yields the credential.
        name: what texts call the service: the connector's name.
        origins: further addresses that may see the credential, such as a separate host for files.
        limits: how the service limits us and in which headers it says so.
        retry: how often and how long to try.
        clock: seconds since the epoch.

    Raises:
        SettingsError: an address cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        *,
        name: str = "service",
        origins: Iterable[str] = (),
        limits: Limits | None = None,
        retry: Retry | None = None,
        clock: Clock = time.time,
    ) -> None:
        self.name: str = name
        self.base_url: str = service_root(base_url)
        self._auth = auth
        self._origins = frozenset(_origin_of(url) for url in (self.base_url, *origins))
        self._limits = limits or Limits()
        self._limiter = Limiter(self._limits)
        self._retry = retry or Retry()
        self._clock = clock

    def attend(self, flow: Flow[T]) -> Flow[T]:
        """The same flow, each of its requests resolved, checked, paced, authenticated, retried and judged.

        Raises, inside the flow:
            UntrustedTarget: a request or a redirect leads outside the account's origins; nothing was sent there.
            CredentialsRejected: the service said 401, after a renewal where the scheme has one.
            PermissionMissing: it said 403.
            RequestRefused: another status below 500 that the request does not accept.
            RateLimited: the service asked for a wait longer than the cap, or for too many.
            ServiceUnreachable: no usable answer after every attempt.
        """
        return _through(flow, self._exchange)

    def _exchange(self, wanted: Request) -> Flow[Response]:
        if not wanted.credentials:
            response = yield from self._answer(replace(wanted, url=self._bare_url(wanted.url)))
            return judged(wanted, response, self._targets(None), self.name, setting=None)
        credential = yield from _through(self._auth.credential(self._clock), self._token_exchange)
        response = yield from self._answer(self._signed(wanted, credential))
        if 400 <= response.status < 500:
            renewal = self._auth.renewal(response, credential, self._clock)
            renewed = yield from _through(renewal, self._token_exchange)
            if renewed is not None:
                credential = renewed
                response = yield from self._answer(replace(self._signed(wanted, renewed), delay=0.0))
        return judged(wanted, response, self._targets(credential.root), self.name, setting=self._auth.setting)

    def _token_exchange(self, wanted: Request) -> Flow[Response]:
        """A request of the scheme itself: to the scheme's own origins, and without its credential."""
        where = self._checked(wanted.url, self._auth.origins)
        response = yield from self._answer(replace(wanted, url=where.url))
        return judged(wanted, response, self._auth.origins, self.name, setting=self._auth.setting)

    def _signed(self, wanted: Request, credential: Credential) -> Request:
        url = _absolute(wanted.url, credential.root or self.base_url)
        where = self._checked(url, self._targets(credential.root))
        named = {name.lower() for name in credential.headers}
        own = {name: value for name, value in wanted.headers.items() if name.lower() not in named}
        return replace(
            wanted,
            url=where.url,
            headers={**own, **credential.headers},
            params=(*wanted.params, *credential.params),
        )

    def _targets(self, root: str | None) -> frozenset[Origin]:
        return self._origins if root is None else self._origins | {_origin_of(root)}

    def _checked(self, url: str, allowed: frozenset[Origin]) -> Place:
        where = self._place(url)
        if where.origin not in allowed:
            raise UntrustedTarget(
                f"`{self.name}` pointed to `{where.origin}`, which is not an address of its own; nothing was "
                "sent there; if it is the service's address, correct `base_url`"
            )
        return where

    def _bare_url(self, url: str) -> str:
        """A link that is followed without credentials, to any named host over TLS, or to the account's own."""
        where = self._place(_absolute(url, self.base_url))
        is_public = where.origin.scheme == "https" and where.origin.is_named
        if not is_public and where.origin not in self._origins:
            raise UntrustedTarget(
                f"`{self.name}` gave a link to `{where.origin}`, which is not a named host over https; "
                "nothing was sent there"
            )
        return where.url

    def _place(self, url: str) -> Place:
        try:
            return place(url)
        except ValueError as error:
            problem = str(error)
        raise UntrustedTarget(f"a link of `{self.name}` cannot be followed: {problem}; nothing was sent")

    def _answer(self, wanted: Request) -> Flow[Response]:
        """The answer to a request after as many attempts as it takes, whatever its status."""
        attempts = Attempts(self._retry, self._clock())
        wait = wanted.delay
        while True:
            try:
                response = yield from request(self._paced(wanted, wait))
            except ServiceUnreachable as error:
                following = attempts.next_wait(self._clock(), None) if wanted.is_repeatable else None
                if following is None:
                    raise
                _log.info("%s: %s; trying again in %.1f s", self.name, error, following)
            else:
                _log.debug("%s: %r answered %d", self.name, wanted, response.status)
                advised = self._heeded(response)
                if not self._is_to_be_repeated(wanted, response, advised):
                    return response
                following = attempts.next_wait(self._clock(), advised)
                if following is None:
                    return self._given_up(wanted, response, advised, attempts.made)
                _log.info("%s answered %d; trying again in %.1f s", self.name, response.status, following)
            wait = following

    def _paced(self, wanted: Request, wait: float) -> Request:
        now = self._clock()
        self._refuse_long(self._limiter.pause_left(now))
        return replace(wanted, delay=self._limiter.reserve(now, wait))

    def _heeded(self, response: Response) -> float | None:
        """The wait a service advises, which holds for every flow of the account from now on."""
        is_limited = self._limits.means_limited(response) or response.status == 503
        if not is_limited and not self._limits.is_spent(response):
            return None
        now = self._clock()
        advised = self._limits.advised_wait(response, now)
        if advised is not None:
            self._limiter.pause(now, advised)
        return advised if is_limited else None

    def _is_to_be_repeated(self, wanted: Request, response: Response, advised: float | None) -> bool:
        if response.status in wanted.accept:
            return False
        if self._limits.means_limited(response) or (response.status == 503 and advised is not None):
            return True  # the service says that it did nothing yet
        return wanted.is_repeatable and (response.status >= 500 or response.status == 408)

    def _given_up(self, wanted: Request, response: Response, advised: float | None, attempts: int) -> Response:
        if self._limits.means_limited(response):
            raise RateLimited(
                f"`{self.name}` asked {attempts} times for a slower pace; run fewer jobs against it at once",
                seconds=advised,
            )
        if response.status >= 500 or response.status == 408:
            raise ServiceUnreachable(
                f"`{self.name}` answered {response.status} to {wanted.method} {shown_path(wanted.url)} "
                f"{attempts} times; try again later"
            )
        return response

    def _refuse_long(self, wait: float) -> None:
        if wait > self._retry.longest_wait:
            raise RateLimited(
                f"`{self.name}` wants to be left alone for {wait:.0f} s, more than the "
                f"{self._retry.longest_wait:.0f} s we wait at most; run again after that",
                seconds=wait,
            )


def _through(flow: Flow[T], exchange: Exchange) -> Flow[T]:
    """A flow whose requests are answered by `exchange`, a flow of its own; calls pass unchanged."""
    try:
        steps = Steps(flow)
        while (effect := steps.effect) is not None:
            try:
                answer: object
                if isinstance(effect, Request):
                    answer = yield from exchange(effect)
                else:
                    answer = yield effect
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001 - the inner flow decides
                steps.fail(error)
            else:
                steps.give(answer)
        return steps.result
    finally:
        flow.close()


def _absolute(url: str, root: str) -> str:
    """A path put after the root's own; `//host` is no path."""
    return f"{root}{url}" if url.startswith("/") and not url.startswith("//") else url


def _origin_of(url: str) -> Origin:
    return place(service_root(url, setting="origins")).origin

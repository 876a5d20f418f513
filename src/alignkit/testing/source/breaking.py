"""Tests that whatever goes wrong on the way is told by the right error, moves no checkpoint and gives away nothing."""

from __future__ import annotations

import json
import traceback
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from alignkit.errors import AlignkitError, CredentialsRejected, PermissionMissing, UntrustedTarget
from alignkit.testing.faults import ASKED, LASTING, LIMIT_FORMS, STRANGER, TOLD_AS_SUCCESS, Fault, elsewhere, limit
from alignkit.testing.overheard import overheard
from alignkit.testing.service import FakeService
from alignkit.testing.source.case import S, SourceTests, Trial, same
from alignkit.transport import Request, Response


@dataclass(slots=True)
class LeadingAway:
    """A service all of whose links lead to a stranger."""

    service: FakeService

    def handle(self, request: Request) -> Response:
        return elsewhere(self.service.handle(request))


class BreakingTests(SourceTests[S]):
    """What a source does when its service fails."""

    @pytest.mark.parametrize("form", LIMIT_FORMS)
    def test_a_limit_is_waited_for_and_costs_nothing(self, form: str) -> None:
        wanted = self._needs_requests().state
        for at in range(self._requests()):
            trial = self.trial()
            trial.source()
            fault = limit(form, trial.watch.limits)
            if fault is None:
                pytest.skip("the connector reads no such header; name those of the service in its `Limits`")
            trial.wire.arm(fault, at, lasts=False)
            error = trial.failing_pull()
            assert error is None, f"one 429 at request {at + 1} ended the run: {error}; leave retries to the account"
            if trial.wire.struck is None:
                break
            assert trial.clock.waited >= ASKED, (
                f"the service asked for {ASKED} s ({form}) and was asked again after {trial.clock.waited:.1f} s"
            )
            trial.recover()
            same(trial.state, wanted, f"request {at + 1} was answered 429 once ({form})")

    @pytest.mark.parametrize("name", LASTING)
    def test_a_fault_at_any_request_is_told_and_costs_nothing(self, name: str) -> None:
        wanted = self._needs_requests().state
        fault = LASTING[name]
        for at in range(self._requests()):
            trial = self.trial()
            trial.wire.arm(fault, at, lasts=True)
            error = trial.failing_pull()
            if trial.wire.struck is None:
                break
            when = f"from request {at + 1} on: {name}"
            if error is not None:
                assert isinstance(error, _allowed(fault, trial.wire.struck)), (
                    f"{when}: the run ended with {type(error).__name__}; let {fault.raises.__name__} through"
                )
                assert _unread(trial.checkpoints(), trial) == _unread(trial.at_strike, trial), (
                    f"{when}: the checkpoint moved; return only what was read"
                )
            elif not _is_accepted(trial.wire.struck, fault):
                same(trial.state, self._read_once().state, f"{when}: the run ended well; never swallow an error")
            trial.recover(wanted)
            same(trial.state, wanted, f"{when}, then all was well again")

    def test_an_error_that_is_told_as_a_success_is_no_empty_page(self) -> None:
        wanted = self._needs_requests().state
        for at in range(self._requests()):
            trial = self.trial()
            trial.wire.arm(TOLD_AS_SUCCESS, at, lasts=True)
            error = trial.failing_pull()
            if trial.wire.struck is None:
                break
            when = f"from request {at + 1} on every answer was 200 with an error in its body"
            if error is None:
                if not list(trial.store.quarantined()):  # a record that is set aside is told
                    same(trial.state, self._read_once().state, f"{when}; look for what a page must have")
            else:
                assert trial.checkpoints() == trial.at_strike, f"{when}: the checkpoint moved"
            trial.recover(wanted)
            same(trial.state, wanted, f"{when}, then all was well again")

    def test_a_link_to_another_host_is_not_followed(self) -> None:
        wanted = self._needs_requests().state
        service = self.service()
        trial = self.trial(service, through=LeadingAway(service))
        error = trial.failing_pull()
        assert error is None or isinstance(error, UntrustedTarget), (
            f"every link led to {STRANGER}, and the run ended with {type(error).__name__}; raise `UntrustedTarget`"
        )
        trial.wire.service = service
        trial.recover()
        same(trial.state, wanted, f"every link led to {STRANGER}, then to the service again")

    def test_no_output_holds_a_secret_or_a_persons_address(self) -> None:
        seen = _Outputs()
        with overheard() as noise:
            self._listen(self.trial(), None, seen)
            for fault in LASTING.values():
                for at in range(min(self._requests(), _LISTENED)):
                    self._listen(self.trial(), (fault, at), seen)
        assert seen.secrets or not seen.has_account, (
            "no request carried the secret; give `self.secret` to the connector as its credential"
        )
        for where, text in [*seen.texts, ("the log or the terminal", noise.text)]:
            for secret in {self.secret, *seen.secrets}:
                assert secret not in text, f"{where} holds the secret; keep it in `SecretStr` and out of every text"
        for where, text in [*seen.errors, ("the log or the terminal", noise.text)]:
            for person in self.expected.people:
                assert person not in text, f"{where} holds the address of a person"
        assert not noise.printed, f"the connector printed {noise.printed[:60]!r}; log to `alignkit.connectors` instead"

    def _listen(self, trial: Trial[S], broken: tuple[Fault, int] | None, seen: _Outputs) -> None:
        source = trial.source()
        if broken is not None:
            trial.wire.arm(broken[0], broken[1], lasts=True)
        seen.note("the connector's repr", f"{source!r} {source} {vars(source)!r}")
        error = trial.failing_pull()
        if error is not None:
            seen.note_error(error)
        seen.note("a checkpoint", json.dumps(trial.checkpoints()))
        seen.note("an event", " ".join(event.model_dump_json() for event in trial.store.events()))
        seen.note("the quarantine", repr(list(trial.store.quarantined())))
        seen.has_account = trial.watch.has_account
        for request in trial.wire.sent:
            seen.secrets.update(_secrets(request, self.secret))

    def _requests(self) -> int:
        return len(self._read_once().wire.sent)

    def _read_once(self) -> Trial[S]:
        trial = self.trial()
        trial.pull()
        return trial

    def _needs_requests(self) -> Trial[S]:
        trial = self.undisturbed()
        if not trial.watch.has_account:
            self.leave_out("the connector has no account and sends no requests")
        assert trial.wire.sent, "the connector has an account and sent no request"
        return trial


_LISTENED = 6


@dataclass(slots=True)
class _Outputs:
    """Everything that was put out, and the forms in which the secret was seen on the wire."""

    secrets: set[str] = field(default_factory=set[str])
    texts: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    errors: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    has_account: bool = False

    def note(self, where: str, text: str) -> None:
        self.texts.append((where, text))

    def note_error(self, error: AlignkitError) -> None:
        text = "".join(traceback.format_exception(error))
        for found in (("an error", text), ("an error's arguments", repr(_chain(error)))):
            self.texts.append(found)
            self.errors.append(found)


def _chain(error: BaseException) -> list[tuple[object, ...]]:
    """The arguments of an error and of all that led to it, whether a traceback shows them or not."""
    found: list[tuple[object, ...]] = []
    following: BaseException | None = error
    while following is not None:
        found.append(following.args)
        following = following.__cause__ or following.__context__
    return found


def _secrets(request: Request, secret: str) -> Iterator[str]:
    """Every form in which a request carries the secret."""
    values = [*request.headers.values(), *(value for _, value in request.params)]
    for word in (word for value in values for word in value.split()):
        if secret in word or secret in _decoded(word):
            yield word


def _decoded(word: str) -> str:
    try:
        return b64decode(word, validate=True).decode()
    except ValueError:
        return ""


def _allowed(fault: Fault, struck: Request) -> tuple[type[AlignkitError], ...]:
    """What a run may end with: where a token is refused, which is asked for by POST, the credential is to blame."""
    is_no_token = fault.raises is PermissionMissing and struck.method == "POST"
    return (fault.raises, CredentialsRejected) if is_no_token else (fault.raises,)


def _unread(checkpoints: Mapping[str, object], trial: Trial[S]) -> Mapping[str, object]:
    """The checkpoints of streams not read to their end; one that may be missing ends well where another is refused."""
    read = {stream.stream for source in trial.store.sources() for stream in source.streams if stream.is_complete}
    return {stream: stored for stream, stored in checkpoints.items() if stream not in read}


def _is_accepted(request: Request | None, fault: Fault) -> bool:
    return request is not None and fault.status is not None and fault.status in request.accept

"""Tests that a sink loses nobody when its service fails or its process ends, at whatever request."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from alignkit.errors import TryAgainLater, UntrustedTarget
from alignkit.testing.faults import ASKED, LASTING, LIMIT_FORMS, elsewhere, limit
from alignkit.testing.overheard import overheard
from alignkit.testing.service import FakeService
from alignkit.testing.sink.case import S, SinkParts, SinkTrial
from alignkit.testing.watch import CrashPoint
from alignkit.transport import Request, Response


class FailingTests(SinkParts[S]):
    """What a sink does when its service fails."""

    def test_a_crash_at_any_step_of_a_hold_loses_nobody(self) -> None:
        self._crash_everywhere(self._about_to_hold, self._ends_held_and_is_undone)

    def test_a_crash_at_any_step_of_a_release_loses_nobody(self) -> None:
        self._crash_everywhere(self._about_to_release, self._ends_free)

    @pytest.mark.parametrize("name", LASTING)
    def test_a_fault_at_any_request_of_a_hold_is_told_and_mended(self, name: str) -> None:
        self._fail_everywhere(name, self._about_to_hold, self._ends_held)

    @pytest.mark.parametrize("name", LASTING)
    def test_a_fault_at_any_request_of_a_release_is_told_and_mended(self, name: str) -> None:
        self._fail_everywhere(name, self._about_to_release, self._ends_free)

    @pytest.mark.parametrize("form", LIMIT_FORMS)
    def test_a_limit_is_waited_for_and_the_run_goes_on(self, form: str) -> None:
        for at in range(self._requests(self._about_to_hold)):
            trial = self._about_to_hold()
            fault = limit(form, trial.watch.limits)
            if fault is None:
                pytest.skip("the sink reads no such header; name those of the service in its `Limits`")
            trial.wire.arm(fault, len(trial.wire.sent) + at, lasts=False)
            error = trial.failing_push()
            when = f"request {at + 1} was answered 429 once ({form})"
            assert error is None, f"{when} and the run ended: {error}; leave retries to the account"
            assert trial.wire.struck is None or trial.clock.waited >= ASKED, (
                f"{when} and was sent again after {trial.clock.waited:.1f} s, not {ASKED}"
            )
            self._ends_held(trial, when)

    def test_a_link_to_another_host_is_not_followed(self) -> None:
        self._needs_requests()
        service = self.service()
        trial = self.trial(service, through=_LeadingAway(service))
        trial.want(*self.cast.free)
        error = trial.failing_push()
        assert error is None or isinstance(error, UntrustedTarget), f"the run ended with {type(error).__name__}"
        trial.wire.service = service
        trial.recover()
        self._ends_held(trial, "every link led to a stranger, then to the service again")

    def test_a_page_of_members_that_comes_again_and_again_ends_the_run(self) -> None:
        self._needs_requests()
        service = self.service()
        if not self.sink(service).lists_members:
            pytest.skip("the sink cannot list who is there")
        trial = self.trial(service, through=_Repeating(service))
        sink = trial.sink()
        trial.do(sink.members(None))
        trial.want(*self.cast.free)
        trial.failing_push()
        trial.check("the first page of members came again and again")

    def test_no_output_holds_a_secret_or_a_persons_address(self) -> None:
        texts: list[tuple[str, str]] = []
        errors: list[tuple[str, str]] = []
        secrets = {self.secret}
        is_used = False
        with overheard() as noise:
            for fault in LASTING.values():
                for begin in (self._about_to_hold, self._about_to_release):
                    trial = begin()
                    sink = trial.sink()
                    texts.append(("the sink's repr", f"{sink!r} {sink} {vars(sink)!r}"))
                    trial.wire.arm(fault, len(trial.wire.sent) + 1, lasts=True)
                    error = trial.failing_push()
                    if error is not None:
                        errors.append(("an error", "".join(traceback.format_exception(error))))
                    texts.append(("the ledger", repr(trial.ledger)))
                    found = {word for request in trial.wire.sent for word in _credentials(request)}
                    is_used = is_used or bool(found) or not trial.watch.has_account
                    secrets |= found
        assert is_used, "no request carried a credential; give `self.secret` to the sink"
        noises = [("the log or the terminal", noise.text)]
        for where, text in [*texts, *errors, *noises]:
            for secret in secrets:
                assert secret not in text, f"{where} holds the secret; keep it in `SecretStr` and out of every text"
        for where, text in [*errors, *noises]:
            for person in (*self.cast.there, *self.cast.absent):
                assert person not in text, f"{where} holds the address of a person"
        assert not noise.printed, f"the sink printed {noise.printed[:60]!r}; log to `alignkit.connectors` instead"

    def _about_to_hold(self) -> SinkTrial[S]:
        trial = self.trial()
        trial.sink()
        trial.want(*self.cast.free, *self.cast.absent)
        return trial

    def _about_to_release(self) -> SinkTrial[S]:
        trial = self.held_trial()
        trial.unwant(*self.cast.free)
        return trial

    def _ends_held(self, trial: SinkTrial[S], when: str) -> None:
        trial.check(when)
        missing = sorted(set(self.cast.free) - trial.held)
        assert not missing, f"{when}: {missing} were to be held and get mail; the ledger has {sorted(trial.ledger)}"

    def _ends_held_and_is_undone(self, trial: SinkTrial[S], when: str) -> None:
        self._ends_held(trial, when)
        trial.unwant(*self.cast.free)
        trial.recover()
        self._ends_free(trial, f"{when}, and then everybody was released")

    def _ends_free(self, trial: SinkTrial[S], when: str) -> None:
        trial.check(when)
        assert not trial.held, f"{when}: {sorted(trial.held)} were to be released and get no mail"
        trial.check_restored(when)

    def _crash_everywhere(self, begin: Callable[[], SinkTrial[S]], end: Callable[[SinkTrial[S], str], None]) -> None:
        step = 1
        while True:
            trial = begin()
            trial.crash = CrashPoint(step)
            if not trial.crashing_push():
                break
            when = f"a run crashed at step {step}"
            unknown = sorted(trial.held - trial.ledger.keys())
            assert not unknown, f"{when}: {unknown} are held and the ledger has no row; hold only who was ordered"
            trial.recover()
            end(trial, f"{when} and another one went on")
            step += 1
        assert step > 1, "the sink asked for nothing; yield requests or calls"

    def _fail_everywhere(
        self, name: str, begin: Callable[[], SinkTrial[S]], end: Callable[[SinkTrial[S], str], None]
    ) -> None:
        fault = LASTING[name]
        for at in range(self._requests(begin)):
            trial = begin()
            trial.wire.arm(fault, len(trial.wire.sent) + at, lasts=True)
            error = trial.failing_push()
            request = trial.wire.struck
            if request is None:
                break
            when = f"from request {at + 1} on: {name}"
            if error is not None:
                # What a request accepts, the sink reads for itself: a 404 may say that a setting is wrong.
                assert fault.status in request.accept or isinstance(error, fault.raises), (
                    f"{when}: the run ended with {type(error).__name__}; let {fault.raises.__name__} through"
                )
            elif fault.status is not None and fault.status not in request.accept:
                # A 404 may be about one person alone, and is told by that one's receipt then.
                assert issubclass(fault.raises, TryAgainLater) or fault.status == 404, (
                    f"{when}: the run ended well; let {fault.raises.__name__} through"
                )
            trial.check(when)
            trial.recover()
            end(trial, f"{when}, then all was well again")

    def _requests(self, begin: Callable[[], SinkTrial[S]]) -> int:
        self._needs_requests()
        trial = begin()
        before = len(trial.wire.sent)
        trial.push()
        assert len(trial.wire.sent) > before, "the sink has an account and sent no request"
        return len(trial.wire.sent) - before

    def _needs_requests(self) -> None:
        if self.sink(self.service()).account is None:
            pytest.skip("the sink has no account and sends no requests")


class _LeadingAway:
    """A service all of whose links lead to a stranger."""

    def __init__(self, service: FakeService) -> None:
        self._service = service

    def handle(self, request: Request) -> Response:
        return elsewhere(self._service.handle(request))


class _Repeating:
    """A service that gives its first answer again to whatever is asked of the same path."""

    def __init__(self, service: FakeService) -> None:
        self._service = service
        self._first: tuple[str, Response] | None = None

    def handle(self, request: Request) -> Response:
        path = request.url.partition("?")[0]
        if self._first is None:
            self._first = (path, self._service.handle(request))
        if path == self._first[0]:
            return self._first[1]
        return self._service.handle(request)


def _credentials(request: Request) -> set[str]:
    """What a request carries as its credential."""
    value = next((value for name, value in request.headers.items() if name.lower() == "authorization"), "")
    return set(value.split()[-1:])

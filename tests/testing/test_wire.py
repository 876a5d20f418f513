"""The wire lets a fault happen where it was told to, and ends a run that sends what it must not."""

from __future__ import annotations

import pytest

from alignkit.errors import AlignkitError
from alignkit.testing.faults import LASTING, LIMIT_FORMS, STRANGER, elsewhere, limit
from alignkit.testing.watch import Clock, Crash, CrashPoint
from alignkit.testing.wire import MOST_REQUESTS, Wire
from alignkit.transport import Limits, Request, Response
from alignkit.transport.limits import wait_of
from alignkit.transport.origin import place

HERE = "https://service.example"


class Service:
    """Counts what it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def handle(self, request: Request) -> Response:
        self.asked += 1
        return Response(200, {"content-type": "application/json"}, b'{"id": 1}')


def wire(service: Service) -> Wire:
    return Wire(service, allowed=[place(HERE).origin])


def send(wire: Wire) -> int | str:
    try:
        return wire.send(Request("GET", f"{HERE}/x")).status
    except AlignkitError as error:
        return type(error).__name__


def test_a_passing_fault_happens_once_and_a_lasting_one_from_there_on() -> None:
    for lasts, wanted in ((False, [200, 500, 200]), (True, [200, 500, 500])):
        found = wire(Service())
        found.arm(LASTING["internal error"], 1, lasts=lasts)
        assert [send(found) for _ in range(3)] == wanted


def test_a_strike_is_told_once_and_before_it_happens() -> None:
    service, told = Service(), list[int]()
    found = Wire(service, allowed=[place(HERE).origin], on_strike=lambda: told.append(service.asked))
    found.arm(LASTING["answer lost"], 1, lasts=True)
    assert [send(found) for _ in range(3)] == [200, "ServiceUnreachable", "ServiceUnreachable"]
    assert told == [1]


@pytest.mark.parametrize(("name", "asked"), [("no connection", 0), ("answer lost", 1), ("body cut half-way", 1)])
def test_the_service_does_its_work_only_where_the_fault_comes_after(name: str, asked: int) -> None:
    service = Service()
    found = wire(service)
    found.arm(LASTING[name], 0, lasts=True)
    send(found)
    assert service.asked == asked


@pytest.mark.parametrize("url", ["https://other.example/x", f"{HERE}:444/x", "/x"])
def test_a_request_to_anywhere_else_ends_the_test(url: str) -> None:
    service = Service()
    with pytest.raises(pytest.fail.Exception):
        wire(service).send(Request("GET", url))
    assert service.asked == 0


def test_a_forbidden_request_ends_the_test_before_it_arrives() -> None:
    service = Service()
    found = Wire(service, allowed=[place(HERE).origin], forbids=lambda _request: "it is")
    with pytest.raises(pytest.fail.Exception, match="which is forbidden: it is"):
        found.send(Request("GET", HERE))
    assert service.asked == 0


def test_a_run_without_end_is_ended() -> None:
    found = wire(Service())
    for _ in range(MOST_REQUESTS):
        found.send(Request("GET", HERE))
    with pytest.raises(pytest.fail.Exception, match="guard the walk"):
        found.send(Request("GET", HERE))


@pytest.mark.parametrize("form", LIMIT_FORMS)
def test_each_form_of_a_limit_names_the_same_wait(form: str) -> None:
    limits = Limits(retry_after=["x-wait"], reset=["x-end"])
    fault = limit(form, limits)
    assert fault is not None
    response = fault.happen(lambda: Response(200))
    assert limits.advised_wait(response, 0.0) == pytest.approx(7)


def test_a_form_that_nobody_reads_is_no_fault() -> None:
    assert limit("seconds", Limits(retry_after=())) is None
    assert wait_of("7", 0.0) == 7


def test_every_link_of_an_answer_leads_to_the_stranger_and_nothing_else_changes() -> None:
    body = b'{"next": "https://a.example:8/b?c=1", "list": [{"url": "http://a.example"}], "n": 1, "text": "no: //x"}'
    response = elsewhere(Response(200, {"link": '<https://a.example/p>; rel="next"'}, body))
    assert response.json() == {
        "next": f"{STRANGER}/b?c=1",
        "list": [{"url": STRANGER}],
        "n": 1,
        "text": "no: //x",
    }
    assert response.headers == {"link": f'<{STRANGER}/p>; rel="next"'}


def test_a_crash_comes_at_its_step_and_never_again() -> None:
    crash = CrashPoint(2)
    crash.step()
    with pytest.raises(Crash):
        crash.step()
    crash.step()
    assert crash.has_fired


def test_waiting_moves_the_clock_by_what_was_waited() -> None:
    clock = Clock(100.0)
    clock.wait(2.5)
    assert (clock(), clock.waited) == (102.5, 2.5)

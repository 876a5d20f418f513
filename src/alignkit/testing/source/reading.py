"""Tests that reading finds everything once: from any checkpoint, after any crash, in either driver, in order."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from alignkit.connectors.base import Capability
from alignkit.errors import ServiceMisbehaved
from alignkit.models.events import ContactChanged, IssueChanged
from alignkit.stores import MemoryStore
from alignkit.stores.records import Applied, Batch
from alignkit.testing.moments import FAR_ZONE, in_zone, times
from alignkit.testing.service import FakeService, Records
from alignkit.testing.source.case import LATER, MOST_PAGES, S, SourceTests, Trial, same
from alignkit.testing.state import State
from alignkit.testing.watch import Crash, CrashPoint
from alignkit.transport import JsonValue, Request, Response

LARGEST_FLOAT_INT = 2**53
SLOW = timedelta(hours=3)


class CrashingStore(MemoryStore):
    """A store in whose process every page is read and one is not stored any more."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left: int = at

    def apply(self, batch: Batch) -> Applied:
        self.left -= 1
        if self.left == 0:
            raise Crash
        return super().apply(batch)


class Stuck:
    """A service that, from one answer on, repeats it whenever the next page is asked for.

    What is asked for counts as a page of the same list where it differs in numbers and cursors alone.
    """

    def __init__(self, service: FakeService, at: int, records: Sequence[Records]) -> None:
        self.service = service
        self.records = records
        self.left: int = at
        self.repeated: Response | None = None
        self._list: object = None

    def handle(self, request: Request) -> Response:
        if self.repeated is not None and _list_of(request) == self._list:
            return self.repeated
        response = self.service.handle(request)
        self.left -= self._reads(request)
        if self.left == 0 and self.repeated is None:
            self.repeated, self._list = response, _list_of(request)
        return response

    def _reads(self, request: Request) -> bool:
        """Whether a request reads: many services are searched by POST."""
        path = urlsplit(request.url).path
        return request.method == "GET" or any(re.fullmatch(kind.path, path) for kind in self.records)


def _list_of(request: Request) -> object:
    """What a request asks for, apart from the page: where a value has words, they count, without their numbers."""
    parts = urlsplit(request.url)
    params = [*parse_qsl(parts.query, keep_blank_values=True), *request.params]
    named = [(name, re.sub(r"[0-9]+", "0", value) if " " in value else "") for name, value in params]
    return request.method, parts.path, sorted(named), _names(request.json)


def _names(body: JsonValue) -> object:
    """What a body is made of, whatever its values."""
    if isinstance(body, dict):
        return sorted((name, str(_names(inner))) for name, inner in body.items())
    return [_names(inner) for inner in body] if isinstance(body, list) else None


class ReadingTests(SourceTests[S]):
    """How a source reads."""

    def test_it_finds_every_issue_and_person_that_is_there(self) -> None:
        state = self.undisturbed().state
        found = {id: issue["status"] for id, issue in state.issues.items()}
        wanted = {id: status.value for id, status in self.expected.issues.items()}
        assert found == wanted, f"`expected.issues` names {wanted}, and the connector found {found}"
        known = {identifier.partition(":")[2] for person in state.people for identifier in person}
        missing = sorted(self.expected.people - known)
        assert not missing, f"nobody was found under {missing}; give events the identifiers that the service shows"
        assert not state.quarantined, f"records of a good service were quarantined: {dict(state.quarantined)}"

    def test_a_resume_from_every_checkpoint_loses_nothing(self) -> None:
        trial = self.trial()
        streams, pages = trial.source().streams, 0
        for stream in streams:
            pages += 1
            while not trial.pull(stream=stream, max_pages=1).is_complete:
                pages += 1
                assert pages < MOST_PAGES, f"`{stream}` does not end; return `more=False` on its last page"
        assert pages > len(streams), "no stream of the fixture has two pages; give it more records"
        trial.recover()
        same(trial.state, self.undisturbed().state, "each page was read by a new connector from the stored checkpoint")

    def test_a_crash_at_any_request_loses_nothing(self) -> None:
        wanted = self.undisturbed().state
        step = 1
        while True:
            trial = self.trial()
            trial.crash = CrashPoint(step)
            if not trial.crashing_pull():
                break
            trial.recover()
            same(trial.state, wanted, f"a run crashed at step {step} and another one went on")
            step += 1
        assert step > 1, "the connector asked for nothing; yield requests or calls"

    def test_a_crash_before_any_page_is_stored_loses_nothing(self) -> None:
        wanted = self.undisturbed().state
        page = 1
        while True:
            store = CrashingStore(page)
            trial = Trial(self, self.service(), store=store)
            if not trial.crashing_pull():
                break
            trial.recover()
            same(trial.state, wanted, f"page {page} was read and not stored, and a new run went on")
            page += 1
        assert page > 1, "no page was read"

    def test_a_change_between_any_two_pages_is_not_lost(self) -> None:
        self.needs(Capability.INCREMENTAL)
        page = 1
        while True:
            trial = self.trial()
            if trial.pull(max_pages=page).is_complete:
                break
            self.change(trial.service)
            # What a process of hours later calls the present is no mark: overlaps reach minutes.
            trial.now(SLOW)
            trial.recover()
            # A walk that goes on keeps the upper bound that it began with; the next one sees the change.
            trial.pull()
            self._as_a_new_reader_sees(trial, f"the service changed after page {page} and the walk went on")
            page += 1

    def test_what_changed_since_the_last_run_is_read(self) -> None:
        self.needs(Capability.INCREMENTAL)
        trial = self.undisturbed()
        before = trial.state
        self.change(trial.service)
        trial.pull()
        new = trial.state.told - before.told
        assert new, "`change` adds an issue, and the next run did not find it; read on from the checkpoint"
        self._as_a_new_reader_sees(trial, "the service changed after a whole run, and another run followed")

    def test_a_second_run_finds_nothing_new_where_nothing_changed(self) -> None:
        trial = self.undisturbed()
        for later in (timedelta(0), LATER, 2 * LATER):
            result = trial.pull(later=later)
            assert result.events == 0, (
                f"{result.events} events were new though nothing changed; make them with `Event.of`, from what the"
                " service says alone, and give a version to what has no stamp"
            )

    def test_sync_and_async_read_alike(self) -> None:
        one, other = self.trial(), self.trial()
        one.pull()
        other.apull()
        same(other.state, one.state, "the same was read in an event loop")
        assert _ids(other) == _ids(one), "the events have other ids in an event loop; keep no state between flows"
        assert other.checkpoints() == one.checkpoints(), "the checkpoints differ in an event loop"
        assert _requests(other) == _requests(one), "other requests are sent in an event loop"

    def test_people_come_before_issues(self) -> None:
        has_issues = ""
        for stream, page in self.trial().pages():
            for event in page.events:
                if isinstance(event, IssueChanged):
                    has_issues = has_issues or stream
                elif isinstance(event, ContactChanged) and has_issues not in ("", stream):
                    pytest.fail(f"`{stream}` has people and comes after `{has_issues}`; put it first in `streams`")
            kinds = [type(event) for event in page.events if isinstance(event, IssueChanged | ContactChanged)]
            assert kinds == sorted(kinds, key=lambda kind: kind is IssueChanged), (
                f"a page of `{stream}` has an issue before a person; put people first, so that issues find them"
            )

    def test_every_time_is_aware_and_in_utc(self) -> None:
        trial = self.undisturbed()
        for _, page in self.trial().pages():
            for event in page.events:
                for place, moment in times(event):
                    assert moment.utcoffset() == timedelta(0), (
                        f"`{place}` of {event.type} {event.subject} is {moment!r}; give aware times in UTC"
                    )
        with in_zone(FAR_ZONE):
            elsewhere = self.undisturbed()
        same(elsewhere.state, trial.state, f"the same was read on a machine in {FAR_ZONE}; never use its local time")

    def test_ids_beyond_what_a_float_holds_stay_exact(self) -> None:
        if not self.has_numeric_ids:
            self.leave_out("the ids of this service are no numbers")
        large = [id for id in self.expected.issues if id.isdigit() and int(id) > LARGEST_FLOAT_INT]
        assert any(int(float(id)) != int(id) for id in large), (
            "the fixture has no issue with an odd id above 2**53, such as 9007199254740993; add one"
        )
        found = self.undisturbed().state.issues
        missing = [id for id in large if id not in found]
        assert not missing, f"the issues {missing} were found under other ids: {sorted(found)}; keep ids as text"

    def test_a_page_that_comes_again_and_again_ends_the_walk(self) -> None:
        wanted = self.undisturbed().state.without_history()
        at = 1
        while True:
            service = self.service()
            stuck = Stuck(service, at, self.records)
            trial = self.trial(service, through=stuck)
            error = trial.failing_pull()
            if stuck.repeated is None:
                break
            assert error is None or isinstance(error, ServiceMisbehaved), (
                f"answer {at} came again and again, and the run ended with {type(error).__name__}; raise `PagingStuck`"
            )
            trial.wire.service = service
            trial.recover()
            when = f"answer {at} came again and again, then the service was well; leave the cursor where it was"
            same(trial.state.without_history(), wanted, when)
            at += 1
        if at == 1:
            self.leave_out("the connector sends no requests")

    def test_a_checkpoint_is_json_that_tells_no_secret(self) -> None:
        for stream, page in self.trial().pages():
            text = json.dumps(page.checkpoint, allow_nan=False)
            assert self.secret not in text, f"the checkpoint of `{stream}` holds the secret"
            assert json.loads(text) == page.checkpoint, f"the checkpoint of `{stream}` changes on its way through JSON"

    def _as_a_new_reader_sees(self, trial: Trial[S], when: str) -> None:
        """Compares with a reader that sees the service for the first time; it knows nothing of what is gone."""
        fresh = self.trial(trial.service)
        fresh.recover()
        wanted, found = fresh.state.without_history(), trial.state.without_history()
        gone = found.issues.keys() - wanted.issues.keys()
        open_still = sorted(id for id in gone if not _is_over(trial, id))
        assert not open_still, f"{when}: the issues {open_still} are gone at the service and count as open"
        found = found.without(gone)
        told = found.told | wanted.told if found.told >= wanted.told else found.told
        same(State(found.issues, found.people, told, found.quarantined), replace(wanted, told=told), when)


def _is_over(trial: Trial[S], issue_id: str) -> bool:
    return any(issue.id == issue_id and issue.is_active is False for issue in trial.store.issues())


def _ids(trial: Trial[S]) -> list[str]:
    return sorted(event.id for event in trial.store.events())


def _requests(trial: Trial[S]) -> list[str]:
    return sorted(repr((one.method, one.url, one.params, one.json, one.form)) for one in trial.wire.sent)

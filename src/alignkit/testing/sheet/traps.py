"""Tests of traps that need a service with a clock, a cap or a token: a sheet has what it takes to lay them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar

import pytest

from alignkit.connectors.base import Run
from alignkit.errors import AlignkitError, RateLimited, ServiceMisbehaved
from alignkit.sync import Sync
from alignkit.testing.faults import ASKED, Fault, led_to
from alignkit.testing.overheard import overheard
from alignkit.testing.served import Served
from alignkit.testing.sheet.case import FEW, SheetCase
from alignkit.testing.sheet.changes import BEFORE, Changes
from alignkit.testing.sheet.lines import Cap
from alignkit.testing.sheet.service import SheetService
from alignkit.testing.sheet.sheet import Listing
from alignkit.testing.sheet.truth import differences
from alignkit.testing.source.case import LATER, Trial
from alignkit.testing.world import Kind, Row
from alignkit.transport import Request, Response, run, run_all

REST = timedelta(hours=6)
"""How long a walk rests at most that is gone on with: less than it takes for issues to be read by id."""

BEYOND = 3
"""How many rows there are beyond what a question reaches."""

MOST_ROWS = 2_000
"""Caps beyond this are tried with fewer rows, which the author's connector has to know of."""


class SheetTrapTests(SheetCase):
    """What a source does in the traps that services are known to lay.

    Attributes:
        cap: how far a question reaches in the tests of caps; None for as far as it does at the service. Where it is
            set, `connector` has to make one that knows of it, from `service.sheet`.
    """

    cap: ClassVar[int | None] = None

    def test_rows_of_one_moment_are_read(self) -> None:
        trial = self.trial()
        changes = Changes(self.sheet, trial.service.world)
        trial.service.world.tick(timedelta(hours=1))
        for _ in range(FEW):
            changes.add(Kind.ISSUE if Kind.ISSUE in self.sheet.kinds else min(self.sheet.kinds))
        later = trial.service.world.now - self.now + self.sheet.settles
        for stream in trial.source().streams:
            while not trial.pull(stream=stream, max_pages=1, later=later).is_complete:
                pass
        self._ends_true(trial, f"{FEW} rows were of one moment")

    def test_a_row_of_the_moment_that_a_run_ended_at_is_read_by_the_next(self) -> None:
        trial = self.trial()
        trial.service.world.tick(timedelta(hours=1))
        changes, now = Changes(self.sheet, trial.service.world), trial.service.world.now
        kind = Kind.ISSUE if Kind.ISSUE in self.sheet.kinds else min(self.sheet.kinds)
        changes.add(kind)
        trial.pull(later=now - self.now)
        changes.add(kind)
        self._ends_true(trial, "a run ended between two rows of one moment")

    def test_a_row_that_comes_late_with_an_old_stamp_is_read(self) -> None:
        self._needs_line("late", "lag")
        trial = self.undisturbed()
        world, changes = trial.service.world, Changes(self.sheet, trial.service.world)
        late = self.sheet.late.up_to - timedelta(seconds=1) if self.sheet.late else timedelta(0)
        came: list[tuple[Row, Row]] = []
        for kind in sorted(self.sheet.kinds):
            behind = changes.add(kind, late=late, lag=changes.longest_lag(kind))
            # More than a page, so that a walk from the newest down passes known ones alone before it.
            world.tick(timedelta(seconds=10))
            changes.add_many(kind, FEW, timedelta(seconds=10))
            came.append((behind, changes.add(kind)))
        for _ in range(5):
            trial.pull(later=world.now - self.now)
            world.tick(self.sheet.settles / 4)
        told = {id for _, id in trial.state.told}
        lost = [behind.id for behind, other in came if other.id in told and behind.id not in told]
        assert not lost, f"{lost} came late, and were not read with those that came in time; let walks overlap"
        self._ends_true(trial, "rows came late, with stamps older than what was read before")

    def test_more_rows_than_a_question_reaches_are_read_or_told(self) -> None:
        self._overflow(apart=timedelta(seconds=1))

    def test_more_rows_of_one_moment_than_a_question_reaches_are_read_or_told(self) -> None:
        self._overflow(apart=timedelta(0))

    def test_a_position_that_was_forgotten_is_told_and_costs_nothing(self) -> None:
        self._needs_line("lives")
        lives = max(one.tokens.lives for one in self.sheet.listings if one.tokens.lives)
        page = 1
        while True:
            trial = self.trial()
            if trial.pull(max_pages=page).is_complete:
                break
            trial.service.world.tick(lives + timedelta(seconds=1))
            before = trial.service.expired
            trial.pull()
            was_told = bool(trial.gaps) or trial.service.expired == before
            assert was_told, f"the position after page {page} was forgotten and nobody told; raise `CursorExpired`"
            self._ends_true(trial, f"the position after page {page} was forgotten")
            page += 1

    def test_what_changed_while_a_walk_rested_is_read_by_the_run_that_ends_it(self) -> None:
        if Kind.ISSUE not in self.sheet.kinds:
            self.leave_out("the service has no issues")
        rest = min([REST, *(one.tokens.lives / 2 for one in self.sheet.listings if one.tokens.lives)])
        page = 1
        while True:
            trial = self.trial()
            if trial.pull(max_pages=page).is_complete:
                break
            world = trial.service.world
            world.tick(rest)
            added, first = Changes(self.sheet, world).add(Kind.ISSUE), world.live(Kind.ISSUE)[0]
            world.change(Kind.ISSUE, first.id, word=[*self.sheet.words][-1], title="changed meanwhile")
            world.tick(self.sheet.settles)
            trial.pull(later=world.now - self.now)
            found = {issue.id: issue.status for issue in trial.store.issues()}
            wrong = [row.id for row in (added, first) if found.get(row.id) != world.truth(row.kind, row.id).status]
            assert not wrong, (
                f"a walk rested for {rest} after page {page}; the run that went on with it ended, and {wrong} are not"
                " as they have been since; walk once more where a walk took long"
            )
            page += 1

    def test_a_first_read_from_a_beginning_finds_what_changed_since(self) -> None:
        since = self.now - BEFORE / 2
        trial = self.trial()
        changes, world = Changes(self.sheet, trial.service.world), trial.service.world
        world.now = since
        for kind in sorted(self.sheet.kinds):
            changes.add_many(kind, FEW, timedelta(minutes=1))
        world.now = self.now
        for stream in trial.source().streams:
            while not trial.pull(stream=stream, max_pages=1, since=since).is_complete:
                pass
        told = {id for _, id in trial.state.told}
        changed = [row.id for kind in sorted(self.sheet.kinds) for row in world.live(kind) if row.changed >= since]
        missing = [id for id in changed if id not in told]
        assert not missing, f"a first read began at {since}, and {missing} changed since then and were not read"

    def test_a_thin_page_ends_nothing(self) -> None:
        self._needs_line("thins")
        trial = self.trial()
        trial.service.is_thin = True
        trial.pull()
        trial.service.is_thin = False
        found, wanted = trial.state, self._first_run().state
        lost = sorted("/".join(one) for one in wanted.told - found.told)
        assert not lost, f"every other page was empty, and {lost} were not read; go on where the service says so"

    def test_what_claims_to_be_old_is_read_when_it_comes(self) -> None:
        self._needs_line("backdates")
        assert self.sheet.backdates is not None
        trial = self.undisturbed()
        for kind in sorted(self.sheet.kinds):
            trial.service.world.tick(timedelta(minutes=1))
            Changes(self.sheet, trial.service.world).add(kind, age=self.sheet.backdates.up_to)
        trial.service.world.tick(self.sheet.settles)
        self._ends_true(trial, "what was new claimed to be old")

    def test_a_stream_that_the_plan_lacks_is_skipped_and_told(self) -> None:
        self._needs_line("optional")
        trial = self.trial()
        trial.service.is_basic = True
        with overheard() as noise:
            error = trial.failing_pull()
        assert error is None, f"the plan lacks a stream, and the whole run ended: {error}; skip that stream alone"
        assert trial.gaps or noise.logged, "the plan lacks a stream, and nobody was told; give a sentence in `gaps`"
        found = set(trial.state.issues)
        missing = sorted(set(self.expected.issues) - found)
        assert not missing, f"the plan lacks a stream, and the issues {missing} were not read"

    def test_an_issue_of_somebody_without_an_address_is_kept_and_counted(self) -> None:
        if Kind.ISSUE not in self.sheet.kinds:
            self.leave_out("the service has no issues")
        trial = self.undisturbed()
        counted = trial.store.counts()["issues_without_customer"]
        world, word = trial.service.world, next(one for one, means in self.sheet.words.items() if means.is_active)
        world.tick(self.sheet.settles)
        silent = world.add(Kind.PERSON, title="Without an address") if Kind.PERSON in self.sheet.kinds else None
        of_somebody = world.add(Kind.ISSUE, title="Of somebody", word=word, person=silent.id if silent else None)
        of_nobody = world.add(Kind.ISSUE, title="Of nobody", word=word)
        self._ends_true(trial, "issues came whose people have no address")
        missing = sorted({of_somebody.id, of_nobody.id} - set(trial.state.issues))
        assert not missing, f"the issues {missing} have nobody with an address, and were lost"
        now = trial.store.counts()["issues_without_customer"]
        assert now > counted, "an issue of nobody was read, and does not count among those without a customer"

    def test_a_limit_in_the_services_own_words_is_waited_for(self) -> None:
        self._needs_line("limited")
        asked = self.service()
        if asked.wait_told(ASKED) == asked.wait_told(ASKED + 1):
            self.leave_out("the service names no wait in its headers")
        for at in range(len(self._first_run().wire.sent)):
            trial = self.trial()
            trial.wire.arm(_limit(trial.service), at, lasts=False)
            error = trial.failing_pull()
            assert error is None, f"one limit at request {at + 1} ended the run: {error}; leave retries to the account"
            assert ASKED <= trial.clock.waited < ASKED + PATIENCE, (
                f"the service asked for {ASKED} s and was asked again after {trial.clock.waited:.1f} s;"
                " name its headers in the account's `Limits`"
            )

    def test_every_address_of_a_person_leads_to_them(self) -> None:
        self._needs_line("aliases")
        trial, address = self.undisturbed(), "second.address@example.com"
        world = trial.service.world
        world.tick(self.sheet.settles)
        row = world.live(Kind.PERSON)[0]
        world.change(Kind.PERSON, row.id, addresses=(address,))
        self._ends_true(trial, "a person got a second address")
        found, known = (trial.store.customer(f"email:{one}") for one in (address, row.email))
        assert found is not None, "nobody is known by a person's second address; give the event all of them"
        assert found == known, "a person's second address is another customer's"

    def test_an_address_that_an_issue_names_alone_leads_to_it(self) -> None:
        self._needs_line("supplies")
        trial, address = self.undisturbed(), "wrote.in@example.com"
        world, word = trial.service.world, next(one for one, means in self.sheet.words.items() if means.is_active)
        world.tick(self.sheet.settles)
        world.add(Kind.ISSUE, title="By mail", word=word, email=address)
        self._ends_true(trial, "an issue named an address and nobody")
        facts = trial.store.facts(f"email:{address}", {"issues"})
        assert facts.issues, "an issue names the address of who wrote it, and is not theirs"

    def test_a_right_that_was_taken_away_ends_nothing(self) -> None:
        self._needs_line("hides")
        first = self.undisturbed()
        active = {id for id, status in self.expected.issues.items() if status.is_active}
        before = len(first.wire.sent)
        first.pull(later=LATER)
        for at in range(len(first.wire.sent) - before):
            trial = self.undisturbed()
            trial.service.before = _blind_at(trial.service, len(trial.service.requests) + at)
            for later in (LATER, 2 * LATER):
                trial.failing_pull(later=later)
            ended = sorted(active - {issue.id for issue in trial.store.issues() if issue.is_active is not False})
            assert not ended, (
                f"from request {at + 1} on the right to see them was missing, and the issues {ended} ended by it; prove"
                " that others like them can still be seen before you take one for gone"
            )
            trial.service.before, trial.service.is_blind = _nothing, False
            self._ends_true(trial, "a right was taken away and given back")

    def test_a_token_that_ended_is_renewed_once(self) -> None:
        self._needs_line("renews")
        first = self._first_run()
        for at in range(len(first.service.requests)):
            trial = self.trial()
            trial.service.before = _at(trial.service, at)
            error = trial.failing_pull()
            assert error is None, f"the token ended before request {at + 1}, and the run with it: {error}; renew it"
            renewed = trial.service.renewals - first.service.renewals
            assert renewed <= 1, f"one token ended before request {at + 1}, and {renewed} were asked for"
            lost = first.state.told - trial.state.told
            assert not lost, f"the token ended before request {at + 1}, and {sorted(lost)} were not read"

    def test_two_flows_that_need_a_token_renew_it_once(self) -> None:
        self._needs_line("renews")
        trial = self.trial()
        service, source, now = trial.service, self.connector(trial.service), trial.now()
        streams = (source.streams[0], source.streams[-1])
        run(source.attend(source.read(streams[0], None, Run(now))), service.handle)
        service.end_token()
        before, meeting = service.renewals, _Meeting(service)
        flows = [source.attend(source.read(stream, None, Run(now))) for stream in streams]
        try:
            # On the true clock: one flow waits in earnest until the other has its token.
            run_all(flows, meeting.send, at_once=2)
        except AlignkitError as error:
            pytest.fail(f"two flows needed a new token at once, and one of them ended: {error}; renew under a lock")
        renewed = service.renewals - before
        assert renewed == 1, f"two flows needed a new token at once, and {renewed} were asked for"

    def test_a_listener_at_another_host_hears_nothing(self) -> None:
        service = self.service()
        with Served(service.handle) as here, Served(_silent) as elsewhere:
            service.root = here.url
            trial = self.trial(service)
            here.answer = lambda request: led_to(elsewhere.url, here.url, service.handle(request))
            with suppress(ServiceMisbehaved):
                Sync(trial.store).pull(self.connector(service), now=trial.now())
            assert here.heard, "nothing was sent; let `connector` take `service.base_url`"
            assert not elsewhere.heard, f"every link led to another host, and it heard {elsewhere.heard} requests"

    def _overflow(self, apart: timedelta) -> None:
        self._needs_line("cap")
        for place in range(len(self.sheet.listings)):
            service = self.service()
            listings = [*service.sheet.listings]
            listing = listings[place]
            if listing.cap is None:
                continue
            listings[place] = listing = _with_cap(listing, listing.cap, self.cap)
            # No other list of the same things may make up for what this one leaves out.
            listings = [
                one if one.cap or not {*one.kinds} & {*listing.kinds} else replace(one, cap=listing.cap)
                for one in listings
            ]
            reach = _reach(listing)
            assert reach <= MOST_ROWS, f"a question reaches {reach} rows, too many to try; set `cap` on the test class"
            service.page = None
            service.sheet = replace(service.sheet, listings=listings)
            Changes(service.sheet, service.world).add_many(listing.kinds[0], reach + BEYOND, apart)
            self._reads_or_tells(service)

    def _reads_or_tells(self, service: SheetService) -> None:
        trial = Trial(self, service)
        service.world.tick(self.sheet.settles)
        errors: list[AlignkitError] = []
        for later in (timedelta(0), LATER):
            error = trial.failing_pull(later=service.world.now - self.now + later)
            errors += [error] if error else []
        is_told = bool(trial.gaps) or any(isinstance(error, ServiceMisbehaved) for error in errors)
        lost = differences(trial.store, service, trial.source())
        assert is_told or not lost, (
            f"there were {BEYOND} rows more than one question reaches, and without a word {'; '.join(lost[:3])};"
            " split the question, or give a sentence in `gaps`"
        )

    def _first_run(self) -> Trial[SheetService]:
        trial = self.trial()
        trial.pull()
        return trial

    def _ends_true(self, trial: Trial[SheetService], when: str) -> None:
        world = trial.service.world
        world.tick(self.sheet.settles)
        for later in (timedelta(0), LATER):
            world.tick(later)
            trial.pull(later=world.now - self.now)
        if found := differences(trial.store, trial.service, trial.source()):
            pytest.fail(f"{when}, and in the end {'; '.join(found)}")

    def _needs_line(self, *names: str) -> None:
        if not self.lines & set(names):
            self.leave_out(f"the sheet has no line `{'` or `'.join(names)}`")


def _with_cap(listing: Listing, cap: Cap, most: int | None) -> Listing:
    if most is None:
        return listing
    small = replace(cap, rows=most) if cap.rows else replace(cap, pages=most)
    return replace(listing, cap=small)


def _reach(listing: Listing) -> int:
    cap = listing.cap
    assert cap is not None
    return cap.rows or (cap.pages or 0) * listing.size.most


PATIENCE = 3
"""How many seconds more than asked for are no misreading."""


def _limit(service: SheetService) -> Fault:
    """One refusal in the service's own words."""

    def happen(serve: Callable[[], Response]) -> Response:
        return service.limit(ASKED) or serve()

    return Fault("limit", happen, RateLimited)


def _nothing() -> None:
    return None


def _blind_at(service: SheetService, number: int) -> Callable[[], None]:
    """Takes the right to see away before one request, counted from 0."""

    def before() -> None:
        if len(service.requests) > number:
            service.is_blind = True

    return before


def _at(service: SheetService, number: int) -> Callable[[], None]:
    """Ends the token before one request, counted from 0, of those that are no renewals themselves."""

    def before() -> None:
        if len(service.requests) == number + 1:
            service.end_token()

    return before


@dataclass(slots=True)
class _Meeting:
    """Holds the first two requests until both are there, so that both carry the token that ended."""

    service: SheetService
    barrier: threading.Barrier = field(default_factory=lambda: threading.Barrier(2, timeout=5))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _count: int = 0

    def send(self, request: Request) -> Response:
        with self._lock:
            self._count += 1
            is_early = self._count <= 2
        if is_early:
            with suppress(threading.BrokenBarrierError):
                self.barrier.wait()
        with self._lock:
            return self.service.handle(request)


def _silent(_request: Request) -> Response:
    return Response(200, {"content-type": "application/json"}, b"{}")

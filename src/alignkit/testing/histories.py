"""Random histories of a service while it is read, and the kit for sources whose service is described by a sheet."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar

import pytest

from alignkit.connectors.base import Capability
from alignkit.stores import MemoryStore
from alignkit.stores.base import Applied, Batch
from alignkit.testing.case import LATER, Expected, Trial
from alignkit.testing.connectors import ConnectorTests
from alignkit.testing.sheet import Sheet
from alignkit.testing.sheet_service import ODDS, SheetService
from alignkit.testing.truth import differences
from alignkit.testing.watch import Crash
from alignkit.testing.world import NO_TIME, Fate, Fields, Kind, Row, World
from alignkit.transport import Request, Response

MOST_RUNS = 400
BEFORE = timedelta(days=2)
"""How long before a run the first things came to be, where nothing happens while it reads."""


def seeds() -> Sequence[int]:
    """The seeds of this run: 25 from 0 on, unless `ALIGNKIT_HISTORIES` and `ALIGNKIT_SEED` say otherwise."""
    first = int(os.environ.get("ALIGNKIT_SEED", "0"))
    return range(first, first + int(os.environ.get("ALIGNKIT_HISTORIES", "25")))


class FragileStore(MemoryStore):
    """A store whose process ends now and then: just before a page is stored, or just after."""

    def __init__(self, chance: random.Random, mode: str) -> None:
        super().__init__()
        self.chance = chance
        self.mode = mode

    def apply(self, batch: Batch) -> Applied:
        if self.mode == "any" and self.chance.random() < ODDS:
            raise Crash
        applied = super().apply(batch)
        if (applied.new and self.mode == "after every page") or (self.mode == "any" and self.chance.random() < ODDS):
            raise Crash
        return applied


@dataclass(slots=True)
class Changes:
    """Changes a world at random, within what its sheet says that happens.

    Attributes:
        fates: how things may end, as far as the connector says that it notices.
    """

    sheet: Sheet
    world: World
    chance: random.Random
    fates: Sequence[tuple[Kind, Fate]] = ()
    _names: Iterator[int] = field(default_factory=lambda: count(1))

    def populate(self) -> None:
        """The first things: people and accounts, then what is about them."""
        for kind, most in ((Kind.ACCOUNT, 2), (Kind.PERSON, 4), (Kind.ISSUE, 6), (Kind.OPPORTUNITY, 3)):
            for _ in range(self.chance.randint(1, most) if kind in self.sheet.kinds else 0):
                self.add(kind)
                self.world.tick(timedelta(seconds=self.chance.choice([0, 0, 1, 40, 3000])))
        for kind in (Kind.SURVEY, Kind.POST):
            for _ in range(self.chance.randint(1, 4) if kind in self.sheet.kinds else 0):
                self.add(kind)
                self.world.tick(timedelta(seconds=self.chance.choice([0, 1, 900])))

    def happen(self) -> None:
        """One thing happens."""
        acts: list[Callable[[], None]] = [self._add, self._change, self._change, self._change_many]
        if self.fates:
            acts.append(self._end)
        if self.sheet.touches:
            acts.append(self._touch)
        self.chance.choice(acts)()

    def add(self, kind: Kind, *, lag: timedelta = NO_TIME, late: timedelta = NO_TIME) -> Row:
        """A new thing, with all that a thing of its kind has."""
        return self.world.add(kind, lag=lag, late=late, **self._fields(kind, f"{kind} {next(self._names)}"))

    def _fields(self, kind: Kind, name: str) -> Fields:
        match kind:
            case Kind.ACCOUNT:
                return Fields(title=name)
            case Kind.PERSON:
                return Fields(title=name, email=f"{name.replace(' ', '')}@example.com", account=self._any(Kind.ACCOUNT))
            case Kind.ISSUE:
                word = self.chance.choice(list(self.sheet.words))
                return Fields(title=name, person=self._any(Kind.PERSON), word=word, tags=("vip",))
            case Kind.SURVEY:
                issue, person = self._any(Kind.ISSUE), self._any(Kind.PERSON)
                return Fields(title=name, person=person, issue=issue, score=self.chance.choice([1, 5]))
            case _:
                return Fields(title=name, person=self._any(Kind.PERSON), account=self._any(Kind.ACCOUNT))

    def _any(self, kind: Kind) -> str | None:
        rows = self.world.live(kind)
        return self.chance.choice(rows).id if rows else None

    def _add(self) -> None:
        kind = self.chance.choice(sorted(self.sheet.kinds))
        self.add(kind, lag=self._lag(kind), late=self._late())

    def _change(self) -> None:
        kind = self.chance.choice(sorted(self.sheet.kinds - {Kind.SURVEY, Kind.POST}) or [Kind.POST])
        if kind is not Kind.POST and (rows := self.world.live(kind)):
            self._vary(self.chance.choice(rows), self._late())

    def _change_many(self) -> None:
        """A bulk edit: many rows with one stamp."""
        for row in self.world.live(Kind.ISSUE)[:4]:
            self._vary(row, timedelta(0))

    def _vary(self, row: Row, late: timedelta) -> None:
        word = self.chance.choice(list(self.sheet.words)) if row.kind is Kind.ISSUE else ""
        name = f"{row.kind} {next(self._names)}"
        self.world.change(row.kind, row.id, late=late, lag=self._lag(row.kind), title=name, word=word)

    def _touch(self) -> None:
        if rows := self.world.live(Kind.ISSUE):
            row = self.chance.choice(rows)
            self.world.change(row.kind, row.id, is_stamped=False, lag=self._lag(row.kind))

    def _end(self) -> None:
        kind, fate = self.chance.choice(list(self.fates))
        rows = self.world.live(kind)
        if len(rows) < 3:
            return
        loser, survivor = self.chance.sample(rows, 2)
        if fate is Fate.MERGED:
            self.world.merge(kind, loser.id, survivor.id, lag=self._lag(kind))
        else:
            self.world.change(kind, loser.id, fate=fate, lag=self._lag(kind))

    def _lag(self, kind: Kind) -> timedelta:
        lags = [one.lag.up_to for one in self.sheet.listings if one.lag and kind in one.kinds]
        return self.chance.random() * max(lags, default=timedelta(0))

    def _late(self) -> timedelta:
        is_late = self.sheet.late is not None and self.chance.random() < 0.3
        return self.chance.random() * self.sheet.late.up_to if is_late and self.sheet.late else timedelta(0)


class SheetTests(ConnectorTests[SheetService]):
    """The whole kit for a source whose service is described by a sheet, and its random histories.

    Give `sheet` and `connector`; everything else follows from the sheet.
    """

    sheet: ClassVar[Sheet]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "sheet" in vars(cls):
            cls.records = cls.sheet.records
            cls.has_numeric_ids = cls.sheet.has_numeric_ids
            cls.expected = _expected(cls.sheet)

    def service(self) -> SheetService:
        return SheetService(self.sheet, settled_world(self.sheet, self.now), self.secret)

    def present(self, service: SheetService, later: timedelta) -> datetime:
        world = service.world
        world.now = max(world.now, self.now + later)
        return world.now

    def change(self, service: SheetService) -> None:
        world = service.world
        world.tick(self.sheet.settles)
        first, *_ = world.live(Kind.ISSUE)
        world.change(Kind.ISSUE, first.id, word=[*self.sheet.words][-1], title="changed")
        Changes(self.sheet, world, random.Random(1)).add(Kind.ISSUE)
        world.tick(self.sheet.settles)

    def delete(self, service: SheetService) -> str:
        return self._end(service, {Fate.DELETED, Fate.PURGED})

    def merge(self, service: SheetService) -> tuple[str, str]:
        world = service.world
        world.tick(self.sheet.settles)
        loser, survivor, *_ = _active(world)
        world.merge(Kind.ISSUE, loser.id, survivor.id)
        world.tick(self.sheet.settles)
        return loser.id, survivor.id

    def restate(self, service: SheetService, status: str) -> str | None:
        first = service.world.live(Kind.ISSUE)[0]
        service.world.change(Kind.ISSUE, first.id, word=status)
        service.world.tick(self.sheet.settles)
        return first.id

    def notes(self, service: SheetService, issue_id: str) -> Sequence[str]:
        return service.world.truth(Kind.ISSUE, issue_id).notes

    def tags(self, service: SheetService, issue_id: str) -> Sequence[str]:
        return service.world.truth(Kind.ISSUE, issue_id).tags

    @pytest.mark.parametrize("seed", seeds())
    def test_it_ends_with_the_services_truth_whatever_happened_meanwhile(self, seed: int) -> None:
        History(self, seed).play()

    def _end(self, service: SheetService, fates: set[Fate]) -> str:
        fate = next((one.fate for one in self.sheet.happens if one.kind is Kind.ISSUE and one.fate in fates), None)
        assert fate is not None, "DELETIONS is claimed, and no line `happens` of the sheet says how an issue is deleted"
        world = service.world
        world.tick(self.sheet.settles)
        first, *_ = _active(world)
        world.change(Kind.ISSUE, first.id, fate=fate)
        world.tick(self.sheet.settles)
        return first.id


def _active(world: World) -> list[Row]:
    return [row for row in world.live(Kind.ISSUE) if row.status.is_active]


def settled_world(sheet: Sheet, now: datetime) -> World:
    """A world with a few things of each kind, several issues of each word, long before `now`."""
    world = World(now - BEFORE, sheet.unit, sheet.words, sheet.make_id)
    changes = Changes(sheet, world, random.Random(0))
    for kind in (Kind.ACCOUNT, Kind.PERSON, Kind.ISSUE, Kind.SURVEY, Kind.POST, Kind.OPPORTUNITY):
        if kind not in sheet.kinds:
            continue
        words = [*sheet.words] if kind is Kind.ISSUE else [""] * 3
        for word in words + words[: max(0, 5 - len(words)) if kind is Kind.ISSUE else 0]:
            row = changes.add(kind)
            if word:
                world.change(kind, row.id, word=word)
            world.tick(timedelta(minutes=1))
    world.now = now
    return world


def _expected(sheet: Sheet) -> Expected:
    world = settled_world(sheet, SheetTests.now)
    return Expected(
        issues={row.id: row.status for row in world.live(Kind.ISSUE)},
        people=frozenset(row.email for row in world.live(Kind.PERSON) if row.email),
    )


class Busy:
    """A service that is too busy now and then, in the words of its sheet."""

    def __init__(self, service: SheetService, chance: random.Random) -> None:
        self.service = service
        self.chance = chance
        self.was_busy = False

    def handle(self, request: Request) -> Response:
        is_busy = not self.was_busy and self.chance.random() < ODDS / 3
        self.was_busy = is_busy
        refusal = self.service.limit(self.chance.randint(1, 9)) if is_busy else None
        return self.service.handle(request) if refusal is None else refusal


@dataclass(slots=True)
class History:
    """One random history of a service, while a client reads it and crashes."""

    case: SheetTests
    seed: int
    chance: random.Random = field(init=False)
    left: int = field(init=False)
    service: SheetService = field(init=False)
    changes: Changes = field(init=False)

    def __post_init__(self) -> None:
        sheet = self.case.sheet
        self.chance = random.Random(f"{sheet.name}/{self.seed}")
        self.left = 0
        world = World(self.case.now, sheet.unit, sheet.words, sheet.make_id)
        self.changes = Changes(sheet, world, self.chance, self._fates())
        self.changes.populate()
        world.tick(sheet.settles * self.chance.choice([0, 1, 1]))
        self.service = SheetService(
            sheet, world, self.case.secret, is_lively=True, random=self.chance, before=self._before
        )

    def play(self) -> None:
        """Plays it to its end, and compares what the store holds with the truth."""
        mode = self.chance.choice(["after every page", "any", "never"])
        store = FragileStore(self.chance, mode)
        try:
            for _ in range(2):
                self.left = self.chance.randint(2, 6)
                self._run(store)
                self._pass_time()
            self.left, store.mode = 0, "never"
            self.service.world.tick(self.case.sheet.settles)
            for _ in range(3):
                self._run(store)
                self.service.world.tick(LATER)
            found = differences(store, self.service, self.case.connector(self.service))
        finally:
            store.close()
        if found:
            pytest.fail(f"history {self.seed} of {self.case.sheet.name} ({mode}): " + "; ".join(found))

    def _run(self, store: FragileStore) -> None:
        """One reading to its end, by as many processes as it takes."""
        for _ in range(MOST_RUNS):
            trial = Trial(self.case, self.service, Busy(self.service, self.chance), store)
            try:
                error = trial.failing_pull()
            except Crash:
                continue
            assert error is None, f"history {self.seed}: a run ended with {type(error).__name__}: {error}"
            return
        pytest.fail(f"history {self.seed}: {MOST_RUNS} runs, each resumed where the last one ended, came to no end")

    def _pass_time(self) -> None:
        for _ in range(self.chance.randint(0, 3)):
            self.changes.happen()
            self.service.world.tick(timedelta(seconds=self.chance.choice([0, 1, 70, 4000])))

    def _before(self) -> None:
        world = self.service.world
        world.tick(timedelta(milliseconds=self.chance.choice([0, 40, 900])))
        if self.left and self.chance.random() < 0.5:
            self.left -= 1
            self.changes.happen()

    def _fates(self) -> list[tuple[Kind, Fate]]:
        claims = self.case.connector(self.case.service()).capabilities
        needed = {Fate.MERGED: Capability.MERGES}
        return [
            (one.kind, one.fate)
            for one in self.case.sheet.happens
            if one.kind is not Kind.ISSUE or needed.get(one.fate, Capability.DELETIONS) in claims
        ]

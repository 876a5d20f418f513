"""Changes the truth at a fake service at random, within what its sheet says that happens there."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from alignkit.testing.sheet.sheet import Sheet
from alignkit.testing.world import NO_TIME, Fate, Fields, Kind, Row, World

BEFORE = timedelta(days=2)
"""How long before a run the first things came to be, where nothing happens while it reads."""

SOME = 0.3
"""How often a thing has what it may have."""

ORDER = (Kind.ACCOUNT, Kind.PERSON, Kind.ISSUE, Kind.SURVEY, Kind.POST, Kind.OPPORTUNITY)
"""Kinds, each after those that it may name."""


@dataclass(slots=True)
class Changes:
    """Changes a world at random, within what its sheet says that happens.

    Attributes:
        fates: how things may end, as far as the connector says that it notices.
    """

    sheet: Sheet
    world: World
    chance: random.Random = field(default_factory=lambda: random.Random(0))
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
        if self.sheet.restores:
            acts.append(self._restore)
        if self.sheet.varies:
            acts.append(self._vary_otherwise)
        self.chance.choice(acts)()

    def add(self, kind: Kind, *, lag: timedelta = NO_TIME, late: timedelta = NO_TIME, age: timedelta = NO_TIME) -> Row:
        """A new thing, with all that a thing of its kind has; see `World.add`."""
        fields = self._fields(kind, f"{kind} {next(self._names)}")
        return self.world.add(kind, lag=lag, late=late, age=age, **fields)

    def add_many(self, kind: Kind, number: int, apart: timedelta) -> None:
        """Many new things, some time apart, that are alike but for their names."""
        fields = self._fields(kind, "")
        for _ in range(number):
            name = f"{kind} {next(self._names)}"
            fields["title"] = name
            if kind is Kind.PERSON:
                fields["email"] = _address(name)
            self.world.add(kind, **fields)
            self.world.tick(apart)

    def _fields(self, kind: Kind, name: str) -> Fields:
        match kind:
            case Kind.ACCOUNT:
                return Fields(title=name)
            case Kind.PERSON:
                more = (_address(f"{name} home"),) if self.sheet.aliases and self.chance.random() < SOME else ()
                return Fields(title=name, email=_address(name), addresses=more, account=self._any(Kind.ACCOUNT))
            case Kind.ISSUE:
                word, person = self.chance.choice(list(self.sheet.words)), self._any(Kind.PERSON)
                return Fields(title=name, person=person, others=self._others(person), word=word, tags=("vip",))
            case Kind.SURVEY:
                issue, person = self._any(Kind.ISSUE), self._any(Kind.PERSON)
                return Fields(title=name, person=person, issue=issue, score=self.chance.choice([1, 5]))
            case _:
                return Fields(title=name, person=self._any(Kind.PERSON), account=self._any(Kind.ACCOUNT))

    def _others(self, person: str | None) -> tuple[str, ...]:
        """Somebody else, now and then, where issues concern further people."""
        if person is None or not self.sheet.includes or self.chance.random() >= SOME:
            return ()
        other = self._any(Kind.PERSON)
        return () if other in (None, person) else (str(other),)

    def _any(self, kind: Kind) -> str | None:
        rows = self.world.live(kind)
        return self.chance.choice(rows).id if rows else None

    def _add(self) -> None:
        kind = self.chance.choice(sorted(self.sheet.kinds))
        self.add(kind, lag=self._lag(kind), late=self._late(), age=self._age())

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

    def _restore(self) -> None:
        back = [
            row
            for one in self.sheet.restores
            for row in self.world.everything(one.kind)
            if row.fate is one.fate and self.world.by_id(row.kind, row.id) == row
        ]
        if back:
            row = self.chance.choice(back)
            self.world.change(row.kind, row.id, fate=None, lag=self._lag(row.kind))

    def _vary_otherwise(self) -> None:
        one = self.chance.choice(list(self.sheet.varies))
        rows = [row for row in self.world.live(one.kind) if one.is_stamped or row.status.is_active]
        if not rows:
            return
        row, lag = self.chance.choice(rows), self._lag(one.kind)
        if one.field == "score":
            self.world.change(row.kind, row.id, score=1 if row.score == 5 else 5, lag=lag)
        else:
            person = self._any(Kind.PERSON)
            self.world.change(row.kind, row.id, is_stamped=one.is_stamped, person=person, lag=lag)

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
        return self.chance.random() * self.longest_lag(kind)

    def longest_lag(self, kind: Kind) -> timedelta:
        """How long a list may need to show a change of a thing of this kind."""
        return max((one.lag.up_to for one in self.sheet.listings if one.lag and kind in one.kinds), default=NO_TIME)

    def _age(self) -> timedelta:
        is_old = self.sheet.backdates is not None and self.chance.random() < 0.3
        return self.chance.random() * self.sheet.backdates.up_to if is_old and self.sheet.backdates else NO_TIME

    def _late(self) -> timedelta:
        is_late = self.sheet.late is not None and self.chance.random() < 0.3
        return self.chance.random() * self.sheet.late.up_to if is_late and self.sheet.late else timedelta(0)


def _address(name: str) -> str:
    return f"{name.replace(' ', '')}@example.com"


def _in_turn(world: World, number: int) -> str | None:
    """One person after the other, so that neighbours are of two."""
    people = world.live(Kind.PERSON)
    return people[number % len(people)].id if people else None


def settled_world(sheet: Sheet, now: datetime) -> World:
    """A world with a few things of each kind, several issues of each word, long before `now`."""
    world = World(now - BEFORE, sheet.unit, sheet.words, sheet.make_id)
    changes = Changes(sheet, world, random.Random(0))
    for kind in ORDER:
        if kind not in sheet.kinds:
            continue
        words = [*sheet.words] if kind is Kind.ISSUE else [""] * 3
        for word in words + words[: max(0, 5 - len(words)) if kind is Kind.ISSUE else 0]:
            row = changes.add(kind)
            if word:
                world.change(kind, row.id, word=word, person=_in_turn(world, row.number), others=())
            world.tick(timedelta(minutes=1))
    world.now = now
    return world

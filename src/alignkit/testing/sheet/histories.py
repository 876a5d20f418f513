"""Random histories of a service while a client reads it and crashes: in the end the store must hold the truth."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from alignkit.connectors.base import Capability
from alignkit.stores import MemoryStore
from alignkit.stores.records import Applied, Batch
from alignkit.testing.sheet.case import SheetCase
from alignkit.testing.sheet.changes import Changes
from alignkit.testing.sheet.service import ODDS, SheetService
from alignkit.testing.sheet.truth import differences
from alignkit.testing.source.case import LATER, Trial
from alignkit.testing.watch import Crash
from alignkit.testing.world import Fate, Kind, World
from alignkit.transport import Request, Response

MOST_RUNS = 400


def seeds() -> Sequence[int]:
    """The seeds of this run: 25 from 0 on, unless `ALIGNKIT_HISTORIES` and `ALIGNKIT_SEED` say otherwise."""
    first = int(os.environ.get("ALIGNKIT_SEED", "0"))
    return range(first, first + int(os.environ.get("ALIGNKIT_HISTORIES", "25")))


class HistoryTests(SheetCase):
    """How a source comes through whatever happens at its service."""

    @pytest.mark.parametrize("seed", seeds())
    def test_it_ends_with_the_services_truth_whatever_happened_meanwhile(self, seed: int) -> None:
        History(self, seed).play()


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
        if self._ends_after(batch, applied):
            raise Crash
        return applied

    def _ends_after(self, batch: Batch, applied: Applied) -> bool:
        if self.mode == "after every page" and batch.stream is not None:
            return applied.new > 0
        # What was read by id may all be read again by each new process, so after that not every time.
        return self.mode != "never" and self.chance.random() < ODDS


class Busy:
    """A service that is too busy now and then, in the words of its sheet."""

    def __init__(self, service: SheetService, chance: random.Random) -> None:
        self.service = service
        self.chance = chance
        self.was_busy: bool = False

    def handle(self, request: Request) -> Response:
        is_busy = not self.was_busy and self.chance.random() < ODDS / 3
        self.was_busy = is_busy
        refusal = self.service.limit(self.chance.randint(1, 9)) if is_busy else None
        return self.service.handle(request) if refusal is None else refusal


@dataclass(slots=True)
class History:
    """One random history of a service, while a client reads it and crashes."""

    case: SheetCase
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
        known = {why for one in found for words, why in self.case.unmended.items() if words in one}
        if found and all(any(words in one for words in self.case.unmended) for one in found):
            pytest.xfail("; ".join(sorted(known)))
        if found:
            pytest.fail(f"history {self.seed} of {self.case.sheet.name} ({mode}): " + "; ".join(found))

    def _run(self, store: FragileStore) -> None:
        """One reading to its end, by as many processes as it takes."""
        for _ in range(MOST_RUNS):
            # No two runs begin at the same moment: of two changes within a second, the one seen later counts.
            self.service.world.tick(timedelta(milliseconds=1))
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

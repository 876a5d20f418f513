"""What the kit wants to know of a source whose service is described by a sheet, taken from that sheet."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.service import Records
from alignkit.testing.sheet.changes import Changes, settled_world
from alignkit.testing.sheet.service import SheetService
from alignkit.testing.sheet.sheet import Sheet
from alignkit.testing.source.case import Expected, SourceTests
from alignkit.testing.world import SECOND, Fate, Kind, Row, World

FEW = 5
"""More things than a page of the kit's services has."""


class SheetCase(SourceTests[SheetService]):
    """One source and the sheet of its service: what the kit wants to know follows from the sheet.

    Attributes:
        sheet: the service.
        unmended: words of a difference in the end of a history that is the connector's to mend -> what is missing. A
            history that ends with such differences alone fails as expected, in these words.
    """

    sheet: ClassVar[Sheet]
    unmended: ClassVar[Mapping[str, str]] = {}
    records: ClassVar[Sequence[Records]]
    has_numeric_ids: ClassVar[bool]
    expected: ClassVar[Expected]
    lines: ClassVar[frozenset[str]]
    meanings: ClassVar[Mapping[str, IssueStatus]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "sheet" in vars(cls):
            cls.records = cls.sheet.records
            cls.has_numeric_ids = cls.sheet.has_numeric_ids
            cls.expected = _expected(cls.sheet)
            cls.lines = cls.sheet.lines
            cls.meanings = cls.sheet.words

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
        # More than a page, so that no walk from the newest down meets the first by its first page.
        Changes(self.sheet, world, random.Random(1)).add_many(Kind.ISSUE, FEW, SECOND)
        world.tick(self.sheet.settles)

    def delete(self, service: SheetService) -> str:
        return self._end(service, {Fate.DELETED, Fate.PURGED})

    def merge(self, service: SheetService) -> tuple[str, str]:
        world = service.world
        world.tick(self.sheet.settles)
        loser, survivor = _two_peoples(world)
        world.merge(Kind.ISSUE, loser.id, survivor.id)
        world.tick(self.sheet.settles)
        return loser.id, survivor.id

    def restate(self, service: SheetService, status: str) -> str | None:
        first = service.world.live(Kind.ISSUE)[0]
        service.world.change(Kind.ISSUE, first.id, word=status)
        service.world.tick(self.sheet.settles)
        return first.id

    def noted(self) -> str:
        return settled_world(self.sheet, self.now).live(self._noted)[0].id

    def notes(self, service: SheetService, issue_id: str) -> Sequence[str]:
        return service.world.truth(self._noted, issue_id).notes

    @property
    def _noted(self) -> Kind:
        return Kind.ISSUE if Kind.ISSUE in self.sheet.kinds else Kind.PERSON

    def tags(self, service: SheetService, issue_id: str) -> Sequence[str]:
        return service.world.truth(Kind.ISSUE, issue_id).tags

    def _end(self, service: SheetService, fates: set[Fate]) -> str:
        fate = next((one.fate for one in self.sheet.happens if one.kind is Kind.ISSUE and one.fate in fates), None)
        assert fate is not None, "DELETIONS is claimed, and no line `happens` of the sheet says how an issue is deleted"
        world = service.world
        world.tick(self.sheet.settles)
        first, *_ = _active(world)
        world.change(Kind.ISSUE, first.id, fate=fate)
        world.tick(self.sheet.settles)
        return first.id


def _two_peoples(world: World) -> tuple[Row, Row]:
    """Two active issues of two people who have no other."""
    mine = [row for row in _active(world) if row.person]
    return next((one, other) for one in mine for other in mine if not _concerned(one) & _concerned(other))


def _concerned(row: Row) -> set[str | None]:
    return {row.person, *row.others}


def _active(world: World) -> list[Row]:
    return [row for row in world.live(Kind.ISSUE) if row.status.is_active]


def _expected(sheet: Sheet) -> Expected:
    world = settled_world(sheet, SheetCase.now)
    return Expected(
        issues={row.id: row.status for row in world.live(Kind.ISSUE)},
        people=frozenset(row.email for row in world.live(Kind.PERSON) if row.email),
    )

"""Whatever a store holds otherwise than the service is told, by name; nothing is told where they agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from alignkit.stores import MemoryStore
from alignkit.sync import Sync
from alignkit.testing import SheetService
from alignkit.testing.sheet.truth import differences
from alignkit.testing.world import Fate, Kind, World
from alignkit_hostile.gong import Gong
from alignkit_hostile.gongs import TakesTheReadingForTheAnswer

from .test_gong import TestGong as GongCase

Change = Callable[[World], object]


def told(change: Change, connector: type[Gong] = Gong) -> list[str]:
    """What is told when the truth changed after it was read."""
    case = GongCase()
    service: SheetService = case.service()
    source = connector(service.base_url, case.secret, service.tokens, reach=case.connector(service).reach)
    store = MemoryStore()
    Sync(store, send=service.handle).pull(source, now=service.world.now)
    change(service.world)
    return differences(store, service, source)


def test_nothing_is_told_where_nothing_changed() -> None:
    assert told(lambda _world: None) == []


def first(world: World, kind: Kind) -> str:
    return world.live(kind)[0].id


def last(world: World, kind: Kind) -> str:
    return world.live(kind)[-1].id


CHANGES: Sequence[tuple[Change, str]] = [
    (lambda w: w.add(Kind.ISSUE, word="open"), "(open) is missing"),
    (lambda w: w.change(Kind.ISSUE, first(w, Kind.ISSUE), word="over"), "and not closed"),
    (lambda w: w.change(Kind.ISSUE, first(w, Kind.ISSUE), title="new"), "and not 'new'"),
    (lambda w: w.change(Kind.ISSUE, first(w, Kind.ISSUE), fate=Fate.PURGED), "and was purged"),
    (
        lambda w: w.change(Kind.ISSUE, first(w, Kind.ISSUE), person=w.live(Kind.PERSON)[-1].id),
        "is not of the person",
    ),
    (lambda w: w.add(Kind.PERSON, email="new@example.com"), "person"),
    (lambda w: w.change(Kind.PERSON, first(w, Kind.PERSON), email="new@example.com"), "not new@example.com"),
    (lambda w: w.add(Kind.SURVEY, score=1), "is missing"),
    (lambda w: w.change(Kind.SURVEY, first(w, Kind.SURVEY), score=3), "of 5"),
    (lambda w: w.change(Kind.SURVEY, first(w, Kind.SURVEY), issue="1"), "and not about 1"),
    (lambda w: w.change(Kind.ISSUE, first(w, Kind.ISSUE), others=("1",)), "concerns ['1'] as well"),
    (lambda w: w.change(Kind.PERSON, first(w, Kind.PERSON), addresses=("second@example.com",)), "not second@"),
    (lambda w: w.change(Kind.PERSON, first(w, Kind.PERSON), fate=Fate.DELETED), "is there and was deleted"),
    (
        lambda w: w.change(Kind.PERSON, first(w, Kind.PERSON), fate=Fate.MERGED, survivor=last(w, Kind.PERSON)),
        "is another customer still",
    ),
]


def test_who_is_named_for_an_issue_of_nobody_is_told() -> None:
    [found] = told(lambda w: w.change(Kind.ISSUE, first(w, Kind.ISSUE), person=None))
    assert "is of nobody" in found


def test_an_answer_of_another_time_is_told() -> None:
    found = told(lambda _world: None, TakesTheReadingForTheAnswer)
    assert found
    assert all("was answered at" in one for one in found)


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_one_thing_that_changed_is_told(change: Change, words: str) -> None:
    [found] = told(change)
    assert words in found

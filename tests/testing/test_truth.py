"""Whatever a store holds otherwise than the service is told, by name; nothing is told where they agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from alignkit.stores import MemoryStore
from alignkit.sync import Sync
from alignkit.testing import SheetService
from alignkit.testing.truth import differences
from alignkit.testing.world import Fate, Kind, World

from .test_gong import TestGong as GongCase

Change = Callable[[World], object]


def told(change: Change) -> list[str]:
    """What is told when the truth changed after it was read."""
    case = GongCase()
    service: SheetService = case.service()
    source = case.connector(service)
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
]


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_one_thing_that_changed_is_told(change: Change, words: str) -> None:
    [found] = told(change)
    assert words in found

"""Garbage collection is put off within a block, and afterwards is as the program had it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from threading import Barrier, Thread

import pytest

from alignkit.garbage import put_off


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    was_enabled = gc.isenabled()
    yield
    if was_enabled:
        gc.enable()
    else:
        gc.disable()


def test_nothing_is_collected_within_the_block_and_everything_after_it() -> None:
    gc.enable()
    with put_off():
        assert not gc.isenabled()
        with put_off():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_program_that_collects_by_itself_goes_on_doing_so() -> None:
    gc.disable()
    with put_off():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_an_error_leaves_the_collector_as_it_was() -> None:
    gc.enable()
    with pytest.raises(ValueError, match="no"), put_off():
        raise ValueError("no")
    assert gc.isenabled()


def test_the_last_of_several_threads_brings_the_collector_back() -> None:
    gc.enable()
    inside, one_out = Barrier(2), Barrier(2)
    seen: list[bool] = []

    def first() -> None:
        with put_off():
            inside.wait(5)
        one_out.wait(5)

    def second() -> None:
        with put_off():
            inside.wait(5)
            one_out.wait(5)
            seen.append(gc.isenabled())

    threads = [Thread(target=first), Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert seen == [False]
    assert gc.isenabled()

"""Keeps what a day has cost where no crash reaches it, so that a spending limit holds before it is passed.

What a request can cost at the most is taken from the day's budget before it is sent; what it did not cost is given
back when its answer has come. Where a process ends in between, the most counts.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import Field, ValidationError

from alignkit import durable
from alignkit.connectors.window import Kept
from alignkit.errors import RateLimited, SettingsError, StoreDamaged, StoreUnavailable
from alignkit.transport import Flow, call

if sys.platform != "win32":
    import fcntl

MILLION = 1_000_000
"""Money is counted in millionths of a dollar, which add up exactly."""


class Spending(Protocol):
    """What has been spent on the latest day; both methods may block, and are safe to call from several processes."""

    def reserve(self, day: str, price: int, budget: int, least: int, most: int) -> int:
        """Takes the price of up to `most` posts from a day's budget, and says of how many; 0 where `least` do not fit.

        Args:
            day: as `2026-03-04`; one that is over counts as the latest.
            price: the most that one post can cost, in millionths of a dollar.
            budget: of the whole day, likewise.
            least: the fewest posts that a request can ask for.
            most: how many are wanted.
        """
        ...

    def give_back(self, day: str, amount: int) -> None:
        """Gives back what was reserved on a day and not spent; nothing where that day is over."""
        ...


class _Day(Kept):
    """One day, and what it has cost."""

    day: str = ""
    spent: int = Field(default=0, ge=0)

    def on(self, day: str) -> _Day:
        return self if day <= self.day else _Day(day=day)

    def room(self, price: int, budget: int, least: int, most: int) -> int:
        count = most if price == 0 else min(most, (budget - self.spent) // price)
        return count if count >= least else 0

    def with_more(self, amount: int) -> _Day:
        return _Day(day=self.day, spent=max(0, self.spent + amount))


class MemorySpending:
    """Spending that is forgotten with the process: for trials, and where one process reads all day."""

    def __init__(self) -> None:
        self._today = _Day()
        self._lock = threading.Lock()

    def reserve(self, day: str, price: int, budget: int, least: int, most: int) -> int:
        with self._lock:
            today = self._today.on(day)
            count = today.room(price, budget, least, most)
            self._today = today.with_more(count * price)
            return count

    def give_back(self, day: str, amount: int) -> None:
        with self._lock:
            if self._today.day == day:
                self._today = self._today.with_more(-amount)


class SpendingFile:
    """Spending in one JSON file, for every process and connector whose reading is paid from one budget.

    The file is replaced as a whole and synced to disk before anything is asked for. Beside it lies an empty file, its
    name ending in `.lock`, that each change locks (`flock`; the lock ends with its process).

    Raises:
        SettingsError: from the constructor, on systems without `flock`.
        StoreUnavailable: from the methods; the file cannot be read or written.
        StoreDamaged: it holds something else.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if sys.platform == "win32":
            raise SettingsError("`SpendingFile` needs `flock`; on this system give a `Spending` of your own")
        self._path = Path(path).absolute()

    def reserve(self, day: str, price: int, budget: int, least: int, most: int) -> int:
        with self._locked():
            today = self._read().on(day)
            count = today.room(price, budget, least, most)
            if count * price:
                self._write(today.with_more(count * price))
            return count

    def give_back(self, day: str, amount: int) -> None:
        if not amount:
            return
        with self._locked():
            today = self._read()
            if today.day == day:
                self._write(today.with_more(-amount))

    @contextmanager
    def _locked(self) -> Generator[None]:
        lock_path = self._path.with_name(f"{self._path.name}.lock")
        try:
            descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise StoreUnavailable(f"`{self._path}` cannot be used: {reason}; check its folder") from error

    def _read(self) -> _Day:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return _Day()
        try:
            return _Day.model_validate_json(content)
        except ValidationError:
            pass
        raise StoreDamaged(f"`{self._path}` does not say what was spent; move it away, and a whole day's budget counts")

    def _write(self, today: _Day) -> None:
        durable.replace(self._path, json.dumps(today.model_dump()).encode())


@dataclass(frozen=True, slots=True)
class Grant:
    """What one request may cost at the most: so many posts at this price, from the budget of this day."""

    day: str
    price: int
    count: int


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget of one account.

    Attributes:
        name: of the connector.
        amount: of a day, in millionths of a dollar.
    """

    name: str
    amount: int
    spending: Spending

    def reserve(self, day: str, price: int, least: int, most: int) -> Flow[Grant]:
        """A grant for as many posts as fit.

        Raises:
            RateLimited: not even the fewest fit; nothing was taken.
        """
        count = yield from call(self.spending.reserve, day, price, self.amount, least, most)
        if not count:
            raise RateLimited(
                f"`{self.name}` has spent the day's budget; raise `daily_budget`, or run again tomorrow (UTC)"
            )
        return Grant(day, price, count)

    def reserve_some(self, day: str, price: int, most: int) -> Flow[Grant]:
        """A grant from the first half of the day's budget, for what can wait; of no post where that is spent."""
        count = (yield from call(self.spending.reserve, day, price, self.amount // 2, 1, most)) if most else 0
        return Grant(day, price, count)

    def settle(self, grant: Grant, count: int) -> Flow[None]:
        """Gives back what a grant has over the price of what came."""
        left = grant.price * (grant.count - count)
        if left > 0:
            yield from call(self.spending.give_back, grant.day, left)

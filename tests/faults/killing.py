"""Runs one job again and again, killed at its first step, then its second, until it comes to its end alive.

Started as a program, so that it has one thread and may fork: `killing.py JOB FOLDER`. Each forked run opens the store
anew, as a process would; what a kill leaves is looked at and then settled by another run. The number of kills is
printed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sync.fakes import OFFER, STARTER, FakeSink, FakeSource, Member, address, desk

from alignkit import SQLiteStore, Sync
from alignkit.models import microseconds
from alignkit.models.exchange import Ref
from alignkit.stores.base import Store
from alignkit.stores.records import OWN_SOURCE
from alignkit.sync import Backlog, Cohort, Pace
from alignkit.sync.stop import find
from alignkit.testing.store.stories import at, contact, issue
from alignkit.transport import Request, Response

STORE_CALLS = frozenset(name for name in vars(Store) if not name.startswith("_"))
HELD = ("ada", "bob", "carol")
MOST_KILLS = 2_000


class Countdown:
    """Kills this process, in the hard way, at a step of its own."""

    def __init__(self, at: int = 0) -> None:
        self._at = at
        self._steps = 0
        self._turn = threading.Lock()

    def __call__(self, _: str = "") -> None:
        with self._turn:
            self._steps += 1
            if self._steps == self._at:
                os.kill(os.getpid(), signal.SIGKILL)


class MortalStore(SQLiteStore):
    """A store that counts down before and after every call, and before every statement that writes.

    Statements that read leave everything as it is: a kill before one is the same as a kill before what follows.
    """

    countdown: Countdown = Countdown()

    def _connect(self) -> sqlite3.Connection:
        store = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                if not sql.startswith("SELECT"):
                    store.countdown()
                return super().execute(sql, *parameters)

            def executemany(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                store.countdown()
                return super().executemany(sql, *parameters)

        return sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, factory=Connection)

    def _configure(self, connection: sqlite3.Connection) -> None:
        super()._configure(connection)
        # A killed process leaves the system's memory whole; only a loss of power needs the disk to be waited for.
        connection.execute("PRAGMA synchronous = OFF")

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name not in STORE_CALLS:
            return value

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.countdown()
            result = value(*args, **kwargs)
            self.countdown()
            return result

        return counted


def send_nothing(wanted: Request) -> Response:
    raise AssertionError(wanted)


@dataclass
class Scene:
    """A store and a destination in a folder, and the helpdesk."""

    folder: Path
    countdown: Countdown

    def __post_init__(self) -> None:
        self.store = MortalStore(self.folder / "align.db")
        self.store.countdown = self.countdown
        self.sync = Sync(self.store, send=send_nothing)
        self.sink = FakeSink(
            *(address(name) for name in (*HELD, "dora", "eve")), file=self.folder / "list.json", hook=self.countdown
        )

    def source(self, status: str = "open", hours: float = 0) -> FakeSource:
        asked = [issue(f"of-{name}", hours, status, requester_id=f"u-{name}") for name in HELD]
        source = desk(*asked, issue("dora's", hours, status, requester_email=address("dora")), hook=self.countdown)
        source.told["users"] = [contact(f"u-{name}", 0, address(name)) for name in HELD]
        source.wanted = [Ref("issue", "unseen"), Ref("issue", "late")]
        source.by_id = {"late": [issue("late", hours, status, requester_email=address("eve"))]}
        return source

    def pull(self) -> None:
        self.sync.pull(self.source(), now=at(1))

    def resolve(self) -> None:
        source = self.source("resolved", 10)
        source.version = 2
        self.sync.pull(source, now=at(59))

    def push(self, hours: float = 1) -> None:
        self.sync.push(self.sink, STARTER, OFFER, now=at(hours))

    def push_after(self) -> None:
        self.push(59)

    def release(self) -> None:
        self.sync.release(self.sink, now=at(2))

    def lose_a_hold(self) -> None:
        self.sink.people[address("ada")].held_by = ""
        self.sink.people[address("ada")].preferences = {"digest": 0}
        self.sink.people.pop(address("bob"))
        self.sink._save()  # pyright: ignore[reportPrivateUsage] # what a colleague does there

    def reconcile(self) -> None:
        self.sync.reconcile(self.sink, repair=True, now=at(2))

    def forget(self) -> None:
        self.sync.forget(address("ada"), [self.sink], now=at(2))

    def hold_others(self) -> None:
        self.sink.people[address("dora")].held_by = "a colleague"
        self.sink.people[address("eve")] = Member(is_silent=True)
        self.sink._save()  # pyright: ignore[reportPrivateUsage] # what a colleague does there

    def stop(self) -> None:
        self.sync.stop("wrong prices", "Grace", now=at(2))

    def stop_and_resume(self) -> None:
        """Goes on where a killed one was: a stop that stands stays, one that is over is not resumed again."""
        if not self.stopped():
            self.stop()
        self.sync.resume("prices are right", now=at(3))

    def stopped(self) -> bool:
        return find(self.store, None, at(2)) is not None

    def open_incident(self) -> None:
        if self.store.hold(OWN_SOURCE, "recall") is None:
            people = tuple(address(name) for name in HELD)
            self.sync.open_incident(Cohort(people=people), "a recall", "Grace", id="recall", cap=1, now=at(1))
        self.sync.confirm("recall", "Grace", "all of them", now=at(1))

    def lift_incident(self) -> None:
        hold = self.store.hold(OWN_SOURCE, "recall")
        if hold is not None and hold.released_at is None:
            self.sync.lift("recall", now=at(2))

    def retire(self) -> None:
        self.sync.retire("desk", close=True, now=at(2))

    def defer(self) -> None:
        backlog = Backlog(self.store, STARTER)
        for hours, name in ((1, "ada"), (2, "ada"), (2, "bob")):
            backlog.defer(f"{name}-{hours}", address(name), OFFER, now=at(hours))

    def look(self) -> None:
        """Tells what becomes of messages, and writes down at once what was told, as a sender would."""
        told = Backlog(self.store, STARTER).due(now=at(59)).answers
        with (self.folder / "told.txt").open("a") as file:
            file.writelines(f"{one.reference} {one.became}\n" for one in told)

    def push_slowly(self) -> None:
        """Lets two go an hour, however often it is begun anew within the hour."""
        self.sync.push(self.sink, STARTER, OFFER, pace=Pace(per_hour=2), now=at(59))
        assert len(self.sink.held) >= 1, "more were let go than the pace allows"

    def push_slowly_on(self) -> None:
        for hours in (60, 61):
            self.sync.push(self.sink, STARTER, OFFER, pace=Pace(per_hour=2), now=at(hours))

    # What must be so

    def check_position(self) -> None:
        """No position lies past what is kept."""
        for stream, events in self.source().told.items():
            kept = {event.id for event in self.store.events()}
            position = self.store.checkpoint("desk", stream)
            passed = events[: position[0]["after"]] if position is not None and position[1] == 1 else []
            assert {event.id for event in passed} <= kept, "a checkpoint points past what was kept"

    def check_rows(self) -> None:
        """No hold is without its row."""
        rows = {row.address for row in self.store.ledger("list")}
        assert self.sink.held <= rows, "a hold has no row"
        assert self.sink.people[address("dora")].held_by in ("", "a colleague")

    def check_pulled(self) -> None:
        source = self.source()
        expected = [event.id for events in source.told.values() for event in events] + [source.by_id["late"][0].id]
        assert sorted(event.id for event in self.store.events()) == sorted(expected)
        assert self.store.watermarks() == {"desk": at(1)}
        assert [ref.id for ref in self.store.wanted("desk", at(500))] == ["unseen"]

    def check_held(self) -> None:
        assert self.sink.held == {address(name) for name in HELD}
        assert {row.address for row in self.store.ledger("list")} == self.sink.held
        assert {cause.address for cause in self.store.causes("list")} == self.sink.held

    def check_free(self) -> None:
        assert self.sink.held == set()
        assert not list(self.store.ledger("list"))
        assert not list(self.store.causes("list"))
        assert [self.sink.people[address(name)].preferences for name in HELD] == [{"digest": n} for n in range(3)]
        assert self.sink.people[address("dora")].held_by == "a colleague"

    def check_mended(self) -> None:
        assert self.sink.held == {address("ada"), address("carol")}
        assert {row.address for row in self.store.ledger("list")} == self.sink.held

    def check_resumed(self) -> None:
        assert not self.stopped()
        self.check_held()

    def check_incident(self) -> None:
        assert self.who_is_silent() == set(HELD)
        [known] = self.store.wide_holds()
        assert (known.people, known.is_capped, known.reach.by) == (3, False, "Grace")

    def check_lifted(self) -> None:
        assert self.who_is_silent() == set()

    def who_is_silent(self) -> set[str]:
        facts = {name: self.store.facts(f"email:{address(name)}", frozenset({"holds"})) for name in (*HELD, "dora")}
        at_two = microseconds(at(2))
        return {
            name
            for name, known in facts.items()
            if any(hold.ends_at is None or hold.ends_at > at_two for hold in known.holds)
        }

    def check_retired(self) -> None:
        assert self.store.sources() == []
        assert list(self.store.issues(active=True)) == []

    def check_told(self) -> None:
        kept = {one.reference: str(one.became) for one in Backlog(self.store, STARTER).told()}
        assert kept == {"ada-1": "superseded", "ada-2": "send", "bob-2": "send"}
        lines = (self.folder / "told.txt").read_text().splitlines() if (self.folder / "told.txt").exists() else []
        told = [line.split()[0] for line in lines]
        assert len(told) == len(set(told)), "an answer was told twice"
        assert set(told) <= set(kept)

    def check_forgotten(self) -> None:
        assert self.store.customer(address("ada")) is None
        assert self.sink.held == {address("bob"), address("carol")}
        for file in self.folder.glob("align.db*"):
            assert address("ada").encode() not in file.read_bytes(), file.name


Step = Callable[[Scene], object]

JOBS: dict[str, tuple[list[Step], Step, list[Step]]] = {
    "pull": ([], Scene.pull, [Scene.check_pulled]),
    "push-hold": ([Scene.hold_others, Scene.pull], Scene.push, [Scene.check_held]),
    "push-release": (
        [Scene.hold_others, Scene.pull, Scene.push, Scene.resolve],
        Scene.push_after,
        [Scene.check_free],
    ),
    "release": ([Scene.hold_others, Scene.pull, Scene.push], Scene.release, [Scene.check_free]),
    "reconcile": (
        [Scene.hold_others, Scene.pull, Scene.push, Scene.lose_a_hold],
        Scene.reconcile,
        [Scene.push, Scene.check_mended],
    ),
    "stop": ([Scene.hold_others, Scene.pull], Scene.stop_and_resume, [Scene.push, Scene.check_resumed]),
    "incident": ([Scene.hold_others, Scene.pull], Scene.open_incident, [Scene.check_incident]),
    "lift": ([Scene.hold_others, Scene.pull, Scene.open_incident], Scene.lift_incident, [Scene.check_lifted]),
    "retire": ([Scene.hold_others, Scene.pull], Scene.retire, [Scene.check_retired]),
    "due": ([Scene.hold_others, Scene.pull, Scene.defer, Scene.resolve], Scene.look, [Scene.check_told]),
    "paced": (
        [Scene.hold_others, Scene.pull, Scene.push, Scene.resolve],
        Scene.push_slowly,
        [Scene.push_slowly_on, Scene.check_free],
    ),
    "forget": ([Scene.hold_others, Scene.pull, Scene.push], Scene.forget, [Scene.check_forgotten]),
}
"""For each job: what comes before it, the job, and what must be so once it was run to its end."""


def forked(folder: Path, steps: list[Step], kill_at: int = 0) -> int:
    """Takes the steps in a process of its own; the signal that killed it, or its exit code negated."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            scene = Scene(folder, Countdown(kill_at))
            for step in steps:
                step(scene)
            code = 0
        except BaseException:  # noqa: BLE001 - told to whoever waits, by its text and the exit code
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(process, 0)
    return -os.waitstatus_to_exitcode(status)


def run(job: str, folder: Path) -> int:
    """Kills the job at each of its steps; the number of kills."""
    before, act, after = JOBS[job]
    STARTER.compile()
    start = folder / "start"
    start.mkdir()
    if forked(start, before):
        sys.exit("what comes before the job failed")
    kills = 0
    while kills < MOST_KILLS:
        scene = folder / "scene"
        shutil.copytree(start, scene)
        ended = forked(scene, [act], kill_at=kills + 1)
        if ended == signal.SIGKILL:
            kills += 1
            crash = [Scene.check_rows, *([Scene.check_position] if job == "pull" else [])]
            if forked(scene, [*crash, act, *after]):
                sys.exit(f"after a kill at step {kills} of {job}")
        elif ended or forked(scene, after):
            sys.exit(f"{job} failed without being killed")
        else:
            return kills
        shutil.rmtree(scene)
    sys.exit(f"{job} never came to its end")


if __name__ == "__main__":
    sys.stdout.write(str(run(sys.argv[1], Path(sys.argv[2]))))

"""Brings a source's events into the store: its streams page by page, then single objects by id.

Each page is stored with its checkpoint in one transaction, so a run that stops anywhere goes on where it was. Objects
that lack a fact, and issues that have long been open, are read by id in several flows at once. An issue is closed only
on its source's own word, never because it was missing from a page. A stream that the service refuses does not keep
the others from being read.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from alignkit.connectors.base import Capability, Checkpoint, Page, Run, Source, unknown_stream
from alignkit.errors import (
    AlignkitError,
    CursorExpired,
    DataInvalid,
    PagingStuck,
    PermissionMissing,
    RequestRefused,
    ServiceMisbehaved,
    ServiceUnreachable,
)
from alignkit.log import logger
from alignkit.models.exchange import Ref
from alignkit.stores.base import Store
from alignkit.stores.records import Batch
from alignkit.sync.lease import Tenure, of_source
from alignkit.sync.location import refuse_other, settle
from alignkit.transport import Flow, call

_log = logger("sync")

SWEEP_AFTER = timedelta(hours=24)
"""An issue that counts as open and was not seen for so long is read again by id."""

SWEEP_LIMIT = 1000
"""How many such issues one run reads at most, longest unseen first."""

FETCH_SIZE = 20
"""How many objects one flow reads."""

FETCH_LIMIT = 400
"""How many objects are taken from the work list at a time."""

Refusal = PermissionMissing | RequestRefused
"""What ends the reading of one stream and says nothing of the others."""

_AT_ONE = (PermissionMissing, ServiceMisbehaved, ServiceUnreachable)
"""What may be so of one object alone, though the service answers well otherwise."""

_NEVER = datetime.min.replace(tzinfo=UTC)

RETRY_AFTER = timedelta(hours=1)
"""When an object is tried again that could not be read by id."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come; `total` is None where nobody knows."""

    name: str
    step: str
    done: int
    total: int | None = None


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class PullResult:
    """What one pull did.

    Attributes:
        source: the name of the source.
        pages: pages read from streams.
        events: events that were new.
        repeated: events that were known already.
        forgotten: events dropped because they are about people who asked to be forgotten.
        quarantined: records that could not be read; the store shows them.
        fetched: objects read by id.
        waiting: objects that could not be read by id and are tried again later.
        gaps: sentences about what may have been missed.
        incomplete: streams that were not read to their end in this run.
    """

    source: str
    pages: int = 0
    events: int = 0
    repeated: int = 0
    forgotten: int = 0
    quarantined: int = 0
    fetched: int = 0
    waiting: int = 0
    gaps: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether every stream that was asked for was read to its end."""
        return not self.incomplete


@dataclass(slots=True)
class PullJob:
    """One run of pulling; its flows are driven by `Sync` or `AsyncSync`."""

    source: Source
    store: Store
    run: Run
    streams: Sequence[str]
    max_pages: int | None = None
    on_progress: OnProgress | None = None
    tenure: Tenure = field(init=False)
    counts: dict[str, int] = field(default_factory=dict[str, int])
    gaps: list[str] = field(default_factory=list[str])
    unread: list[str] = field(default_factory=list[str])
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        unknown = [stream for stream in self.streams if stream not in self.source.wanted_streams]
        if unknown:
            raise unknown_stream(self.source, unknown[0])
        if self.max_pages is not None and self.max_pages < 1:
            raise DataInvalid("`max_pages` must be at least 1")
        self.tenure = Tenure(self.store, of_source(self.source.name))
        self.unread = list(dict.fromkeys(self.streams))

    def open(self) -> None:
        """Takes the lease.

        Raises:
            LeaseHeld: another run is pulling this source.
            SettingsError: the source's name stands for another one.
        """
        self.tenure.begin()
        refuse_other(self.store, self.source)

    def close(self) -> None:
        """Gives the lease back."""
        self.tenure.end()

    def read(self) -> Flow[None]:
        """Reads each stream from where it was left, people first."""
        for stream in (yield from call(self._in_turn)):
            if not self._is_spent:
                try:
                    yield from self._read_stream(stream)
                except (PermissionMissing, RequestRefused) as error:
                    self.refusals.append(_of_stream(error, stream))
                    _log.warning("%s: %s could not be read: %s", self.source.name, stream, error)
        if not self.unread and Capability.FETCH in self.source.capabilities:
            yield from call(self._sweep)

    def _in_turn(self) -> list[str]:
        """The streams as their source orders them; where pages are counted, those that waited longest come first."""
        wanted = [stream for stream in self.source.wanted_streams if stream in self.streams]
        if self.max_pages is None:
            return wanted
        states = [state.streams for state in self.store.sources() if state.name == self.source.name]
        read_at = {stream.stream: stream.read_at for streams in states for stream in streams}
        return sorted(wanted, key=lambda stream: read_at.get(stream) or _NEVER)

    def _read_stream(self, stream: str) -> Flow[None]:
        checkpoint = yield from call(self._checkpoint, stream)
        has_restarted = False
        seen: set[str] = set()
        while not self._is_spent:
            try:
                page = yield from self.source.attend(self.source.read(stream, checkpoint, self.run))
            except CursorExpired:
                if has_restarted:
                    raise
                has_restarted, checkpoint = True, None
                seen.clear()
                self._note(f"{stream}: the service no longer knew the position; read again from the start")
                continue
            seen.add(_position(checkpoint))
            if page.more and _position(page.checkpoint) in seen:
                raise PagingStuck(f"`{self.source.name}` gave the same page of `{stream}` twice; nothing was skipped")
            yield from call(self._store_page, stream, page)
            checkpoint, more = page.checkpoint, page.more
            del page  # thousands of objects, which need not live on while the next page is read
            if not more:
                self.unread.remove(stream)
                return

    @property
    def _is_spent(self) -> bool:
        return self.max_pages is not None and self.counts.get("pages", 0) >= self.max_pages

    def _checkpoint(self, stream: str) -> Checkpoint | None:
        stored = self.store.checkpoint(self.source.name, stream)
        if stored is None:
            return None
        checkpoint, version = stored
        if version != self.source.checkpoint_version:
            self._note(f"{stream}: the position is of another version of the connector; read again from the start")
            return None
        return checkpoint

    def _store_page(self, stream: str, page: Page) -> None:
        self.tenure.keep()
        if not self.counts.get("pages"):
            self._expect()
        self._apply(
            Batch(
                source=self.source.name,
                events=page.events,
                now=self.run.now,
                stream=stream,
                checkpoint=page.checkpoint,
                checkpoint_version=self.source.checkpoint_version,
                ended=not page.more,
                quarantined=page.quarantined,
                anew=page.anew,
                wanted=page.wanted,
                lease=self.tenure.lease,
            )
        )
        self._count("pages", 1)
        for gap in page.gaps:
            self._note(f"{stream}: {gap}")
        self._tell(stream, self.counts["pages"])

    def _expect(self) -> None:
        """Tells the store what to expect, once the source has shown that it can be read.

        A trial that failed, or a slip in a setting, would else keep marketing waiting for a source that never was. A
        policy that must not decide without one names it in `expects`.
        """
        self.store.expect(self.source.name, self.source.type, self.source.wanted_streams)
        settle(self.store, self.source, self.tenure.lease)

    def _apply(self, batch: Batch) -> None:
        applied = self.store.apply(batch)
        self._count("events", applied.new)
        self._count("repeated", applied.repeated)
        self._count("forgotten", applied.forgotten)
        self._count("quarantined", len(batch.quarantined))

    def _sweep(self) -> None:
        unseen_since = self.run.now - SWEEP_AFTER
        ids = self.store.stale_issues(self.source.name, unseen_since, SWEEP_LIMIT)
        if ids:
            refs = [Ref("issue", id, "long unseen") for id in ids]
            self._apply(Batch(self.source.name, (), self.run.now, wanted=refs, lease=self.tenure.lease))

    def fetches(self) -> list[Flow[None]]:
        """The next flows that read objects by id; empty when no more are due."""
        if Capability.FETCH not in self.source.capabilities:
            return []
        due = self.store.wanted(self.source.name, self.run.now, FETCH_LIMIT)
        return [self._fetch(due[start : start + FETCH_SIZE]) for start in range(0, len(due), FETCH_SIZE)]

    def _fetch(self, refs: Sequence[Ref]) -> Flow[None]:
        """Reads objects by id; one at which the service fails is put off, so that it does not hold up the others."""
        try:
            yield from self._fetch_together(refs)
        except _AT_ONE:
            if len(refs) > 1:
                yield from self._fetch_one_by_one(refs)
                return
            yield from call(self.store.postpone, self.source.name, refs, self.run.now + RETRY_AFTER)
            raise

    def _fetch_one_by_one(self, refs: Sequence[Ref]) -> Flow[None]:
        """A second failure ends it at once: then it is the service, and not one object."""
        failure: AlignkitError | None = None
        for ref in refs:
            try:
                yield from self._fetch([ref])
            except _AT_ONE as error:
                if failure is not None:
                    raise
                failure = error
        if failure is not None:
            raise failure

    def _fetch_together(self, refs: Sequence[Ref]) -> Flow[None]:
        fetched = yield from self.source.attend(self.source.fetch(refs, self.run))
        done = {(ref.kind, ref.id) for ref in fetched.done}
        later = [ref for ref in refs if (ref.kind, ref.id) not in done]
        batch = Batch(
            source=self.source.name,
            events=fetched.events,
            now=self.run.now,
            done=[ref for ref in refs if (ref.kind, ref.id) in done],
            quarantined=fetched.quarantined,
            lease=self.tenure.lease,
        )
        yield from call(self._store_fetched, batch, later, fetched.gaps)

    def _store_fetched(self, batch: Batch, later: Sequence[Ref], gaps: Sequence[str]) -> None:
        """Called from several threads, which take turns here: counting and telling are not safe otherwise."""
        with self._turn:
            self.tenure.keep()
            self._apply(batch)
            if later:
                self.store.postpone(self.source.name, later, self.run.now + RETRY_AFTER)
            for gap in gaps:
                self._note(f"by id: {gap}")
            self._count("fetched", len(batch.done))
            self._count("waiting", len(later))
            self._tell("by id", self.counts["fetched"])

    def _count(self, name: str, number: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + number

    def _note(self, gap: str) -> None:
        _log.warning("%s: %s", self.source.name, gap)
        self.gaps.append(gap)

    def _tell(self, step: str, done: int) -> None:
        if self.on_progress is not None:
            self.on_progress(Progress(self.source.name, step, done))

    def result(self) -> PullResult:
        """What was done.

        Raises:
            PermissionMissing, RequestRefused: why the first of the streams that were refused could not be read.
        """
        if self.refusals:
            raise self.refusals[0]
        counts: Mapping[str, int] = self.counts
        return PullResult(source=self.source.name, gaps=tuple(self.gaps), incomplete=tuple(self.unread), **counts)


def _of_stream(error: Refusal, stream: str) -> Refusal:
    """The error, with the way out for who will never have this stream."""
    text = f"{error}; or leave `{stream}` out of what is read (`without`)"
    if isinstance(error, RequestRefused):
        return RequestRefused(text, status=error.status)
    return PermissionMissing(text)


def _position(checkpoint: Checkpoint | None) -> str:
    """A checkpoint as text that is the same for equal ones."""
    return json.dumps(checkpoint, sort_keys=True)

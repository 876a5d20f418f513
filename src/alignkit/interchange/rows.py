"""Gives what a source tells as flat rows, for tools that load tables: dlt, data frames, CSV.

What a store holds comes flat from `Store.rows`; this is for reading a source without a store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from alignkit.connectors.base import Capability, Checkpoint, Fetched, Page, Run, Source, unknown_stream
from alignkit.errors import CursorExpired
from alignkit.models.events import Event
from alignkit.models.exchange import Ref
from alignkit.models.times import aware
from alignkit.stores.records import Row, Scalar
from alignkit.transport import PageGuard, Request, Response, run

SendRequest = Callable[[Request], Response]

_LEFT_OUT = {"raw", "source"}


def stream_rows(
    source: Source,
    stream: str,
    state: MutableMapping[str, Any] | None = None,
    *,
    send: SendRequest | None = None,
    now: datetime | None = None,
    since: datetime | None = None,
    on_page: Callable[[Page], object] | None = None,
) -> Iterator[Row]:
    """What is new in one stream of a source, one flat row for each event, page by page in constant memory.

    A row has the fields of the thing (`id`, `status` and so on) as plain values, lists and objects as JSON text, times
    as ISO text, and the envelope as `event_id`, `event_type`, `event_time` and `event_version`. `event_id` is the key
    that makes receiving a row twice harmless. Objects that a page asks for by id follow it.

    Args:
        state: where the position is kept, such as `dlt.current.resource_state()`; it moves past a page when the rows
            of that page have been taken. None reads everything.
        send: how requests are sent; the guarded HTTP client by default.
        now: stamps receipt, the present by default; it never moves a window.
        since: the oldest change wanted on a first read.
        on_page: is given each page: quarantined records and gaps are there and in no row, those of what the page asked
            for by id among them.

    Raises:
        DataInvalid: the source has no such stream, or `now` names no zone.
        PagingStuck: the service gives the same page again and again.
        SettingsError, TryAgainLater, ServiceMisbehaved: the service; the state stays behind the last whole page.
    """
    if stream not in source.streams:
        raise unknown_stream(source, stream)
    moment = datetime.now(UTC) if now is None else aware(now, "now")
    kept: MutableMapping[str, Any] = {} if state is None else state
    reading = Run(moment, since)
    if send is not None:
        yield from _rows(source, stream, kept, reading, send, on_page)
        return
    from alignkit.transport import HttpClient

    with HttpClient() as client:
        yield from _rows(source, stream, kept, reading, client.send, on_page)


def _rows(
    source: Source,
    stream: str,
    state: MutableMapping[str, Any],
    reading: Run,
    send: SendRequest,
    on_page: Callable[[Page], object] | None,
) -> Iterator[Row]:
    checkpoint = _checkpoint(source, state)
    wanted = [Ref(*one) for one in state.get("wanted", ())]
    left: dict[Ref, None] = {}
    gaps: list[str] = []
    guard = PageGuard()
    more = True
    while more:
        guard.admit(cast("Any", checkpoint))
        try:
            page = run(source.attend(source.read(stream, checkpoint, reading)), send)
        except CursorExpired:
            if checkpoint is None:
                raise
            checkpoint = None
            gaps.append(f"{stream}: the service no longer knew the position; read again from the start")
            continue
        wanted += page.wanted
        fetched = Fetched((), ())
        if wanted and Capability.FETCH in source.capabilities:
            fetched = run(source.attend(source.fetch(wanted, reading)), send)
        if on_page is not None:
            bad, told = [*page.quarantined, *fetched.quarantined], [*gaps, *page.gaps, *fetched.gaps]
            on_page(replace(page, quarantined=bad, gaps=told))
        yield from (flat(event) for event in (*page.events, *fetched.events))
        # What could not be read by id is asked for once a run, and not with each page.
        done = set(fetched.done)
        left = dict.fromkeys(ref for ref in (*left, *wanted) if ref not in done)
        wanted, gaps = [], []
        checkpoint, more = page.checkpoint, page.more
        state["checkpoint"], state["version"] = dict(checkpoint), source.checkpoint_version
        state["wanted"] = [[ref.kind, ref.id, ref.reason] for ref in left]


def _checkpoint(source: Source, state: Mapping[str, Any]) -> Checkpoint | None:
    """Where reading goes on; a position of another version of the connector means the beginning."""
    return state.get("checkpoint") if state.get("version") == source.checkpoint_version else None


def flat(event: Event) -> Row:
    """One event as a flat row."""
    said = event.data.model_dump(mode="json", exclude=_LEFT_OUT)
    return {
        "event_id": event.id,
        "event_type": event.type,
        "event_time": event.time.isoformat(),
        "event_version": event.source_version,
        "source": event.source,
        **{name: _cell(value) for name, value in said.items()},
    }


def _cell(value: Any) -> Scalar:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)

"""Reads one page of a list for one checkpoint, and asks which of the posts it knows were taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alignkit.connectors.answers import listed
from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.connectors.bluesky.lists import List, query
from alignkit.connectors.bluesky.posts import Bodies, bodies, people, seen
from alignkit.connectors.bluesky.walk import Position, Walk, begun, newest
from alignkit.connectors.records import Found
from alignkit.connectors.window import kept, position, service_time
from alignkit.errors import PagingStuck, ResponseInvalid
from alignkit.models.conversation import Post
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Ref
from alignkit.transport import Flow, Request, Response, request


@dataclass(frozen=True, slots=True)
class Reader:
    """What reading needs to know of the connector."""

    name: str
    keeps_text: bool

    def bodies(self, did: str) -> Bodies:
        """How answers are read for an account."""
        return bodies(did, keeps_text=self.keeps_text)


def read(reader: Reader, chosen: List, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of a list; several questions take turns."""
    at = Position(since=run.since) if checkpoint is None else position(Position, checkpoint, reader.name)
    question = at.question if at.question in chosen.questions else next(iter(chosen.questions), None)
    if question is None:
        return Page((), kept(at), more=False)
    walk = at.walk if question == at.question else None
    if walk is None:
        walk = yield from _begun(reader, at, question)
    response = yield from request(chosen.ask(question, walk))
    if response.status == 400:
        anew = f"`{reader.name}` no longer knew the position; the walk began anew"
        return Page((), kept(at.model_copy(update={"walk": None})), more=True, gaps=[anew])
    known = reader.bodies(walk.did)
    answer = listed(chosen.body(known), response, f"{reader.name} before {walk.cursor or 'now'}")
    rows = answer.of(known.shape)
    following, gap = _following(reader, chosen, walk, rows, answer.beside.get("cursor"))
    met = {*at.met, *(row.data.id for row in rows)}
    events = _events(reader, rows, walk.did, at.since, run.now)
    gaps = [gap] if gap else []
    if following is not None:
        after = {"question": question, "walk": following, "met": newest(met, walk.mark.time)}
        return Page(events, kept(at.model_copy(update=after)), more=True, quarantined=answer.bad, gaps=gaps)
    ended, wanted = _ended(at, chosen.questions, question, walk, met)
    return Page(events, kept(ended), ended.question is not None, answer.bad, wanted, gaps)


def _begun(reader: Reader, at: Position, question: str) -> Flow[Walk]:
    response = yield from request(own_session())
    who = account(response, reader.name)
    return begun(at, question, str(who["did"]), service_time(response, reader.name))


def own_session() -> Request:
    """Asks whom the session belongs to."""
    return query("com.atproto.server.getSession")


def account(response: Response, name: str) -> Mapping[str, Any]:
    """Whom the session belongs to.

    Raises:
        ResponseInvalid: the answer names nobody.
    """
    answer = response.json()
    if isinstance(answer, dict) and isinstance(answer.get("did"), str):
        return answer
    raise ResponseInvalid(f"`{name}` does not say whose session this is; check `base_url`")


def _following(
    reader: Reader, chosen: List, walk: Walk, rows: Sequence[Found[Post]], cursor: str | None
) -> tuple[Walk | None, str | None]:
    """The walk after a page; None where it has come back far enough, or to the end of the list."""
    if cursor is not None and cursor == walk.cursor:
        raise PagingStuck(f"`{reader.name}` answers the same page again and again; report this")
    times = [seen(row).indexed for row in rows]
    if walk.begins is not None and times and max(times) < walk.begins:
        return None, None
    oldest = min((time for time in (walk.oldest, *times) if time is not None), default=None)
    after = walk.model_copy(update={"read": walk.read + len(rows), "oldest": oldest})
    return chosen.following(after, cursor, len(rows))


def _ended(
    at: Position, questions: Sequence[str], question: str, walk: Walk, met: set[str]
) -> tuple[Position, list[Ref]]:
    """The position after a walk, and after the last one the posts to look up, since no list tells what is gone."""
    marks = {one: mark for one, mark in at.marks.items() if one in questions} | {question: walk.mark}
    now = walk.mark.time
    rest = questions[questions.index(question) + 1 :]
    if rest:
        after = {"marks": marks, "question": rest[0], "walk": None, "met": newest(met, now)}
        return at.model_copy(update=after), []
    wanted = [Ref("post", uri, "whether it still stands") for uri in at.watched if uri not in met]
    return Position(since=at.since, marks=marks, watched=newest({*met, *at.watched}, now)), wanted


def _events(
    reader: Reader, rows: Sequence[Found[Post]], own: str, since: datetime | None, now: datetime
) -> list[CustomerEvent]:
    """People first; the account's own posts are left out, and what is older than was wanted."""
    wanted = [row for row in rows if seen(row).author.did != own and (since is None or seen(row).indexed >= since)]
    posts = [row.event(source=reader.name, received_at=now) for row in wanted]
    return [*people(wanted, reader.name, now), *posts]

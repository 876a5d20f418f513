"""Gongs that are wrong, each in one way that a trap is laid for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.request import urlopen

from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.models import Contact, CustomerEvent, Issue, IssueRemoval, IssueRemoved, SurveyResponse
from alignkit.transport import (
    Account,
    Flow,
    JsonValue,
    MemoryTokens,
    RefreshToken,
    Request,
    Response,
    Token,
    TokenStore,
)

from .gong import FORGOTTEN, Gong, Row

SECOND = timedelta(seconds=1)


def _after(stamp: JsonValue) -> str:
    return (datetime.fromisoformat(str(stamp)) + SECOND).isoformat()


class ResumesASecondLater(Gong):
    """Asks anew after each page, for what changed after its last row."""

    def following(
        self, where: Mapping[str, JsonValue], rows: Sequence[JsonValue], token: JsonValue, response: Response
    ) -> tuple[dict[str, JsonValue], Sequence[str]]:
        following, gaps = super().following(where, rows, token, response)
        if token and (last := self.last(rows)):
            return {"since": _after(last), "mark": following["mark"]}, gaps
        return following, gaps


class MarksTheNewest(Gong):
    """Begins the next run after the newest row of this one."""

    newest: ClassVar[str] = ""

    def following(
        self, where: Mapping[str, JsonValue], rows: Sequence[JsonValue], token: JsonValue, response: Response
    ) -> tuple[dict[str, JsonValue], Sequence[str]]:
        following, gaps = super().following(where, rows, token, response)
        last = self.last(rows) or where.get("last") or where.get("since")
        if not token and last:
            return {"since": _after(last)}, gaps
        return following, gaps


class BeginsToday(Gong):
    """Reads from now on where it is told to begin at some time."""

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        if checkpoint is None and run.since is not None:
            checkpoint = {"since": run.now.isoformat()}
        return (yield from super().read(stream, checkpoint, run))


class OverlapsNothing(Gong):
    overlap = timedelta(0)


class LeavesTheRest(Gong):
    """Reads what changed until its walk began, and is content with that however long the walk rested."""

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        page = yield from super().read(stream, checkpoint, run)
        if checkpoint is None or "mark" not in checkpoint:
            return page
        until = datetime.fromisoformat(str(checkpoint["mark"])) + self.overlap
        return replace(page, events=[one for one in page.events if (one.data.remote_updated_at or until) <= until])


class StopsAtTheCap(Gong):
    """Takes the last row that a question reaches for the last one that there is."""

    def following(
        self, where: Mapping[str, JsonValue], rows: Sequence[JsonValue], token: JsonValue, response: Response
    ) -> tuple[dict[str, JsonValue], Sequence[str]]:
        following, gaps = super().following(where, rows, token, response)
        is_at_the_cap = "mark" in following and "token" not in following
        return ({"since": following["mark"]}, gaps) if is_at_the_cap else (following, gaps)


class SkipsWithoutAWord(Gong):
    def told(self, gap: str) -> Sequence[str]:
        return ()


class BeginsAnewInSilence(Gong):
    def begun_anew(self, stream: str) -> Page:
        return Page((), {"again": stream}, more=True)


class StopsAtAnEmptyPage(Gong):
    def following(
        self, where: Mapping[str, JsonValue], rows: Sequence[JsonValue], token: JsonValue, response: Response
    ) -> tuple[dict[str, JsonValue], Sequence[str]]:
        return super().following(where, rows, token if rows else None, response)


class DropsTheOld(Gong):
    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        page = yield from super().read(stream, checkpoint, run)
        return replace(page, events=[event for event in page.events if not self.is_old(event, run)])

    def is_old(self, event: CustomerEvent, run: Run) -> bool:
        made = getattr(event.data, "responded_at", None) or getattr(event.data, "created_at", None)
        return made is not None and run.now - made > timedelta(days=365)


class DropsIssuesOfNobody(Gong):
    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        page = yield from super().read(stream, checkpoint, run)
        kept = [one for one in page.events if not isinstance(one.data, Issue) or one.data.requester_id]
        return replace(page, events=kept)


class KnowsOneAddress(Gong):
    def contact(self, row: Row) -> Contact:
        return super().contact(row.model_copy(update={"more": ()}))


class OverlooksTheSender(Gong):
    def issue(self, row: Row) -> Issue:
        return super().issue(row.model_copy(update={"sender": None}))


class TakesTheUnseenForGone(Gong):
    """Ends whatever it has ever read once a page shows none of it."""

    seen: ClassVar[set[str]] = set()

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        page = yield from super().read(stream, checkpoint, run)
        if stream != "tickets":
            return page
        self.seen.update(event.subject for event in page.events)
        return page if page.events else replace(page, events=[self.gone(id, run) for id in sorted(self.seen)])

    def gone(self, id: str, run: Run) -> CustomerEvent:
        removal = IssueRemoval(id=id, remote_updated_at=run.now, reason="not_found")
        return IssueRemoved.of(removal, source=self.name, received_at=run.now)


class TakesTheReadingForTheAnswer(Gong):
    """Takes the time of a later look for the time of an answer."""

    def answer(self, row: Row) -> SurveyResponse:
        answer = super().answer(row)
        return answer.model_copy(update={"responded_at": answer.responded_at + timedelta(hours=1)})


class NeedsThePlan(Gong):
    def question(self, stream: str, where: Mapping[str, JsonValue]) -> Request:
        return replace(super().question(stream, where), accept=FORGOTTEN)


class DeafToTheWait(Gong):
    """Waits as long as it likes, whatever the service says."""

    def __init__(self, base_url: str, refresh: str, tokens: TokenStore, *, reach: int) -> None:
        super().__init__(base_url, refresh, tokens, reach=reach)
        auth = RefreshToken(f"{base_url}/token", refresh, tokens=tokens, means_expired=self.has_ended)
        self.account = Account(base_url, auth, name=self.name)


class NeverRenews(Gong):
    def has_ended(self, response: Response) -> bool:
        return False


class Unlocked(MemoryTokens):
    """Lets everybody renew at once, from the first token that there was."""

    first: Token | None = None

    def try_lock(self) -> bool:
        return True

    def unlock(self) -> None:
        return None

    def load(self) -> Token | None:
        return self.first

    def save(self, token: Token) -> None:
        self.first = self.first or token


class RenewsForEachFlow(Gong):
    def __init__(self, base_url: str, refresh: str, tokens: TokenStore, *, reach: int) -> None:
        super().__init__(base_url, refresh, Unlocked(), reach=reach)


class FollowsLinksByItself(Gong):
    """Goes to the next page past its account, by means of its own."""

    def body(self, response: Response) -> dict[str, JsonValue]:
        body = super().body(response)
        with suppress(OSError), urlopen(str(body["next"]), timeout=5) as answer:
            answer.read()
        return body

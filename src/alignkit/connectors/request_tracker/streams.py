"""Reads the two streams, tickets and users, one page for one checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise

from alignkit.connectors.base import Checkpoint, Page, Run
from alignkit.connectors.request_tracker.desk import API, USERS, Desk, hides_times, tickets, users
from alignkit.connectors.request_tracker.issues import SYSTEM_USERS
from alignkit.connectors.request_tracker.payload import Listing, Records, Ticket, User, Version, parsed
from alignkit.connectors.request_tracker.walk import (
    PACE,
    WIDEST_ZONE,
    TicketPosition,
    TicketWalk,
    UserMark,
    UserPosition,
    UserWalk,
    written,
)
from alignkit.connectors.window import kept, position, service_time
from alignkit.errors import PagingStuck, ResponseInvalid, SettingsError
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Ref
from alignkit.transport import Flow, Request, request

_SAME_PAGE_AT_MOST = 3
_EMPTY_PAGES_AT_MOST = 10_000
_LOOKED_AT = 20


def read_tickets(desk: Desk, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the tickets changed since the mark, or of all."""
    at = position(TicketPosition, checkpoint, desk.name)
    walk = at.walk or (yield from _begun(desk, at, run))
    response = yield from request(tickets(_since(walk), page=walk.page))
    listing, records = desk.read(response)
    _refuse_older(desk, walk, records.good)
    following = _following(desk, walk, listing)
    changed = [ticket for ticket in records.good if ticket.survivor is None]
    merged = [ticket for ticket in records.good if ticket.survivor is not None]
    bad = list(records.bad)
    if walk.begins is not None and changed:
        # Being merged does not change a ticket's time, only its survivor's.
        known = yield from desk.tickets_with("EffectiveId", [ticket.id for ticket in changed])
        merged = [ticket for ticket in known.good if ticket.survivor is not None]
        bad += known.bad
    yield from desk.learn_classes(changed)
    events: list[CustomerEvent] = [desk.terms.merged(ticket, run.now) for ticket in merged]
    wanted: list[Ref] = []
    for ticket in changed:
        learned = desk.learned(ticket)
        events.append(desk.terms.changed(ticket, learned, run.now))
        if lack := desk.lack(ticket, learned):
            wanted.append(Ref("issue", str(ticket.id), lack))
    after = TicketPosition(mark=at.mark, walk=following) if following else TicketPosition(mark=walk.mark)
    gaps = [_partial(desk)] if listing.is_partial and following is None else []
    # What changed while a walk rested may have been passed; another walk brings it at once.
    is_behind = at.walk is not None and PACE.is_behind(walk.mark, response, desk.name)
    return Page(events, kept(after), following is not None or is_behind, bad, wanted, gaps)


def _begun(desk: Desk, at: TicketPosition, run: Run) -> Flow[TicketWalk]:
    """A new walk, its window certain to hold every ticket changed since the last one began.

    RT reads the time in a search in its user's zone and does not say which. So the tickets that the window would
    leave out are asked for first: where the newest of them is too new, the window is widened by the widest zone.
    """
    wanted = at.mark - PACE.overlap if at.mark else run.since
    response = yield from request(Request("GET", f"{API}/rt"))
    parsed(Version, response, desk.name)
    mark = service_time(response, desk.name) - PACE.lag
    if wanted is None:
        return TicketWalk(mark=mark)
    for begins in (wanted, wanted - WIDEST_ZONE):
        left_out = tickets(f"LastUpdated < {written(begins)}", order="LastUpdated", size=_LOOKED_AT)
        _, records = yield from desk.listed(left_out)
        if all(ticket.updated < wanted for ticket in records.good):
            return TicketWalk(begins=begins, mark=mark)
    raise SettingsError(
        f"`{desk.name}` does not find tickets by the time of their last change; "
        "set the time zone of the user it is read with to UTC"
    )


def _since(walk: TicketWalk) -> str:
    window = "" if walk.begins is None else f" AND LastUpdated >= {written(walk.begins)}"
    return f"id > {walk.after}{window}"


def _refuse_older(desk: Desk, walk: TicketWalk, found: Sequence[Ticket]) -> None:
    """Stops a walk whose condition was ignored, which would read everything on every run."""
    if walk.begins is None:
        return
    earliest = walk.begins - WIDEST_ZONE
    if any(ticket.updated < earliest for ticket in found):
        raise ResponseInvalid(
            f"`{desk.name}` answered tickets from before the time that was asked for; "
            "set the time zone of the user it is read with to UTC, or report this"
        )


def _following(desk: Desk, walk: TicketWalk, listing: Listing) -> TicketWalk | None:
    """Where the walk goes on; None at its end.

    A page may be empty, and even name no next one, because RT checks rights row by row.
    """
    after = listing.following(walk.after, desk.name)
    if after is not None:
        return walk.model_copy(update={"after": after, "page": 1})
    if listing.items or not listing.next_page:
        return None
    if walk.page >= _EMPTY_PAGES_AT_MOST:
        raise PagingStuck(f"`{desk.name}` offered {walk.page} empty pages in a row; the walk was stopped where it was")
    return walk.model_copy(update={"page": walk.page + 1})


def _partial(desk: Desk) -> str:
    return (
        f"`{desk.name}` checks rights ticket by ticket, so some tickets may not have been read; "
        "give the user it is read with the right `ShowTicket` on all queues"
    )


def read_users(desk: Desk, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
    """One page of the users, newest first, down to those known already."""
    at = position(UserPosition, checkpoint, desk.name)
    walk, listing, records = yield from _user_page(desk, at.walk)
    _refuse_unsorted(desk, walk, records.good)
    old = at.mark or UserMark()
    fresh = [user for user in records.good if _is_fresh(user, walk, old)]
    walk = _noted(desk, walk, listing, records)
    is_over = len(fresh) < len(records.good) or not listing.next_page
    events: list[CustomerEvent] = []
    wanted: list[Ref] = []
    for user in fresh:
        if user.name in SYSTEM_USERS:
            continue
        is_staff = desk.privileged.get(user.id)
        events.append(desk.terms.contact(user, user.id, run.now, is_staff=is_staff))
        if is_staff is None and _may_be_staff(user):
            wanted.append(Ref("contact", str(user.id), "whether privileged"))
    after = UserPosition(mark=walk.mark) if is_over else UserPosition(mark=at.mark, walk=walk)
    return Page(events, kept(after), not is_over, records.bad, wanted)


def _user_page(desk: Desk, walk: UserWalk | None) -> Flow[tuple[UserWalk, Listing, Records[User]]]:
    """The next page of a walk, or the first of a new one: by time, or by id where RT hides times from us."""
    if walk is not None:
        response = yield from request(users(walk.order, walk.page))
    else:
        response = yield from request(users("LastUpdated", 1))
        walk = UserWalk(mark=UserMark(time=service_time(response, desk.name) - PACE.lag))
        records = USERS.read(parsed(Listing, response, desk.name).items)
        if hides_times(records.good):
            walk = UserWalk(order="id", mark=UserMark())
            response = yield from request(users("id", 1))
    listing = parsed(Listing, response, desk.name)
    return walk, listing, USERS.read(listing.items)


def _refuse_unsorted(desk: Desk, walk: UserWalk, found: Sequence[User]) -> None:
    """Stops a walk whose order was ignored, which would end it before the users that changed."""
    if walk.order == "id":
        is_sorted = all(one.id >= other.id for one, other in pairwise(found))
    else:
        times = [user.updated for user in found if user.updated is not None]
        is_sorted = all(one >= other for one, other in pairwise(times))
    if not is_sorted:
        raise ResponseInvalid(f"`{desk.name}` answered users in another order than asked for; report this")


def _is_fresh(user: User, walk: UserWalk, old: UserMark) -> bool:
    if walk.order == "id":
        return user.id > old.id
    return old.time is None or user.updated is None or user.updated >= old.time - PACE.overlap


def _noted(desk: Desk, walk: UserWalk, listing: Listing, records: Records[User]) -> UserWalk:
    """The walk after a page: one further, the highest id kept; a page that was seen before is asked for again."""
    highest = max((user.id for user in records.good), default=0)
    seen = blake2b(repr([user.id for user in records.good]).encode(), digest_size=8).hexdigest()
    repeats = walk.repeats + 1 if listing.items and seen == walk.seen else 0
    if repeats >= _SAME_PAGE_AT_MOST:
        raise PagingStuck(f"`{desk.name}` answers the same page of users again and again; report this")
    mark = walk.mark.model_copy(update={"id": max(walk.mark.id, highest)})
    page = walk.page if repeats else walk.page + 1
    return walk.model_copy(update={"mark": mark, "page": page, "seen": seen, "repeats": repeats})


def _may_be_staff(user: User) -> bool:
    """RT names those it makes from their mail by their address; staff have names."""
    return user.name is None or user.email is None or user.name.casefold() != user.email.casefold()

"""What happens at the shop: ordinary tickets, and each kind that a naive rule gets wrong."""

from datetime import datetime, timedelta

from shop import words
from shop.clock import DAY1_NOW, at_work, before, later, moment
from shop.desk import Desk
from shop.people import User
from shop.tickets import Life

Window = tuple[datetime, datetime]


def ordinary(desk: Desk, window: Window) -> None:
    """A customer writes, is answered and, within days, helped."""
    life = desk.take(moment(desk.rng, *window), desk.people.regular(), desk.topic())
    work_through(desk, life)


def work_through(desk: Desk, life: Life) -> None:
    """The desk answers, may wait for the customer, and solves the ticket."""
    if desk.rng.randrange(4):
        desk.answer(life)
    else:
        desk.answer(life, "pending")
        life.turn(later(desk.rng, life.last.updated_at, 2, 40), status="open")
    desk.finish(life, at_work(desk.rng, later(desk.rng, life.last.updated_at, 1, 40)))


def phoned(desk: Desk, window: Window, *, solved: bool) -> None:
    """A customer calls; an agent files the ticket in the customer's name."""
    at = at_work(desk.rng, moment(desk.rng, *window))
    requester = desk.people.newcomer(at, phone=desk.people.phone())
    channel = desk.rng.choice(("voice", "web"))
    life = desk.take(
        at, requester, desk.topic(), submitter=desk.agent(), channel=channel, status="open", tags=("phone",)
    )
    life.turn(at + timedelta(minutes=6), assignee=life.last.submitter)
    if solved:
        desk.finish(life, at_work(desk.rng, later(desk.rng, at, 1, 30)))


def merged(desk: Desk, window: Window, *, merged_at: Window | None = None, solved: bool = False) -> None:
    """Somebody writes twice, or a relative does, and an agent merges the second ticket into the first."""
    at = moment(desk.rng, *window)
    requester, topic = desk.people.newcomer(at), desk.topic()
    survivor = desk.take(at, requester, topic)
    desk.answer(survivor, low=0.2, high=1)
    again = later(desk.rng, survivor.last.updated_at, 0.2, 4)
    writer = desk.people.newcomer(again) if desk.rng.randrange(3) == 0 else requester
    source = desk.take(again, writer, topic)
    merge_at = at_work(desk.rng, moment(desk.rng, *merged_at) if merged_at else later(desk.rng, again, 0.5, 3))
    merge(source, survivor, merge_at)
    if solved:
        desk.finish(survivor, at_work(desk.rng, later(desk.rng, merge_at, 2, 30)))


def merge(source: Life, survivor: Life, at: datetime) -> None:
    """The source closes for good; its requester is copied into the survivor."""
    tags = (*source.last.tags, "closed_by_merge")
    source.turn(at, status="closed", tags=tags, merged_into=survivor.last.key)
    writer = source.last.requester
    copied: tuple[User, ...] = () if writer == survivor.last.requester else (writer,)
    survivor.turn(at, copied=copied)


def spam_caught(desk: Desk, window: Window) -> None:
    """A trigger tags a ticket as spam on arrival; nobody touches it again."""
    at = moment(desk.rng, *window)
    desk.take(at, desk.people.newcomer(at), words.SPAM, channel="email", priority=None, tags=("spam",))


def spam_marked(desk: Desk, window: Window, marked_at: Window | None = None) -> None:
    """An agent marks a ticket as spam: it is deleted and its sender suspended."""
    at = moment(desk.rng, *window)
    mark_at = at_work(desk.rng, moment(desk.rng, *marked_at) if marked_at else later(desk.rng, at, 1, 20))
    sender = desk.people.newcomer(at, suspended_at=mark_at)
    life = desk.take(at, sender, words.SPAM, channel="email", priority=None)
    life.turn(mark_at, status="deleted", tags=(*life.last.tags, "spam"))


def deleted(desk: Desk, window: Window, deleted_at: Window | None = None, *, scrubbed: bool = False) -> None:
    """An agent deletes a ticket; after thirty days the service blanks its words."""
    at = moment(desk.rng, *window)
    life = desk.take(at, desk.people.newcomer(at), desk.topic())
    delete_at = moment(desk.rng, *deleted_at) if deleted_at else later(desk.rng, at, 1, 60)
    life.turn(at_work(desk.rng, delete_at), status="deleted")
    if scrubbed:
        life.turn(life.last.updated_at + timedelta(days=30), subject="SCRUBBED", description="SCRUBBED", tags=())


def snoozed(desk: Desk, until: datetime | None = None) -> None:
    """An agent puts the ticket aside until a day; with `until` it wakes then."""
    at = moment(desk.rng, before(days=9), before(days=3))
    life = desk.take(at, desk.people.newcomer(at), desk.topic())
    wakes = (DAY1_NOW + timedelta(days=desk.rng.randrange(2, 15))).replace(hour=7)
    asleep_at = at_work(desk.rng, later(desk.rng, at, 1, 20))
    life.turn(asleep_at, status="hold", assignee=desk.agent(), snoozed_until=until or wakes)
    if until:
        life.turn(until, status="open", snoozed_until=None)


def waiting_for_courier(desk: Desk) -> None:
    """The desk waits for the delivery firm's answer."""
    at = moment(desk.rng, before(days=10), before(days=2))
    life = desk.take(at, desk.people.newcomer(at), words.LATE)
    desk.answer(life)
    life.turn(later(desk.rng, life.last.updated_at, 0.1, 1), status="hold", waits_for_courier=True)


def waiting_for_customer(desk: Desk, low: float, high: float, *, priority: str | None = None) -> None:
    """The desk asked the customer something `low` to `high` days ago and heard nothing since."""
    asked_at = later(desk.rng, before(days=high), 0, (high - low) * 24)
    at = later(desk.rng, asked_at - timedelta(days=2), 0, 40)
    life = desk.take(at, desk.people.newcomer(at), desk.topic(), priority=priority)
    life.turn(asked_at, status="pending", assignee=desk.agent())


def long_open(desk: Desk, low: float, high: float, *, priority: str | None = "normal") -> None:
    """A ticket from `low` to `high` days ago that is worked on now and then, and never solved."""
    at = moment(desk.rng, before(days=high), before(days=low))
    life = desk.take(at, desk.people.newcomer(at), desk.rng.choice((words.REFUND, words.DAMAGED)), priority=priority)
    desk.answer(life)
    life.turn(at_work(desk.rng, moment(desk.rng, before(days=14), before(days=5))), tags=(*life.last.tags, "chased"))


def reopened(desk: Desk, window: Window, *, solved_at: Window) -> None:
    """The desk calls it solved, the customer disagrees within `window`."""
    at = moment(desk.rng, before(days=9), before(days=7.5))
    life = desk.take(at, desk.people.newcomer(at), desk.rng.choice((words.REFUND, words.LOGIN, words.VOUCHER)))
    desk.answer(life, low=0.2, high=2)
    desk.solve(life, at_work(desk.rng, moment(desk.rng, *solved_at)))
    life.turn(max(moment(desk.rng, *window), life.last.updated_at + timedelta(hours=2)), status="open")


def rated(desk: Desk, window: Window, score: str, *, solved_at: Window) -> None:
    """A ticket solved lately whose customer answers the survey within `window`."""
    at = moment(desk.rng, before(days=6), before(days=4.2))
    life = desk.take(at, desk.people.newcomer(at), desk.topic())
    desk.answer(life, low=0.2, high=2)
    at_solved = at_work(desk.rng, moment(desk.rng, *solved_at))
    desk.solve(life, at_solved)
    asked_at = at_solved + timedelta(hours=20)
    desk.rate(life, max(moment(desk.rng, *window), asked_at), score)
    desk.close(life, at_solved)


def announced(desk: Desk) -> None:
    """Marketing opens a thread with a customer, who has not written."""
    at = later(desk.rng, before(days=7), 0, 5)
    marketing = desk.people.marketing
    desk.take(
        at,
        desk.people.newcomer(at),
        words.CAMPAIGN,
        submitter=marketing,
        channel="api",
        group="Marketing",
        status="open",
        priority=None,
        tags=("campaign_outbound",),
    )


def autoreplied(desk: Desk, window: Window) -> None:
    """A mailbox answers a newsletter by itself and the newsletter integration files a ticket."""
    at = moment(desk.rng, *window)
    desk.take(
        at,
        desk.people.newcomer(at),
        words.AUTOREPLY,
        submitter=desk.people.integration,
        channel="api",
        group="Marketing",
        priority=None,
        tags=("campaign_reply",),
    )


def answered_campaign(desk: Desk) -> None:
    """A customer uses the newsletter's reply button to complain: a real issue under a campaign's tag."""
    at = moment(desk.rng, before(days=6.5), before(days=1))
    life = desk.take(at, desk.people.newcomer(at), words.CAMPAIGN_COMPLAINT, channel="email", tags=("campaign_reply",))
    desk.answer(life)


def without_address(desk: Desk, window: Window, *, solved: bool) -> None:
    """Somebody writes in a chat window or calls, and the helpdesk learns no e-mail address."""
    at = moment(desk.rng, *window)
    channel = desk.rng.choice(("native_messaging", "whatsapp", "voice"))
    phone = None if channel == "native_messaging" else desk.people.phone()
    requester = desk.people.without_address(at, phone=phone)
    submitter = desk.agent() if channel == "voice" else requester
    life = desk.take(at, requester, desk.topic(), channel=channel, submitter=submitter)
    if solved:
        work_through(desk, life)
    else:
        desk.answer(life)


def under_review(desk: Desk) -> None:
    """An add-on puts the ticket into a status that the service's documentation does not list."""
    at = moment(desk.rng, before(days=5), before(days=1))
    life = desk.take(at, desk.people.newcomer(at), words.BILLING)
    life.turn(at_work(desk.rng, later(desk.rng, at, 0.5, 6)), status="in_review", assignee=desk.agent())


def from_shared_address(desk: Desk, window: Window, *, solved: bool) -> None:
    """Somebody at a company writes from the address that all of them share."""
    life = desk.take(moment(desk.rng, *window), desk.people.shared_address(), desk.topic())
    if solved:
        work_through(desk, life)
    else:
        desk.answer(life)


def urgent(desk: Desk, *, business: bool) -> None:
    """Something cannot wait."""
    at = moment(desk.rng, before(days=2), before(days=0.1))
    requester = desk.people.colleague() if business else desk.people.newcomer(at)
    life = desk.take(at, requester, words.FRAUD, priority="urgent", tags=("escalated",))
    life.turn(at + timedelta(minutes=7), status="open", assignee=desk.agent())


def internal(desk: Desk, window: Window, *, solved: bool) -> None:
    """Agents write among themselves, some of it as a side conversation."""
    at = at_work(desk.rng, moment(desk.rng, *window))
    is_side = desk.rng.randrange(3) == 0
    life = desk.take(
        at,
        desk.agent(),
        words.INTERNAL,
        channel="side_conversation" if is_side else "web",
        status="open",
        is_public=False,
        tags=("created_for_side_conversation",) if is_side else (),
    )
    if solved:
        at_solved = at_work(desk.rng, later(desk.rng, at, 2, 60))
        desk.solve(life, at_solved)
        desk.close(life, at_solved)


def follow_up(desk: Desk, window: Window) -> None:
    """A customer answers a closed ticket, which cannot reopen: a new ticket follows it."""
    at = moment(desk.rng, *window)
    requester, topic = desk.people.newcomer(at - timedelta(days=9)), desk.topic()
    old = desk.take(at - timedelta(days=9), requester, topic)
    solved_at = at_work(desk.rng, later(desk.rng, old.last.updated_at, 3, 20))
    desk.solve(old, solved_at)
    desk.close(old, solved_at)
    new = desk.take(at, requester, topic, channel="email", follows=old.last.key)
    old.turn(at, followed_by=(new.last.key,))
    work_through(desk, new)


def touched(desk: Desk, window: Window, *, touched_at: Window) -> None:
    """The service rewrites an old ticket after a settings change, and exports it again."""
    life = desk.take(moment(desk.rng, *window), desk.people.regular(), desk.topic())
    work_through(desk, life)
    life.touch(moment(desk.rng, *touched_at))


def courier_outage(desk: Desk) -> None:
    """The courier's depot is down from Monday noon; the desk links what comes in and solves it all at once."""
    began = before(days=1) + timedelta(hours=3)
    problem = desk.take(
        began, desk.agent(), words.COURIER_DOWN, channel="web", priority="urgent", status="open",
        is_public=False, has_incidents=True,
    )  # fmt: skip
    over = DAY1_NOW + timedelta(hours=6)
    linked = [incident(desk, problem.last.key, (began, DAY1_NOW - timedelta(minutes=10))) for _ in range(46)]
    linked += [incident(desk, problem.last.key, (DAY1_NOW, DAY1_NOW + timedelta(hours=4))) for _ in range(14)]
    desk.solve(problem, over)
    for number, life in enumerate(linked):
        desk.solve(life, over + timedelta(seconds=20 * number))


def incident(desk: Desk, problem: int, window: Window) -> Life:
    """One customer who waits for a parcel because of the outage."""
    at = moment(desk.rng, *window)
    life = desk.take(
        at, desk.people.newcomer(at), words.OUTAGE, priority="high", problem=problem, tags=("courier_outage_march",)
    )
    life.turn(at + timedelta(minutes=desk.rng.randrange(5, 55)), status="open", assignee=desk.agent())
    return life


def imported_without_date(desk: Desk) -> None:
    """A ticket carried over from an older desk lost its date of creation on the way."""
    at = moment(desk.rng, before(days=40), before(days=30))
    desk.take(at, desk.people.newcomer(at), words.REFUND, channel="api", status="open", was_imported_without_date=True)

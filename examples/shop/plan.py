"""How often what happens at the shop, and when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from shop.clock import DAY1_NOW, DAY2_NOW, FIRST_READ, OPENED, before
from shop.desk import Desk
from shop.stories import (
    announced,
    answered_campaign,
    autoreplied,
    courier_outage,
    deleted,
    follow_up,
    from_shared_address,
    imported_without_date,
    internal,
    long_open,
    merged,
    ordinary,
    phoned,
    rated,
    reopened,
    snoozed,
    spam_caught,
    spam_marked,
    touched,
    under_review,
    urgent,
    waiting_for_courier,
    waiting_for_customer,
    without_address,
)

Story = Callable[[Desk], None]

LONG_AGO = (OPENED, before(days=21))
CHRISTMAS = (datetime(2025, 11, 24, tzinfo=UTC), datetime(2025, 12, 22, tzinfo=UTC))
RECENT = (before(days=6), before(days=0.1))
TODAY = (DAY1_NOW + timedelta(minutes=5), DAY2_NOW - timedelta(hours=1))
"""The day between the first export and the second."""
SOLVED_BEFORE_READ = (before(days=5), FIRST_READ - timedelta(hours=2))
REOPENS = (FIRST_READ + timedelta(hours=1), before(days=1.1))
LATELY = (before(days=1.5), before(days=0.1))
FRIDAY = (before(days=4), before(days=3.2))
MONDAY = (before(days=1), before(days=0.7))
PLAN: tuple[tuple[int, Story], ...] = (
    (1_200, partial(ordinary, window=LONG_AGO)),
    (280, partial(ordinary, window=CHRISTMAS)),
    (140, partial(ordinary, window=(before(days=21), before(days=0.02)))),
    (34, partial(ordinary, window=TODAY)),
    (90, partial(phoned, window=LONG_AGO, solved=True)),
    (24, partial(phoned, window=RECENT, solved=False)),
    (5, partial(phoned, window=TODAY, solved=False)),
    (22, partial(merged, window=LONG_AGO, solved=True)),
    (12, partial(merged, window=RECENT)),
    (6, partial(merged, window=(before(days=2), before(days=1)), merged_at=TODAY)),
    (18, partial(spam_caught, window=RECENT)),
    (3, partial(spam_caught, window=TODAY)),
    (16, partial(spam_marked, window=LONG_AGO)),
    (4, partial(spam_marked, window=(before(days=1.5), before(days=0.1)), marked_at=TODAY)),
    (14, partial(deleted, window=(before(days=25), before(days=5)))),
    (10, partial(deleted, window=(before(days=120), before(days=60)), scrubbed=True)),
    (4, partial(deleted, window=(before(days=3), before(days=0.5)), deleted_at=TODAY)),
    (14, snoozed),
    (2, partial(snoozed, until=DAY1_NOW + timedelta(hours=22))),
    (14, waiting_for_courier),
    (20, partial(waiting_for_customer, low=7.5, high=24)),
    (3, partial(waiting_for_customer, low=8, high=15, priority="urgent")),
    (5, partial(waiting_for_customer, low=6.1, high=6.9)),
    (10, partial(waiting_for_customer, low=1, high=5)),
    (12, partial(long_open, low=31, high=43)),
    (6, partial(long_open, low=46, high=120)),
    (2, partial(long_open, low=50, high=70, priority="urgent")),
    (22, partial(reopened, window=REOPENS, solved_at=SOLVED_BEFORE_READ)),
    (8, partial(reopened, window=TODAY, solved_at=MONDAY)),
    (10, partial(rated, window=LATELY, score="good", solved_at=FRIDAY)),
    (5, partial(rated, window=LATELY, score="bad", solved_at=FRIDAY)),
    (10, partial(rated, window=TODAY, score="good", solved_at=MONDAY)),
    (5, partial(rated, window=TODAY, score="bad", solved_at=MONDAY)),
    (24, announced),
    (14, partial(autoreplied, window=(before(days=7), before(days=0.5)))),
    (6, partial(autoreplied, window=TODAY)),
    (10, answered_campaign),
    (26, partial(without_address, window=LONG_AGO, solved=True)),
    (16, partial(without_address, window=RECENT, solved=False)),
    (3, partial(without_address, window=TODAY, solved=False)),
    (4, under_review),
    (24, partial(from_shared_address, window=LONG_AGO, solved=True)),
    (8, partial(from_shared_address, window=RECENT, solved=False)),
    (9, partial(urgent, business=False)),
    (3, partial(urgent, business=True)),
    (18, partial(internal, window=LONG_AGO, solved=True)),
    (9, partial(internal, window=RECENT, solved=False)),
    (16, partial(follow_up, window=LONG_AGO)),
    (6, partial(follow_up, window=(before(days=2.5), before(days=0.5)))),
    (24, partial(touched, window=LONG_AGO, touched_at=(FIRST_READ, before(days=0.1)))),
    (12, partial(touched, window=LONG_AGO, touched_at=TODAY)),
    (1, courier_outage),
    (1, imported_without_date),
)
"""How many times each story happens."""


def tell(desk: Desk) -> None:
    """Every story of the plan happens as often as it says."""
    for times, story in PLAN:
        for _ in range(times):
            story(desk)

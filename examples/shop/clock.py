"""When things happen at the shop: the demo's two days, the customers' rhythm and the desk's hours."""

from datetime import UTC, datetime, timedelta
from random import Random

DAY1_NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
DAY2_NOW = DAY1_NOW + timedelta(days=1)
OPENED = datetime(2025, 9, 1, 6, tzinfo=UTC)
FIRST_READ = datetime(2026, 2, 27, 18, tzinfo=UTC)
"""The export's first run, which gave each ticket once; later changes follow as later records."""

HOUR_WEIGHTS = (2, 1, 1, 1, 2, 6, 18, 40, 70, 90, 100, 95, 80, 75, 80, 85, 85, 90, 95, 90, 70, 45, 22, 8)
"""How likely a customer writes in each hour of the day (UTC), in percent of the busiest."""
SUNDAY = 6


def before(*, days: float) -> datetime:
    """So many days before the first day's now."""
    return DAY1_NOW - timedelta(days=days)


def moment(rng: Random, since: datetime, until: datetime) -> datetime:
    """A time in `[since, until)` at which a customer would write."""
    seconds = int((until - since).total_seconds())
    while True:
        at = since + timedelta(seconds=rng.randrange(seconds))
        if rng.randrange(100) < HOUR_WEIGHTS[at.hour]:
            return at


def later(rng: Random, at: datetime, low: float, high: float) -> datetime:
    """A time between `low` and `high` hours after `at`, to the second."""
    return at + timedelta(seconds=rng.randrange(int(low * 3600), int(high * 3600)))


def at_work(rng: Random, at: datetime) -> datetime:
    """`at` itself while the desk is staffed, else within two hours of its next opening; Sundays are off."""
    opens, closes = (8, 13) if at.weekday() == SUNDAY - 1 else (7, 17)
    if at.weekday() != SUNDAY and opens <= at.hour < closes:
        return at
    day = at if at.weekday() != SUNDAY and at.hour < opens else at + timedelta(days=1)
    if day.weekday() == SUNDAY:
        day += timedelta(days=1)
    opens = 8 if day.weekday() == SUNDAY - 1 else 7
    return day.replace(hour=opens, minute=0, second=0) + timedelta(seconds=rng.randrange(7200))


def stamp(at: datetime) -> str:
    """`at` as Zendesk and the mailing tool write it: ISO 8601, UTC, to the second."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")

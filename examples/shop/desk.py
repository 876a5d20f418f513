"""Where tickets come in, are worked on and end: the moves every story is made of."""

from datetime import datetime, timedelta
from random import Random
from typing import TypedDict, Unpack

from shop import words
from shop.clock import at_work, later
from shop.people import People, User
from shop.tickets import Life, Ticket

CLOSES_AFTER = timedelta(hours=96)
ASKS_AFTER = timedelta(hours=24)
"""After being solved, a ticket's rating is asked for and the ticket closed by automations."""


class Arrival(TypedDict, total=False):
    """What may be special about a ticket when it comes in."""

    submitter: User
    channel: str
    group: str
    status: str
    priority: str | None
    tags: tuple[str, ...]
    is_public: bool
    has_incidents: bool
    problem: int | None
    follows: int | None
    was_imported_without_date: bool


class Desk:
    """The helpdesk: its people and every ticket that came in."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.people = People(rng)
        self.lives: list[Life] = []

    def topic(self) -> words.Topic:
        """Something customers write about, the usual things more often."""
        return self.rng.choices(words.EVERYDAY, words.EVERYDAY_WEIGHTS)[0]

    def agent(self) -> User:
        return self.rng.choice(self.people.agents)

    def take(self, at: datetime, requester: User, topic: words.Topic, **arrival: Unpack[Arrival]) -> Life:
        """A ticket comes in at `at`; by default its requester wrote an e-mail or filled in the web form."""
        order = f"LP-{self.rng.randrange(100_000, 180_000)}"
        subject, text = self.rng.choice(topic.letters)
        key = len(self.lives)
        given: Arrival = {
            "submitter": requester,
            "channel": self.rng.choice(("email", "email", "web")),
            "group": "Returns" if topic.reason in {"refund", "wrong_size"} else "Support",
            "priority": self.rng.choice((None, None, None, "low", "normal", "normal", "high")),
        }
        given.update(arrival)
        given["tags"] = (topic.reason, *given.get("tags", ()))
        first = Ticket(
            key=key,
            created_at=at,
            updated_at=at,
            generated_at=at + timedelta(seconds=1 + key % 3),
            requester=requester,
            subject=subject.format(order=order),
            description=text.format(order=order),
            reason=topic.reason,
            order=order,
            kind=topic.kind,
            **given,
        )
        life = Life([first])
        self.lives.append(life)
        return life

    def answer(self, life: Life, status: str = "open", low: float = 0.3, high: float = 6) -> None:
        """An agent takes the ticket `low` to `high` working hours later and leaves it in `status`."""
        at = at_work(self.rng, later(self.rng, life.last.updated_at, low, high))
        life.turn(at, status=status, assignee=self.agent())

    def solve(self, life: Life, at: datetime) -> None:
        """An agent solves the ticket at `at`."""
        life.turn(at, status="solved", assignee=life.last.assignee or self.agent())

    def ask_for_rating(self, life: Life) -> None:
        """The day after, an automation asks the customer how it was."""
        life.turn(life.last.updated_at + ASKS_AFTER, score="offered")

    def rate(self, life: Life, at: datetime, score: str) -> None:
        """The customer rates the solved ticket `good` or `bad`."""
        comments = words.PRAISE if score == "good" else words.COMPLAINTS
        life.turn(at, score=score, score_comment=self.rng.choice(comments))

    def close(self, life: Life, solved_at: datetime) -> None:
        """Four days after it was solved, an automation closes the ticket for good."""
        life.turn(max(solved_at + CLOSES_AFTER, life.last.updated_at), status="closed")

    def finish(self, life: Life, solved_at: datetime) -> None:
        """The ticket is solved, most people are asked, some answer, and it closes."""
        self.solve(life, solved_at)
        roll = self.rng.randrange(100)
        if roll < 60:
            self.ask_for_rating(life)
        if roll < 30:
            score = "bad" if roll < 6 else "good"
            self.rate(life, later(self.rng, life.last.updated_at, 0.5, 40), score)
        self.close(life, solved_at)

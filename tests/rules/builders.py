"""Builds facts for tests: by hand, one line each, and at random from a seed, cheaply."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from alignkit.models import Category, Channel, IssueStatus, Message, Priority, SignalKind, microseconds
from alignkit.models.vocabulary import MARKETING
from alignkit.rules.conditions import (
    AllOf,
    AllOfTests,
    AnyOf,
    AnyOfTests,
    AnyRow,
    Condition,
    CountRows,
    CustomerTest,
    Holdout,
    LatestRow,
    LocalDate,
    LocalTime,
    MessageTest,
    NoRow,
    Not,
    NotTest,
    RowTest,
    Test,
)
from alignkit.rules.facts import (
    AccountFacts,
    Facts,
    HoldFacts,
    IssueFacts,
    PostFacts,
    SendFacts,
    SignalFacts,
    SurveyFacts,
)
from alignkit.rules.fields import MESSAGE_FIELDS, NEWEST_BY, ROW_FIELDS, Collection, Field, Kind
from alignkit.rules.policy import Effect, Freshness, OnUnknown, Policy, Rule, WhenStale

NOW = datetime(2025, 3, 5, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def at(moment: datetime) -> int:
    return microseconds(moment)


def ago(span: timedelta) -> int:
    return at(NOW - span)


_ISSUE = IssueFacts(
    ref="desk/issue/1",
    status="open",
    status_raw="open",
    active=True,
    excluded=None,
    type="question",
    reason=None,
    priority="normal",
    severity=None,
    channel="email",
    direction="inbound",
    initiated_by="customer",
    customer_wrote=True,
    brand=None,
    queue=None,
    team=None,
    tags=(),
    products=(),
    created_at=ago(2 * DAY),
    status_since=ago(DAY),
    first_active_at=ago(2 * DAY),
    waiting_since=None,
    resolved_at=None,
    reopened_at=None,
    reopened_count=0,
    snoozed_until=None,
    sla_breached=None,
    rating=None,
)


def issue(**fields: Any) -> IssueFacts:
    """An open issue of normal priority, two days old."""
    return replace(_ISSUE, **fields)


def resolved(since: timedelta, **fields: Any) -> IssueFacts:
    """An issue that was resolved so long ago."""
    return issue(
        **{"status": "resolved", "active": False, "resolved_at": ago(since), "status_since": ago(since)} | fields
    )


def signal(thing: str, since: timedelta = HOUR, **fields: Any) -> SignalFacts:
    """A negative signal about this thing."""
    row = SignalFacts(
        kind="issue_opened",
        polarity="negative",
        at=ago(since),
        intent="help",
        strength=1.0,
        confidence=1.0,
        thing=thing,
    )
    return replace(row, **fields)


def survey(since: timedelta, **fields: Any) -> SurveyFacts:
    """A detractor's NPS answer."""
    row = SurveyFacts(
        ref="forms/survey/1",
        kind="nps",
        bucket="detractor",
        score=3.0,
        normalised=0.3,
        at=ago(since),
        issue=None,
        campaign=None,
    )
    return replace(row, **fields)


def post(since: timedelta, **fields: Any) -> PostFacts:
    """A negative post that is surely the customer's."""
    row = PostFacts(
        ref="net/post/1",
        platform="bluesky",
        kind="post",
        polarity="negative",
        intent="complaint",
        confidence=0.95,
        rating=None,
        at=ago(since),
    )
    return replace(row, **fields)


def send(since: timedelta, **fields: Any) -> SendFacts:
    row = SendFacts(ref="mail/send/1", category="promotional", channel="email", campaign="spring", at=ago(since))
    return replace(row, **fields)


def hold(**fields: Any) -> HoldFacts:
    """A manual hold on everything, since yesterday, until it is lifted."""
    row = HoldFacts(
        ref="align/hold/1",
        kind="manual",
        reason="recall of the spring batch",
        channels=(),
        categories=(),
        products=(),
        opened_at=ago(DAY),
        ends_at=None,
        created_by="jo",
    )
    return replace(row, **fields)


def account(**fields: Any) -> AccountFacts:
    return replace(AccountFacts(ref="crm/account/1", name="Shop Ltd", plan="pro", arr=12_000.0), **fields)


def message(category: str = "promotional", channel: str = "email", **fields: Any) -> Message:
    return Message(category=Category(category), channel=Channel(channel), **fields)


def rule(condition: Condition, effect: str = "suppress", id: str = "rule", **fields: Any) -> Rule:
    outcome = {"outcome": "defer"} if effect == "suppress" else {}
    return Rule.model_validate(
        {"id": id, "effect": Effect(effect), "when": condition, "reason": "{rows}"} | outcome | fields
    )


def policy(*rules: Rule, **fields: Any) -> Policy:
    return Policy.model_validate({"name": "test", "rules": rules} | fields)


# At random: every value comes from one seeded generator, for drawing each field apart is slow.

SPANS = [timedelta(0), TICK, HOUR, 2 * DAY, 7 * DAY, 30 * DAY]
TEXTS = ["a", "b"]
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]


def random_message(random: Random) -> Message:
    return Message(
        category=random.choice(list(Category)),
        channel=random.choice([Channel.EMAIL, Channel.SMS]),
        product_refs=tuple(random.sample(TEXTS, random.randint(0, 2))),
        campaign_id=random.choice([None, "spring"]),
    )


def random_facts(random: Random) -> Facts:
    """Facts with times that often fall on the boundaries that policies ask about."""
    return Facts(
        customer=random.choice(["c1", "c2", "c3", None]),
        bucketing_id=random.choice(["c1", "c2", "c3", None]),
        issues=[random_issue(random, f"desk/issue/{n}") for n in range(random.randint(0, 3))],
        account_issues=[random_issue(random, f"desk/issue/a{n}") for n in range(random.randint(0, 2))],
        signals=[
            signal(
                f"desk/issue/{random.randint(0, 4)}",
                at=random_time(random),
                kind=random.choice(list(SignalKind)).value,
                polarity=random.choice(["negative", "negative", "positive", None]),
                intent=random.choice(["help", "buy", None]),
            )
            for _ in range(random.randint(0, 6))
        ],
        surveys=[
            survey(
                HOUR, ref=f"forms/survey/{n}", at=random_time(random), bucket=random.choice(["detractor", "passive"])
            )
            for n in range(random.randint(0, 2))
        ],
        posts=[
            post(HOUR, ref=f"net/post/{n}", at=random_time(random), confidence=random.choice([0.5, 0.9, 1.0]))
            for n in range(random.randint(0, 2))
        ],
        sends=[
            send(
                HOUR,
                ref=f"mail/send/{n}",
                at=random_time(random),
                channel=random.choice(["email", "sms"]),
                category=random.choice(["promotional", "upsell", None]),
                campaign=random.choice(["spring", None]),
                status=random.choice(["sent", "sent", "failed"]),
            )
            for n in range(random.randint(0, 3))
        ],
        holds=[random_hold(random, n) for n in range(random.randint(0, 2))],
        attributes={
            "is_vip": random.choice([True, False]),
            "tier": random.choice([None, "a"]),
            "time_zone": random.choice([None, *ZONES, "Mars/Olympus"]),
        },
        accounts=[
            account(ref=f"crm/account/{n}", plan=random.choice([*TEXTS, None])) for n in range(random.randint(0, 1))
        ],
    )


def random_issue(random: Random, ref: str) -> IssueFacts:
    status = random.choice(list(IssueStatus))
    return issue(
        ref=ref,
        status=status.value,
        active=status.is_active,
        excluded=random.choice([None, None, None, "spam"]),
        priority=random.choice(list(Priority)).value,
        rating=random.choice([None, "good", "bad", "neutral"]),
        severity=random.choice([None, None, "minor", "critical"]),
        channel=random.choice(["email", "sms", None]),
        brand=random.choice([*TEXTS, None]),
        customer=random.choice(["c1", "c2", "c3", None]),
        tags=tuple(random.sample(TEXTS, random.randint(0, 2))),
        products=tuple(random.sample(TEXTS, random.randint(0, 2))),
        created_at=random_time(random),
        status_since=random_time(random),
        first_active_at=random.choice([None, random_time(random)]),
        resolved_at=random_time(random) if status.is_active is False else None,
    )


def random_hold(random: Random, number: int) -> HoldFacts:
    opened = random_time(random)
    return hold(
        ref=f"align/hold/{number}",
        kind=random.choice(["manual", "incident", "blackout"]),
        channels=random.choice([(), ("sms",)]),
        categories=random.choice([(), (), ("promotional",), ("onboarding",)]),
        products=random.choice([(), (), ("a",)]),
        opened_at=opened,
        ends_at=random.choice([None, opened + at(NOW + DAY) - at(NOW)]),
    )


def random_time(random: Random) -> int:
    exact = random.choice(SPANS) + random.choice([timedelta(0), TICK, -TICK, HOUR, timedelta(days=45)])
    return ago(exact * random.choice([1, 1, 1, -1]))


def random_policy(random: Random, rules: int = 5) -> Policy:
    return policy(
        *(random_rule(random, f"rule-{n}", random.choice(list(Effect))) for n in range(rules)),
        on_unknown=random.choice(list(OnUnknown)),
        freshness=(
            Freshness(categories=tuple(sorted(MARKETING)), budget=2 * HOUR, mode=random.choice(list(WhenStale))),
        ),
    )


def random_rule(random: Random, id: str, effect: str) -> Rule:
    fields: dict[str, Any] = (
        {} if effect != "suppress" else {"outcome": random.choice(["defer", "drop", "swap", "review"])}
    )
    if fields == {"outcome": "defer"}:
        fields["relevance"] = random.choice([None, "3d", "30d"])
    condition = random_condition(random)
    if effect != "suppress" and random.random() < 0.2:
        holdouts: list[Condition] = [random_holdout(random), AllOf(all_of=(condition, random_holdout(random)))]
        condition = random.choice(holdouts)
    return rule(
        condition,
        effect,
        id,
        categories=random.choice([(), (), ("promotional", "upsell")]),
        channels=random.choice([(), (), ("email",)]),
        reason="{count} {rows} {since}",
        **fields,
    )


def random_holdout(random: Random) -> Holdout:
    return Holdout(holdout=random.choice([0.3, 0.7]), salt=random.choice(TEXTS))


def random_condition(random: Random, depth: int = 2) -> Condition:
    if not depth or random.random() < 0.6:
        return random.choice([_random_rows, _random_rows, _random_rows, _random_leaf])(random)
    inside = tuple(random_condition(random, depth - 1) for _ in range(random.randint(1, 2)))
    combined: list[Condition] = [AllOf(all_of=inside), AnyOf(any_of=inside), Not(condition=inside[0])]
    return random.choice(combined)


def _random_rows(random: Random) -> Condition:
    collection: Collection = random.choice(list(ROW_FIELDS))
    tests = tuple(random_test(random, collection) for _ in range(random.randint(0, 2)))
    plain: list[Condition] = [
        AnyRow(any=collection, where=tests),
        NoRow(none=collection, where=tests),
        CountRows(count=collection, at_least=random.randint(1, 3), where=tests),
        CountRows(count="signals", at_least=2, distinct="thing"),
        CountRows(count="all_issues", at_least=2, distinct="customer", where=()),
        LatestRow(latest="issues", by="resolved_at", passes=(random_test(random, "issues"),)),
    ]
    if collection in NEWEST_BY:
        plain += [LatestRow(latest=collection, where=tests, passes=(random_test(random, collection),))] * 2
    return random.choice(plain)


def _random_leaf(random: Random) -> Condition:
    zone = random.choice([{"fallback": "Europe/Berlin"}, {"zone": random.choice(ZONES)}])
    days = tuple(random.sample(["mon", "wed", "sat", "sun"], random.randint(0, 2)))
    window = random.choice(["21:00-08:00", "13:00-24:00", "02:30-03:30", "00:00-24:00"])
    dates = random.choice([("03-05",), ("2025-03-30/2025-04-02", "12-24/01-02")])
    leaves: list[Condition] = [
        CustomerTest(customer="is_vip", equals=True),
        MessageTest(message="channel", equals="email"),
        MessageTest(message="campaign_id", is_unset=True),
        LocalTime.model_validate({"local_time": window, "days": days, **zone}),
        LocalDate.model_validate({"local_date": dates, **zone}),
    ]
    return random.choice(leaves)


def random_test(random: Random, collection: Collection, depth: int = 2) -> Test:
    if depth and random.random() < 0.3:
        inside = tuple(random_test(random, collection, depth - 1) for _ in range(random.randint(1, 2)))
        combined: list[Test] = [AllOfTests(all_of=inside), AnyOfTests(any_of=inside), NotTest(test=inside[0])]
        return random.choice(combined)
    name, field = random.choice(list(ROW_FIELDS[collection].items()))
    if random.random() < 0.2 and (same := comparable(field)):
        return RowTest(field=name, same_as=random.choice(same))
    return RowTest.model_validate({"field": name} | random_question(random, field))


def comparable(field: Field) -> list[str]:
    """The attributes of a message that such a field can be compared with."""
    if field.kind not in (Kind.TEXT, Kind.LIST):
        return []
    return [
        name
        for name, other in MESSAGE_FIELDS.items()
        if not (field.words and other.words and field.words.isdisjoint(other.words))
    ]


def random_question(random: Random, field: Field) -> dict[str, Any]:
    words = sorted(field.words) or TEXTS
    span = random.choice(SPANS)
    questions: dict[Kind, list[dict[str, Any]]] = {
        Kind.TEXT: [{"equals": words[0]}, {"in_": tuple(words[:2])}, {"not_in": tuple(words[-2:])}],
        Kind.FLAG: [{"equals": True}, {"equals": False}],
        Kind.NUMBER: [{"at_least": 1}, {"at_most": 0.9}, {"equals": 1}],
        Kind.TIME: [{"within": span}, {"older_than": span}],
        Kind.LIST: [{"contains": words[0]}],
    }
    return random.choice([*questions[field.kind], {"is_unset": random.choice([True, False])}])

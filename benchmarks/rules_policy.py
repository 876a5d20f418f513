"""The benchmark's policy as data; many rules of its kind; and the source that somebody would write for them by hand."""

from __future__ import annotations

from alignkit.rules import Policy

_RULES = """
[[rules]]
id = "r1{n}"
effect = "suppress"
outcome = "defer"
reason = "somebody holds messages back"
when = {{ any = "holds", where = [{{ field = "kind", equals = "manual" }}] }}

[[rules]]
id = "r2{n}"
effect = "suppress"
outcome = "defer"
reason = "a serious issue is open"
[rules.when]
any = "issues"
where = [
  {{ field = "status", in = ["new", "open", "waiting_on_customer", "snoozed"] }},
  {{ field = "priority", in = ["high", "urgent"] }},{queue}
]

[[rules]]
id = "r3{n}"
effect = "suppress"
outcome = "defer"
reason = "an issue with the product is open"
[rules.when]
any = "issues"
where = [
  {{ field = "status", in = ["new", "open", "waiting_on_customer", "snoozed"] }},
  {{ any_of = [{{ field = "products", is_unset = true }}, {{ field = "products", same_as = "product_refs" }}] }},{queue}
]

[[rules]]
id = "r4{n}"
effect = "suppress"
outcome = "defer"
reason = "an issue was resolved lately"
[rules.when]
any = "issues"
where = [
  {{ field = "status", in = ["resolved", "closed"] }},
  {{ field = "resolved_at", within = "{hours}h" }},
  {{ not = {{ field = "rating", equals = "good" }} }},
]

[[rules]]
id = "r5{n}"
effect = "suppress"
outcome = "defer"
reason = "much went wrong lately"
[rules.when]
count = "signals"
at_least = 3
where = [{{ field = "polarity", equals = "negative" }}, {{ field = "at", within = "{days}d" }}]

[[rules]]
id = "r6{n}"
effect = "suppress"
outcome = "defer"
reason = "the customer would not recommend us"
channels = ["email", "sms"]
[rules.when]
latest = "surveys"
where = [{{ field = "kind", equals = "nps" }}]
passes = [{{ field = "at", within = "{month}d" }}, {{ field = "score", at_most = 6 }}]
"""
_HEAD = 'name = "benchmark"\nalways_allowed = ["transactional", "legal"]\n'

_ELSEWHERE = """
[[rules]]
id = "elsewhere-{n}"
effect = "suppress"
outcome = "defer"
reason = "too much was sent or said"
[rules.when]
any = "{collection}"
where = [{{ field = "at", within = "{hours}h" }}, {{ field = "{field}", equals = "{value}" }}]
"""


def policy() -> Policy:
    """Rules R0 to R6."""
    return Policy.from_toml(_HEAD + _RULES.format(n="", queue="", hours=72, days=7, month=30))


def policy_of(rules: int) -> Policy:
    """So many rules of the same kinds, each asking something of its own; rounded down to whole sixes."""
    return Policy.from_toml(_HEAD + "".join(_variant(number) for number in range(rules // 6)))


def policy_with_rules_elsewhere(rules: int) -> Policy:
    """Rules R0 to R6, and so many about collections that nobody of the population has anything in."""
    where = (("sends", "campaign", "c"), ("posts", "platform", "p"))
    others = (
        _ELSEWHERE.format(n=number, collection=collection, field=field, value=f"{value}{number}", hours=1 + number)
        for number in range(rules)
        for collection, field, value in [where[number % 2]]
    )
    return Policy.from_toml(_HEAD + _RULES.format(n="", queue="", hours=72, days=7, month=30) + "".join(others))


def _variant(number: int) -> str:
    queue = f'\n  {{ field = "queue", equals = "queue-{number}" }},'
    return _RULES.format(n=f"-{number}", queue=queue, hours=72 + number, days=7 + number, month=30 + number)


def source_of(rules: int) -> str:
    """The Python source that somebody would write by hand for `policy_of(rules)`, one loop for each collection."""
    numbers = range(rules // 6)
    return "\n".join(
        [
            "def decide(facts, message, now):",
            '    if message.category == "transactional":',
            "        return SEND",
            "    rules, evidence = [], []",
            "    if facts.holds:",
            "        held = [",
            "            hold.ref",
            "            for hold in facts.holds",
            '            if hold.kind == "manual" and hold.opened_at <= now',
            "            and (hold.ends_at is None or hold.ends_at > now)",
            "        ]",
            "        if held:",
            *(f'            rules.append("r1-{n}")' for n in numbers),
            "            evidence += held",
            "    if facts.issues:",
            *(f"        recently_{n} = now - {72 + n} * HOUR" for n in numbers),
            *(f"        serious_{n}, related_{n}, recent_{n} = [], [], []" for n in numbers),
            "        for issue in facts.issues:",
            '            if issue.status in ("new", "open", "waiting_on_customer", "snoozed"):',
            '                is_serious = issue.priority in ("high", "urgent")',
            "                is_related = not issue.products or any(",
            "                    product in message.product_refs for product in issue.products",
            "                )",
            *(_queue(n) for n in numbers),
            '            elif issue.status in ("resolved", "closed"):',
            '                if issue.rating != "good" and issue.resolved_at is not None:',
            *(_recent(n) for n in numbers),
            *(_gathered("r2", "serious", n) for n in numbers),
            *(_gathered("r3", "related", n) for n in numbers),
            *(_gathered("r4", "recent", n) for n in numbers),
            "    if facts.signals:",
            *(f"        since_{n}, negative_{n} = now - {7 + n} * DAY, []" for n in numbers),
            "        for signal in facts.signals:",
            '            if signal.polarity == "negative":',
            *(_negative(n) for n in numbers),
            *(_gathered("r5", "negative", n, "len({}) >= 3") for n in numbers),
            '    if facts.surveys and message.channel in ("email", "sms"):',
            "        last = None",
            "        for answer in facts.surveys:",
            '            if answer.kind == "nps" and (last is None or answer.at > last.at):',
            "                last = answer",
            "        if last is not None and last.score <= 6:",
            *(_last(n) for n in numbers),
            "    if not rules:",
            "        return SEND",
            '    return ("suppress", "defer", tuple(sorted(rules)), tuple(sorted(set(evidence))))',
            "",
        ]
    )


def _queue(number: int) -> str:
    return (
        f'                if issue.queue == "queue-{number}":\n'
        f"                    if is_serious:\n"
        f"                        serious_{number}.append(issue.ref)\n"
        f"                    if is_related:\n"
        f"                        related_{number}.append(issue.ref)"
    )


def _recent(number: int) -> str:
    return (
        f"                    if issue.resolved_at > recently_{number}:\n"
        f"                        recent_{number}.append(issue.ref)"
    )


def _negative(number: int) -> str:
    return f"                if signal.at > since_{number}:\n                    negative_{number}.append(signal.thing)"


def _gathered(rule: str, name: str, number: int, test: str = "{}") -> str:
    found = f"{name}_{number}"
    return (
        f"        if {test.format(found)}:\n"
        f'            rules.append("{rule}-{number}")\n'
        f"            evidence += {found}"
    )


def _last(number: int) -> str:
    return (
        f"            if last.at > now - {30 + number} * DAY:\n"
        f'                rules.append("r6-{number}")\n'
        f"                evidence.append(last.ref)"
    )

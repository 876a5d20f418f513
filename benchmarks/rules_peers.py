"""The benchmark's policy in other rule engines, each in the form that suits it best; what is not installed is left out.

Each peer has a `prepare`, which turns a context into what the engine takes and is not timed, an `ask`, which is, and a
`read`, which brings the raw answer into one form: the rules that matched, in order, and the issues that made them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from benchmarks.rules_population import DAY, HOUR, Context

Found = tuple[tuple[str, ...], tuple[str, ...]]

RULES = ("r1", "r2", "r3", "r4", "r5", "r6")
OPEN = ("new", "open", "waiting_on_customer", "snoozed")
RESOLVED = ("resolved", "closed")


@dataclass(frozen=True)
class Peer:
    """One engine with the policy loaded; slow ones are timed on a share of the contexts, in smaller blocks."""

    name: str
    prepare: Callable[[Context], Any]
    ask: Callable[[Any], Any]
    read: Callable[[Context, Any], Found]
    share: int = 5_000
    block: int = 100

    @property
    def is_judged(self) -> bool:
        """Whether a figure is wanted against it; the others are there for comparison."""
        return self.name.startswith("zen")


def peers() -> Iterable[Peer]:
    """Every peer that is installed; the others are named on the way."""
    for load in (_zen, _zen_bytes, _json_logic, _rule_engine, _cedar):
        try:
            yield load()
        except ImportError as missing:
            print(f"skipped: `{missing.name}` is not installed, so there is no figure against it")


def _plain(context: Context) -> dict[str, Any]:
    return context.plain


def _flagged(_: Context, answer: Any) -> Found:
    return tuple(rule for rule in RULES if answer.get(rule)), tuple(answer.get("evidence", ()))


# zen-engine: one expression that gives every flag and the evidence.

_OPEN_ISSUE = f"#.status in {list(OPEN)}"
_SERIOUS = f"({_OPEN_ISSUE} and #.priority >= 3)"
_RELATED = f"({_OPEN_ISSUE} and (#.product == null or #.product == product))"
_RECENT = f"(#.status in {list(RESOLVED)} and #.resolved_at > now - {72 * HOUR} and #.rating < 4)"
_ZEN = f"""category == 'transactional' ? {{}} : {{
    r1: hold_until > now,
    r2: some(issues, {_SERIOUS}),
    r3: some(issues, {_RELATED}),
    r4: some(issues, {_RECENT}),
    r5: count(signals, #.polarity == 'negative' and #.at > now - {7 * DAY}) >= 3,
    r6: channel in ['email', 'sms'] and len(answers) > 0 and answers[0].at > now - {30 * DAY} and answers[0].score <= 6,
    evidence: map(filter(issues, {_SERIOUS} or {_RELATED} or {_RECENT}), #.ref)
}}"""


def _zen() -> Peer:
    expression = import_module("zen").compile_expression(_ZEN)
    return Peer("zen-engine, compiled expression", _plain, expression.evaluate, _flagged)


def _zen_bytes() -> Peer:
    expression = import_module("zen").compile_expression(_ZEN)
    return Peer("zen-engine, the same from JSON bytes", _as_bytes, expression.evaluate, _flagged)


def _as_bytes(context: Context) -> bytes:
    return json.dumps(context.plain).encode()


# JSON-logic: a row is all that a test inside `filter` can see, so that rows carry what they are held against.


def _json_logic() -> Peer:
    apply: Callable[[Any, Any], Any] = import_module("json_logic").jsonLogic
    is_open = {"in": [_var("status"), list(OPEN)]}
    serious = {"and": [is_open, {">=": [_var("priority"), 3]}]}
    related = {"and": [is_open, {"or": [{"==": [_var("product"), None]}, {"==": [_var("product"), _var("wanted")]}]}]}
    recent = {
        "and": [
            {"in": [_var("status"), list(RESOLVED)]},
            {"<": [_var("age"), 72 * HOUR]},
            {"<": [_var("rating"), 4]},
        ]
    }
    negative = {"and": [{"==": [_var("polarity"), "negative"]}, {"<": [_var("age"), 7 * DAY]}]}
    counted = {"reduce": [{"filter": [_var("signals"), negative]}, {"+": [_var("accumulator"), 1]}, 0]}
    first = {
        "and": [
            {"in": [_var("channel"), ["email", "sms"]]},
            _var("answers.0"),
            {"<": [_var("answers.0.age"), 30 * DAY]},
            {"<=": [_var("answers.0.score"), 6]},
        ]
    }
    found = [
        {">": [_var("hold_until"), _var("now")]},
        {"some": [_var("issues"), serious]},
        {"some": [_var("issues"), related]},
        {"some": [_var("issues"), recent]},
        {">=": [counted, 3]},
        {"!!": [first]},
        {"map": [{"filter": [_var("issues"), {"or": [serious, related, recent]}]}, _var("ref")]},
    ]
    logic = {"if": [{"==": [_var("category"), "transactional"]}, [], found]}
    return Peer("panzi-json-logic", _denormalised, lambda data: apply(logic, data), _listed, share=1_000, block=20)


def _var(name: str) -> dict[str, str]:
    return {"var": name}


def _denormalised(context: Context) -> dict[str, Any]:
    plain, now = context.plain, context.now
    return plain | {
        "issues": [
            issue | {"age": now - issue["resolved_at"], "wanted": plain["product"]} for issue in plain["issues"]
        ],
        "signals": [signal | {"age": now - signal["at"]} for signal in plain["signals"]],
        "answers": [answer | {"age": now - answer["at"]} for answer in plain["answers"]],
    }


def _listed(_: Context, answer: Any) -> Found:
    if not answer:
        return (), ()
    *flags, evidence = answer
    return tuple(rule for rule, flag in zip(RULES, flags, strict=True) if flag), tuple(evidence)


# rule-engine: one rule each, and one for the evidence.


def _rule_engine() -> Peer:
    module = import_module("rule_engine")
    context = module.Context(resolver=module.resolve_item)
    is_open = f"i.status in {list(OPEN)}"
    serious = f"({is_open} and i.priority >= 3)"
    related = f"({is_open} and (i.product == null or i.product == product))"
    recent = f"(i.status in {list(RESOLVED)} and i.resolved_at > now - {72 * HOUR} and i.rating < 4)"
    written = "channel in ['email', 'sms'] and answers.length > 0"
    texts = [
        "hold_until > now",
        f"[i for i in issues if {serious}].length > 0",
        f"[i for i in issues if {related}].length > 0",
        f"[i for i in issues if {recent}].length > 0",
        f"[s for s in signals if s.polarity == 'negative' and s.at > now - {7 * DAY}].length >= 3",
        f"{written} and answers[0].at > now - {30 * DAY} and answers[0].score <= 6",
        f"[i.ref for i in issues if {serious} or {related} or {recent}]",
    ]
    governed = module.Rule("category != 'transactional'", context=context)
    rules = [module.Rule(text, context=context) for text in texts]

    def ask(data: dict[str, Any]) -> list[Any]:
        return [rule.evaluate(data) for rule in rules] if governed.matches(data) else []

    return Peer("rule-engine", _plain, ask, _listed, share=100, block=2)


# Cedar cannot quantify over records: Python looks through the rows beforehand, untimed, and hands over flags.


def _cedar() -> Peer:
    module = import_module("cedarpy")
    forbids = "\n".join(
        f'@id("{rule}") forbid(principal, action, resource) when {{ context.governed && context.{rule} }};'
        for rule in RULES[:5]
    )
    policies = module.PolicySet.from_str(
        '@id("send") permit(principal, action, resource);\n'
        f"{forbids}\n"
        '@id("r6") forbid(principal, action, resource) when '
        '{ context.governed && context.r6 && ["email", "sms"].contains(context.channel) };'
    )
    entities = module.Entities.from_json_str("[]")

    def ask(request: dict[str, Any]) -> Any:
        return module.is_authorized(request, policies, entities)

    return Peer("cedarpy, flags given", _flags, ask, _reasons, share=1_000, block=20)


def _flags(context: Context) -> dict[str, Any]:
    plain, now = context.plain, context.now
    serious, related, recent = _rows(plain, now)
    negative = [each for each in plain["signals"] if each["polarity"] == "negative" and each["at"] > now - 7 * DAY]
    last = plain["answers"][0] if plain["answers"] else None
    return {
        "principal": 'Customer::"c1"',
        "action": 'Action::"send"',
        "resource": 'Message::"m1"',
        "context": {
            "governed": plain["category"] != "transactional",
            "channel": plain["channel"],
            "r1": plain["hold_until"] > now,
            "r2": bool(serious),
            "r3": bool(related),
            "r4": bool(recent),
            "r5": len(negative) >= 3,
            "r6": last is not None and last["at"] > now - 30 * DAY and last["score"] <= 6,
        },
    }


def _rows(plain: dict[str, Any], now: int) -> tuple[list[str], list[str], list[str]]:
    issues: list[dict[str, Any]] = plain["issues"]
    unsolved = [issue for issue in issues if issue["status"] in OPEN]
    return (
        [issue["ref"] for issue in unsolved if issue["priority"] >= 3],
        [issue["ref"] for issue in unsolved if issue["product"] in (None, plain["product"])],
        [
            issue["ref"]
            for issue in issues
            if issue["status"] in RESOLVED and issue["resolved_at"] > now - 72 * HOUR and issue["rating"] < 4
        ],
    )


def _reasons(context: Context, answer: Any) -> Found:
    """Cedar names the policies; the evidence comes from where the flags came from."""
    annotations: dict[str, dict[str, str]] = answer.diagnostics.id_annotations_by_reason
    matched = {str(name) for name in annotations.values()} - {"send"}
    found = {issue for issues in _rows(context.plain, context.now) for issue in issues if matched}
    return tuple(sorted(matched)), tuple(sorted(found))

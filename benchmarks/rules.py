"""The rules: one decision against the same by hand and in other engines, growth with rules, and what compiling costs.

The policy and the customers are described in `docs/project/rules-evidence.md`. Every answer is compared before anything
is timed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from alignkit.models import Category, Channel, Message
from alignkit.rules import Facts, Policy
from alignkit.rules.compiler import compile_policy
from alignkit.rules.wording import nearest_moment
from benchmarks import rules_by_hand as by_hand
from benchmarks.report import Figure, write
from benchmarks.rules_peers import Found, Peer, peers
from benchmarks.rules_policy import policy, policy_of, policy_with_rules_elsewhere, source_of
from benchmarks.rules_population import DAY, HOUR, Context, population
from benchmarks.rules_timing import BLOCK, Compared, blocks, compare, fastest

SIZE = 5_000
OFFER = Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL)
MOST_EVALUATION, MOST_DECISION, LEAST_ZEN, MOST_COMPILING = 1.15, 2.0, 10.0, 3.0


def main(*, small: bool = False) -> None:
    size = SIZE // 10 if small else SIZE
    figures: list[Figure] = []
    for name, busy in (("a tenth with issues", False), ("all with issues", True)):
        contexts = population(size, busy=busy)
        figures += list(against_hand(contexts, name))
        figures += list(against_peers(contexts, name))
    figures += list(growth(population(size // 5, busy=True)))
    figures.append(compiling(30))
    write("rules", figures)


# One decision


def against_hand(contexts: Sequence[Context], name: str) -> Iterator[Figure]:
    chosen = policy()
    compiled = chosen.compile()
    cases = [(each.facts, each.message, each.now) for each in contexts]
    moments = [(facts, message, nearest_moment(now)) for facts, message, now in cases]
    for case in cases:
        evaluation = compiled(*case)
        verdict, outcome, rules, evidence = by_hand.decide(*case)
        given = (evaluation.verdict, evaluation.outcome, evaluation.rules, evaluation.evidence)
        _agree("by hand", (verdict, outcome, rules, evidence), given)
    hand = blocks(by_hand.decide, cases)
    compared = compare(blocks(compiled, cases), hand)
    yield _figure(f"evaluation, {name}, times by hand", compared, len(cases), MOST_EVALUATION)
    compared = compare(blocks(chosen.decide, moments), hand)
    yield _figure(f"evaluation with its Decision, {name}, times by hand", compared, len(cases), MOST_DECISION)
    yield _until(chosen, moments, name)


def _until(chosen: Policy, moments: Sequence[tuple[Any, ...]], name: str) -> Figure:
    def with_until(*case: Any) -> object:
        return chosen.decide(*case).until

    compared = compare(blocks(with_until, moments), blocks(chosen.decide, moments))
    return _figure(f"a Decision and its `until`, {name}, times the Decision alone", compared, len(moments), None)


def against_peers(contexts: Sequence[Context], name: str) -> Iterator[Figure]:
    compiled = policy().compile()
    cases = [(each.facts, each.message, each.now) for each in contexts]
    for peer in peers():
        prepared = [(peer.prepare(context),) for context in contexts]
        for context, case, (taken,) in zip(contexts, cases, prepared, strict=True):
            evaluation = compiled(*case)
            issues = tuple(each for each in evaluation.evidence if each.startswith("desk/"))
            _agree(peer.name, peer.read(context, peer.ask(taken)), (evaluation.rules, issues))
        size = min(peer.block, BLOCK)
        asked, ours = prepared[: peer.share], cases[: peer.share]
        compared = compare(blocks(peer.ask, asked, size), blocks(compiled, ours, size))
        figure = _peer_figure(peer, name, compared, len(asked))
        if peer.is_judged:
            hand = compare(blocks(peer.ask, asked, size), blocks(by_hand.decide, ours, size))
            figure.details["times by hand"] = hand.best
        yield figure


def _peer_figure(peer: Peer, name: str, compared: Compared, size: int) -> Figure:
    return Figure(
        f"{peer.name}, {name}, times alignkit's evaluation",
        compared.best,
        compared.median,
        f"at least {LEAST_ZEN:g}" if peer.is_judged else "none, for comparison",
        compared.best >= LEAST_ZEN if peer.is_judged else True,
        {"us": compared.ours / size * 1e6, "alignkit us": compared.theirs / size * 1e6},
    )


def _agree(name: str, answer: Found | tuple[Any, ...], ours: tuple[Any, ...]) -> None:
    if answer != ours:
        raise SystemExit(f"the two sides disagree: {name} says {answer}, alignkit {ours}")


def _figure(name: str, compared: Compared, size: int, most: float | None) -> Figure:
    return Figure(
        name,
        compared.best,
        compared.median,
        "none, apart" if most is None else f"at most {most:g}",
        most is None or compared.best <= most,
        {"us": compared.ours / size * 1e6, "baseline us": compared.theirs / size * 1e6},
    )


# Many rules


def growth(contexts: Sequence[Context]) -> Iterator[Figure]:
    """Ten times the rules, at most ten times the time; rules about nothing that a customer has, next to none."""
    cases = [(each.facts, each.message, each.now) for each in contexts]
    passes = {rules: blocks(policy_of(rules).compile(), cases) for rules in (12, 102, 1_002)}
    for fewer, more in ((12, 102), (102, 1_002)):
        compared = compare(passes[more], passes[fewer])
        yield _figure(f"{more:,} rules, times {fewer:,} rules", compared, len(cases), 1.15 * more / fewer)
    alone = blocks(policy().compile(), cases)
    for rules in (10, 1_000):
        compared = compare(blocks(policy_with_rules_elsewhere(rules).compile(), cases), alone)
        name = f"6 rules and {rules:,} about what nobody has, times the 6 alone"
        yield _figure(name, compared, len(cases), 1.15)


# Compiling


def compiling(rules: int) -> Figure:
    """From a validated policy to the first answer, against Python's own `compile` of the same by hand."""
    chosen, source = policy_of(rules), source_of(rules)
    _same_answers(chosen, source)

    def ours() -> object:
        return compile_policy(chosen)(Facts(), OFFER, 0)

    def theirs() -> object:
        return compile(source, "<by hand>", "exec")

    compared = compare([ours], [theirs])
    figure = _figure(
        f"compiling {rules} rules, times `compile` of {len(source.splitlines())} lines by hand",
        compared,
        1,
        MOST_COMPILING,
    )
    figure.details["validating them, ms"] = (
        fastest(lambda: Policy.model_validate(chosen.model_dump(by_alias=True)), 5) * 1e3
    )
    return figure


def _same_answers(chosen: Policy, source: str) -> None:
    names: dict[str, Any] = {"SEND": ("send", None, (), ()), "HOUR": HOUR, "DAY": DAY}
    exec(compile(source, "<by hand>", "exec"), names)
    compiled = chosen.compile()
    for context in population(500, busy=True):
        case = (context.facts, context.message, context.now)
        evaluation = compiled(*case)
        given = (evaluation.verdict, evaluation.outcome, evaluation.rules, evaluation.evidence)
        _agree("the source by hand", names["decide"](*case), given)

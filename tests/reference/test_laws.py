"""The laws of policies, over the whole language: what no rule, order, fault, file or process may break."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from alignkit.models import Category, Message
from alignkit.rules import Decision, Facts, Policy

from .comparing import without_one
from .generating import ROWS, Typed, Untyped, with_damage
from .interpreter import EPOCH, Case, Table, is_of

CASES = 200
UNANSWERABLE: Table = {"any": "accounts"}


def cases(maker: type[Typed] = Typed, count: int = CASES) -> Iterator[tuple[Typed, Case]]:
    """Policies with facts; of `maker` each, with the generator to draw more from."""
    for seed in range(count):
        made = maker(f"law-{seed}")
        document, now = made.policy(), made.now()
        yield made, Case(document, made.facts(now), made.message(), now)


def decided(case: Case) -> Decision:
    return loaded(case.document).decide(case.facts, case.message, EPOCH + timedelta(microseconds=case.now))


def loaded(document: Table) -> Policy:
    return Policy.from_json(json.dumps(document))


def with_rules(case: Case, rules: list[Table]) -> Case:
    return replace(case, document={**case.document, "rules": rules})


def said(decision: Decision) -> Table:
    """Everything in a decision but which policy it is from."""
    return {name: value for name, value in decision.to_dict().items() if name != "policy"}


def test_the_order_of_rules_is_irrelevant() -> None:
    for made, case in cases(Untyped):
        rules = made.random.sample(case.document["rules"], len(case.document["rules"]))
        assert said(decided(with_rules(case, rules))) == said(decided(case))


def test_the_order_of_rows_is_irrelevant() -> None:
    for made, case in cases():
        rows: Table = {
            name: made.random.sample(getattr(case.facts, name), len(getattr(case.facts, name))) for name in ROWS
        }
        assert said(decided(replace(case, facts=replace(case.facts, **rows)))) == said(decided(case))


def test_another_suppress_rule_never_turns_suppress_into_send() -> None:
    turned = {False: 0, True: 0}
    for made, case in cases(Untyped):
        more = with_rules(case, [*case.document["rules"], made.rule("another", "suppress")])
        before, after = decided(case).verdict, decided(more).verdict
        assert not (before == "suppress" and after == "send")
        turned[before != after] += 1
    assert turned[True] > 10, "no rule ever mattered, so nothing was seen"


def test_another_exempt_rule_never_turns_send_into_suppress() -> None:
    turned = {False: 0, True: 0}
    for made, case in cases(Untyped):
        more = with_rules(case, [*case.document["rules"], made.rule("another", "exempt")])
        before, after = decided(case).verdict, decided(more).verdict
        assert not (before == "send" and after == "suppress")
        turned[before != after] += 1
    assert turned[True] > 10, "no rule ever mattered, so nothing was seen"


def test_another_note_changes_no_verdict() -> None:
    for made, case in cases(Untyped):
        more = with_rules(case, [*case.document["rules"], made.rule("another", "note")])
        assert decided(more).verdict == decided(case).verdict


def test_a_rule_that_cannot_be_answered_never_sends_more() -> None:
    silenced = 0
    for _, case in cases():
        broken = replace(case, facts=with_damage(case.facts, "accounts", None))
        before = decided(broken)
        for index, rule in enumerate(case.document["rules"]):
            rules: list[Table] = list(case.document["rules"])
            rules[index] = {**rule, "when": UNANSWERABLE}
            after = decided(with_rules(broken, rules))
            assert not (before.verdict == "suppress" and after.verdict == "send")
            silenced += before.verdict == "send" and after.verdict == "suppress"
    assert silenced > 50, "no fault ever mattered, so nothing was seen"


@pytest.mark.parametrize("collection", [*ROWS, "attributes"])
def test_facts_that_are_lost_never_send_more(collection: str) -> None:
    for _, case in cases(count=CASES // 4):
        lost = replace(case, facts=with_damage(case.facts, collection, None))
        assert not (decided(case).verdict == "suppress" and decided(lost).verdict == "send")


@pytest.mark.parametrize("category", [Category.TRANSACTIONAL, Category.LEGAL])
def test_no_fault_touches_a_transactional_message(category: Category) -> None:
    for _, case in cases(Untyped):
        message = case.message.model_copy(update={"category": category})
        decision = decided(replace(case, message=message))
        assert (decision.verdict, decision.rules, decision.notes, decision.errors) == ("send", (), (), ())
        assert (decision.until, decision.recheck_at) == (None, None)


def test_a_policy_survives_json_and_toml() -> None:
    for made in (kind(seed, clocks=0.5) for kind in (Typed, Untyped) for seed in range(CASES // 2)):
        policy = loaded(made.policy())
        for again in (Policy.from_toml(policy.to_toml()), Policy.from_json(policy.to_json())):
            assert again == policy
            assert again.digest == policy.digest
            assert again.to_json() == policy.to_json()


def test_a_row_less_or_more_that_no_rule_asks_about_changes_nothing() -> None:
    for _, case in cases():
        needed = loaded(case.document).needs
        for name in ROWS:
            for fewer in without_one(getattr(case.facts, name)) if name not in needed else ():
                assert said(decided(replace(case, facts=with_damage(case.facts, name, fewer)))) == said(decided(case))


# Replay


def stored(case: Case) -> Table:
    """The inputs of a decision as JSON would keep them."""
    return {
        "policy": loaded(case.document).to_json(),
        "facts": asdict(case.facts),
        "message": case.message.model_dump(mode="json"),
        "now": case.now,
    }


def restored(kept: Table) -> Decision:
    known: Table = {name: value for name, value in kept["facts"].items() if name not in ROWS}
    rows: Table = {name: [kind(**tupled(row)) for row in kept["facts"][name]] for name, kind in ROWS.items()}
    moment = EPOCH + timedelta(microseconds=kept["now"])
    policy, message = Policy.from_json(kept["policy"]), Message.model_validate(kept["message"])
    return policy.decide(Facts(**known, **rows), message, moment)


def tupled(row: Table) -> Table:
    return {name: tuple(value) if is_of(value, list) else value for name, value in row.items()}


def replay(text: str) -> str:
    """The decisions of these stored inputs, one on a line; run by another process."""
    return "\n".join(restored(kept).to_json() for kept in json.loads(text))


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_a_decision_is_replayed_to_the_byte_by_another_process(seed: str, tmp_path: Path) -> None:
    chosen = [case for _, case in cases(count=100)]
    file = tmp_path / "inputs.json"
    file.write_text(json.dumps([stored(case) for case in chosen]), "utf-8")
    script = (
        "import sys; from pathlib import Path; from tests.reference.test_laws import replay; "
        "print(replay(Path(sys.argv[1]).read_text('utf-8')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(file)],
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed, "TZ": "Pacific/Chatham"},
    )
    assert done.stdout.splitlines() == [decided(case).to_json() for case in chosen]


def test_equal_inputs_give_equal_bytes_whatever_came_before() -> None:
    chosen = [case for _, case in cases(count=60)]
    first = [decided(case).to_json() for case in chosen]
    mixed = Random(1).sample(range(len(chosen)), len(chosen))
    again: dict[int, Any] = {index: decided(chosen[index]).to_json() for index in mixed}
    assert [again[index] for index in range(len(chosen))] == first

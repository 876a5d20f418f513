"""Tells which kinds of messages a replay follows for a customer: as finely as the policy's rules tell them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alignkit.models import Category, Message, MessageSent
from alignkit.rules.conditions import Condition, MessageTest
from alignkit.rules.policy import Policy
from alignkit.rules.structure import conditions_in, row_tests_in
from alignkit.whatif.history import History, addressee

_ALWAYS = frozenset({"category", "channel"})
_NARROW = ("campaign_id", "product_refs")


class Kinds:
    """The kinds of messages that went out.

    Category and channel always make a kind, and one that tells no more is followed for everybody. Campaign and products
    make one where a rule looks at them; such a kind is followed for those to whom it went, or there would be as many
    to follow for everybody as there were campaigns.

    Args:
        policy: whose rules look.
        history: what went out.
        otherwise: what messages are for of which nobody says it.

    Attributes:
        not_followed: ids of the rules that look at what no two messages share: its id, the issue that it is about.
    """

    def __init__(self, policy: Policy, history: History, otherwise: Category | None) -> None:
        looks = {rule.id: frozenset(_looks_at(rule.when)) for rule in policy.rules}
        self.not_followed: tuple[str, ...] = tuple(
            sorted(rule for rule, names in looks.items() if names - _ALWAYS - {*_NARROW})
        )
        self._asked = [name for name in _NARROW if any(name in names for names in looks.values())]
        self._everybodys: dict[str, Message] = {}
        self._narrow: dict[str, dict[str, Message]] = {}
        for happening in history.happenings:
            if isinstance(happening.event, MessageSent):
                self._add(happening.event, history, otherwise)

    def of(self, customer: str) -> Sequence[Message]:
        """What is followed for this customer."""
        kinds = {**self._everybodys, **self._narrow.get(customer, {})}
        return [kinds[scope] for scope in sorted(kinds)]

    def _add(self, sent: MessageSent, history: History, otherwise: Category | None) -> None:
        message, key = history.message(sent, otherwise), addressee(sent)
        if message is None:
            return
        kind = self._kind(message)
        if kind.campaign_id is None and not kind.product_refs:
            self._everybodys[kind.scope] = kind
        elif key is not None:
            self._narrow.setdefault(history.customers.get(key, key), {})[kind.scope] = kind

    def _kind(self, message: Message) -> Message:
        told = {name: getattr(message, name) for name in self._asked}
        return Message(category=message.category, channel=message.channel, **told)


def _looks_at(when: Condition) -> Iterator[str]:
    """The attributes of a message that a condition looks at."""
    for each in conditions_in(when):
        if isinstance(each, MessageTest):
            yield each.message
        yield from (test.same_as for test in row_tests_in(each) if test.same_as is not None)

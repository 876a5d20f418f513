"""Conditions of installed packages, found by the names of their entry points.

A package offers one as an entry point of the group `alignkit.conditions`: a function that takes the `options` of the
condition, a JSON object, and gives a `ConditionPlugin`, or raises `ValueError` with what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from alignkit.models.marketing import Message
from alignkit.rules.facts import Facts

GROUP = "alignkit.conditions"


def _never(_facts: Facts, _message: Message, _now: int) -> None:
    return None


def _nothing(_facts: Facts, _message: Message, _now: int) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class ConditionPlugin:
    """A condition written in Python. Its functions are pure: equal arguments, equal answers; `now` is microseconds.

    Attributes:
        holds: whether the condition holds; anything but True or False, and any exception, is a fault.
        next_change: an instant after `now` before which `holds` keeps its answer for the same facts and message, the
            earliest there is; None where it never changes. Anything else, and any exception, is a fault: the decision
            then says among its `errors` that nobody knows when it changes.
        evidence: references (`source/type/id`) of what it holds because of, asked where it holds.
        needs: the fields of `Facts` that it reads; a store leaves the others empty.
    """

    holds: Callable[[Facts, Message, int], bool]
    next_change: Callable[[Facts, Message, int], int | None] = _never
    evidence: Callable[[Facts, Message, int], Iterable[str]] = _nothing
    needs: frozenset[str] = frozenset()


Factory = Callable[[Mapping[str, Any]], ConditionPlugin]
"""Makes the condition that some options mean."""


def names() -> list[str]:
    """The names of all condition plugins that are installed."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def make(name: str, options: Mapping[str, Any]) -> ConditionPlugin:
    """The condition of this name with these options.

    Raises:
        ValueError: there is none, two packages offer it, it cannot be loaded, or it refuses the options.
    """
    offered = list(entry_points(group=GROUP, name=name))
    if not offered:
        raise ValueError(f"`{name[:80]}` is no condition that is installed; {_installed()}")
    if len(offered) > 1:
        raise ValueError(f"`{name}` is offered by two installed packages; remove one of them")
    made = _made(offered[0], options)
    if isinstance(made, ConditionPlugin):
        return _contained(made)
    raise ValueError(f"`{name}` makes no `ConditionPlugin`; report it to the authors of its package")


def _made(point: EntryPoint, options: Mapping[str, Any]) -> object:
    factory = _load(point)
    try:
        return factory(options)
    except ValueError as error:
        raise ValueError(f"`{point.name}` refuses its options: {error}") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a package raises, the policy is refused with one text
        raise ValueError(f"`{point.name}` cannot use its options ({type(error).__name__}); correct them") from None


def _contained(made: ConditionPlugin) -> ConditionPlugin:
    """The same, unable to end the process: that it wants to is a fault like any other."""
    return ConditionPlugin(
        holds=_without_exit(made.holds),
        next_change=_without_exit(made.next_change),
        evidence=_without_exit(lambda facts, message, now: list(made.evidence(facts, message, now))),
        needs=made.needs,
    )


T = TypeVar("T")


def _without_exit(function: Callable[[Facts, Message, int], T]) -> Callable[[Facts, Message, int], T]:
    def contained(facts: Facts, message: Message, now: int) -> T:
        try:
            return function(facts, message, now)
        except SystemExit:
            raise RuntimeError("a plugin wants to end the process") from None

    return contained


def change_after(plugin: ConditionPlugin, facts: Facts, message: Message, now: int) -> int | None:
    """The next instant at which a plugin says that it may change its answer.

    Raises:
        Exception: whatever it raises; `TypeError` where it names something else than a later instant.
    """
    at: Any = plugin.next_change(facts, message, now)
    if at is None:
        return None
    if isinstance(at, int) and not isinstance(at, bool) and at > now:
        return at
    raise TypeError("a plugin names no later instant as its next change")


def _installed() -> str:
    known = names()
    return f"there are {', '.join(known)}" if known else "install the package that offers it"


def _load(point: EntryPoint) -> Factory:
    try:
        found: Factory = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a package does on import, the policy is refused with one text
        raise ValueError(
            f"`{point.name}` cannot be loaded ({type(error).__name__}); install its package again"
        ) from None
    return found

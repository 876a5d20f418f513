"""Tells whom a destination did not hold or release, and what it said, and whom it holds though nobody asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alignkit.cli.exits import Exit
from alignkit.cli.output import Output, number
from alignkit.stores.base import Store
from alignkit.stores.records import LedgerState
from alignkit.sync import Settlement
from alignkit.sync.ledger import in_place

UNSETTLED = {
    LedgerState.INTENDED: "not this time; the next run tries again",
    LedgerState.SUBMITTED: "under way; the next run asks after it",
    LedgerState.REJECTED: "refused",
}
"""What became of people who are not as they should be."""


def unsettled_rows(output: Output, settlements: Mapping[str, Settlement]) -> None:
    """Tells programs of whoever is not as they should be."""
    for one in _unsettled(settlements):
        output.row("unsettled", address=one.address, direction=one.direction, state=one.state.value, detail=one.detail)


def tell_unsettled(output: Output, settlements: Mapping[str, Settlement], shown: int) -> None:
    """Tells people the same."""
    unsettled = _unsettled(settlements)
    for direction, title in (("hold", "Not held"), ("release", "Not released")):
        told = [one for one in unsettled if one.direction == direction]
        rows = [(one.address, UNSETTLED[one.state], one.detail) for one in told[:shown]]
        output.table(title, ("who", "what became of it", "what was said"), rows)
        output.rest(len(told) - shown, "; `--all` lists them")


def _unsettled(settlements: Mapping[str, Settlement]) -> list[Settlement]:
    return [one for one in settlements.values() if one.is_open or one.is_rejected]


def standing_words(store: Store, destination: str) -> str | None:
    """What to do about holds that stand at a destination while the policy only looks; None where there are none."""
    people = len(in_place(store.ledger(destination)))
    if not people:
        return None
    are = number(people, "person is", "people are")
    return f"{are} held there from before, and stay so: release them with `alignkit release --all-ours {destination}`"


def exit_after(settlements: Iterable[Settlement]) -> Exit:
    """How a run ends: first with what another run may still settle, then with what somebody must look at."""
    found = list(settlements)
    if any(one.state is LedgerState.INTENDED for one in found):
        return Exit.TRY_AGAIN
    return Exit.REFUSED if any(one.is_rejected for one in found) else Exit.OK

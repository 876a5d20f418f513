"""Letterboxes that are wrong, each in one way that would cost somebody their mail or their wish."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count

from alignkit.connectors.base import Capability, Look, Members, Order, Receipt, Result, Standing
from alignkit.errors import AlignkitError, CredentialsRejected, DataInvalid
from alignkit.transport import Account, Bearer, Flow, Limits, Request, request

from .letterbox import OURS, Letterbox, Person
from .letterbox_service import LetterboxService

Act = Callable[[Order, Person], Flow[Receipt]]


class WrongLetterbox(Letterbox):
    """A Letterbox that knows its service and secret, so that it can misuse both."""

    def __init__(self, service: LetterboxService) -> None:
        super().__init__("https://letterbox.example.com", service.token)
        self.service = service


class HoldsForEver(WrongLetterbox):
    capabilities = Letterbox.capabilities - {Capability.RELEASE}


class OverlooksWishes(WrongLetterbox):
    def standing(self, person: Person) -> Standing:
        return Standing.HELD if person.get("held_by") else Standing.FREE


class OverlooksPeople(WrongLetterbox):
    """Takes the last page for a page like any other, and forgets it."""

    def members(self, cursor: str | None) -> Flow[Members]:
        found = yield from super().members(cursor)
        return found if found.cursor else Members(())


class OnlySaysSo(WrongLetterbox):
    def hold_one(self, order: Order, person: Person) -> Flow[Receipt]:
        yield from ()
        return Receipt(order.address, Result.CONFIRMED)


class KeepsToItsFirstWord(WrongLetterbox):
    """Says that it wrote another reason, and keeps the old one."""

    def amend_one(self, order: Order, person: Person) -> Flow[Receipt]:
        yield from ()
        return Receipt(order.address, Result.CONFIRMED if person.get("held_by") == OURS else Result.FOREIGN)


class HoldsTheNextOneToo(WrongLetterbox):
    def hold_one(self, order: Order, person: Person) -> Flow[Receipt]:
        yield from request(Request("PATCH", "/people/cy@example.com", json={"pace": "never", "held_by": OURS}))
        return (yield from super().hold_one(order, person))


class GivesBackTheUsual(WrongLetterbox):
    """Restores a default, not what was there."""

    def release_one(self, order: Order, person: Person) -> Flow[Receipt]:
        return (yield from super().release_one(replace(order, snapshot={"pace": "weekly"}), person))


class Toggles(WrongLetterbox):
    def hold_one(self, order: Order, person: Person) -> Flow[Receipt]:
        if person.get("held_by") == OURS:
            yield from self.write(order, {"pace": order.snapshot["pace"], "held_by": None})
            return Receipt(order.address, Result.CONFIRMED)
        return (yield from super().hold_one(order, person))


class HoldsAnybody(WrongLetterbox):
    """Holds whoever is named, however they stand."""

    def hold_one(self, order: Order, person: Person) -> Flow[Receipt]:
        yield from self.write(order, {"pace": "never", "held_by": OURS})
        return Receipt(order.address, Result.CONFIRMED)


class TakesAllForFree(HoldsAnybody):
    def standing(self, person: Person) -> Standing:
        return Standing.HELD if person.get("held_by") == OURS else Standing.FREE


class SubscribesAgain(WrongLetterbox):
    def release_one(self, order: Order, person: Person) -> Flow[Receipt]:
        yield from self.write(order, {"subscribed": True, "pace": order.snapshot["pace"], "held_by": None})
        return Receipt(order.address, Result.CONFIRMED)

    def standing(self, person: Person) -> Standing:
        return Standing.HELD if person.get("held_by") else super().standing(person)


class ForgetsTheRefused(WrongLetterbox):
    def each(self, orders: Sequence[Order], act: Act) -> Flow[Sequence[Receipt]]:
        receipts = yield from super().each(orders, act)
        return [receipt for receipt in receipts if receipt.result is not Result.REJECTED]


class CannotSeeItsHolds(WrongLetterbox):
    def look(self, addresses: Sequence[str]) -> Flow[Mapping[str, Look]]:
        looks = yield from super().look(addresses)
        return {address: replace(look, standing=Standing.FREE) for address, look in looks.items()}


class AsksOtherwiseInALoop(WrongLetterbox):
    def person(self, address: str) -> Flow[Person | None]:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return (yield from super().person(address))
        yield from super().person(address)
        return (yield from super().person(address))


class HoldsInTwoSteps(WrongLetterbox):
    """Stops the mail before it leaves its mark, so that a crash between them leaves a hold that is nobody's."""

    def hold_one(self, order: Order, person: Person) -> Flow[Receipt]:
        if self.standing(person) is not Standing.FREE:
            return (yield from super().hold_one(order, person))
        yield from self.write(order, {"pace": "never"})
        yield from self.write(order, {"held_by": OURS})
        return Receipt(order.address, Result.CONFIRMED)

    def standing(self, person: Person) -> Standing:
        is_unmarked = person.get("pace") == "never" and not person.get("held_by")
        return Standing.SILENT if is_unmarked else super().standing(person)


class ReleasesInTwoSteps(WrongLetterbox):
    """Takes its mark away before it gives the pace back."""

    def release_one(self, order: Order, person: Person) -> Flow[Receipt]:
        if person.get("held_by") == OURS:
            yield from self.write(order, {"held_by": None})
            yield from self.write(order, {"pace": order.snapshot["pace"]})
        return Receipt(order.address, Result.CONFIRMED)


class Swallows(WrongLetterbox):
    """Takes every error for success."""

    def each(self, orders: Sequence[Order], act: Act) -> Flow[Sequence[Receipt]]:
        try:
            return (yield from super().each(orders, act))
        except AlignkitError:
            return [Receipt(order.address, Result.CONFIRMED) for order in orders]

    def write(self, order: Order, changes: Person) -> Flow[None]:
        try:
            yield from super().write(order, changes)
        except AlignkitError:
            return


class Mislabels(WrongLetterbox):
    """Tells every error as something else."""

    def person(self, address: str) -> Flow[Person | None]:
        try:
            return (yield from super().person(address))
        except AlignkitError:
            raise DataInvalid("something went wrong") from None

    def members(self, cursor: str | None) -> Flow[Members]:
        try:
            return (yield from super().members(cursor))
        except AlignkitError:
            raise DataInvalid("something went wrong") from None


class DeafToLimits(WrongLetterbox):
    """Takes a 429 for a refusal."""

    def __init__(self, service: LetterboxService) -> None:
        super().__init__(service)
        limits = Limits(means_limited=lambda _response: False)
        self.account = Account("https://letterbox.example.com", Bearer(service.token), name=self.name, limits=limits)


class FollowsLinks(WrongLetterbox):
    def person(self, address: str) -> Flow[Person | None]:
        person = yield from super().person(address)
        if person is not None:
            yield from request(Request("GET", str(person["self"]), credentials="letterbox" in str(person["self"])))
        return person


class WalksForEver(WrongLetterbox):
    """Takes whatever page comes for the next one."""

    numbers = count(2)

    def members(self, cursor: str | None) -> Flow[Members]:
        body = self.body((yield from request(Request("GET", "/people", params=[("page", cursor or "1")]))))
        people = body.get("people")
        addresses = [str(one) for one in people] if isinstance(people, list) else []
        return Members(addresses, str(next(self.numbers)) if body.get("more") else None)


class LogsItsToken(WrongLetterbox):
    def person(self, address: str) -> Flow[Person | None]:
        logging.getLogger("alignkit.connectors.letterbox").debug("asking with %s", self.service.token)
        return (yield from super().person(address))


class LogsPeople(WrongLetterbox):
    def person(self, address: str) -> Flow[Person | None]:
        logging.getLogger("alignkit.connectors.letterbox").debug("asking for %s", address)
        return (yield from super().person(address))


class ShowsItsToken(WrongLetterbox):
    def members(self, cursor: str | None) -> Flow[Members]:
        try:
            return (yield from super().members(cursor))
        except CredentialsRejected:
            raise CredentialsRejected(f"`{self.service.token}` was refused") from None


class Prints(WrongLetterbox):
    def members(self, cursor: str | None) -> Flow[Members]:
        print("listing")  # noqa: T201 - the defect
        return (yield from super().members(cursor))

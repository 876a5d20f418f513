"""A sink for Letterbox, a mailing service that does not exist: as short as one can be that passes the whole kit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from pydantic import SecretStr

from alignkit.connectors.base import Capability, Look, Members, Order, Receipt, Result, Sink, Standing
from alignkit.errors import PagingStuck, RequestRefused, ResponseInvalid, TryAgainLater
from alignkit.transport import Account, Bearer, Flow, JsonValue, Request, Response, request

OURS = "alignkit"
Person = dict[str, JsonValue]


class Letterbox(Sink):
    """One Letterbox as a destination. A hold is the pace `never`, marked as ours; a release gives the pace back."""

    type = "letterbox"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.HOLD, Capability.RELEASE, Capability.READ_BACK, Capability.AMEND}
    )

    def __init__(self, base_url: str, token: str | SecretStr, *, name: str = "letterbox") -> None:
        self.name = name
        self.account: Account | None = Account(base_url, Bearer(token), name=name)

    def members(self, cursor: str | None) -> Flow[Members]:
        number = int(cursor or "1")
        body = self.body((yield from request(Request("GET", "/people", params=[("page", str(number))]))))
        if body.get("page") != number:
            raise PagingStuck(f"`{self.name}` gave another page than it was asked for")
        people = body.get("people")
        addresses = [str(one) for one in people] if isinstance(people, list) else []
        return Members(addresses, str(number + 1) if body.get("more") else None)

    def look(self, addresses: Sequence[str]) -> Flow[Mapping[str, Look]]:
        found: dict[str, Look] = {}
        for address in addresses:
            person = yield from self.person(address)
            if person is not None:
                found[address] = Look(self.standing(person), {"pace": person.get("pace")})
        return found

    def hold(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt]]:
        return (yield from self.each(orders, self.hold_one))

    def release(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt]]:
        return (yield from self.each(orders, self.release_one))

    def amend(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt]]:
        return (yield from self.each(orders, self.amend_one))

    def each(self, orders: Sequence[Order], act: Callable[[Order, Person], Flow[Receipt]]) -> Flow[Sequence[Receipt]]:
        receipts: list[Receipt] = []
        for order in orders:
            try:
                person = yield from self.person(order.address)
                absent = Receipt(order.address, Result.ABSENT)
                receipts.append(absent if person is None else (yield from act(order, person)))
            except TryAgainLater as error:
                receipts.append(Receipt(order.address, Result.RETRY, str(error)))
            except RequestRefused as error:
                receipts.append(Receipt(order.address, Result.REJECTED, str(error)))
        return receipts

    def hold_one(self, order: Order, person: Person) -> Flow[Receipt]:
        standing = self.standing(person)
        if standing is Standing.FREE:
            yield from self.write(order, {"pace": "never", "held_by": OURS, "why": order.reason})
        done = standing is Standing.FREE or person.get("held_by") == OURS
        return Receipt(order.address, Result.CONFIRMED if done else Result.FOREIGN)

    def release_one(self, order: Order, person: Person) -> Flow[Receipt]:
        if person.get("held_by") == OURS:
            yield from self.write(order, {"pace": order.snapshot["pace"], "held_by": None, "why": None})
        return Receipt(order.address, Result.CONFIRMED)

    def amend_one(self, order: Order, person: Person) -> Flow[Receipt]:
        if person.get("held_by") != OURS:
            return Receipt(order.address, Result.FOREIGN)
        yield from self.write(order, {"why": order.reason})
        return Receipt(order.address, Result.CONFIRMED)

    def write(self, order: Order, changes: Person) -> Flow[None]:
        yield from request(Request("PATCH", f"/people/{order.address}", json=changes, repeatable=True))

    def person(self, address: str) -> Flow[Person | None]:
        response = yield from request(Request("GET", f"/people/{address}", accept=frozenset({404})))
        body = self.body(response)
        if response.status != 404:
            return body
        if body.get("error") != "nobody":
            raise RequestRefused(f"`{self.name}` has no way to its people (404); check `base_url`", status=404)
        return None

    def standing(self, person: Person) -> Standing:
        if person.get("held_by"):
            return Standing.HELD if person.get("subscribed") else Standing.SILENT
        return Standing.FREE if person.get("subscribed") else Standing.SILENT

    def body(self, response: Response) -> Person:
        body = response.json()
        if not isinstance(body, dict):
            raise ResponseInvalid(f"`{self.name}` answered something else than an object; check `base_url`")
        return body

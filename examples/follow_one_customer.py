"""Looks at one customer in an event loop: what is known, what may be sent now, and what tomorrow will change.

Run it from the project's folder: `python examples/follow_one_customer.py`.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from alignkit import AsyncGate, AsyncSync, Category, Channel, MemoryStore, Message, Policy
from alignkit.connectors import Export

DATA = Path(__file__).parent / "data"
NOW = datetime.fromisoformat("2026-03-03T09:00:00Z")
AKIRA = "akira.ito@example.net"
MESSAGES = {
    "an offer": Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL),
    "a request for a review": Message(category=Category.SOLICITATION, channel=Channel.EMAIL),
    "a parcel notice": Message(category=Category.TRANSACTIONAL, channel=Channel.EMAIL),
}


async def follow(address: str) -> list[str]:
    """What may be sent to this person on each of two days, in sentences."""
    store = MemoryStore()
    sync, gate = AsyncSync(store), AsyncGate(store, Policy.starter())
    told: list[str] = []
    for place, exports in enumerate(("day[1]/tickets.jsonl", "day[12]/tickets.jsonl")):
        now = NOW + timedelta(days=place)
        helpdesk = Export(DATA / exports, name="helpdesk")
        await sync.moved(helpdesk)  # the same helpdesk, by another path: with the second day's file
        await sync.pull(helpdesk, now=now)
        for name, message in MESSAGES.items():
            decision = await gate.decide(address, message, now=now)
            told.append(f"{now:%A}, {name}: {decision.explain()}")
    customer = store.customer(address)
    assert customer is not None
    signals = sorted(store.signals(customer=customer.id), key=lambda signal: signal.occurred_at)
    told += [f"{signal.occurred_at:%d %B}: {signal.kind.value.replace('_', ' ')}" for signal in signals]
    store.close()
    return told


def main() -> None:
    for line in asyncio.run(follow(AKIRA)):
        print(line)


if __name__ == "__main__":
    main()

"""Asks before each message of a campaign, and records what went out, so that the next campaign knows.

Run it from the project's folder: `python examples/gate_before_sending.py`.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from alignkit import Category, Channel, Decision, Gate, Message, Policy, Send, SQLiteStore, Sync, Verdict
from alignkit.connectors import Export

HERE = Path(__file__).parent
NOW = datetime.fromisoformat("2026-03-03T09:00:00Z")
HOUSE_POLICY = HERE / "policy.toml"


def read_helpdesk(store: SQLiteStore) -> None:
    """Bring in the helpdesk's export, under the name that the policy expects."""
    Sync(store).pull(Export(HERE / "data" / "day1", name="helpdesk"), now=NOW)


def recipients() -> Iterator[str]:
    """Whoever subscribed to the newsletter."""
    with (HERE / "data" / "audience.csv").open(encoding="utf-8", newline="") as file:
        yield from (row["email"] for row in csv.DictReader(file) if row["status"] == "subscribed")


def send_campaign(store: SQLiteStore, campaign: str, people: Iterable[str], now: datetime) -> dict[str, Decision]:
    """Send to whom the policy lets through, and return the decisions about the others."""
    gate = Gate(store, Policy.load(HOUSE_POLICY))
    message = Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL, campaign_id=campaign)
    waiting: dict[str, Decision] = {}
    sent: list[Send] = []
    for address in people:
        decision = gate.decide(address, message, now=now)
        if decision.verdict is Verdict.SUPPRESS:
            waiting[address] = decision
        else:
            # This is where your mailing tool sends. The id makes recording it twice harmless.
            sent.append(
                Send(
                    id=f"{campaign}/{address}",
                    campaign_id=campaign,
                    category=Category.PROMOTIONAL,
                    address=address,
                    channel=Channel.EMAIL,
                    sent_at=now,
                )
            )
    Sync(store).record(sent, now=now)
    return waiting


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, SQLiteStore(Path(folder) / "align.db") as store:
        read_helpdesk(store)
        people = list(recipients())[:200]
        for day, campaign in enumerate(("spring", "easter", "garden")):
            waiting = send_campaign(store, campaign, people, NOW + timedelta(hours=day))
            print(f"{campaign}: {len(people) - len(waiting)} sent, {len(waiting)} not")
            if waiting:
                print(f"  for example: {next(iter(waiting.values())).explain()}")


if __name__ == "__main__":
    main()

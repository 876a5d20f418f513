"""Writes the demo's data: a shop's helpdesk export on two days, and its mailing list.

Run `python examples/make_data.py` to write `examples/data` anew, or give another folder. The seed is fixed, so
every run writes the same bytes. What the files are is told in `examples/data/README.md`.
"""

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from random import Random

from shop import census, export
from shop.audience import Subscriber, mailing_list, with_open_tickets
from shop.clock import DAY1_NOW, DAY2_NOW, FIRST_READ, stamp
from shop.desk import Desk
from shop.plan import tell
from shop.tickets import Ticket

SEED = 20_260_303
DATA = Path(__file__).parent / "data"


def main(folder: Path) -> None:
    """Writes every file of the demo below `folder`."""
    desk = Desk(Random(SEED))
    tell(desk)
    numbers = export.number_tickets(desk.lives)
    first_end, second_end = DAY1_NOW - export.LAG, DAY2_NOW - export.LAG
    day1 = export.first_read(desk.lives, FIRST_READ) + export.read_on(desk.lives, FIRST_READ, first_end)
    day2 = export.read_on(desk.lives, first_end, second_end)
    write_pages(folder / "day1" / "tickets.jsonl", export.pages(day1, numbers))
    write_pages(folder / "day2" / "tickets.jsonl", export.pages(day2, numbers))
    write_json(folder / "custom_statuses.json", export.custom_statuses())

    histories = by_ticket(day1, numbers)
    cast = census.choose_cast(histories.values(), DAY1_NOW)
    newest = [history[-1] for history in histories.values()]
    audience = mailing_list(desk, newest, [ticket.requester for ticket in cast.values()])
    write_csv(folder / "audience.csv", audience)
    write_json(
        folder / "story.json",
        {
            "day1_now": stamp(DAY1_NOW),
            "day2_now": stamp(DAY2_NOW),
            "counts": counts(histories, by_ticket(day1 + day2, numbers)),
            "audience": audience_counts(audience, newest),
            "people": {
                part: {"email": ticket.requester.email, "ticket": numbers[ticket.key]} for part, ticket in cast.items()
            },
            "merged_into": merges(day1 + day2, numbers),
        },
    )


def by_ticket(tickets: Iterable[Ticket], numbers: Mapping[int, int]) -> dict[int, list[Ticket]]:
    """Each ticket's exported versions, oldest first, the tickets in the order of their numbers."""
    histories: defaultdict[int, list[Ticket]] = defaultdict(list)
    for ticket in sorted(tickets, key=lambda ticket: (numbers[ticket.key], ticket.generated_at)):
        histories[ticket.key].append(ticket)
    return histories


def counts(day1: Mapping[int, census.History], day2: Mapping[int, census.History]) -> export.Record:
    """Tickets by kind after each day, and those that became so on the second."""
    return {
        "day1": census.count(day1.values(), DAY1_NOW),
        "day2": census.count(day2.values(), DAY2_NOW),
        "new_on_day2": census.count_new(day1, day2),
    }


def audience_counts(audience: Sequence[Subscriber], newest: Iterable[Ticket]) -> export.Record:
    """How many are on the list, have left it, and have an open ticket on the first day."""
    is_open = with_open_tickets(newest)
    return {
        "people": len(audience),
        "unsubscribed": sum(line.status == "unsubscribed" for line in audience),
        "with_open_tickets": sum(line.email.lower() in is_open for line in audience),
    }


def merges(tickets: Iterable[Ticket], numbers: Mapping[int, int]) -> dict[str, int]:
    """Merged ticket -> surviving ticket, which the export itself does not say."""
    pairs = {numbers[t.key]: numbers[t.merged_into] for t in tickets if t.merged_into is not None}
    return {str(source): pairs[source] for source in sorted(pairs)}


def write_pages(path: Path, pages: Iterable[export.Record]) -> None:
    """One JSON page a line, as compact as the service sends it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(page, ensure_ascii=False, separators=(",", ":")) + "\n" for page in pages]
    path.write_bytes("".join(lines).encode())


def write_json(path: Path, content: export.Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())


def write_csv(path: Path, audience: Iterable[Subscriber]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [column.name for column in fields(Subscriber)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(line) for line in audience)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)

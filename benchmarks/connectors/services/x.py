"""X: a page of mentions and one of a search, with the fields that are asked for and the names of authors."""

from __future__ import annotations

from typing import Any

from alignkit.connectors.x import MemorySpending, X
from benchmarks.connectors.case import Case, json
from benchmarks.connectors.words import Words

FIRST_POST, FIRST_PERSON = 2_007_000_000_000_000_000, 1_000_000_000_000_000


def cases(size: int = 100) -> list[Case]:
    source = X("2244994945", "sample-token", query="wet parcel", spending=MemorySpending(), daily_budget=1e12)
    words = Words("x")
    return [
        Case(source, "mentions", size, {"/mentions": json(_page(size, words))}),
        Case(source, "search", size, {"/search/recent": json(_page(size, words))}),
    ]


def _id(number: int) -> str:
    return str(FIRST_POST + number * 155_189_248_000)


def _page(size: int, words: Words) -> dict[str, Any]:
    users = [_author(number, words) for number in range(size)]
    meta = {
        "result_count": size,
        "newest_id": _id(size - 1),
        "oldest_id": _id(0),
        "next_token": "7140dibdnow9c7btwoxi3wf00harnztswbdw91ojq2p0x",
    }
    return {
        "data": [_post(number, words) for number in reversed(range(size))],
        "includes": {"users": users},
        "meta": meta,
    }


def _post(number: int, words: Words) -> dict[str, Any]:
    text = f"@acme {words.text(2)} https://t.co/{words.key(10)}"
    references = [{"type": "replied_to", "id": _id(number - 1_000)}]
    return {
        "author_id": str(FIRST_PERSON + number),
        "edit_history_tweet_ids": [_id(number)],
        "id": _id(number),
        "lang": "en",
        **({"note_tweet": {"text": f"{text} {words.text(3)}"}} if number % 10 == 0 else {}),
        **({"referenced_tweets": references} if number % 2 == 0 else {}),
        "text": text,
    }


def _author(number: int, words: Words) -> dict[str, Any]:
    first, last, _ = words.person(number)
    return {"id": str(FIRST_PERSON + number), "name": f"{first} {last}", "username": f"{first.casefold()}{number}"}

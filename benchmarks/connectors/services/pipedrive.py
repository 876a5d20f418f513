"""Pipedrive: a page of persons, as API v2 lists them."""

from __future__ import annotations

from typing import Any

from alignkit.connectors import Pipedrive
from benchmarks.connectors.case import Case, json
from benchmarks.connectors.words import Words, iso, moment


def cases(size: int = 500) -> list[Case]:
    source = Pipedrive("acme", "sample-token")
    words = Words("pipedrive")
    rows = [_person(number, words) for number in range(size)]
    page = {
        "success": True,
        "data": rows,
        "additional_data": {"next_cursor": "eyJmaWVsZCI6ImlkIiwiZmllbGRWYWx1ZSI6NTAw"},
    }
    return [Case(source, "persons", size, {"/persons": json(page)})]


def _person(number: int, words: Words) -> dict[str, Any]:
    first, last, address = words.person(number)
    emails = [{"label": "work", "value": address, "primary": True}]
    if number % 4 == 0:
        emails.append({"label": "home", "value": f"private.{address}", "primary": False})
    return {
        "id": number + 1,
        "name": f"{first} {last}",
        "first_name": first,
        "last_name": last,
        "add_time": iso(moment(number)),
        "update_time": iso(moment(number, after=9_000)),
        "visible_to": 3,
        "custom_fields": {
            # Fields are named by a hash that is the same in all records of a company.
            "dcf558aac1ae4e8c4f849ba5e668430d8df9be12": "gold",
            "d9841ae4e8c4f849ba5e668430d8df9be12dcf55": None,
            "849ba5e668430d8df9be12dcf558aac1ae4e8c4f": words.whole(30),
        },
        "owner_id": 25_760_681 + number % 9,
        "label_ids": [],
        "org_id": number % 40 + 1 if number % 4 == 0 else None,
        "is_deleted": False,
        "picture_id": None,
        "phones": [{"label": "work", "value": words.phone(number), "primary": True}],
        "emails": emails,
        "im": [],
        "postal_address": None,
        "notes": None,
        "birthday": None,
        "job_title": "Buyer",
    }

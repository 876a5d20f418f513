"""Salesforce: pages of cases, contacts and leads, with the fields that are asked for."""

from __future__ import annotations

from typing import Any

from alignkit.connectors import Salesforce
from alignkit.connectors.salesforce import records
from benchmarks.connectors.case import Case, json
from benchmarks.connectors.words import Words, iso_milliseconds, moment


def cases(size: int = 500) -> list[Case]:
    source = Salesforce("acme", client_id="sample-app", client_secret="sample-secret")
    words = Words("salesforce")
    kinds = {"cases": records.cases(), "contacts": records.contacts(), "leads": records.leads()}
    tellers = {"cases": _case, "contacts": _contact, "leads": _contact}
    found: list[Case] = []
    for stream, kind in kinds.items():
        rows = [_record(kind, number, tellers[stream](number, words)) for number in range(size)]
        found.append(Case(source, stream, size, {"/queryAll": json(_page(rows))}))
    return found


def _page(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"totalSize": len(rows), "done": True, "records": rows}


def _id(prefix: str, number: int) -> str:
    return f"{prefix}dM00000{number:06}OMjQAN"


def _stamp(number: int, after: int = 0) -> str:
    return iso_milliseconds(moment(number, after=after)).replace("Z", "+0000")


def _record(kind: records.Kind, number: int, told: dict[str, Any]) -> dict[str, Any]:
    prefixes = {"Case": "500", "Contact": "003", "Lead": "00Q"}
    id = _id(prefixes[kind.object], number)
    common = {
        "Id": id,
        "CreatedDate": _stamp(number),
        "SystemModstamp": _stamp(number, 9_000),
        "IsDeleted": False,
        "MasterRecordId": None,
        "OwnerId": _id("005", number % 9),
    }
    known = {**common, **told}
    attributes = {"type": kind.object, "url": f"/services/data/v62.0/sobjects/{kind.object}/{id}"}
    return {"attributes": attributes, **{field: known[field] for field in kind.fields}}


def _case(number: int, words: Words) -> dict[str, Any]:
    address = words.person(number)[2]
    is_closed = words.is_one_of(2)
    return {
        "Status": "Closed" if is_closed else "Working",
        "Subject": words.subject(),
        "Priority": words.chance.choice(("Low", "Medium", "High")),
        "Origin": words.chance.choice(("Email", "Web", "Phone")),
        "ContactId": _id("003", number),
        "ContactEmail": address,
        "SuppliedPhone": None,
        "SuppliedName": None,
        "SuppliedEmail": address if number % 3 == 0 else None,
        "AccountId": _id("001", number % 40),
        "ParentId": None,
        "ClosedDate": _stamp(number, 9_000) if is_closed else None,
        "IsClosed": is_closed,
        "AssetId": None,
    }


def _contact(number: int, words: Words) -> dict[str, Any]:
    """What contacts and leads tell."""
    first, last, address = words.person(number)
    return {
        "Name": f"{first} {last}",
        "Email": address,
        "Phone": words.phone(number) if number % 3 == 0 else None,
        "MobilePhone": None,
        "AccountId": _id("001", number % 40),
        "ConvertedContactId": None,
    }

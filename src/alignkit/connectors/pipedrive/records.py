"""Declares how Pipedrive's organisations, persons and deals become accounts, people and opportunities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from alignkit.connectors.records import Body, Extras, Paths, Rows, Shape, Values, day, money
from alignkit.models.commerce import Opportunity
from alignkit.models.customer import Account as Organisation
from alignkit.models.customer import Contact
from alignkit.models.vocabulary import OpportunityStatus


class Kind(NamedTuple):
    """One kind of record: the list that has it, what narrows the list, what a record becomes, in a page or alone."""

    list: str
    params: tuple[tuple[str, str], ...]
    shape: Shape[Any]
    body: Body
    one: Body


def _person(person: Values) -> Extras:
    person["emails"], person["phones"] = _values(person.get("mails")), _values(person.get("numbers"))
    person["is_active"] = not person.get("deleted")
    person["deleted_at"] = person["remote_updated_at"] if person.get("deleted") else None
    return Extras()


def _organisation(account: Values) -> Extras:
    account["deleted_at"] = account["remote_updated_at"] if account.get("deleted") else None
    return Extras()


def _deal(deal: Values) -> Extras:
    deal["contact_ids"] = (deal["person"],) if deal.get("person") else ()
    deal["amount"] = money(deal.get("value"), deal.get("currency"))
    deal["close_date"] = day(deal.get("close_day"))
    deal["deleted_at"] = deal["remote_updated_at"] if deal.get("deleted") else None
    return Extras()


_COMMON = {"id": "id", "remote_created_at": "add_time", "remote_updated_at": "update_time"}

ORGANISATION = Shape(
    model=Organisation,
    places={**_COMMON, "name": "name", "owner_ref": "owner_id"},
    also={"deleted": ("is_deleted", bool)},
    naive_is_utc=True,
    finish=_organisation,
)
_ENTRIES = Rows(("value", "primary"))
PERSON = Shape(
    model=Contact,
    places={**_COMMON, "name": "name", "account_ids": "org_id", "owner_ref": "owner_id"},
    also={"mails": ("emails", _ENTRIES), "numbers": ("phones", _ENTRIES), "deleted": ("is_deleted", bool)},
    naive_is_utc=True,
    finish=_person,
)
DEAL = Shape(
    model=Opportunity,
    places={**_COMMON, "name": "title", "stage": "stage_id", "status": "status", "account_id": "org_id"},
    words={"status": {"open": OpportunityStatus.OPEN, "won": OpportunityStatus.WON, "lost": OpportunityStatus.LOST}},
    also={
        "person": ("person_id", str),
        "value": ("value", str),
        "currency": ("currency", str),
        "close_day": ("expected_close_date", str),
        "deleted": ("is_deleted", bool),
    },
    naive_is_utc=True,
    finish=_deal,
)


def _kind(name: str, shape: Shape[Any], *params: tuple[str, str]) -> Kind:
    return Kind(name, params, shape, Body({"data": shape}, _BESIDE), Body({"data": shape}, _BESIDE, is_one=True))


_BESIDE: Mapping[str, tuple[Paths, type]] = {
    "cursor": (("additional_data", "next_cursor"), str),
    "is_well": ("success", bool),
}
KINDS: Mapping[str, Kind] = {
    "organizations": _kind("organizations", ORGANISATION),
    "persons": _kind("persons", PERSON),
    "deals": _kind("deals", DEAL),
    "deleted_deals": _kind("deals", DEAL, ("status", "deleted")),
}


def _values(entries: object) -> tuple[str, ...]:
    """The values of a list of addresses or numbers, the main one first; empty ones count as none."""
    if not entries:
        return ()
    try:
        rows = sorted(cast("list[dict[str, Any]]", entries), key=_is_further)
    except (AttributeError, TypeError):
        return ()
    texts = [text.strip() for one in rows if isinstance(text := one.get("value"), str)]
    return tuple(dict.fromkeys(filter(None, texts)))


def _is_further(entry: Mapping[str, Any]) -> bool:
    return not entry.get("primary")

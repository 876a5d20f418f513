"""Intercom: pages of conversations, tickets and contacts, as searches answer them."""

from __future__ import annotations

from typing import Any

from alignkit.connectors import Intercom
from benchmarks.connectors.case import Case, json
from benchmarks.connectors.words import Words, moment, seconds


def cases(size: int = 150) -> list[Case]:
    source = Intercom("sample-token")
    words = Words("intercom")
    pages = {
        "conversations": _page("conversation", "conversations", [_conversation(one, words) for one in range(size)]),
        "tickets": _page("ticket", "tickets", [_ticket(one, words) for one in range(size)]),
        "contacts": _page("contact", "data", [_contact(one, words) for one in range(size)]),
    }
    return [Case(source, name, size, {f"/{name}/search": json(page)}) for name, page in pages.items()]


def _page(kind: str, place: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    following = {"page": 2, "starting_after": "WzE3Njk5MDAwMDAwMDAsIjY5ZmMyMTg2Il0="}
    pages = {"type": "pages", "next": following, "page": 1, "per_page": len(rows), "total_pages": 30}
    return {"type": f"{kind}.list", place: rows, "total_count": 30 * len(rows), "pages": pages}


def _person_id(number: int) -> str:
    return f"69fc21865a28f6d1{number:08x}"


def _people(number: int) -> dict[str, Any]:
    one = {"type": "contact", "id": _person_id(number), "external_id": f"shop-{number}"}
    return {"type": "contact.list", "contacts": [one]}


def _tags(number: int) -> dict[str, Any]:
    by = {"type": "admin", "id": "814860"}
    tag = {"type": "tag", "id": "17513", "name": "parcel", "applied_at": 1_767_225_600, "applied_by": by}
    return {"type": "tag.list", "tags": [tag] if number % 3 == 0 else []}


def _conversation(number: int, words: Words) -> dict[str, Any]:
    first, last, address = words.person(number)
    made, changed = seconds(moment(number)), seconds(moment(number, after=9_000))
    state = words.chance.choice(("open", "open", "snoozed", "closed"))
    contact = {"type": "contact", "id": _person_id(number)}
    return {
        "type": "conversation",
        "id": str(215_474_207_000_000 + number),
        "created_at": made,
        "updated_at": changed,
        "waiting_since": changed if state == "open" else None,
        "snoozed_until": changed + 86_400 if state == "snoozed" else None,
        "source": {
            "type": words.chance.choice(("conversation", "email")),
            "id": str(2_500_000 + number),
            "delivered_as": "customer_initiated",
            "subject": f"<p>{words.subject()}</p>",
            "body": f"<p>{words.text(3)}</p>",
            "author": {"type": "user", "id": _person_id(number), "name": f"{first} {last}", "email": address},
            "attachments": [],
            "url": "https://www.acme.example/account/orders",
            "redacted": False,
        },
        "contacts": _people(number),
        "first_contact_reply": {"created_at": made, "type": "conversation", "url": None},
        "admin_assignee_id": 814_860,
        "team_assignee_id": 5_017_691,
        "open": state == "open",
        "state": state,
        "read": True,
        "tags": _tags(number),
        "priority": "priority" if number % 8 == 0 else "not_priority",
        "sla_applied": None,
        "statistics": {
            "type": "conversation_statistics",
            "time_to_assignment": words.whole(9_000),
            "time_to_admin_reply": words.whole(9_000),
            "time_to_first_close": None,
            "time_to_last_close": None,
            "median_time_to_reply": words.whole(9_000),
            "first_contact_reply_at": made,
            "first_assignment_at": made + 60,
            "first_admin_reply_at": made + 1_800,
            "first_close_at": None,
            "last_assignment_at": made + 60,
            "last_assignment_admin_reply_at": made + 1_800,
            "last_contact_reply_at": made + 3_600,
            "last_admin_reply_at": changed,
            "last_close_at": changed if state == "closed" else None,
            "last_closed_by_id": "814860" if state == "closed" else None,
            "count_reopens": 0,
            "count_assignments": 1,
            "count_conversation_parts": words.whole(20),
        },
        "conversation_rating": {
            "rating": words.whole(5) + 1,
            "remark": "Quick and kind",
            "created_at": changed,
            "updated_at": changed,
            "contact": contact,
            "teammate": {"type": "admin", "id": 814_860},
        }
        if number % 12 == 0
        else None,
        "teammates": {"type": "admin.list", "admins": [{"type": "admin", "id": "814860"}]},
        "title": words.subject(),
        "custom_attributes": {
            "Has attachments": False,
            "Order": str(10_000 + number),
            "Auto-translated": False,
            "Fin AI Agent: Preview": False,
            "Copilot used": False,
            "Language": "en",
        },
        "topics": {"type": "topic.list", "topics": [], "total_count": 0},
        "ticket": None,
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
        "ai_agent": None,
        "ai_agent_participated": False,
    }


def _ticket(number: int, words: Words) -> dict[str, Any]:
    state = words.chance.choice(("submitted", "in_progress", "waiting_on_customer", "resolved"))
    return {
        "type": "ticket",
        "id": str(600_000 + number),
        "ticket_id": str(number + 1),
        "ticket_attributes": {
            "_default_title_": words.subject(),
            "_default_description_": words.text(4),
            "Order": str(10_000 + number),
            "Reason": "Late",
        },
        "ticket_state": {
            "type": "ticket_state",
            "id": "7493",
            "category": state,
            "internal_label": state.replace("_", " "),
            "external_label": state.replace("_", " "),
        },
        "ticket_type": {
            "type": "ticket_type",
            "id": "53",
            "category": "Customer",
            "name": "Parcel",
            "description": "Parcels that are late, lost or damaged",
            "icon": "📦",
            "workspace_id": "h64a47v4",
            "archived": False,
            "created_at": 1_767_000_000,
            "updated_at": 1_767_000_000,
            "is_internal": False,
            "ticket_type_attributes": {
                "type": "list",
                "data": [
                    _attribute(place, name)
                    for place, name in enumerate(("_default_title_", "_default_description_", "Order", "Reason"))
                ],
            },
        },
        "contacts": _people(number),
        "admin_assignee_id": "814860",
        "team_assignee_id": "5017691",
        "created_at": seconds(moment(number)),
        "updated_at": seconds(moment(number, after=9_000)),
        "open": state != "resolved",
        "snoozed_until": None,
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
        "category": "Customer",
        "is_shared": True,
        "tags": _tags(number),
        "company_id": None,
    }


def _attribute(place: int, name: str) -> dict[str, Any]:
    return {
        "type": "ticket_type_attribute",
        "id": str(210 + place),
        "workspace_id": "h64a47v4",
        "name": name,
        "description": "",
        "data_type": "string",
        "input_options": {"multiline": False},
        "order": place,
        "required_to_create": False,
        "required_to_create_for_contacts": False,
        "visible_on_create": True,
        "visible_to_contacts": True,
        "default": name.startswith("_"),
        "ticket_type_id": 53,
        "archived": False,
        "created_at": 1_767_000_000,
        "updated_at": 1_767_000_000,
    }


def _contact(number: int, words: Words) -> dict[str, Any]:
    first, last, address = words.person(number)
    id = _person_id(number)
    made = seconds(moment(number))
    company = {"id": f"69fc21865a28f6d2{number % 40:08x}", "type": "company", "url": f"/companies/{number % 40}"}
    return {
        "type": "contact",
        "id": id,
        "workspace_id": "h64a47v4",
        "external_id": f"shop-{number}",
        "role": "user",
        "email": address,
        "phone": words.phone(number) if number % 3 == 0 else None,
        "name": f"{first} {last}",
        "avatar": None,
        "owner_id": None,
        "social_profiles": {"type": "list", "data": []},
        "has_hard_bounced": False,
        "marked_email_as_spam": False,
        "unsubscribed_from_emails": False,
        "created_at": made,
        "updated_at": made + 90_000,
        "signed_up_at": made,
        "last_seen_at": made + 80_000,
        "last_replied_at": None,
        "last_contacted_at": None,
        "last_email_opened_at": None,
        "last_email_clicked_at": None,
        "language_override": None,
        "browser": "chrome",
        "browser_version": "141.0",
        "browser_language": "en",
        "os": "Android 15",
        "location": {
            "type": "location",
            "country": "Germany",
            "region": "Land Berlin",
            "city": "Berlin",
            "country_code": "DEU",
            "continent_code": "EU",
        },
        **{
            f"{system}_{what}": None
            for system in ("android", "ios")
            for what in ("app_name", "app_version", "device", "os_version", "sdk_version", "last_seen_at")
        },
        "custom_attributes": {"orders": words.whole(30), "loyalty_level": "gold"},
        "tags": _listed(id, "tags"),
        "notes": _listed(id, "notes"),
        "companies": _listed(id, "companies", company) if number % 4 == 0 else _listed(id, "companies"),
        "opted_out_subscription_types": _listed(id, "subscriptions"),
        "opted_in_subscription_types": _listed(id, "subscriptions"),
        "utm_campaign": None,
        "utm_content": None,
        "utm_medium": None,
        "utm_source": None,
        "utm_term": None,
        "referrer": "https://www.acme.example/",
        "sms_consent": False,
        "unsubscribed_from_sms": False,
    }


def _listed(id: str, what: str, *rows: dict[str, Any]) -> dict[str, Any]:
    url = f"/contacts/{id}/{what}"
    return {"type": "list", "data": [*rows], "url": url, "total_count": len(rows), "has_more": False}

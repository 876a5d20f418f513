"""Translates Zendesk users, their further addresses, organizations and ratings into alignkit's terms.

Sources: developer.zendesk.com, "Users", "User Identities", "Organizations" and "Satisfaction Ratings".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping as Table
from functools import partial
from typing import Any, cast

from alignkit.connectors.records import Extras, Paths, Shape, Values
from alignkit.models.conversation import SurveyResponse
from alignkit.models.customer import Account, Contact
from alignkit.models.events import microseconds
from alignkit.models.vocabulary import SurveyBucket, SurveyKind

PLACES: Table[str, Paths] = {
    "id": "id",
    "url": "url",
    "name": "name",
    "emails": "email",
    "phones": "phone",
    "external_ids": "external_id",
    "account_ids": "organization_id",
    "remote_created_at": "created_at",
    "remote_updated_at": "updated_at",
    "locale": "locale",
    "time_zone": ["iana_time_zone", "time_zone"],
    "is_active": "active",
    "is_staff": "role",
    "tags": "tags",
}
"""A field of `Contact` -> where a user has it."""

WORDS: Table[str, Table[str, str]] = {"is_staff": {"agent": "true", "admin": "true"}}


def _side_loaded(user: Values) -> Extras:
    """Ranks a user that came beside a ticket just below the same one of the stream, which has further addresses."""
    changed = user["remote_updated_at"]
    return Extras(version=None if changed is None else microseconds(changed) - 1)


_OWN_PLACES = {name: paths for name, paths in PLACES.items() if name != "url"}
"""Without `url`, which leads to the interface for programs."""

USERS = Shape(model=Contact, places=_OWN_PLACES, words=WORDS)
SIDE_LOADED_USERS = Shape(model=Contact, places=_OWN_PLACES, words=WORDS, finish=_side_loaded)
ORGANIZATIONS = Shape(
    model=Account,
    places={
        "id": "id",
        "name": "name",
        "domains": "domain_names",
        "remote_created_at": "created_at",
        "remote_updated_at": "updated_at",
        "deleted_at": "deleted_at",
    },
)

_SOCIAL = frozenset({"twitter", "facebook"})


def further(identities: object) -> Table[str, Contact]:
    """By the user's id, what identities that came beside users say of them; see `enriched`."""
    emails, phones, handles = (defaultdict[str, list[str]](list) for _ in range(3))
    if not isinstance(identities, list):
        return {}
    for row in cast("list[object]", identities):
        if not isinstance(row, dict):
            continue
        found = cast("dict[str, Any]", row)
        user, kind, value = str(found.get("user_id")), found.get("type"), found.get("value")
        if not isinstance(value, str) or not value:
            continue
        if kind == "email":
            emails[user].append(value)
        elif kind == "phone_number":
            phones[user].append(value)
        elif kind in _SOCIAL:
            handles[user].append(f"{kind}/{value}")
    return {
        user: Contact(id=user, emails=tuple(emails[user]), phones=tuple(phones[user]), handles=tuple(handles[user]))
        for user in {*emails, *phones, *handles}
    }


def enriched(contact: Contact, more: Contact) -> Contact:
    """The contact with further addresses, its own main ones first."""
    return contact.model_copy(
        update={
            "emails": tuple(dict.fromkeys((*contact.emails, *more.emails))),
            "phones": tuple(dict.fromkeys((*contact.phones, *more.phones))),
            "handles": tuple(dict.fromkeys((*contact.handles, *more.handles))),
        }
    )


_SCORES = {"good": (1.0, SurveyBucket.GOOD), "bad": (0.0, SurveyBucket.BAD)}


def ratings(*, keeps_text: bool) -> Shape[SurveyResponse]:
    """How a rating becomes an answer."""
    return Shape(
        model=SurveyResponse,
        places={
            "id": "id",
            "comment": "comment",
            "contact_id": "requester_id",
            "issue_id": "ticket_id",
            "remote_created_at": "created_at",
            "remote_updated_at": "updated_at",
            "responded_at": "updated_at",
        },
        also={"word": ("score", str)},
        finish=partial(_rated, keeps_text),
    )


def _rated(keeps_text: bool, rating: Values) -> Extras:  # noqa: FBT001 - bound by `partial`
    word: str = rating.get("word") or ""
    # `good_with_comment` and its like name the same two sides.
    known = _SCORES.get(word.partition("_")[0])
    if known is None:
        raise ValueError("a rating that is neither good nor bad")
    rating["kind"] = SurveyKind.CSAT
    rating["score"], rating["bucket"] = known
    rating["scale_min"], rating["scale_max"] = 0.0, 1.0
    if not keeps_text:
        rating["comment"] = None
    return Extras()

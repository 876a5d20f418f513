"""Translates Zendesk users, their further addresses, organizations and ratings into alignkit's terms.

Sources: developer.zendesk.com, "Users", "User Identities", "Organizations" and "Satisfaction Ratings".
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from alignkit.connectors.records import Extras, Found, Paths, Rows, Shape, Values
from alignkit.models.conversation import SurveyResponse
from alignkit.models.customer import Account, Contact
from alignkit.models.times import microseconds
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

IDENTITIES = Rows(("user_id", "type", "value"))
_FIELDS = {"email": "emails", "phone_number": "phones", "twitter": "handles", "facebook": "handles"}
"""The kind of an identity -> the field of `Contact` that it belongs to."""


def further(identities: object) -> Table[str, Table[str, Sequence[str]]]:
    """By the user's id and the field, the addresses that came beside users; see `enriched`."""
    more: dict[str, dict[str, list[str]]] = {}
    for row in cast("list[object]", identities) if isinstance(identities, list) else ():
        if not isinstance(row, dict):
            continue
        found = cast("dict[str, Any]", row)
        kind, value = str(found.get("type")), found.get("value")
        field = _FIELDS.get(kind)
        if field is None or not isinstance(value, str) or not value:
            continue
        address = f"{kind}/{value}" if field == "handles" else value
        more.setdefault(str(found.get("user_id")), {}).setdefault(field, []).append(address)
    return more


def enriched(found: Found[Contact], more: Table[str, Sequence[str]]) -> Found[Contact]:
    """The contact with further addresses, its own main ones first."""
    own = vars(found.data)
    whole = {field: tuple(dict.fromkeys((*own[field], *addresses))) for field, addresses in more.items()}
    return found if all(own[field] == addresses for field, addresses in whole.items()) else found.changed(**whole)


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

"""Says which fields a condition may ask about, and what may be asked of each."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from alignkit.models.vocabulary import (
    Category,
    Channel,
    CustomerKind,
    Direction,
    HoldKind,
    Initiator,
    Intent,
    IssueReason,
    IssueStatus,
    IssueType,
    LifecycleStage,
    Polarity,
    PostKind,
    Priority,
    SendStatus,
    Severity,
    SignalKind,
    SurveyBucket,
    SurveyKind,
)
from alignkit.rules.facts import AccountFacts, HoldFacts, IssueFacts, PostFacts, SendFacts, SignalFacts, SurveyFacts

Collection = Literal[
    "issues", "account_issues", "all_issues", "signals", "surveys", "posts", "sends", "holds", "accounts"
]
"""The collections of facts that a condition may look through; `all_issues` are the first two together."""


class Kind(StrEnum):
    """What kind of value a field has; each kind allows its own questions."""

    TEXT = "text"
    FLAG = "flag"
    NUMBER = "number"
    TIME = "time"
    LIST = "list"


class Field(NamedTuple):
    """The kind of a field, its closed list of words (empty: free text), and whether it may have no value."""

    kind: Kind
    words: frozenset[str] = frozenset()
    is_optional: bool = False


def _words(vocabulary: type[StrEnum]) -> frozenset[str]:
    return frozenset(str(word) for word in vocabulary)


_ISSUE_WORDS: dict[str, type[StrEnum]] = {
    "status": IssueStatus,
    "type": IssueType,
    "reason": IssueReason,
    "priority": Priority,
    "severity": Severity,
    "channel": Channel,
    "direction": Direction,
    "initiated_by": Initiator,
    "rating": SurveyBucket,
}
_WORDS: dict[Collection, dict[str, type[StrEnum]]] = {
    "issues": _ISSUE_WORDS,
    "account_issues": _ISSUE_WORDS,
    "all_issues": _ISSUE_WORDS,
    "signals": {"kind": SignalKind, "polarity": Polarity, "intent": Intent},
    "surveys": {"kind": SurveyKind, "bucket": SurveyBucket},
    "posts": {"kind": PostKind, "polarity": Polarity, "intent": Intent},
    "sends": {"category": Category, "channel": Channel, "status": SendStatus},
    "holds": {"kind": HoldKind, "channels": Channel, "categories": Category},
    "accounts": {},
}
_ROWS: dict[Collection, type] = {
    "issues": IssueFacts,
    "account_issues": IssueFacts,
    "all_issues": IssueFacts,
    "signals": SignalFacts,
    "surveys": SurveyFacts,
    "posts": PostFacts,
    "sends": SendFacts,
    "holds": HoldFacts,
    "accounts": AccountFacts,
}
_TIME_ENDINGS = ("_at", "_since", "_until")


def _kind(name: str, hint: Any) -> Kind:
    if get_origin(hint) is tuple:
        return Kind.LIST
    told = get_args(hint)[0] if get_origin(hint) in (Union, UnionType) else hint
    if told is int and (name == "at" or name.endswith(_TIME_ENDINGS)):
        return Kind.TIME
    return {str: Kind.TEXT, bool: Kind.FLAG, int: Kind.NUMBER, float: Kind.NUMBER}[told]


def _fields(collection: Collection) -> dict[str, Field]:
    row, words = _ROWS[collection], _WORDS[collection]
    hints = get_type_hints(row)
    return {
        each.name: Field(
            _kind(each.name, hints[each.name]),
            _words(words[each.name]) if each.name in words else frozenset(),
            is_optional=NoneType in get_args(hints[each.name]),
        )
        for each in fields(row)
    }


ROW_FIELDS: dict[Collection, dict[str, Field]] = {collection: _fields(collection) for collection in _ROWS}
"""The fields of a row of each collection, under the names that `alignkit.rules.facts` gives them."""

CUSTOMER_FIELDS: dict[str, Field] = {
    "is_vip": Field(Kind.FLAG, is_optional=True),
    "tier": Field(Kind.TEXT, is_optional=True),
    "lifecycle_stage": Field(Kind.TEXT, _words(LifecycleStage), is_optional=True),
    "kind": Field(Kind.TEXT, _words(CustomerKind), is_optional=True),
    "locale": Field(Kind.TEXT, is_optional=True),
    "time_zone": Field(Kind.TEXT, is_optional=True),
    "owner_ref": Field(Kind.TEXT, is_optional=True),
}
"""The attributes of a customer."""

MESSAGE_FIELDS: dict[str, Field] = {
    "category": Field(Kind.TEXT, _words(Category)),
    "channel": Field(Kind.TEXT, _words(Channel)),
    "campaign_id": Field(Kind.TEXT, is_optional=True),
    "product_refs": Field(Kind.LIST),
    "about_issue": Field(Kind.TEXT, is_optional=True),
    "id": Field(Kind.TEXT, is_optional=True),
}
"""The attributes of the message that is being decided."""

NEWEST_BY: dict[Collection, str] = {
    "issues": "created_at",
    "account_issues": "created_at",
    "all_issues": "created_at",
    "signals": "at",
    "surveys": "at",
    "posts": "at",
    "sends": "at",
    "holds": "opened_at",
}
"""The time that says which row of a collection is the latest; accounts have none."""

PARTS: dict[Collection, tuple[Collection, ...]] = {"all_issues": ("issues", "account_issues")}
"""The collections that a collection is read from, where that is not itself."""

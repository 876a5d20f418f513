"""Who is who: identifiers, whom an event concerns, and which identifiers are one person.

Nothing is guessed: two identifiers belong together because one record of one service carries both.
"""

from __future__ import annotations

from alignkit.identity.groups import Assignment, assign, components
from alignkit.identity.identifiers import (
    ROLE_NAMES,
    bucketing_id,
    email,
    handle,
    identifier,
    is_shared,
    of_service,
    phone,
    readable,
)
from alignkit.identity.people import ACCOUNT, Person, accounts_of, people_of

__all__ = [
    "ACCOUNT",
    "ROLE_NAMES",
    "Assignment",
    "Person",
    "accounts_of",
    "assign",
    "bucketing_id",
    "components",
    "email",
    "handle",
    "identifier",
    "is_shared",
    "of_service",
    "people_of",
    "phone",
    "readable",
]

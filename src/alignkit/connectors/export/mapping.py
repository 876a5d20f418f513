"""Declares how an export's records become issues and contacts.

A path is a key (`"status"`), or a tuple of keys into nested objects (`("via", "channel")`); a list of paths names
alternatives, of which the first that a record has counts, be it null.
"""

from __future__ import annotations

import collections.abc as abc
from dataclasses import dataclass, field
from functools import partial

from alignkit.connectors.records import Extras, Path, Paths, Shape, Values
from alignkit.connectors.records.shape import Finish, alternatives, keys_of, listed
from alignkit.connectors.tags import Tags
from alignkit.errors import SettingsError
from alignkit.models.customer import Contact
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import IssueStatus

NEEDED = ("id", "status", "created_at", "remote_updated_at")
"""Without these an issue cannot be kept apart, ordered or judged."""


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """How the records of one kind of export become issues and contacts.

    Attributes:
        issues: a field of `Issue` -> where a record has it. `id`, `status`, `created_at` and `remote_updated_at` must
            be there.
        contacts: a field of `Contact` -> where a record has it; empty where the export holds no people.
        issues_at: the key under which a page holds its issues.
        contacts_at: the key under which a page holds its people.
        contact_mark: a key that every person's record has and no issue's; it tells files of people apart.
        statuses: the export's word for a status -> ours, whatever the case. A word that is not there is `unknown`.
        values: a field -> the export's word -> ours, as in `{"priority": {"p1": "urgent"}}`. Our own words need no
            entry. A word that is not there leaves the field as if nothing were said. A field that is true or false
            may have words for `true`, as in `{"is_staff": {"agent": "true"}}`; every other word is false then.
        times: `iso` (ISO 8601), `seconds` or `milliseconds` since 1970, or a format as in `datetime.strptime`.
        naive_is_utc: whether a time without a zone is meant in UTC. Otherwise its record cannot be read: a guess
            would be wrong by hours.
        separator: what stands between the words of a list that is written as one text; None where such a text is
            one word.
        also: further values that `finish` reads: a name -> where a record has it, and its kind: `str`, `int`, `float`,
            `bool`, or `tuple` for a list of texts. One that a record lacks is not among the values.
        finish: settles what follows from several values.

    Raises:
        SettingsError: a field that an issue cannot do without has no place.
    """

    issues: abc.Mapping[str, Paths]
    contacts: abc.Mapping[str, Paths] = field(default_factory=dict[str, Paths])
    issues_at: str = "issues"
    contacts_at: str = "contacts"
    contact_mark: str | None = None
    statuses: abc.Mapping[str, IssueStatus | str] = field(default_factory=dict[str, IssueStatus | str])
    values: abc.Mapping[str, abc.Mapping[str, str]] = field(default_factory=dict[str, abc.Mapping[str, str]])
    times: str = "iso"
    naive_is_utc: bool = False
    separator: str | None = ","
    also: abc.Mapping[str, tuple[Paths, type]] = field(default_factory=dict[str, tuple[Paths, type]])
    finish: Finish | None = None

    def __post_init__(self) -> None:
        missing = [name for name in NEEDED if name not in self.issues]
        if self.contacts and "id" not in self.contacts:
            missing.append("id of a contact")
        if missing:
            raise SettingsError(f"the mapping does not say where to find: {listed(missing)}")

    @property
    def columns(self) -> frozenset[str]:
        """The keys at the top of an issue's record that this mapping reads."""
        places = [*self.issues.values(), *(paths for paths, _ in self.also.values())]
        return frozenset(top(path) for paths in places for path in alternatives(paths))

    def missing(self, columns: abc.Collection[str]) -> list[str]:
        """The columns that an issue cannot do without and that are not among these; one name for each."""
        needed = [[top(path) for path in alternatives(self.issues[name])] for name in NEEDED]
        return [names[0] for names in needed if not any(name in columns for name in names)]

    def issue_shape(self, tags: Tags, *, keeps_text: bool) -> Shape[Issue]:
        """How a record becomes an issue, with what the desk's tags say."""
        places = {name: paths for name, paths in self.issues.items() if keeps_text or name != "subject"}
        return Shape(
            model=Issue,
            places=places,
            statuses=self.statuses,
            words=self.values,
            times=self.times,
            naive_is_utc=self.naive_is_utc,
            separator=self.separator,
            also=self.also,
            finish=self.finish if keeps_text and not any(tags) else partial(_finish, self.finish, tags, keeps_text),
        )

    def contact_shape(self) -> Shape[Contact]:
        """How a record becomes a person."""
        return Shape(
            model=Contact,
            places=self.contacts,
            words=self.values,
            times=self.times,
            naive_is_utc=self.naive_is_utc,
            separator=self.separator,
        )


def _finish(finish: Finish | None, tags: Tags, keeps_text: bool, values: Values) -> Extras:  # noqa: FBT001 - bound by `partial`
    extras = finish(values) if finish else _NOTHING
    if not keeps_text:
        values.pop("subject", None)
        if extras.answer:
            extras = extras._replace(answer=extras.answer.model_copy(update={"comment": None}))
    tags.settle(values)
    return extras


_NOTHING = Extras()


def top(path: Path) -> str:
    """The key at which a path begins."""
    return str(keys_of(path)[0])

"""Reads what Request Tracker answers: tolerant of nulls, of fields it does not know and of single broken records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Generic, NamedTuple, TypeVar, cast

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from alignkit.connectors.ids import is_number
from alignkit.errors import PagingStuck, ResponseInvalid
from alignkit.models.exchange import Quarantined
from alignkit.transport import Response

UNSET_TIME = "1970-01-01T00:00:00Z"


def _set_or_none(value: object) -> object:
    """RT writes an unset time as 1970, an unset text as nothing at all."""
    return None if value in (UNSET_TIME, "") else value


Moment = Annotated[AwareDatetime | None, BeforeValidator(_set_or_none)]
Text = Annotated[str | None, BeforeValidator(_set_or_none)]
Flag = Annotated[bool | None, BeforeValidator(_set_or_none)]
Number = Annotated[int, Field(ge=1)]


class Payload(BaseModel):
    """A record of RT's, as far as it is read."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", hide_input_in_errors=True, populate_by_name=True)


class UserRecord(Payload):
    """A user, as `GET /user/{id}` tells them; to a reader without `AdminUsers`, without the id.

    `privileged` is empty in every list, whatever it is; only the user's own record has it.
    """

    name: Text = Field(None, alias="Name")
    email: Text = Field(None, alias="EmailAddress")
    real_name: Text = Field(None, alias="RealName")
    privileged: Flag = Field(None, alias="Privileged")
    disabled: Flag = Field(None, alias="Disabled")
    language: Text = Field(None, alias="Lang")
    created: Moment = Field(None, alias="Created")
    updated: Moment = Field(None, alias="LastUpdated")


class User(UserRecord):
    """A user, as searches list them."""

    id: Number


class Watcher(Payload):
    """Somebody a ticket names; a group may stand where a person does. Unexpanded, `id` is the name."""

    id: int | str | None = None
    type: str | None = None
    name: Text = Field(None, alias="Name")
    email: Text = Field(None, alias="EmailAddress")
    real_name: Text = Field(None, alias="RealName")


class Queue(Payload):
    """A queue with the name of the lifecycle that its tickets follow."""

    id: int | str | None = None
    name: Text = Field(None, alias="Name")
    lifecycle: Text = Field(None, alias="Lifecycle")


class Ticket(Payload):
    """A ticket as a search lists it with `TICKET_FIELDS`."""

    id: Number
    effective_id: Number | None = Field(None, alias="EffectiveId")
    status: Text = Field(None, alias="Status")
    subject: Text = Field(None, alias="Subject")
    priority: int | str | None = Field(None, alias="Priority")
    queue: Queue | None = Field(None, alias="Queue")
    creator: Watcher | None = Field(None, alias="Creator")
    owner: Watcher | None = Field(None, alias="Owner")
    requestors: list[Watcher | None] | None = Field(None, alias="Requestor")
    created: AwareDatetime = Field(alias="Created")
    updated: AwareDatetime = Field(alias="LastUpdated")
    resolved: Moment = Field(None, alias="Resolved")

    @property
    def survivor(self) -> int | None:
        """The ticket that this one was merged into."""
        return self.effective_id if self.effective_id not in (None, self.id) else None

    @property
    def people(self) -> list[Watcher]:
        """The requestors that are people."""
        return [one for one in self.requestors or () if one is not None and one.type != "group"]


class Single(Payload):
    """What `GET /ticket/{id}` tells for certain; of a merged ticket, it tells the survivor."""

    id: Number
    status: Text = Field(None, alias="Status")
    updated: AwareDatetime = Field(alias="LastUpdated")


class Transaction(Payload):
    """One message in a ticket, and who wrote it."""

    creator: Watcher = Field(alias="Creator")


class Created(Payload):
    """The ticket that was created."""

    id: Number


class Version(Payload):
    """Which RT answers."""

    version: Text = Field(None, alias="Version")


class Listing(Payload):
    """A page of search results, its items not yet read.

    `total` is None where RT checks rights row by row; then it may name no further page though there are some.
    """

    items: list[object]
    total: int | None = None
    next_page: str | None = None

    @property
    def is_partial(self) -> bool:
        """Whether RT leaves out rows that we may not see, and so does not know how many there are."""
        return self.total is None

    def following(self, after: int, name: str) -> int | None:
        """The highest id of a page of ids above `after`, where more may follow; None on the last page.

        Where RT does not know how many there are, it may name no next page though there is one; then the last page
        is an empty one. Broken records count, so that none holds up what follows.

        Raises:
            PagingStuck: the page holds nothing above `after`, or something below: it is not what was asked for.
        """
        if not self.items:
            return None
        numbers = [number for number in map(_id, self.items) if number is not None]
        if not numbers or min(numbers) <= after:
            raise PagingStuck(
                f"`{name}` answered what was not asked for, as if it had not read the search; "
                "the walk was stopped where it was; report this"
            )
        return max(numbers) if self.next_page or self.is_partial else None


R = TypeVar("R", bound=Payload)


class Records(NamedTuple, Generic[R]):
    """The records of a page, and those of them that could not be read."""

    good: Sequence[R]
    bad: Sequence[Quarantined]


class Reader(Generic[R]):
    """Reads lists of one kind of record: all at once, and one by one where that fails."""

    def __init__(self, one: TypeAdapter[R], many: TypeAdapter[list[R]], kind: str) -> None:
        self._one = one
        self._many = many
        self._kind = kind

    def read(self, items: Sequence[object]) -> Records[R]:
        try:
            return Records(self._many.validate_python(items), ())
        except ValidationError:
            return self._one_by_one(items)

    def _one_by_one(self, items: Sequence[object]) -> Records[R]:
        good: list[R] = []
        bad: list[Quarantined] = []
        for place, item in enumerate(items):
            try:
                good.append(self._one.validate_python(item))
            except ValidationError as error:
                bad.append(Quarantined(f"{self._kind}/{_name(item, place)}", reason(error)))
        return Records(good, bad)


class RecordInvalid(ResponseInvalid):
    """An answer is JSON and not the record that was asked for; `reason` says what is wrong with it."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def parsed(model: type[R], response: Response, name: str) -> R:
    """The one record that an answer holds.

    Raises:
        ResponseInvalid: it is not JSON.
        RecordInvalid: it is no such record.
    """
    body = response.json()
    try:
        return model.model_validate(body)
    except ValidationError as error:
        problem = reason(error)
    raise RecordInvalid(f"an answer of `{name}` cannot be read: {problem}; check `base_url`", problem)


def reason(error: ValidationError) -> str:
    """What is wrong with a record, without any of its values."""
    return "; ".join(
        f"`{'.'.join(map(str, one['loc'])) or 'record'}`: {one['msg'][:1].lower()}{one['msg'][1:]}"
        for one in error.errors(include_input=False, include_url=False, include_context=False)
    )


def _id(item: object) -> int | None:
    value = cast("dict[str, object]", item).get("id") if isinstance(item, dict) else None
    text = str(value)
    return int(text) if is_number(text) else None


def _name(item: object, place: int) -> str:
    number = _id(item)
    return f"record {place + 1} of its page" if number is None else str(number)

"""Holds and releases members of a Mailman 3 list by the one preference that can be given back as it was.

A hold is `delivery_status` = `by_moderator` at the member's own level. Lifting it by writing `enabled` would override
what people chose for their address or their account, so a release deletes the member's own preferences, which restores
inheritance, and puts the others back. Source: Mailman core 3.3, REST API 3.1, as observed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import ClassVar, NamedTuple, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from alignkit.connectors.base import (
    Capability,
    ConnectorSettings,
    Finding,
    Look,
    Members,
    Order,
    Receipt,
    Result,
    Sink,
    Standing,
    settings,
)
from alignkit.connectors.ids import is_number
from alignkit.errors import (
    AlignkitError,
    DataInvalid,
    PagingStuck,
    RateLimited,
    RequestRefused,
    ResponseInvalid,
    SettingsError,
    TryAgainLater,
)
from alignkit.transport import Account, Basic, Flow, JsonValue, Request, Response, request

API = "/3.1"
HELD = "by_moderator"
ENABLED = "enabled"
ROSTER_PAGE = 200
_STATUS = "delivery_status"
_ENVELOPE = frozenset({"self_link", "http_etag"})
_GONE = frozenset({404})

Preferences = dict[str, JsonValue]
P = TypeVar("P", bound=BaseModel)


class MailmanSettings(ConnectorSettings):
    """What is needed to reach one list.

    Attributes:
        list_id: as in `offers.example.com`; the list's address, `offers@example.com`, is taken as well.
    """

    base_url: str
    username: str = Field(min_length=1)
    password: SecretStr
    list_id: str = Field(pattern=r"^[A-Za-z0-9._+-]+$")

    @field_validator("list_id", mode="before")
    @classmethod
    def _written_as_id(cls, value: object) -> object:
        return value.strip().replace("@", ".") if isinstance(value, str) else value


class _Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _Member(_Payload):
    member_id: str = Field(pattern=r"^[0-9A-Za-z]+$")
    email: str
    role: str | None = None


class _Roster(_Payload):
    """A page of members; one without any has no `entries`."""

    start: int = 0
    total_size: int = 0
    entries: list[_Member] | None = None


class _Versions(_Payload):
    mailman_version: str | None = None
    api_version: str | None = None


class _Levels(NamedTuple):
    """One member's own preferences, and the delivery status that holds after inheritance."""

    own: Preferences
    effective: str | None

    @property
    def others(self) -> Preferences:
        return {name: value for name, value in self.own.items() if name != _STATUS}

    @property
    def standing(self) -> Standing:
        if self.own.get(_STATUS) == HELD:
            return Standing.HELD
        return Standing.FREE if self.effective == ENABLED else Standing.SILENT

    @property
    def can_be_held(self) -> bool:
        """Whether a hold could be undone: an `enabled` of the member's own could not be written again."""
        return self.standing is Standing.FREE and _STATUS not in self.own


class Mailman(Sink):
    """One Mailman list as a destination.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "mailman"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.HOLD, Capability.RELEASE, Capability.READ_BACK}
    )
    batch_size: ClassVar[int] = 50

    def __init__(
        self, base_url: str, username: str, password: str | SecretStr, list_id: str, *, name: str = "mailman"
    ) -> None:
        given = {"base_url": base_url, "username": username, "password": password, "list_id": list_id, "name": name}
        self._settings = settings(MailmanSettings, self.type, given)
        self.name: str = self._settings.name
        self.list_id: str = self._settings.list_id
        auth = Basic(self._settings.username, self._settings.password)
        account = Account(self._settings.base_url, auth, name=self.name)
        self._location = f"{account.base_url}{API}/lists/{self.list_id}"
        self.account: Account | None = account

    @property
    def location(self) -> str:
        """The list's own address: two lists of one Mailman are two destinations."""
        return self._location

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the credential, the API's version and the list."""
        try:
            response = yield from request(Request("GET", f"{API}/system/versions"))
            versions = _parsed(_Versions, response)
            yield from self._require_list()
        except AlignkitError as error:
            return [Finding(is_well=False, subject=f"`{self.name}`", remedy=str(error))]
        return [
            Finding(is_well=True, subject="credential"),
            Finding(
                is_well=versions.api_version == "3.1",
                subject=f"API version {versions.api_version or 'unknown'}",
                remedy="alignkit speaks version 3.1; use Mailman core 3.3",
            ),
            Finding(is_well=True, subject=f"list `{self.list_id}`"),
        ]

    def members(self, cursor: str | None) -> Flow[Members]:
        """Reads one page of the list's members.

        Pages are numbered, so that a member who leaves moves the rest forward; when the list has shrunk since the
        page before, that page is read again. Reading an address twice is harmless.
        """
        page, before = _position(cursor)
        wanted = Request(
            "GET",
            f"{API}/lists/{self.list_id}/roster/member",
            params=(("count", str(ROSTER_PAGE)), ("page", str(page))),
            accept=_GONE,
        )
        roster = _parsed(_Roster, self._present((yield from request(wanted))))
        entries = roster.entries or []
        if entries and roster.start < page - 1:
            raise PagingStuck(
                f"`{self.name}` gave an earlier page of its members again; nothing was changed; report this"
            )
        has_shrunk = roster.total_size < before
        if not has_shrunk and (not entries or roster.start + len(entries) >= roster.total_size):
            return Members([one.email for one in entries])
        following = max(1, page - 1) if has_shrunk else page + 1
        return Members([one.email for one in entries], f"{following}/{roster.total_size}")

    def look(self, addresses: Sequence[str]) -> Flow[Mapping[str, Look]]:
        """Says how each address stands; the snapshot has the other preferences of the members it means.

        Raises:
            SettingsError: the list is gone; its members are then not absent, but unknown.
        """
        found: dict[str, Look] = {}
        for address in addresses:
            seen = yield from self._members_at(address)
            if seen:
                found[address] = _look(seen)
        if len(found) < len(addresses):
            yield from self._require_list()
        return found

    def hold(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt]]:
        """Holds each member that gets mail and whose own level is unset; anybody else is left alone."""
        return (yield from self._carry_out(orders, self._hold))

    def release(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt]]:
        """Deletes the preferences of members that carry our hold and puts the others back.

        When a run ended between the two, the same order with the same snapshot completes it.
        """
        return (yield from self._carry_out(orders, self._release))

    def _carry_out(self, orders: Sequence[Order], act: _Act) -> Flow[Sequence[Receipt]]:
        """One member at whom Mailman fails does not hold up the others; a second one in the same batch ends it."""
        receipts: list[Receipt] = []
        has_failed = False
        for order in orders:
            try:
                receipts.append((yield from self._carried_out(order, act)))
            except TryAgainLater as error:
                # What was done stays done and is told; where it is over, the rest would wait for the same failure.
                is_over = has_failed or isinstance(error, RateLimited)
                left = orders[len(receipts) :] if is_over else [order]
                receipts.extend(Receipt(one.address, Result.RETRY, str(error)) for one in left)
                if is_over:
                    break
                has_failed = True
        if any(receipt.result is Result.ABSENT for receipt in receipts):
            yield from self._require_list()
        return receipts

    def _carried_out(self, order: Order, act: _Act) -> Flow[Receipt]:
        try:
            seen = yield from self._members_at(order.address)
            if not seen:
                return Receipt(order.address, Result.ABSENT)
            return (yield from act(order, seen))
        except RequestRefused as error:
            # A member who left meanwhile is a 404 and will be absent next time; anything else stays refused.
            result = Result.RETRY if error.status in _GONE else Result.REJECTED
            return Receipt(order.address, result, str(error))

    def _hold(self, order: Order, seen: Mapping[str, _Levels]) -> Flow[Receipt]:
        standing = _standing(seen)
        if standing is Standing.HELD:
            return Receipt(order.address, Result.CONFIRMED, "was held already")
        if standing is Standing.SILENT:
            return Receipt(order.address, Result.FOREIGN, "gets no mail for a reason of its own")
        free = [member for member, levels in seen.items() if levels.can_be_held]
        if not free:
            return Receipt(
                order.address, Result.REJECTED, "carries an `enabled` of its own, which a release would lose"
            )
        if not set(free) <= set(_members_of(order.snapshot)):
            return Receipt(order.address, Result.RETRY, "joined after it was looked at")
        for member in free:
            yield from self._write(member, {_STATUS: HELD})
        seen = yield from self._members_at(order.address)
        is_held = bool(seen) and _standing(seen) is Standing.HELD
        return Receipt(order.address, Result.CONFIRMED if is_held else Result.RETRY)

    def _release(self, order: Order, seen: Mapping[str, _Levels]) -> Flow[Receipt]:
        kept = _members_of(order.snapshot)
        for member, levels in seen.items():
            status = levels.own.get(_STATUS)
            if member in kept and status == HELD:
                yield from request(Request("DELETE", _preferences_of(member)))
                yield from self._write(member, levels.others)
            elif member in kept and status is None:
                # An earlier release may have ended between clearing the preferences and putting them back.
                missing = {name: value for name, value in kept[member].items() if name not in levels.own}
                yield from self._write(member, missing)
        if any(levels.own.get(_STATUS) == HELD for member, levels in seen.items() if member not in kept):
            return Receipt(order.address, Result.FOREIGN, "is held by somebody else")
        if any(seen[member].own.get(_STATUS, HELD) not in (HELD, ENABLED) for member in seen.keys() & kept.keys()):
            return Receipt(order.address, Result.FOREIGN, "changed the delivery status meanwhile")
        return Receipt(order.address, Result.CONFIRMED)

    def _members_at(self, address: str) -> Flow[dict[str, _Levels]]:
        """The subscriptions of exactly this address, by member id; nobody who left while we asked."""
        criteria = (("list_id", self.list_id), ("subscriber", address), ("role", "member"))
        roster = _parsed(_Roster, (yield from request(Request("GET", f"{API}/members/find", params=criteria))))
        # The search reads `*` as a wildcard and also finds people by their other addresses.
        exact = [one.member_id for one in roster.entries or () if _is_same(one.email, address)]
        found: dict[str, _Levels] = {}
        for member in exact:
            levels = yield from self._levels(member)
            if levels is not None:
                found[member] = levels
        return found

    def _levels(self, member: str) -> Flow[_Levels | None]:
        response = yield from request(Request("GET", _preferences_of(member), accept=_GONE))
        if self._says_gone(response):
            return None
        own = _preferences(response)
        if _STATUS in own:
            return _Levels(own, str(own[_STATUS]))
        inherited = Request("GET", f"{API}/members/{member}/all/preferences", accept=_GONE)
        response = yield from request(inherited)
        if self._says_gone(response):
            return None
        effective = _preferences(response).get(_STATUS)
        return _Levels(own, None if effective is None else str(effective))

    def _says_gone(self, response: Response) -> bool:
        """Whether Mailman itself says that a member is gone.

        Raises:
            RequestRefused: something before Mailman says so, and knows nothing of members.
        """
        if response.status not in _GONE:
            return False
        body: object = None
        with suppress(ResponseInvalid):
            body = response.json()
        if not isinstance(body, dict) or "title" not in body:
            raise RequestRefused(f"`{self.name}` has nothing at its members (404); check `base_url`", status=404)
        return True

    def _write(self, member: str, preferences: Mapping[str, JsonValue]) -> Flow[None]:
        if preferences:
            form = [(name, _formed(value)) for name, value in preferences.items()]
            # Writing the same values twice does no harm.
            yield from request(Request("PATCH", _preferences_of(member), form=form, repeatable=True))

    def _require_list(self) -> Flow[None]:
        self._present((yield from request(Request("GET", f"{API}/lists/{self.list_id}", accept=_GONE))))

    def _present(self, response: Response) -> Response:
        if response.status in _GONE:
            raise SettingsError(f"`{self.name}` has no list `{self.list_id}`; check `list_id` and `base_url`")
        return response


_Act: TypeAlias = Callable[[Order, Mapping[str, _Levels]], Flow[Receipt]]


def _standing(seen: Mapping[str, _Levels]) -> Standing:
    """How one address stands that may be subscribed more than once."""
    standings = {levels.standing for levels in seen.values()}
    if any(levels.can_be_held for levels in seen.values()):
        return Standing.FREE
    return next(one for one in (Standing.HELD, Standing.FREE, Standing.SILENT) if one in standings)


def _look(seen: Mapping[str, _Levels]) -> Look:
    standing = _standing(seen)
    members: JsonValue = {member: levels.others for member, levels in seen.items() if levels.standing is standing}
    return Look(standing, {"members": members})


def _members_of(snapshot: Mapping[str, JsonValue]) -> dict[str, Preferences]:
    """The members of a snapshot with the preferences to be put back."""
    members = snapshot.get("members")
    if not isinstance(members, dict):
        return {}
    return {member: kept for member, kept in members.items() if isinstance(kept, dict)}


def _preferences_of(member: str) -> str:
    return f"{API}/members/{member}/preferences"


def _preferences(response: Response) -> Preferences:
    body = response.json()
    if not isinstance(body, dict):
        raise ResponseInvalid("a member's preferences are not a JSON object; check `base_url`")
    return {name: value for name, value in body.items() if name not in _ENVELOPE and value is not None}


def _formed(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_same(left: str, right: str) -> bool:
    return left.strip().casefold() == right.strip().casefold()


def _position(cursor: str | None) -> tuple[int, int]:
    """The page to read, and how many members there were when the page before was read."""
    page, _, before = (cursor or "1/0").partition("/")
    if not (is_number(page) and is_number(before)):
        raise DataInvalid("this is no cursor of a Mailman list; start again without one")
    return int(page), int(before)


def _parsed(model: type[P], response: Response) -> P:
    body = response.json()
    try:
        return model.model_validate(body)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, one["loc"])) or "body" for one in error.errors(include_input=False))
    raise ResponseInvalid(f"the answer of Mailman cannot be read at: {places}; check `base_url`")

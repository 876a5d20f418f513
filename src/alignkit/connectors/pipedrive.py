"""Reads organisations, persons and deals from Pipedrive (API v2).

Source: developers.pipedrive.com, the OpenAPI documents of API v2 and, for the user's own record, v1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, cast

from pydantic import Field, SecretStr, model_validator

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    ConnectorSettings,
    Fetched,
    Finding,
    Page,
    Profile,
    Run,
    Source,
    StreamProfile,
    settings,
    unknown_stream,
)
from alignkit.connectors.records import Body, Extras, Paths, Shape, Values
from alignkit.connectors.window import Pace, Position, Walk, kept, position
from alignkit.errors import AlignkitError, PermissionMissing, RequestRefused, ResponseInvalid
from alignkit.models.commerce import Money, Opportunity
from alignkit.models.customer import Account as Organisation
from alignkit.models.customer import Contact
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Quarantined, Ref
from alignkit.models.vocabulary import OpportunityStatus
from alignkit.transport import (
    Account,
    Auth,
    Flow,
    HeaderKey,
    Limits,
    RefreshToken,
    Request,
    TokenFile,
    TokenStore,
    request,
    subdomain,
)

PACE = Pace(overlap=timedelta(minutes=5), lag=timedelta(seconds=30))
PAGE_SIZE = 500
MOST_IDS = 100
TOKEN_URL = "https://oauth.pipedrive.com/oauth/token"  # noqa: S105 - an address

_LATE = "half a minute; 5 minutes of overlap catch what comes late"

PROFILE = Profile(
    service="Pipedrive",
    example='Pipedrive("acme", "sample-token")',
    streams={
        "organizations": StreamProfile(
            brings="organisations, as accounts", endpoint="GET /api/v2/organizations", late=_LATE
        ),
        "persons": StreamProfile(brings="persons with all their addresses", endpoint="GET /api/v2/persons", late=_LATE),
        "deals": StreamProfile(brings="deals that are open, won or lost", endpoint="GET /api/v2/deals", late=_LATE),
        "deleted_deals": StreamProfile(
            brings="deals that were deleted in the last 30 days",
            endpoint="GET /api/v2/deals?status=deleted",
            late=_LATE,
        ),
    },
    permissions={
        "a user who may see all items, best an administrator": "what others own and keep to themselves is not shown",
        "`contacts:read`, `deals:read`": "with an app (OAuth): persons, organisations and deals",
    },
    limits=(
        "Every answer says how much of a burst of two seconds is left; at none, the next request waits for the reset.",
        "The daily budget belongs to the company; where it is spent (429), the run ends with `RateLimited`.",
    ),
    reading=(
        (
            "Lists are read by ascending id among what changed since the mark, so that nothing that changes meanwhile"
            " can slip between two pages. Pages follow the cursor that the service gives; one that it no longer knows"
            " begins the same window again."
        ),
        "A deleted person or organisation is shown no longer and nothing tells; what was read of them stays.",
    ),
    not_covered={
        "issues": "Pipedrive has no tickets; so nothing is written to it either",
        "merged persons": "the lists do not tell of them; both addresses stay known",
        "archived deals": "they are over, and another list holds them",
        "marketing status": "it is there with one add-on alone; consent is read where mails are sent",
        "webhooks": "they are not signed; the streams lose nothing without them",
    },
    sources=("developers.pipedrive.com: API v2 reference",),
)


class _Kind(NamedTuple):
    """One kind of record: the list that has it, what narrows the list, and what a record becomes."""

    list: str
    params: tuple[tuple[str, str], ...]
    shape: Shape[Any]
    body: Body


class _Me(Payload):
    is_admin: bool = False


class _User(Payload):
    data: _Me


def _person(person: Values) -> Extras:
    person["emails"], person["phones"] = _values(person.get("mails")), _values(person.get("numbers"))
    person["is_active"] = not person.get("deleted")
    return Extras()


def _organisation(account: Values) -> Extras:
    account["deleted_at"] = account["remote_updated_at"] if account.get("deleted") else None
    return Extras()


def _deal(deal: Values) -> Extras:
    person, currency = deal.get("person"), deal.get("currency")
    deal["contact_ids"] = (person,) if person else ()
    if deal.get("value") and currency and len(currency) == 3:
        deal["amount"] = Money(amount=Decimal(deal["value"]), currency=currency.upper())
    deal["close_date"] = _day(deal.get("close_day"))
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
PERSON = Shape(
    model=Contact,
    places={**_COMMON, "name": "name", "account_ids": "org_id", "owner_ref": "owner_id"},
    also={"mails": ("emails", object), "numbers": ("phones", object), "deleted": ("is_deleted", bool)},
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


def _kind(name: str, shape: Shape[Any], *params: tuple[str, str]) -> _Kind:
    return _Kind(name, params, shape, Body({"data": shape}, _BESIDE))


_BESIDE: Mapping[str, tuple[Paths, type]] = {
    "cursor": (("additional_data", "next_cursor"), str),
    "is_well": ("success", bool),
}
_KINDS: Mapping[str, _Kind] = {
    "organizations": _kind("organizations", ORGANISATION),
    "persons": _kind("persons", PERSON),
    "deals": _kind("deals", DEAL),
    "deleted_deals": _kind("deals", DEAL, ("status", "deleted")),
}
_BY_ID = {"account": "organizations", "contact": "persons"}


class PipedriveSettings(ConnectorSettings):
    """What is needed to read one company.

    Attributes:
        company: the first label of the company's address.
        token: of a user; or `refresh_token`, `client_id` and `client_secret` of an app.
        token_file: where the token of an app rests between runs.
        base_url: another address, such as a proxy.
    """

    company: str = ""
    token: SecretStr | None = None
    refresh_token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    token_file: Path | None = None
    token_url: str = Field(default=TOKEN_URL)
    base_url: str | None = None

    @model_validator(mode="after")
    def _has_one_credential(self) -> PipedriveSettings:
        app = [part is not None for part in (self.refresh_token, self.client_id, self.client_secret)]
        if (self.token is not None) == any(app) or any(app) != all(app):
            raise ValueError("give either `token`, or `refresh_token`, `client_id` and `client_secret`")
        if not self.company and self.base_url is None:
            raise ValueError("give `company`, as in `acme` of `https://acme.pipedrive.com`")
        return self

    @property
    def root(self) -> str:
        """The address of the company."""
        return self.base_url or f"https://{subdomain(self.company, setting='company')}.pipedrive.com"

    def auth(self, tokens: TokenStore | None) -> Auth:
        """How requests are authenticated; `tokens` stands in for the file of the settings."""
        if self.token is not None:
            return HeaderKey("x-api-token", self.token)
        if tokens is None and self.token_file is not None:
            tokens = TokenFile(self.token_file)
        return RefreshToken(
            self.token_url,
            self.refresh_token or "",
            client_id=self.client_id or "",
            client_secret=self.client_secret or "",
            tokens=tokens,
            root_field="api_domain" if self.base_url is None else None,
            root_suffixes=("pipedrive.com",),
        )


class Pipedrive(Source):
    """One company at Pipedrive as a source of people, accounts and deals.

    Args:
        company: the first label of the company's address: `acme` of `https://acme.pipedrive.com`.
        token: the personal token of a user.
        refresh_token: of an app, with `client_id` and `client_secret`, instead of `token`.
        client_id: see `refresh_token`.
        client_secret: see `refresh_token`.
        token_file: where the token of an app rests between runs.
        tokens: a store of your own for the token, instead of a file.
        token_url: where an app's tokens come from.
        base_url: another address, such as a proxy.
        name: of this instance; it stays the same when the address changes.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "pipedrive"
    profile: ClassVar[Profile | None] = PROFILE
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.INCREMENTAL, Capability.FETCH})
    streams: ClassVar[tuple[str, ...]] = ("organizations", "persons", "deals", "deleted_deals")
    brings_issues: ClassVar[bool] = False

    def __init__(
        self,
        company: str = "",
        token: str | SecretStr | None = None,
        *,
        refresh_token: str | SecretStr | None = None,
        client_id: str | None = None,
        client_secret: str | SecretStr | None = None,
        token_file: str | Path | None = None,
        tokens: TokenStore | None = None,
        token_url: str = TOKEN_URL,
        base_url: str | None = None,
        name: str = "pipedrive",
    ) -> None:
        given: dict[str, object] = {
            "company": company,
            "token": token,
            "refresh_token": refresh_token,
            "client_id": client_id,
            "client_secret": client_secret,
            "token_file": token_file,
            "token_url": token_url,
            "base_url": base_url,
            "name": name,
        }
        chosen = settings(PipedriveSettings, self.type, given)
        limits = Limits(remaining=("x-ratelimit-remaining",))
        self.name: str = chosen.name
        self.account: Account | None = Account(chosen.root, chosen.auth(tokens), name=chosen.name, limits=limits)

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of `organizations`, `persons`, `deals` or `deleted_deals`.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
        """
        if stream not in _KINDS:
            raise unknown_stream(self, stream)
        kind = _KINDS[stream]
        at = position(Position, checkpoint, self.name)
        walk = PACE.walk(at, run)
        response = yield from request(_page(kind, walk))
        if response.status == 400:
            # The cursor is known no longer. The window is: nothing is lost by walking through it again.
            walk = Walk(since=walk.since)
            response = yield from request(_page(kind, walk))
        answer = listed(kind.body, response, self.name)
        _refuse_failure(answer.beside, self.name)
        walk = PACE.answered(walk, response, self.name)
        cursor: str | None = answer.beside.get("cursor") or None
        events = [found.event(source=self.name, received_at=run.now) for found in answer.of(kind.shape)]
        return Page(events, kept(at.following(walk, cursor)), cursor is not None, answer.bad)

    def fetch(self, refs: Sequence[Ref], run: Run) -> Flow[Fetched]:
        """Reads persons (`contact`) and organisations (`account`) by id; one that is not shown gives nothing."""
        events: list[CustomerEvent] = []
        bad: list[Quarantined] = []
        for name, stream in _BY_ID.items():
            kind = _KINDS[stream]
            ids = list(dict.fromkeys(ref.id for ref in refs if ref.kind == name and ref.id.isdigit()))
            for start in range(0, len(ids), MOST_IDS):
                params = [("ids", ",".join(ids[start : start + MOST_IDS])), ("limit", str(MOST_IDS))]
                response = yield from request(Request("GET", f"/api/v2/{kind.list}", params=params))
                answer = listed(kind.body, response, self.name)
                events += [found.event(source=self.name, received_at=run.now) for found in answer.of(kind.shape)]
                bad += answer.bad
        return Fetched(events, refs, bad)

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the token, at each list, and whether the user is an administrator, who sees everything."""
        findings: list[Finding] = []
        try:
            me = parsed(_User, (yield from request(Request("GET", "/v1/users/me"))), self.name).data
            remedy = "" if me.is_admin else "the user is no administrator and may see a part alone; use one who is"
            findings.append(Finding(is_well=me.is_admin, subject="what the user sees", remedy=remedy))
            for stream in self.streams[:3]:
                findings += yield from self._seen(_KINDS[stream])
        except AlignkitError as error:
            findings.append(Finding(is_well=False, subject=f"`{self.name}`", remedy=str(error)))
        return findings

    def _seen(self, kind: _Kind) -> Flow[list[Finding]]:
        try:
            response = yield from request(_page(kind, Walk(), size=1))
            listed(kind.body, response, self.name)
        except (PermissionMissing, RequestRefused) as error:
            return [Finding(is_well=False, subject=kind.list, remedy=str(error))]
        return [Finding(is_well=True, subject=kind.list)]


def _page(kind: _Kind, walk: Walk, size: int = PAGE_SIZE) -> Request:
    """A page by ascending id; all parameters but the cursor stay as they were when the walk began."""
    since = walk.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if walk.since else None
    return Request(
        "GET",
        f"/api/v2/{kind.list}",
        params=[
            *kind.params,
            *([("updated_since", since)] if since else []),
            ("sort_by", "id"),
            ("sort_direction", "asc"),
            ("limit", str(size)),
            *([("cursor", walk.after)] if walk.after else []),
        ],
        accept=frozenset({400}) if walk.after else frozenset(),
    )


def _refuse_failure(beside: Mapping[str, Any], name: str) -> None:
    """Stops at an answer that calls itself a failure, whatever its status."""
    if beside.get("is_well") is False:
        raise ResponseInvalid(f"`{name}` answered a page and called it a failure; try again later")


def _values(entries: object) -> tuple[str, ...]:
    """The values of a list of addresses or numbers, the main one first; empty ones count as none."""
    if not entries:
        return ()
    try:
        rows = sorted(cast("list[dict[str, Any]]", entries), key=lambda one: not one.get("primary"))
    except (AttributeError, TypeError):
        return ()
    texts = (one.get("value") for one in rows)
    return tuple(dict.fromkeys(text.strip() for text in texts if isinstance(text, str) and text.strip()))


def _day(text: str | None) -> datetime | None:
    """The beginning of a day, in UTC; None where none is told."""
    try:
        return datetime.strptime(text or "", "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None

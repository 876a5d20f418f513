"""Pipedrive as a source of people, accounts and deals, page by page and by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, SecretStr, model_validator

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    Fetched,
    Finding,
    Page,
    Profile,
    Run,
    Source,
    is_one_of,
    settings,
    unknown_stream,
)
from alignkit.connectors.gone import said_in, thing_gone, unseen
from alignkit.connectors.pipedrive.profile import PROFILE
from alignkit.connectors.pipedrive.records import KINDS, Kind
from alignkit.connectors.renewal import AppSettings
from alignkit.connectors.window import Pace, Position, Walk, kept, position, service_time
from alignkit.errors import AlignkitError, PermissionMissing, RequestRefused, ResponseInvalid
from alignkit.models.events import CustomerEvent
from alignkit.models.exchange import Quarantined, Ref
from alignkit.transport import (
    Account,
    Auth,
    Flow,
    HeaderKey,
    Limits,
    Request,
    TokenStore,
    request,
    subdomain,
)

PACE = Pace(overlap=timedelta(minutes=5), lag=timedelta(seconds=30))
PAGE_SIZE = 500
MOST_IDS = 100
TOKEN_URL = "https://oauth.pipedrive.com/oauth/token"  # noqa: S105 - an address


class _Me(Payload):
    is_admin: bool = False


class _User(Payload):
    data: _Me


_BY_ID = {"account": "organizations", "contact": "persons", "opportunity": "deals"}
_UNSEEN = frozenset({403, 404, 410})


class PipedriveSettings(AppSettings):
    """What is needed to read one company.

    Attributes:
        company: the first label of the company's address.
        token: of a user; or `refresh_token`, `client_id` and `client_secret` of an app.
        base_url: another address, such as a proxy.
    """

    company: str = ""
    token: SecretStr | None = None
    token_url: str = Field(default=TOKEN_URL)
    base_url: str | None = None

    @model_validator(mode="after")
    def _has_one_credential(self) -> PipedriveSettings:
        if not is_one_of((self.token,), (self.refresh_token, self.client_id, self.client_secret)):
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
        root_field = "api_domain" if self.base_url is None else None
        return self.renewed(self.token_url, tokens, root_field=root_field, root_suffixes=("pipedrive.com",))


class Pipedrive(Source):
    """One company at Pipedrive as a source of people, accounts and deals.

    Args:
        company: the first label of the company's address: `acme` of `https://acme.pipedrive.com`.
        token: the personal token of a user.
        refresh_token: of an app, with `client_id` and `client_secret`, instead of `token`.
        client_id: see `refresh_token`.
        client_secret: see `refresh_token`.
        token_file: where renewed tokens rest between runs.
        tokens: a store of your own for them, instead of a file.
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
        if stream not in KINDS:
            raise unknown_stream(self, stream)
        kind = KINDS[stream]
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
        """Reads persons (`contact`), organisations (`account`) and deals (`opportunity`) by id.

        One that Pipedrive itself says is not there gives the news that it is gone; one that is hidden gives nothing.
        """
        events: list[CustomerEvent] = []
        bad: list[Quarantined] = []
        left: set[tuple[str, str]] = set()
        for name, stream in _BY_ID.items():
            kind = KINDS[stream]
            ids = list(dict.fromkeys(ref.id for ref in refs if ref.kind == name and _is_id(ref.id)))
            for start in range(0, len(ids), MOST_IDS):
                some = ids[start : start + MOST_IDS]
                params = [("ids", ",".join(some)), ("limit", str(MOST_IDS))]
                response = yield from request(Request("GET", f"/api/v2/{kind.list}", params=params))
                answer = listed(kind.body, response, self.name)
                _refuse_failure(answer.beside, self.name)
                found = answer.of(kind.shape)
                events += [one.event(source=self.name, received_at=run.now) for one in found]
                bad += answer.bad
                seen = {one.data.id for one in found} | {one.key for one in answer.bad}
                for id in (one for one in some if one not in seen):
                    alone = yield from self._alone(name, kind, id, run)
                    events += alone.events
                    bad += alone.quarantined
                    left |= set() if alone.done else {(name, id)}
        done = [ref for ref in refs if (ref.kind, ref.id) not in left]
        return Fetched(events, done, bad, unseen(len(left)))

    def _alone(self, name: str, kind: Kind, id: str, run: Run) -> Flow[Fetched]:
        """One thing that no list shows: lists leave out what was deleted."""
        response = yield from request(Request("GET", f"/api/v2/{kind.list}/{id}", accept=_UNSEEN))
        ref = Ref(name, id)
        if response.status == 200:
            answer = listed(kind.one, response, self.name)
            _refuse_failure(answer.beside, self.name)
            events = [one.event(source=self.name, received_at=run.now) for one in answer.of(kind.shape)]
            return Fetched(events, [ref], answer.bad)
        said = said_in(response)
        # Pipedrive's own words, and not those of something between us and it.
        if response.status == 403 or said.get("success") is not False or not isinstance(said.get("error"), str):
            return Fetched((), ())
        at = service_time(response, self.name)
        return Fetched([thing_gone(name, id, source=self.name, at=at, received_at=run.now)], [ref])

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the token, at each list, and whether the user is an administrator, who sees everything."""
        findings: list[Finding] = []
        try:
            me = parsed(_User, (yield from request(Request("GET", "/v1/users/me"))), self.name).data
            remedy = "" if me.is_admin else "the user is no administrator and may see a part alone; use one who is"
            findings.append(Finding(is_well=me.is_admin, subject="what the user sees", remedy=remedy))
            for stream in self.streams[:3]:
                findings += yield from self._seen(KINDS[stream])
        except AlignkitError as error:
            findings.append(Finding(is_well=False, subject=f"`{self.name}`", remedy=str(error)))
        return findings

    def _seen(self, kind: Kind) -> Flow[list[Finding]]:
        try:
            response = yield from request(_page(kind, Walk(), size=1))
            listed(kind.body, response, self.name)
        except (PermissionMissing, RequestRefused) as error:
            return [Finding(is_well=False, subject=kind.list, remedy=str(error))]
        return [Finding(is_well=True, subject=kind.list)]


def _page(kind: Kind, walk: Walk, size: int = PAGE_SIZE) -> Request:
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


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit()

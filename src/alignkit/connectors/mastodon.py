"""Reads mentions and replies from a Mastodon account, on Mastodon and servers that speak its API.

Source: docs.joinmastodon.org, "notifications API methods", "Guidelines and best practices", "NotificationPolicy".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html.parser import HTMLParser
from typing import ClassVar, NamedTuple

from pydantic import Field, SecretStr

from alignkit.connectors.answers import Payload, listed, parsed
from alignkit.connectors.base import (
    Capability,
    Checkpoint,
    ConnectorSettings,
    Finding,
    Page,
    Profile,
    Run,
    Source,
    StreamProfile,
    settings,
)
from alignkit.connectors.records import Answer, Body, Extras, Shape, Values
from alignkit.connectors.records.body import WHOLE
from alignkit.connectors.window import Kept, kept, position
from alignkit.errors import AlignkitError, DataInvalid, PagingStuck, ResponseInvalid
from alignkit.models.conversation import Post
from alignkit.models.events import CustomerEvent
from alignkit.models.vocabulary import PostKind
from alignkit.transport import (
    Account,
    Bearer,
    Flow,
    Limits,
    Request,
    Response,
    link_params,
    next_link,
    request,
)

PLATFORM = "mastodon"
PAGE_SIZE = 80

PROFILE = Profile(
    service="Mastodon",
    example='Mastodon("social.example.com", "sample-token")',
    streams={
        "mentions": StreamProfile(
            brings="posts that mention the account, replies and private ones among them",
            endpoint="GET /api/v1/notifications?types[]=mention",
            late="nothing: a mention is there as soon as the server has it",
        )
    },
    permissions={
        "`read:notifications`, `read:statuses`": "mentions, those that were filtered too",
        "`read:accounts`": "`check`: whose token it is",
    },
    limits=(
        "Every answer says how many requests are left of five minutes; at none, the next one waits for the reset.",
    ),
    reading=(
        (
            "Mentions are walked upwards from the last one known, by the link that the server gives, until a page is"
            " empty; ids are never compared or made up, so that servers with other ids work."
        ),
        (
            "The end of each run reads the newest 80 mentions once more, since an edited post brings no new mention."
            " A post's own time may be older than its arrival and plays no part in this."
        ),
        (
            "A mention that the account's policy drops never exists; `check` says so. Filtered ones are read. Of"
            " private ones the text is left out, unless `keeps_private_text` is set."
        ),
        "Posts are known by the author's full handle, `user@host`; there are no addresses.",
    ),
    not_covered={
        "deleted posts": "their mention is gone without a word; nothing follows from a post alone",
        "hashtags and searches": "a server knows a part of the network's posts alone, and searches few of those",
        "writing": "answers are given at the helpdesk",
        "streaming": "it replays nothing after a pause; the stream loses nothing without it",
    },
    sources=("docs.joinmastodon.org: API methods, guidelines, rate limits",),
)


class _Position(Kept):
    """The checkpoint of the mentions: the last one known."""

    after: str = "0"


class _Mention(NamedTuple):
    """What is wanted of a mention beside its post: its own id, and whether the post is still there."""

    id: str | None
    has_post: bool


class _Me(Payload):
    acct: str = ""


class _Policy(Payload):
    for_not_following: str = ""
    for_not_followers: str = ""
    for_new_accounts: str = ""
    for_private_mentions: str = ""
    for_limited_accounts: str = ""


@cache
def shape(host: str, *, keeps_text: bool, keeps_private_text: bool) -> Shape[Post]:
    """How a mention becomes a post, for an account at this host."""

    def finish(post: Values) -> Extras:
        if post.get("status") is None:
            # What it was about was deleted; the mention itself may stay for a while.
            post["platform"] = PLATFORM
            return Extras(beside=_Mention(post.get("mention"), has_post=False))
        if not post.get("post_id"):
            raise ValueError("the post of the mention has no id")
        is_private = post.get("visibility") == "direct"
        post["platform"] = PLATFORM
        post["kind"] = PostKind.DIRECT_MESSAGE if is_private else PostKind.MENTION
        if not is_private and post["in_reply_to"]:
            post["kind"] = PostKind.COMMENT
        post["remote_updated_at"] = post["remote_updated_at"] or post["posted_at"]
        acct = post["author_handle"]
        post["author_handle"] = acct if acct is None or "@" in acct else f"{acct}@{host}"
        is_kept = keeps_text and (keeps_private_text or not is_private)
        post["text"] = _plain(post.get("warning"), post.get("content")) if is_kept else None
        return Extras(beside=_Mention(post.get("mention"), has_post=True))

    return Shape(
        model=Post,
        places={
            "id": [("status", "id"), "id"],
            "author_ref": ("account", "id"),
            "author_handle": ("account", "acct"),
            "posted_at": [("status", "created_at"), "created_at"],
            "remote_updated_at": ("status", "edited_at"),
            "first_seen_at": "created_at",
            "in_reply_to": ("status", "in_reply_to_id"),
            "lang": ("status", "language"),
        },
        also={
            "content": (("status", "content"), str),
            "warning": (("status", "spoiler_text"), str),
            "visibility": (("status", "visibility"), str),
            "mention": ("id", str),
            "status": ("status", object),
            "post_id": (("status", "id"), str),
        },
        finish=finish,
    )


@cache
def _body(host: str, *, keeps_text: bool, keeps_private_text: bool) -> tuple[Shape[Post], Body]:
    post = shape(host, keeps_text=keeps_text, keeps_private_text=keeps_private_text)
    return post, Body({WHOLE: post})


class _Words(HTMLParser):
    """Gathers the text of HTML; where a line or a paragraph ends, so does a line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its signature
        if tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self.parts.append("\n")


def _plain(*texts: str | None) -> str | None:
    """Texts in HTML as plain ones, the warning before the words."""
    words = _Words()
    for text in filter(None, texts):
        words.feed(text)
        words.handle_data("\n")
    words.close()
    return "".join(words.parts).strip() or None


class MastodonSettings(ConnectorSettings):
    """What is needed to read one account.

    Attributes:
        instance: the host of the server.
        token: of the account, with the scopes that the page names.
        base_url: another address, such as a proxy.
        keeps_text: whether posts keep their text.
        keeps_private_text: whether private ones do.
    """

    instance: str = Field(pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")
    token: SecretStr
    base_url: str | None = None
    keeps_text: bool = True
    keeps_private_text: bool = False


class Mastodon(Source):
    """One Mastodon account as a source of mentions and replies.

    Args:
        instance: the host of the server: `social.example.com`.
        token: of the account.
        base_url: another address, such as a proxy.
        name: of this instance; it stays the same when the address changes.
        keeps_text: whether posts keep their text.
        keeps_private_text: whether private ones do.

    Raises:
        SettingsError: a setting is wrong or missing.
    """

    type = "mastodon"
    profile: ClassVar[Profile | None] = PROFILE
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.INCREMENTAL})
    streams: ClassVar[tuple[str, ...]] = ("mentions",)
    brings_issues: ClassVar[bool] = False

    def __init__(
        self,
        instance: str,
        token: str | SecretStr,
        *,
        base_url: str | None = None,
        name: str = "mastodon",
        keeps_text: bool = True,
        keeps_private_text: bool = False,
    ) -> None:
        given: dict[str, object] = {
            "instance": instance,
            "token": token,
            "base_url": base_url,
            "name": name,
            "keeps_text": keeps_text,
            "keeps_private_text": keeps_private_text,
        }
        chosen = settings(MastodonSettings, self.type, given)
        limits = Limits(remaining=("x-ratelimit-remaining",))
        root = chosen.base_url or f"https://{chosen.instance.lower()}"
        self.name: str = chosen.name
        self.account: Account | None = Account(root, Bearer(chosen.token), name=chosen.name, limits=limits)
        self._shape, self._body = _body(
            chosen.instance.lower(), keeps_text=chosen.keeps_text, keeps_private_text=chosen.keeps_private_text
        )

    def read(self, stream: str, checkpoint: Checkpoint | None, run: Run) -> Flow[Page]:
        """Reads one page of `mentions`, upwards from the last one known.

        Raises:
            DataInvalid: the stream or the checkpoint is not of this connector.
        """
        if stream != "mentions":
            raise DataInvalid(f"`{stream}` is no stream of Mastodon; there is `mentions`")
        at = position(_Position, checkpoint, self.name)
        response = yield from request(_mentions(("min_id", at.after)))
        answer = self._read(response)
        if not answer.of(self._shape) and not answer.bad:
            newest = self._read((yield from request(_mentions())))
            return Page(self._events(newest, run), kept(at), more=False, quarantined=newest.bad)
        after = _linked(response) or next((found.extras.beside.id for found in answer.of(self._shape)), None)
        if after is None or after == at.after:
            raise PagingStuck(f"`{self.name}` gives mentions and no way to those after them; report this")
        return Page(self._events(answer, run), kept(_Position(after=after)), more=True, quarantined=answer.bad)

    def check(self) -> Flow[Sequence[Finding]]:
        """Looks at the token, at mentions, and at a policy of the account that drops some of them."""
        findings: list[Finding] = []
        try:
            me = parsed(_Me, (yield from request(Request("GET", "/api/v1/accounts/verify_credentials"))), self.name)
            findings.append(Finding(is_well=True, subject=f"account `{me.acct}`"))
            self._read((yield from request(_mentions())))
            findings.append(Finding(is_well=True, subject="mentions"))
            wanted = Request("GET", "/api/v2/notifications/policy", accept=frozenset({404}))
            findings.append(self._policy((yield from request(wanted))))
        except AlignkitError as error:
            findings.append(Finding(is_well=False, subject=f"`{self.name}`", remedy=str(error)))
        return findings

    def _policy(self, response: Response) -> Finding:
        if response.status == 404:
            return Finding(is_well=True, subject="policy for notifications: this server has none")
        policy = parsed(_Policy, response, self.name)
        dropped = sorted(name for name, value in policy.model_dump().items() if value == "drop")
        remedy = f"mentions are dropped ({', '.join(dropped)}); set these to accept or filter" if dropped else ""
        return Finding(is_well=not dropped, subject="policy for notifications", remedy=remedy)

    def _events(self, answer: Answer, run: Run) -> list[CustomerEvent]:
        posts = (found for found in answer.of(self._shape) if found.extras.beside.has_post)
        return [found.event(source=self.name, received_at=run.now) for found in posts]

    def _read(self, response: Response) -> Answer:
        """The mentions of an answer; an object in the place of their list is an error, whatever its status."""
        if not response.content.lstrip().startswith(b"["):
            raise ResponseInvalid(f"`{self.name}` answered something else than mentions; check `base_url`")
        return listed(self._body, response, self.name)


def _mentions(*params: tuple[str, str]) -> Request:
    """A page of mentions: the one just above an id, or the newest."""
    return Request(
        "GET",
        "/api/v1/notifications",
        params=[("types[]", "mention"), ("include_filtered", "true"), ("limit", str(PAGE_SIZE)), *params],
    )


def _linked(response: Response) -> str | None:
    """The id of the newest mention on a page, as the server's own link to what is newer names it; None without one."""
    target = next_link(response, "prev")
    return None if target is None else dict(link_params(target)).get("min_id")

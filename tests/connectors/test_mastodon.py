"""Holds Mastodon to the kit as its sheet describes it, and to what is particular about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alignkit.connectors.base import Finding, Page, Run
from alignkit.connectors.mastodon import Mastodon
from alignkit.connectors.mastodon.markup import parsed, plain
from alignkit.errors import DataInvalid, PagingStuck, SettingsError
from alignkit.models import Post
from alignkit.models.events import PostPublished
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import PostKind
from alignkit.stores import MemoryStore
from alignkit.sync import Sync
from alignkit.testing import Sheet, SheetService, SheetTests
from alignkit.testing.sheet import answered
from alignkit.testing.sheet.changes import Changes
from alignkit.testing.world import Fate, Kind
from alignkit.transport import JsonValue, Request, Response

from .driving import drive
from .sheets.mastodon import MASTODON

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
RUN = Run(NOW)
TOKEN = "sample-token"
LARGE = str(2**60 + 1)
ADDRESS = "https://elsewhere.example/users/ada"


def mention(
    id: str = "7", acct: str = "ada@elsewhere.example", post: str = LARGE, **status: JsonValue
) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {"id": post, "created_at": "2026-03-01T08:00:00.000Z", "visibility": "public"}
    account: JsonValue = {"id": "9", "acct": acct, "display_name": "Ada", "uri": ADDRESS}
    return {
        "id": id,
        "type": "mention",
        "created_at": "2026-03-02T08:00:00Z",
        "account": account,
        "status": {**told, **status},
    }


PIECES = (
    *("<p>", "</p>", "<br>", "<br />", "<br/>", "</br>", "<P>", "<p/>", '<p dir="auto">', "</p >", "<span>", "</span>"),
    *('<a href="https://a.example/?b=1&amp;c=2" class="u-url mention">', "</a>", '<a title="</p>">', '<a title="<p>">'),
    *("<a href=x>", "<a", "<", "</", ">", "<!-- ", " -->", "<!", "<script>", "</script>", "<title>", "<textarea>"),
    *("&amp;", "&lt;", "&", "&#", "&#39;", "&#x27;", "&#0;", "&am", "p;", "lt;", "&notit;", "&Eacute;", "&quot"),
    *("words", " ", "\n", "é", "@", '"', "'", ";"),
)
html = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@settings(max_examples=500)
@given(html, html)
@example("", "&<span>lt;</span>")
@example("&am", "<p>p;</p>")
def test_html_is_the_same_text_whether_or_not_a_parser_is_needed(warning: str, content: str) -> None:
    assert plain(warning, content) == (parsed(filter(None, (warning, content))).strip() or None)


DATE = {"date": "Wed, 04 Mar 2026 12:00:00 GMT"}


def told(*mentions: JsonValue, link: str = "") -> Response:
    return answered(200, [*mentions], {**DATE, **({"link": link} if link else {})})


def mastodon(**settings: Any) -> Mastodon:
    return Mastodon("social.example.com", TOKEN, **settings)


def posts_in(events: Sequence[object]) -> list[PostPublished]:
    return [one for one in events if isinstance(one, PostPublished)]


def post(found: JsonValue, **settings: Any) -> Post:
    source = Mastodon("social.example.com", TOKEN, **settings)
    page = drive(source, source.read("mentions", None, RUN), lambda _: told(found))
    [one] = [event.data for event in page.events if isinstance(event.data, Post)]
    return one


def test_mentions_are_walked_upwards_filtered_ones_too() -> None:
    asked: list[Mapping[str, str]] = []
    newer = '<https://social.example.com/api/v1/notifications?min_id=Ab9>; rel="prev"'
    pages = [told(mention("Ab9"), mention("Ab8"), link=newer), told(), told(mention("Ab9"))]

    def send(wanted: Request) -> Response:
        asked.append(dict(wanted.params))
        return pages[len(asked) - 1]

    source = Mastodon("social.example.com", TOKEN)
    first = drive(source, source.read("mentions", None, RUN), send)
    last = drive(source, source.read("mentions", first.checkpoint, RUN), send)
    assert [one.get("min_id") for one in asked] == ["0", "Ab9", None]
    assert all(one["include_filtered"] == "true" and one["types[]"] == "mention" for one in asked)
    assert (first.more, last.more, last.checkpoint["after"]) == (True, False, "Ab9")


def test_an_edited_post_is_read_again_though_it_brings_no_new_mention() -> None:
    edited = mention(edited_at="2026-03-03T08:00:00Z", content="<p>solved</p>")
    pages = iter([told(), told(edited)])
    source = Mastodon("social.example.com", TOKEN)
    page = drive(source, source.read("mentions", {"after": "7"}, RUN), lambda _: next(pages))
    found = [event for event in page.events if isinstance(event.data, Post)]
    assert [event.time for event in found] == [datetime(2026, 3, 3, 8, tzinfo=UTC)]


def test_a_server_without_links_is_walked_by_the_ids_that_it_gives() -> None:
    source = Mastodon("social.example.com", TOKEN)
    page = drive(source, source.read("mentions", None, RUN), lambda _: told(mention("Ab9"), mention("Ab8")))
    assert page.checkpoint["after"] == "Ab9"
    with pytest.raises(PagingStuck):
        drive(source, source.read("mentions", {"after": "Ab9"}, RUN), lambda _: told(mention("Ab9")))


def test_a_post_is_plain_text_known_by_its_authors_full_handle() -> None:
    found = post(
        mention(
            acct="ada",
            content="<p>It is <b>wet</b> &amp; cold<br>again</p><p>Help</p>",
            spoiler_text="rain",
            language="en",
        )
    )
    assert found.text == "rain\nIt is wet & cold\nagain\nHelp"
    assert (found.id, found.author_handle, found.author_ref) == (LARGE, "ada@social.example.com", "9")
    assert (found.kind, found.lang, found.posted_at) == (PostKind.MENTION, "en", datetime(2026, 3, 1, 8, tzinfo=UTC))
    assert found.first_seen_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_an_author_is_known_by_an_address_that_lasts() -> None:
    found = post(mention(acct="ada"))
    assert found.customer_match is not None
    assert (found.customer_match.identifier, found.customer_match.confidence) == (
        f"social_handle:mastodon/{ADDRESS}",
        1,
    )
    store = MemoryStore()
    pages = iter([told(mention(acct="ada")), told(), told(mention(acct="ada"))])
    Sync(store, send=lambda _: next(pages)).pull(mastodon(), now=NOW)
    [customer] = store.customers()
    assert customer.identifiers == (
        "helpdesk_user:mastodon/9",
        "social_handle:mastodon/ada@social.example.com",
        f"social_handle:mastodon/{ADDRESS}",
    )


@pytest.mark.parametrize(("status", "is_set_aside"), [(None, False), ({"content": "x"}, True), ("x", True)])
def test_a_mention_whose_post_is_gone_is_passed_over(status: JsonValue, is_set_aside: bool) -> None:
    gone: JsonValue = {"id": "8", "type": "mention", "created_at": "2026-03-02T08:00:00Z", "status": status}
    source = Mastodon("social.example.com", TOKEN)
    page = drive(source, source.read("mentions", None, RUN), lambda _: told(gone, mention()))
    assert [event.subject for event in posts_in(page.events)] == [LARGE]
    assert [one.key for one in page.quarantined] == (["8"] if is_set_aside else [])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ({"in_reply_to_id": "5"}, PostKind.COMMENT),
        ({"visibility": "direct", "in_reply_to_id": "5"}, PostKind.DIRECT_MESSAGE),
        ({"visibility": "unlisted"}, PostKind.MENTION),
    ],
)
def test_replies_and_private_mentions_are_told_apart(status: dict[str, Any], kind: PostKind) -> None:
    assert post(mention(**status)).kind is kind


def test_the_text_of_private_mentions_is_kept_on_request_alone() -> None:
    private = mention(visibility="direct", content="<p>my order 12</p>")
    assert post(private).text is None
    assert post(private, keeps_private_text=True).text == "my order 12"
    assert post(mention(content="<p>hello</p>"), keeps_text=False).text is None


def test_a_first_read_goes_down_to_its_beginning_and_no_further() -> None:
    asked: list[Mapping[str, str]] = []

    def link(page: str) -> str:
        root = "https://social.example.com/api/v1/notifications"
        return f'<{root}?max_id={page}z>; rel="next", <{root}?min_id={page}a>; rel="prev"'

    def came(id: str, day: int) -> JsonValue:
        return {**mention(id, post=f"p{id}"), "created_at": f"2026-02-{day:02}T08:00:00Z"}

    pages = [
        told(came("6", 26), came("5", 25), link=link("one")),
        told(came("4", 24), came("3", 3), link=link("two")),
        told(),
        told(came("6", 26), came("5", 25), came("4", 24), came("3", 3)),
    ]

    def send(wanted: Request) -> Response:
        asked.append({name: value for name, value in wanted.params if name.endswith("_id")})
        return pages[len(asked) - 1]

    source, found = mastodon(), list[str]()
    checkpoint, more = None, True
    run = Run(NOW, since=datetime(2026, 2, 20, tzinfo=UTC))
    while more:
        page = drive(source, source.read("mentions", checkpoint, run), send)
        found += [event.subject for event in posts_in(page.events)]
        checkpoint, more = page.checkpoint, page.more
    assert asked == [{}, {"max_id": "onez"}, {"min_id": "onea"}, {}]
    assert found == ["p6", "p5", "p4", "p6", "p5", "p4"]


# --- posts that are looked at again -------------------------------------------------------------------------------


def watched(*, is_public: bool = True) -> dict[str, JsonValue]:
    times: dict[str, JsonValue] = {"posted_at": "2026-03-01T08:00:00Z", "came_at": "2026-03-02T08:00:00Z"}
    post: JsonValue = {"id": LARGE, "author": "9", **times, **({"is_public": True} if is_public else {})}
    return {"after": "7", "watched": [post]}


def looked_again(status: Response, relation: Response, checkpoint: Mapping[str, JsonValue]) -> tuple[list[str], Page]:
    """What was asked beyond the mentions, of which there are none any more, and the last page."""
    asked: list[str] = []

    def send(wanted: Request) -> Response:
        path = wanted.url.removeprefix("https://social.example.com/api/v1/")
        if path == "notifications":
            return told()
        asked.append(path)
        return status if path == "statuses" else relation

    source = mastodon()
    page = drive(source, source.read("mentions", checkpoint, RUN), send)
    while page.more:
        page = drive(source, source.read("mentions", page.checkpoint, RUN), send)
    return asked, page


def related(**values: JsonValue) -> Response:
    return answered(200, [{"id": "9", **values}], DATE)


NONE = answered(200, [], DATE)


def test_a_public_post_of_somebody_who_hides_nothing_can_only_be_gone() -> None:
    asked, page = looked_again(NONE, related(), watched())
    [event] = posts_in(page.events)
    assert asked == ["statuses", "accounts/relationships"]
    assert (event.subject, event.data.text, event.data.author_ref) == (LARGE, None, None)
    assert event.data.deleted_at == NOW
    [listed] = posts_in([post_event(mention())])
    assert event.source_version > listed.source_version
    assert "watched" not in page.checkpoint


def post_event(found: JsonValue) -> PostPublished:
    source = mastodon()
    page = drive(source, source.read("mentions", None, RUN), lambda _: told(found))
    [event] = posts_in(page.events)
    return event


@pytest.mark.parametrize(
    ("relation", "is_public"),
    [
        (related(blocked_by=True), True),
        (related(blocking=True), True),
        (related(domain_blocking=True), True),
        (NONE, True),
        (answered(403, {"error": "This action is outside the authorized scopes"}, DATE), True),
        (related(), False),
    ],
)
def test_a_post_that_may_be_hidden_is_not_taken_for_gone(relation: Response, is_public: bool) -> None:
    _, page = looked_again(NONE, relation, watched(is_public=is_public))
    assert not page.events
    assert page.checkpoint["watched"] == watched(is_public=is_public)["watched"]
    assert bool(page.gaps) is (relation.status == 403)


def test_no_more_posts_are_asked_for_at_once_than_a_server_takes() -> None:
    source, counts = mastodon(), list[int]()
    checkpoint: Mapping[str, JsonValue] = {"after": "7", "left": [str(number) for number in range(45)]}

    def send(wanted: Request) -> Response:
        counts.append(len(wanted.params))
        return NONE

    while (page := drive(source, source.read("mentions", checkpoint, RUN), send)).more:
        checkpoint = page.checkpoint
    assert counts == [20, 20, 5]


def test_a_post_that_was_edited_below_the_newest_mentions_is_read_again() -> None:
    row = mention(edited_at="2026-03-03T08:00:00Z", content="<p>solved</p>")
    assert isinstance(row["status"], dict)
    status: dict[str, JsonValue] = {**row["status"], "account": row["account"]}
    asked, page = looked_again(answered(200, [status], DATE), NONE, watched())
    [event] = posts_in(page.events)
    assert (asked, event.data.text) == (["statuses"], "solved")
    assert event.source_version > post_event(mention()).source_version
    unedited: JsonValue = {**status, "edited_at": None}
    _, page = looked_again(answered(200, [unedited], DATE), NONE, watched())
    assert posts_in(page.events)[0].source_version < post_event(mention()).source_version


def test_a_server_that_cannot_be_asked_for_several_posts_says_so() -> None:
    asked, page = looked_again(answered(404, {"error": "Not Found"}, DATE), NONE, watched())
    assert (asked, list(page.events), len(page.gaps)) == (["statuses"], [], 1)


def test_posts_are_watched_for_seven_days() -> None:
    old = {**mention("8", post="old"), "created_at": "2026-02-20T08:00:00Z"}
    late = mention(created_at="2020-01-01T00:00:00Z")
    source = mastodon()
    page = drive(source, source.read("mentions", None, RUN), lambda _: told(old, late))
    kept = page.checkpoint["watched"]
    assert isinstance(kept, list)
    assert [one["id"] for one in kept if isinstance(one, dict)] == [LARGE]


# --- by id --------------------------------------------------------------------------------------------------------


def test_posts_are_read_by_id_one_by_one_where_several_cannot_be_asked_for() -> None:
    row = mention()
    assert isinstance(row["status"], dict)
    status: JsonValue = {**row["status"], "account": row["account"]}

    def send(wanted: Request) -> Response:
        path = wanted.url.removeprefix("https://social.example.com/api/v1/")
        return answered(200, status, DATE) if path == f"statuses/{LARGE}" else answered(404, {}, DATE)

    source = mastodon()
    refs = [Ref("post", LARGE), Ref("post", "5"), Ref("post", "../x")]
    found = drive(source, source.fetch(refs, RUN), send)
    assert [event.subject for event in posts_in(found.events)] == [LARGE]
    assert list(found.done) == refs


# --- the doctor ---------------------------------------------------------------------------------------------------


def findings(**answers: Response) -> list[Finding]:
    given = {
        "verify_credentials": answered(200, {"id": "1", "acct": "brand"}),
        "notifications": told(),
        "statuses": NONE,
        "relationships": NONE,
        "policy": answered(200, {}),
        "mutes": NONE,
        "blocks": NONE,
        "domain_blocks": NONE,
        **answers,
    }
    source = mastodon()
    return list(drive(source, source.check(), lambda wanted: given[wanted.url.rpartition("/")[2]]))


def doctor(policy: Response) -> dict[str, str]:
    return {one.subject: one.remedy for one in findings(policy=policy) if not one.is_well}


def test_the_doctor_is_told_of_scopes_without_which_deleted_posts_are_not_seen() -> None:
    refused = answered(403, {"error": "This action is outside the authorized scopes"})
    for name, scope in (("statuses", "read:statuses"), ("relationships", "read:follows")):
        [unwell] = [one for one in findings(**{name: refused}) if not one.is_well]
        assert scope in unwell.remedy
    [unwell] = [one for one in findings(statuses=answered(404, {})) if not one.is_well]
    assert "4.3" in unwell.remedy


def test_the_doctor_is_told_whose_mentions_the_account_does_not_see() -> None:
    muted: JsonValue = [{"id": "5"}]
    found = findings(mutes=answered(200, muted), blocks=answered(403, {}))
    assert [one.subject for one in found[-2:]] == [
        "1 muted people, whose mentions are not seen",
        "blocked people: told with `read:blocks` alone",
    ]
    assert all(one.is_well for one in found)


def test_the_doctor_is_told_of_a_policy_that_drops_mentions() -> None:
    policy: JsonValue = {"for_not_following": "drop", "for_private_mentions": "filter", "for_new_accounts": "accept"}
    assert "for_not_following" in doctor(answered(200, policy))["policy for notifications"]
    assert not doctor(answered(200, {"for_not_following": "filter"}))
    assert not doctor(answered(404, {"error": "no"}))


def test_the_doctor_is_told_of_a_credential_that_is_refused() -> None:
    source = Mastodon("social.example.com", TOKEN)
    [finding] = drive(source, source.check(), lambda _: answered(401, {}))
    assert "`token`" in finding.remedy


@pytest.mark.parametrize(
    "instance", ["", "social", "a/b.example", "user@host.example", "host.example:1", "so cial.example"]
)
def test_an_instance_that_is_no_host_is_refused_before_any_request(instance: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Mastodon(instance, TOKEN)
    assert TOKEN not in str(refused.value)


def test_plain_http_another_stream_and_another_checkpoint_are_refused() -> None:
    with pytest.raises(SettingsError):
        Mastodon("social.example.com", TOKEN, base_url="http://social.example.com")
    source = Mastodon("social.example.com", TOKEN)
    for stream, checkpoint in (("search", None), ("mentions", {"mark": "x"})):
        with pytest.raises(DataInvalid):
            drive(source, source.read(stream, checkpoint, RUN), lambda _: told())


class TestMastodonSheet(SheetTests):
    sheet: ClassVar[Sheet] = MASTODON
    shown: ClassVar[Mapping[str, str | Callable[..., object]]] = {
        "20": test_mentions_are_walked_upwards_filtered_ones_too,
        "27": test_a_post_is_plain_text_known_by_its_authors_full_handle,
        "35": test_an_author_is_known_by_an_address_that_lasts,
        "x5": test_the_doctor_is_told_whose_mentions_the_account_does_not_see,
    }
    not_applicable: ClassVar[Mapping[str, str]] = {
        "5": "mentions are numbered as they arrive, whatever the times of their posts",
        "10": "mentions are walked upwards page by page, without an end but their own",
        "11": "an id is known for ever; there are no tokens",
        "13": "a walk ends on an empty page alone, and a page holds all that is above an id",
        "28": "there are no issues here",
        "29": "there are no issues here",
        "30": "there are no issues here",
        "31": "there are no issues here",
        "38": "a token of Mastodon's does not end",
        "40": "nothing is written to Mastodon",
        "x3": "every account may read its own mentions",
    }

    def connector(self, service: SheetService) -> Mastodon:
        return Mastodon("social.example.com", self.secret, base_url=service.base_url)

    def test_a_post_that_was_deleted_is_known_to_be_gone(self) -> None:
        trial = self.undisturbed()
        world = trial.service.world
        row = Changes(self.sheet, world).add(Kind.POST)
        trial.pull()
        world.change(Kind.POST, row.id, fate=Fate.DELETED)
        trial.pull()
        told = [one for one in posts_in(list(trial.store.events())) if one.subject == row.id]
        assert max(told, key=lambda event: event.source_version).data.deleted_at is not None

    def change(self, service: SheetService) -> None:
        service.world.tick(self.sheet.settles)
        Changes(self.sheet, service.world).add(Kind.POST)
        service.world.tick(self.sheet.settles)

"""Holds Mastodon to the kit as its sheet describes it, and to what is particular about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from alignkit.connectors.base import Run
from alignkit.connectors.mastodon import Mastodon
from alignkit.errors import DataInvalid, PagingStuck, SettingsError
from alignkit.models import Post
from alignkit.models.vocabulary import PostKind
from alignkit.testing import Sheet, SheetService, SheetTests
from alignkit.testing.changes import Changes
from alignkit.testing.sheet_service import answered
from alignkit.testing.world import Kind
from alignkit.transport import JsonValue, Request, Response

from .driving import drive
from .sheets.mastodon import MASTODON

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
RUN = Run(NOW)
TOKEN = "sample-token"
LARGE = str(2**60 + 1)


def mention(id: str = "7", acct: str = "ada@elsewhere.example", **status: JsonValue) -> JsonValue:
    told: dict[str, JsonValue] = {"id": LARGE, "created_at": "2026-03-01T08:00:00.000Z", "visibility": "public"}
    account: JsonValue = {"id": "9", "acct": acct, "display_name": "Ada"}
    return {
        "id": id,
        "type": "mention",
        "created_at": "2026-03-02T08:00:00Z",
        "account": account,
        "status": {**told, **status},
    }


def told(*mentions: JsonValue, link: str = "") -> Response:
    return answered(200, [*mentions], {"link": link} if link else {})


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
    assert (first.more, last.more, last.checkpoint) == (True, False, {"after": "Ab9"})


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
    assert page.checkpoint == {"after": "Ab9"}
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


@pytest.mark.parametrize(("status", "is_set_aside"), [(None, False), ({"content": "x"}, True), ("x", True)])
def test_a_mention_whose_post_is_gone_is_passed_over(status: JsonValue, is_set_aside: bool) -> None:
    gone: JsonValue = {"id": "8", "type": "mention", "created_at": "2026-03-02T08:00:00Z", "status": status}
    source = Mastodon("social.example.com", TOKEN)
    page = drive(source, source.read("mentions", None, RUN), lambda _: told(gone, mention()))
    assert [event.subject for event in page.events] == [LARGE]
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


def doctor(policy: Response) -> dict[str, str]:
    answers = {"verify_credentials": answered(200, {"acct": "brand"}), "notifications": told(), "policy": policy}
    source = Mastodon("social.example.com", TOKEN)
    findings = drive(source, source.check(), lambda wanted: answers[wanted.url.rpartition("/")[2]])
    return {one.subject: one.remedy for one in findings if not one.is_well}


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
        "35": test_a_post_is_plain_text_known_by_its_authors_full_handle,
    }
    owed: ClassVar[Mapping[str, str]] = {
        "x5": "the check does not tell that filters or the notification policy hide mentions",
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

    def change(self, service: SheetService) -> None:
        service.world.tick(self.sheet.settles)
        Changes(self.sheet, service.world).add(Kind.POST)
        service.world.tick(self.sheet.settles)

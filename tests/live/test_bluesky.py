"""The Bluesky connector reads a real Bluesky network as it claims to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from alignkit import MemoryStore, Sync
from alignkit.connectors import Bluesky
from alignkit.connectors.base import Run
from alignkit.errors import CredentialsRejected, UntrustedTarget
from alignkit.models.conversation import Post
from alignkit.models.customer import Contact
from alignkit.models.events import CustomerEvent, PostPublished
from alignkit.models.exchange import Ref
from alignkit.models.vocabulary import PostKind
from alignkit.stores import Store
from alignkit.transport import HttpClient, MemoryTokens, Request, Response, TokenFile, run

from .bluesky import BlueskyNetwork, Person, ended, join

NUMBERS = count(1)


@pytest.fixture
def tag() -> str:
    """A word that no other test uses, so that tests share a network without seeing each other."""
    return f"b{next(NUMBERS)}"


@dataclass
class Wire:
    """A client, and what went through it."""

    client: HttpClient
    sent: list[Request] = field(default_factory=list[Request])

    def send(self, wanted: Request) -> Response:
        self.sent.append(wanted)
        return self.client.send(wanted)

    def count(self, method: str) -> int:
        return sum(method in one.url for one in self.sent)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with HttpClient() as client:
        yield Wire(client)


@dataclass
class Shop:
    """A brand with an account, a customer of its, and what is known of both."""

    brand: Person
    ada: Person
    password: str
    wire: Wire
    tokens: MemoryTokens = field(default_factory=MemoryTokens)
    store: Store = field(default_factory=MemoryStore)

    def source(self, **given: Any) -> Bluesky:
        network = self.brand.network
        return Bluesky(self.brand.handle, self.password, base_url=network.pds, tokens=self.tokens, **given)

    def pull(self, *, now: datetime | None = None, **given: Any) -> dict[str, Post]:
        """One run, and the posts as the store has them after it."""
        self.brand.network.settle()
        result = Sync(self.store, send=self.wire.send).pull(self.source(**given), now=now)
        assert (result.is_complete, result.quarantined, result.gaps) == (True, 0, ())
        return posts(self.store.events(type="post.published"))


def posts(events: Iterator[CustomerEvent] | Sequence[CustomerEvent]) -> dict[str, Post]:
    found = [event for event in events if isinstance(event, PostPublished)]
    return {event.subject: event.data for event in sorted(found, key=lambda event: event.source_version)}


@pytest.fixture
def shop(bluesky: BlueskyNetwork, wire: Wire, tag: str) -> Shop:
    brand, ada = join(bluesky, f"{tag}-brand"), join(bluesky, f"{tag}-ada")
    return Shop(brand, ada, brand.app_password("alignkit"), wire)


def test_mentions_replies_and_quotes_come_with_their_authors(shop: Shop) -> None:
    offer = shop.brand.post("our new kettle")
    mention = shop.ada.post(f"Grüße! @{shop.brand.handle} where is my parcel", mentions=[shop.brand], langs=["en"])
    reply = shop.ada.post("it leaks", reply_to=offer)
    quote = shop.ada.quote("look at this", offer)
    shop.ada.like(offer)
    found = shop.pull()
    assert {uri: post.kind for uri, post in found.items()} == {
        mention["uri"]: PostKind.MENTION,
        reply["uri"]: PostKind.COMMENT,
        quote["uri"]: PostKind.POST,
    }
    told = found[mention["uri"]]
    assert (told.author_handle, told.author_ref, told.lang) == (shop.ada.handle, shop.ada.did, "en")
    assert told.text == f"Grüße! @{shop.brand.handle} where is my parcel"
    assert found[reply["uri"]].in_reply_to == offer["uri"]
    customer = shop.store.customer(f"social_handle:bluesky/{shop.ada.handle}")
    assert customer is not None
    assert f"social_handle:bluesky/{shop.ada.did}" in customer.identifiers
    facts = shop.store.facts(f"social_handle:bluesky/{shop.ada.did}", {"posts"})
    assert len(facts.posts) == 3


def test_a_second_run_brings_what_is_new_and_asks_for_little(shop: Shop) -> None:
    for number in range(3):
        shop.ada.post(f"@{shop.brand.handle} {number}", mentions=[shop.brand])
    assert len(shop.pull()) == 3
    new = shop.ada.post(f"@{shop.brand.handle} again", mentions=[shop.brand])
    shop.wire.sent.clear()
    assert new["uri"] in shop.pull()
    assert shop.wire.count("listNotifications") == 1
    assert shop.wire.count("createSession") == 0


def test_more_posts_of_one_moment_than_a_page_holds_are_all_read(shop: Shop) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    text = f"@{shop.brand.handle} down again"
    made = {
        shop.ada.post(text, mentions=[shop.brand], createdAt=(at + timedelta(seconds=number // 60)).isoformat())["uri"]
        for number in range(130)
    }
    assert set(shop.pull()) == made


def test_a_post_dated_before_the_network_began_is_taken_to_be_as_old_as_its_key(shop: Shop) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    text = f"@{shop.brand.handle} hello"
    odd = [
        shop.ada.post(text, mentions=[shop.brand], createdAt=created)["uri"]
        for created in ("0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2031-01-01T00:00:00.1234567+02:00")
    ]
    found = shop.pull()
    assert set(found) == set(odd)
    assert all(before < post.posted_at < datetime.now(UTC) + timedelta(minutes=1) for post in found.values())


def test_a_post_dated_back_by_a_day_is_taken_on_arrival(shop: Shop) -> None:
    shop.ada.post(f"@{shop.brand.handle} first", mentions=[shop.brand])
    shop.pull()
    late = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    hidden = shop.ada.post(f"@{shop.brand.handle} written offline", mentions=[shop.brand], createdAt=late)
    assert hidden["uri"] in shop.pull()


def test_searches_find_posts_that_name_nobody_and_leave_out_our_own(shop: Shop, tag: str) -> None:
    shop.brand.post(f"buy {tag}kettle now")
    found = shop.ada.post(f"the {tag}kettle is a joke")
    other = shop.ada.post(f"my {tag}toaster too")
    read = shop.pull(searches=[f"{tag}kettle", f"{tag}toaster"])
    assert {uri: post.kind for uri, post in read.items()} == {
        found["uri"]: PostKind.POST,
        other["uri"]: PostKind.POST,
    }


def test_a_deleted_post_is_noticed_and_a_hidden_one_is_not_taken_for_deleted(shop: Shop) -> None:
    text = f"@{shop.brand.handle} where is it"
    regretted = shop.ada.post(text, mentions=[shop.brand])
    standing = shop.ada.post(text, mentions=[shop.brand])
    shop.pull()
    shop.ada.delete(regretted)
    after = shop.pull()
    assert after[regretted["uri"]].deleted_at is not None
    assert after[regretted["uri"]].text is None
    assert after[standing["uri"]].deleted_at is None
    assert len(shop.store.facts(f"social_handle:bluesky/{shop.ada.did}", {"posts"}).posts) == 1
    shop.brand.block(shop.ada)
    assert shop.pull()[standing["uri"]].deleted_at is None


def test_posts_and_authors_are_read_by_id(shop: Shop) -> None:
    post = shop.ada.post("hello")
    shop.brand.network.settle()
    source = shop.source()
    refs = [Ref("post", post["uri"]), Ref("contact", shop.ada.did), Ref("post", "nonsense")]
    found = run(source.attend(source.fetch(refs, Run(datetime.now(UTC)))), shop.wire.send)
    assert {type(event.data) for event in found.events} == {Post, Contact}
    assert list(found.done) == refs


def test_an_access_token_that_has_ended_is_renewed_once_and_stored(shop: Shop, tmp_path: Path) -> None:
    shop.pull()
    token = shop.tokens.load()
    assert token is not None
    assert token.root == shop.brand.network.pds
    shop.tokens.save(replace(token, access=SecretStr(ended(token.access.get_secret_value()))))
    shop.wire.sent.clear()
    shop.pull()
    assert shop.wire.count("refreshSession") == 1
    assert shop.wire.count("createSession") == 0
    kept = TokenFile(tmp_path / "session.json")
    kept.save(shop.tokens.load() or token)
    assert kept.load() == shop.tokens.load()


def test_a_wrong_password_is_refused_in_one_sentence_without_it(shop: Shop) -> None:
    source = Bluesky(shop.brand.handle, "sample-wrong", base_url=shop.brand.network.pds)
    with pytest.raises(CredentialsRejected, match="`app_password`") as caught:
        Sync(MemoryStore(), send=shop.wire.send).pull(source)
    assert "sample-wrong" not in str(caught.value)


def test_a_data_server_elsewhere_is_not_followed(shop: Shop) -> None:
    other = shop.brand.network.pds.replace("localhost", "127.0.0.1")
    source = Bluesky(shop.brand.handle, shop.password, base_url=other)
    with pytest.raises(UntrustedTarget, match="localhost"):
        Sync(MemoryStore(), send=shop.wire.send).pull(source)
    assert all("//127.0.0.1" in one.url for one in shop.wire.sent)


def test_a_sound_account_has_no_complaint(shop: Shop) -> None:
    findings = Sync(MemoryStore(), send=shop.wire.send).check(shop.source(searches=["kettle"]))
    assert [finding.is_well for finding in findings] == [True, True, True]

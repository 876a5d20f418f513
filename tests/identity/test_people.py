"""Holds events to naming everybody whom they concern, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import START, models, names

from alignkit.identity import accounts_of, identifier, people_of
from alignkit.models import (
    Account,
    Asset,
    Campaign,
    ConsentState,
    Contact,
    CustomerMatch,
    Engagement,
    Hold,
    Interaction,
    Issue,
    Opportunity,
    Order,
    Post,
    Send,
    SurveyResponse,
)


def issue(**fields: Any) -> Issue:
    return Issue.model_validate({"id": "1", "status": "open", "status_raw": "open", "created_at": START, **fields})


def keys(data: object) -> list[tuple[str, ...]]:
    return [person.identifiers for person in people_of(data, "desk")]


def test_an_issue_concerns_its_requester_as_one_person_and_everybody_else_by_themselves() -> None:
    found = keys(
        issue(
            requester_id="7",
            requester_email="Ada@Example.com",
            requester_phone="+44 20 7946 0018",
            requesters=["email:bo@example.com"],
            affected=["cy@example.com"],
            affected_ids=["8", "9"],
        )
    )
    assert found == [
        ("helpdesk_user:desk/7", "email:ada@example.com", "phone_e164:+442079460018"),
        ("helpdesk_user:desk/8",),
        ("helpdesk_user:desk/9",),
        ("email:bo@example.com",),
        ("email:cy@example.com",),
    ]


def test_an_issue_with_nobody_to_be_named_concerns_nobody() -> None:
    assert keys(issue()) == []
    assert keys(issue(requester_email="unknown", requester_phone="020 7946 0018", requesters=["somebody"])) == []


def test_a_contact_is_one_person_with_every_identifier_of_the_record() -> None:
    contact = Contact(
        id="7",
        emails=("Ada@Example.com", "ada@example.com", "ada@work.example", "no address"),
        phones=("+44 20 7946 0018", "020 7946 0018"),
        external_ids=("C-1",),
        handles=("Forum/@Ada", "ada"),
    )
    assert keys(contact) == [
        (
            "helpdesk_user:desk/7",
            "email:ada@example.com",
            "email:ada@work.example",
            "phone_e164:+442079460018",
            "external_id:desk/C-1",
            "social_handle:forum/ada",
        )
    ]


REACHED: list[Any] = [
    Order(id="1", contact_id="7", email="ada@example.com"),
    Engagement.model_validate({"id": "1", "kind": "click", "at": START, "contact_id": "7", "email": "ada@example.com"}),
    ConsentState.model_validate(
        {"id": "1", "channel": "email", "state": "subscribed", "contact_id": "7", "email": "ada@example.com"}
    ),
    Interaction.model_validate(
        {
            "id": "1",
            "channel": "email",
            "direction": "inbound",
            "at": START,
            "contact_id": "7",
            "email": "ada@example.com",
        }
    ),
    SurveyResponse.model_validate(
        {
            "id": "1",
            "kind": "thumb",
            "score": 1,
            "scale_min": 0,
            "scale_max": 1,
            "responded_at": START,
            "contact_id": "7",
            "email": "ada@example.com",
        }
    ),
    Send.model_validate({"id": "1", "channel": "email", "contact_id": "7", "address": "ada@example.com"}),
]


@pytest.mark.parametrize("data", REACHED, ids=lambda data: type(data).__name__)
def test_whoever_was_reached_is_one_person_by_id_and_address(data: Any) -> None:
    assert keys(data) == [("helpdesk_user:desk/7", "email:ada@example.com")]
    alone = data.model_copy(update={"contact_id": None})
    assert keys(alone) == [("email:ada@example.com",)]


def test_a_message_may_have_gone_to_a_number_or_to_a_device() -> None:
    sent = Send.model_validate({"id": "1", "channel": "sms", "address": "+44 20 7946 0018"})
    assert keys(sent) == [("phone_e164:+442079460018",)]
    assert keys(sent.model_copy(update={"address": "device-token"})) == []


def test_a_contact_is_known_by_the_present_name_of_a_platform() -> None:
    assert keys(Contact(id="1", handles=("twitter/ada",))) == keys(Contact(id="1", handles=("x/Ada",)))


def test_a_contact_that_went_into_another_is_the_same_person() -> None:
    assert keys(Contact(id="7", merged_into="8")) == [("helpdesk_user:desk/7", "helpdesk_user:desk/8")]


def test_equipment_and_deals_concern_their_contacts() -> None:
    assert keys(Asset(id="1", product_ref="p", contact_id="7")) == [("helpdesk_user:desk/7",)]
    assert keys(Asset(id="1", product_ref="p")) == []
    assert keys(Opportunity(id="1", contact_ids=("7", "8"))) == [("helpdesk_user:desk/7",), ("helpdesk_user:desk/8",)]


def test_a_post_concerns_whom_it_was_matched_with_else_its_author_on_that_platform() -> None:
    post = Post(id="1", platform="Forum", posted_at=START, author_handle="@Ada")
    assert keys(post) == [("social_handle:forum/ada",)]
    match = CustomerMatch(identifier="ada@example.com", confidence=1, method="profile")
    assert keys(post.model_copy(update={"customer_match": match})) == [("email:ada@example.com",)]
    assert keys(post.model_copy(update={"author_handle": None})) == []


def test_a_post_without_a_match_concerns_whom_the_source_knows_by_its_authors_lasting_id() -> None:
    post = Post(id="1", platform="Forum", posted_at=START, author_ref="7", author_handle="Ada")
    [[lasting, name]] = keys(post)
    [[known]] = keys(Contact(id="7"))
    assert (lasting, name) == (known, "social_handle:forum/ada")
    assert keys(post.model_copy(update={"author_handle": None})) == [(known,)]


def test_a_hold_concerns_everybody_it_names_each_by_themselves() -> None:
    hold = Hold.model_validate(
        {
            "id": "1",
            "kind": "manual",
            "reason": "asked",
            "opened_at": START,
            "identifiers": ["ada@example.com", "email:bo@example.com"],
            "account_ids": ["desk/3"],
        }
    )
    assert keys(hold) == [("email:ada@example.com",), ("email:bo@example.com",)]
    assert accounts_of(hold, "alignkit") == ("account:desk/3",)


@pytest.mark.parametrize(
    "data",
    [
        issue(account_id="3"),
        Contact(id="7", account_ids=("3",)),
        Account(id="3"),
        Asset(id="1", product_ref="p", account_id="3"),
        Opportunity(id="1", account_id="3"),
    ],
    ids=lambda data: type(data).__name__,
)
def test_an_account_is_named_under_its_source(data: object) -> None:
    assert accounts_of(data, "desk") == ("account:desk/3",)


def test_what_has_no_person_and_no_account_names_none() -> None:
    campaign = Campaign.model_validate({"id": "1", "category": "newsletter"})
    assert keys(campaign) == []
    assert accounts_of(campaign, "desk") == accounts_of(issue(), "desk") == ()


@given(st.one_of([models(model) for model in (Issue, Contact, Post, Hold, Order, Send)]), names)
def test_everything_that_names_somebody_names_them_by_keys(data: object, source: str) -> None:
    for person in people_of(data, source):
        assert person.identifiers
        assert len(set(person.identifiers)) == len(person.identifiers)
        for key in person.identifiers:
            assert identifier(key) == key

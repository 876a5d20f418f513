"""What a message says of itself is taken as it is told, and what is blank for not told."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from tests.rules.builders import NOW, issue

from alignkit.models import Message
from alignkit.rules import Facts, Policy

BLANKS = ["", " ", "\t\n", "\u2003"]


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_text_is_absent(blank: str) -> None:
    said = Message(category="promotional", channel="email", campaign_id=blank, about_issue=blank, id=blank)
    assert said == Message(category="promotional", channel="email")
    assert Message.model_validate_json(said.model_dump_json()) == said
    assert Message(category="upsell", channel="sms", product_refs=("kettle", blank)).product_refs == ("kettle",)


@pytest.mark.parametrize("blank", BLANKS)
def test_a_message_about_an_issue_that_nobody_names_meets_every_rule(blank: str) -> None:
    said = Message(category="promotional", channel="email", about_issue=blank)
    starter = Policy.starter()
    assert starter.decide(Facts(issues=[issue()]), said, NOW).verdict == "suppress"
    assert not starter.always_allows(said)


def test_what_is_told_is_kept_as_it_is() -> None:
    told = {"campaign_id": " a ", "product_refs": ["b", " c"], "about_issue": "desk/1"}
    said = Message.model_validate({"category": "promotional", "channel": "email", **told})
    assert (said.campaign_id, said.product_refs, said.about_issue) == (" a ", ("b", " c"), "desk/1")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(ValidationError):
        Message(category="promotional", channel="email", about_issue=7)  # type: ignore[arg-type] # what is refused
    with pytest.raises(ValidationError):
        Message(category="promotional", channel="email", product_refs="kettle")  # type: ignore[arg-type] # what is refused

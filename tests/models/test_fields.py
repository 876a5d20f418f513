"""Holds every entity and enumeration to the fields and words that services' records have in common."""

from __future__ import annotations

from enum import StrEnum

import pytest

from alignkit import models
from alignkit.models import (
    Account,
    AccountMember,
    Asset,
    CalendarEntry,
    Campaign,
    ConsentState,
    Consumable,
    Contact,
    ContentRequest,
    Customer,
    CustomerMatch,
    Engagement,
    Entity,
    Event,
    Hold,
    Identity,
    Incident,
    Interaction,
    Issue,
    IssueEvent,
    LastInteraction,
    Message,
    Model,
    Money,
    Opportunity,
    Order,
    OrderLine,
    Post,
    ProductRequest,
    Send,
    Signal,
    SourceRef,
    SuccessStory,
    SupportBrief,
    SurveyResponse,
    UsageFeedback,
)

# A star marks what a record cannot do without.
FIELDS: dict[type[Model], str] = {
    SourceRef: "source* type* id* url",
    Entity: "id* source url remote_created_at remote_updated_at observed_at deleted_at raw extensions",
    Event: "id* source* type* subject* time* data* received_at* source_version* sequence correlation_id causation_id "
    "schema_version",
    Customer: "id* kind display_name lifecycle_stage account_ids tier is_vip locale time_zone owner_ref "
    "last_interaction merged_into identifiers attributes",
    LastInteraction: "at* department polarity",
    Contact: "id* name emails phones handles external_ids account_ids kind lifecycle_stage tier is_vip is_staff "
    "is_active locale time_zone owner_ref tags merged_into attributes",
    Identity: "customer_id* namespace* value* value_raw verified shared confidence valid_from valid_to evidence",
    Account: "id* name domains parent_id contacts plan arr owner_ref status",
    AccountMember: "customer_id* role",
    ConsentState: "id* contact_id email channel* purpose state* basis source at",
    Issue: "id* account_id requester_id requester_email requester_phone requester_name requesters affected_ids "
    "affected type reason subject status* status_raw* priority priority_raw severity sentiment channel direction "
    "initiated_by customer_wrote origin_campaign_id audience product_refs order_refs asset_refs brand queue tags "
    "created_at* first_response_at last_customer_message_at waiting_since snoozed_until status_since first_active_at "
    "resolved_at closed_at reopened_at reopened_count parent_ref problem_ref merged_into follow_up_of linked_refs "
    "is_spam is_deleted csat_ref sla_breached assignee team url",
    IssueEvent: "issue* step* at* before after author_kind is_public",
    Interaction: "id* contact_id email channel* direction* author_kind at* issue_id campaign_id department text "
    "polarity is_automated is_private_note",
    SurveyResponse: "id* kind* score* scale_min* scale_max* bucket comment contact_id email issue_id campaign_id "
    "responded_at* offered_at supersedes",
    Post: "id* platform* author_handle author_ref customer_match kind rating text lang url in_reply_to posted_at* "
    "first_seen_at acknowledged_at polarity intent reach issue_id storable",
    CustomerMatch: "identifier* confidence* method*",
    Campaign: "id* name category* channels product_refs starts_at ends_at expected_volume priority claims "
    "support_brief_ref state audience_ref",
    Send: "id* campaign_id category contact_id address channel* scheduled_at sent_at decision_ref status",
    Engagement: "id* kind* at* send_id campaign_id contact_id email channel machine_open",
    Order: "id* contact_id email status status_raw is_return lines placed_at fulfilled_at delivered_at promised_at "
    "total discounts",
    OrderLine: "product_ref* quantity*",
    Money: "amount* currency*",
    Asset: "id* product_ref* serial contact_id account_id installed_at warranty_until end_of_life_at "
    "end_of_support_at consumables",
    Consumable: "sku* last_bought_at expected_interval_days",
    Opportunity: "id* name stage status amount close_date account_id contact_ids",
    Signal: "id* kind* polarity* subject* intent strength confidence evidence detected_by occurred_at* detected_at "
    "route_to state due_at outcome",
    Hold: "id* kind* reason* identifiers account_ids cohort channels categories products causes opened_at* expires_at "
    "released_at release_reason created_by policy_rule override_of",
    Incident: "id* state* title cohort products regions started_at* resolved_at linked_issue_ids",
    Message: "category* channel* campaign_id product_refs about_issue id",
    CalendarEntry: "id* kind* title* starts_at* ends_at campaign_id brief_ref expected_contacts",
    SupportBrief: "id* campaign_id summary* questions links terms valid_from valid_to",
    ContentRequest: "id* title* form state issue_ids requested_at* due_at",
    SuccessStory: "id* quote permission contact_id issue_id told_at*",
    ProductRequest: "id* title* product_ref contact_id issue_id requested_at*",
    UsageFeedback: "id* product_ref* feature is_used contact_id issue_id told_at* text",
}

WORDS: dict[str, str] = {
    "IssueStatus": "new open waiting_on_customer waiting_on_third_party snoozed resolved closed cancelled merged spam "
    "deleted unknown",
    "Priority": "urgent high normal low unset",
    "Severity": "critical major minor none",
    "IssueType": "incident problem question request complaint task feature_request refund return other",
    "IssueReason": "delivery_late delivery_lost wrong_item wrong_quantity damaged_item product_fault pricing discount "
    "billing refund return account_access outage safety privacy unsubscribe other",
    "IssueStep": "opened status_changed priority_changed commented merged reopened assigned escalated resolved "
    "csat_received deleted",
    "Channel": "email sms push phone chat web in_app social messaging post ads api other",
    "Direction": "inbound outbound internal",
    "Initiator": "customer agent bot campaign system",
    "Audience": "customer back_office tracker",
    "AuthorKind": "customer agent bot system",
    "Polarity": "positive negative neutral mixed",
    "Intent": "help complaint praise question buy feedback other",
    "Team": "service marketing sales development success",
    "Department": "service marketing sales other",
    "SignalKind": "issue_opened issue_reopened issue_escalated issue_resolved csat nps ces rating post buy churn_risk "
    "recovery product_request consumable_need lifecycle_cue usage_feedback content_request success_story idea",
    "SignalState": "new acknowledged acted dismissed expired",
    "Detector": "rule agent model connector",
    "SurveyKind": "nps csat ces star thumb custom",
    "SurveyBucket": "promoter passive detractor good neutral bad",
    "PostKind": "post comment dm review blog mention",
    "Category": "promotional newsletter upsell renewal solicitation sales_outreach onboarding service_notice recovery "
    "transactional legal",
    "CampaignState": "draft scheduled running paused ended",
    "SendStatus": "queued held deferred dropped sent bounced failed",
    "EngagementKind": "delivered open click reply unsubscribe spam_complaint conversion",
    "ConsentStatus": "subscribed unsubscribed did_not_subscribe none",
    "CustomerKind": "person organisation prospect",
    "LifecycleStage": "lead trial customer at_risk churned",
    "Namespace": "email phone_e164 external_id helpdesk_user crm_contact esp_profile social_handle device",
    "HoldKind": "automatic manual incident blackout",
    "IncidentState": "investigating identified monitoring resolved",
    "OpportunityStatus": "open won lost",
    "OrderStatus": "placed paid fulfilled delivered cancelled return_requested returned refunded unknown",
    "CalendarKind": "promotion release flash_sale event competition policy_change",
    "Permission": "candidate requested granted declined expired",
    "RequestState": "new accepted in_progress done declined",
    "Verdict": "send suppress",
    "Outcome": "defer swap drop review",
}


@pytest.mark.parametrize("model", FIELDS, ids=lambda model: model.__name__)
def test_a_model_has_every_field_it_should_and_requires_only_what_it_must(model: type[Model]) -> None:
    wanted = FIELDS[model].split()
    assert {name.rstrip("*") for name in wanted} - set(model.model_fields) == set()
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    assert required == {name.rstrip("*") for name in wanted if name.endswith("*")}


@pytest.mark.parametrize("model", FIELDS, ids=lambda model: model.__name__)
def test_a_model_has_no_field_that_the_table_does_not_know(model: type[Model]) -> None:
    shared = set(Entity.model_fields) if issubclass(model, Entity) else set[str]()
    assert set(model.model_fields) - shared - {name.rstrip("*") for name in FIELDS[model].split()} == set()


def test_the_tables_leave_out_no_public_model_or_enumeration() -> None:
    public = {name: getattr(models, name) for name in models.__all__}
    classes = {name: one for name, one in public.items() if isinstance(one, type)}
    assert {name for name, one in classes.items() if issubclass(one, StrEnum)} == set(WORDS)
    own = {one for one in classes.values() if issubclass(one, Model) and not issubclass(one, Event)}
    assert own - set(FIELDS) == {Model, models.Extension, models.IssueRemoval}


@pytest.mark.parametrize("name", WORDS)
def test_an_enumeration_has_exactly_its_words(name: str) -> None:
    enumeration: type[StrEnum] = getattr(models, name)
    assert sorted(word.value for word in enumeration) == sorted(WORDS[name].split())


def test_nothing_here_can_say_unsubscribe_as_an_order() -> None:
    assert [kind for kind in models.EVENT_TYPES if "unsubscribe" in kind or "consent" in kind] == ["consent.changed"]

"""Says what HubSpot's page in the documentation tells beside its code."""

from __future__ import annotations

from alignkit.connectors.base import Profile, StreamProfile

_LATE = "up to 2 minutes: searches lag behind; 10 minutes of overlap catch what is indexed later"

PROFILE = Profile(
    service="HubSpot",
    example='HubSpot("sample-token")',
    streams={
        "companies": StreamProfile(
            brings="companies, as accounts", endpoint="POST /crm/v3/objects/companies/search", late=_LATE
        ),
        "contacts": StreamProfile(
            brings="contacts, with their further addresses and their company",
            endpoint="POST /crm/v3/objects/contacts/search",
            late=_LATE,
        ),
        "tickets": StreamProfile(
            brings="tickets, with every contact and the company that they are associated with; merged tickets",
            endpoint="POST /crm/v3/objects/tickets/search",
            late=_LATE,
        ),
        **{
            f"archived_{name}": StreamProfile(
                brings=f"deleted {name}",
                endpoint=f"GET /crm/v3/objects/{name}?archived=true",
                late="up to an hour: the list cannot be asked for what is new, so it is walked once an hour",
            )
            for name in ("companies", "contacts", "tickets")
        },
    },
    permissions={
        "`tickets`": "tickets and their pipelines; to write tickets and tags",
        "`crm.objects.contacts.read`": "people, and whom tickets concern",
        "`crm.objects.companies.read`": "accounts; without it from the beginning, tickets are read and belong to none",
        "`crm.objects.contacts.write`": "`create_issue`, which makes the contact where there is none; `add_note`",
    },
    limits=(
        "Searches are limited to about four requests a second for each token; the connector starts no more than that.",
        (
            "A refusal (429) names the window that is spent: after `SECONDLY` one second is waited,"
            " after `TEN_SECONDLY_ROLLING` ten; after `DAILY` the run ends with `RateLimited`."
        ),
        "A portal that is locked (423) or being moved (477) is asked again after a pause, like one that answers 429.",
        (
            "A search reaches no further than 10,000 rows. Pages follow the last id, so that no number of rows,"
            " not even of one and the same time, is too large."
        ),
    ),
    reading=(
        (
            "A ticket's status follows from its stage: `OPEN` is `open`, `CLOSED` is `closed`, and a stage that only"
            " says whether it is closed is taken by that word. A stage that says neither, or that is not known, is"
            " `unknown`, which counts as active; pipelines are read again for each"
            " new stage. `statuses` gives stages another meaning, by id or label."
        ),
        (
            "The first associated contact is the requester, all others are affected too. A ticket without a contact is"
            " kept, and belongs to nobody until it has one; it is told only if it is still shown then, because a right"
            " that was taken away hides people without a word."
        ),
        (
            "An association alone does not change a ticket's time. It is seen when the ticket is next changed, or when"
            " open tickets are read again by id after a day."
        ),
        (
            "What was merged, tickets, people and companies alike, is told by the one that survives; whoever had a"
            " merged ticket has the other one then. What was deleted is told by the lists of what is archived, or when"
            " it is read by id: on HubSpot's own word, with its `correlationId`, and never on the 404 of a gateway."
        ),
        (
            "Where the scope of companies was there and is taken away, no tickets are read, because without their"
            " company they would let go of the people in it; `without` leaves companies out for good."
        ),
        (
            "HubSpot does not say who opened a ticket in a way that could be relied on, so no ticket is left out as"
            " begun by a campaign."
        ),
    ),
    writing=(
        (
            "`create_issue` finds or makes the contact by its address, which may be repeated. The ticket itself is sent"
            " once; with `key_property`, a property with unique values, it is sent as often as it takes and made once,"
            " and a ticket that is there already stays as it is."
        ),
        "`add_note` is sent once. `add_tag` adds to the property named by `tag_property`, which may be repeated.",
    ),
    not_covered={
        "surveys": "feedback is kept in objects of its own that portals shape as they like",
        "messages of tickets": "a decision needs the status alone; who wrote first is not told by them",
        "webhooks": "they need a public app; the streams lose nothing without them",
    },
    sources=(
        (
            "HubSpot's published specifications: CRM Tickets, Contacts, Companies, Notes (v3), Pipelines (v3),"
            " Associations (v4), OAuth (v3)"
        ),
    ),
)

"""Says of Zendesk what its page in the documentation tells beside the code."""

from alignkit.connectors.base import Profile, StreamProfile

PROFILE = Profile(
    service="Zendesk",
    example='Zendesk("acme", "agent@example.com", "sample-token")',
    streams={
        "organizations": StreamProfile(
            brings="organizations with their domains, as accounts",
            endpoint="GET /api/v2/incremental/organizations",
            late="one minute",
        ),
        "users": StreamProfile(
            brings="users with all their addresses; agents and admins are marked as staff",
            endpoint="GET /api/v2/incremental/users/cursor",
            late="one minute",
        ),
        "tickets": StreamProfile(
            brings="tickets, deleted ones too, with the people that they name",
            endpoint="GET /api/v2/incremental/tickets/cursor",
            late="one minute",
        ),
        "satisfaction_ratings": StreamProfile(
            brings="good and bad ratings, as answers to surveys",
            endpoint="GET /api/v2/satisfaction_ratings",
            late="ten minutes are read twice for late ones; up to a day where a rating is given anew",
        ),
    },
    permissions={
        "role `admin`": "incremental exports and ratings, which agents may not read",
        "no ticket restriction": "all tickets; a restricted user sees a part of them without a word",
        "OAuth scopes `read`, and `tickets:write` for writes": "the same with `access_token`",
    },
    limits=(
        (
            "Exports may be asked ten times a minute (thirty with the High Volume add-on). A 429 is waited for as "
            "its `Retry-After` says, by all flows of the account."
        ),
        "The limit of the plan is read from `X-Rate-Limit-Remaining` and `ratelimit-reset`: at zero, requests wait.",
        "A page has up to 1,000 records.",
    ),
    reading=(
        (
            "Exports go by a cursor that Zendesk keeps by its own time of change, which also moves when the system "
            "touches a ticket; `updated_at` is never used to leave anything out."
        ),
        (
            "People come before tickets, and each page of tickets brings the people that it names, so that no ticket "
            "is without its address."
        ),
        (
            "A ticket whose submitter is its requester was begun and written by the customer. One that an agent "
            "filed counts as any other, because that is how a phone call is filed. Only under a tag of "
            "`outbound_tags`, when its metrics or its audits show that staff alone have written in it, is it a "
            "campaign's."
        ),
        (
            "A deleted ticket comes with the status `deleted`; one that is gone altogether is noticed when it is "
            "read by id, as the daily sweep of long open issues does. A 403 or a missing page never ends an issue."
        ),
        (
            "A merged ticket is closed under the tag `closed_by_merge` and becomes `merged`. Its audits are read for "
            "the ticket that it went into, through which its people stay affected. What the merge itself names counts; "
            "a ticket that only a comment names has to name this one in a merge of its own. Where nothing proves it, a "
            "gap says so."
        ),
        (
            "A custom status means what its category means, unless `custom_statuses` says otherwise. Names are looked "
            "up in every run; one that is not there is told as a gap."
        ),
        (
            "Ratings come from their list, which knows when they were given; ratings of the last 28 days, which may be "
            "given anew, are read again once a day. A rating in a ticket that no list has counts from when the ticket "
            "was solved."
        ),
        (
            "Organizations are exported by time alone. Where a whole page of them is of one second, reading goes on "
            "behind that second, and a gap says so."
        ),
        "Where the plan has no ratings, that stream is skipped with a warning, and the others are read.",
    ),
    writing=(
        (
            "`create_issue` sends a key that follows from its contents; Zendesk keeps it for about two hours, so "
            "repeating the request makes no second ticket. What is about a post is found by its external id at any "
            "time. The text becomes an internal note, and nobody is written to."
        ),
        "`add_note` is sent once, since a repeated one would be there twice.",
        "`add_tag` uses the list of tags of a ticket, which adds and never replaces.",
    ),
    not_covered={
        "suspended tickets": "they are no tickets until somebody recovers them",
        "the people of a ticket that was merged by hand, without a merge in its audits": "nothing proves where it went",
        "surveys of the customisable CSAT beyond the list of ratings": "their endpoint is not known well enough",
        "webhooks": "not read yet; a change is seen at the next run",
        "Help Center, Talk and Chat": "what concerns customers becomes a ticket",
    },
    sources=(
        (
            "developer.zendesk.com: Incremental Exports, Using the Incremental Export API, Tickets, Ticket Audits, "
            "Users, User Identities, Organizations, Satisfaction Ratings, Custom Ticket Statuses, Side-Loading"
        ),
    ),
)

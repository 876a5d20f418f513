"""Says of Intercom what its page in the documentation tells beside the code."""

from alignkit.connectors.base import Profile, StreamProfile

PROFILE = Profile(
    service="Intercom",
    example='Intercom("sample-token", region="eu")',
    streams={
        "companies": StreamProfile(
            brings="all companies, as accounts",
            endpoint="POST /companies/list",
            late="a day: Intercom cannot tell which of them changed",
        ),
        "contacts": StreamProfile(
            brings="users and leads with their addresses and companies",
            endpoint="POST /contacts/search",
            late="some minutes, because the search is behind; fifteen minutes are read twice",
        ),
        "conversations": StreamProfile(
            brings="conversations, and the ratings in them as answers to surveys",
            endpoint="POST /conversations/search",
            late="some minutes at most, because the search is behind; five minutes are read twice",
        ),
        "tickets": StreamProfile(
            brings="tickets; those of the back office and trackers are marked, and hold nobody back",
            endpoint="POST /tickets/search",
            late="some minutes at most, because the search is behind; five minutes are read twice",
        ),
    },
    permissions={
        "Read conversations, tickets, users and companies": "the streams",
        "Write tickets and conversations, manage tags": "`create_issue`, `add_note`, `add_tag`",
    },
    limits=(
        (
            "The window of ten seconds is read from `X-RateLimit-Remaining` and `X-RateLimit-Reset`: at zero, "
            "requests wait; a 429 is waited for in the same way."
        ),
        "A page has up to 150 records.",
        "The version of the interface is pinned to 2.15, whatever the app is set to.",
    ),
    reading=(
        (
            "Searches are walked by the position that Intercom gives with each page, so that what changes meanwhile "
            "pushes nothing else out. Conversations and tickets are read in the order of their last change, to the end."
        ),
        (
            "Contacts can be searched by whole days in the workspace's time zone alone. So two days more are asked "
            "for, those that changed last first, down to what is known already."
        ),
        (
            "A new contact may be missing from searches for some minutes. Where a new conversation or ticket tells "
            "no address, its contact is read by id."
        ),
        (
            "A conversation that has become a ticket is told by the ticket, which has an id of its own and whose state "
            "counts. What was known of the conversation before is over once the ticket has been read."
        ),
        (
            "`snoozed` is open. A state of a ticket counts by its category, custom ones too. What an AI agent "
            "assumes to be resolved is not closed by that."
        ),
        (
            "Who began a conversation is what Intercom says: a customer, an agent, a bot, or an outbound message. An "
            "outbound message counts as a campaign's only as long as Intercom's statistics show that no contact has "
            "replied."
        ),
        (
            "What is deleted is just not found any more. It is noticed when it is read by id, as the daily sweep of "
            "long open issues does, by Intercom's own words; a gateway's 404, a 403 or an empty page never ends an "
            "issue."
        ),
    ),
    writing=(
        (
            "`create_issue` and `add_note` are sent once: Intercom cannot tell a repeated request from a new one, "
            "and its searches are behind. After `ServiceUnreachable`, look whether it is there."
        ),
        "`add_tag` finds or makes the tag by its name and attaches it; other tags stay.",
    ),
    not_covered={
        "which contact a merged one went into": "only a webhook tells; its conversations name the other one afterwards",
        "ratings that change without their conversation": "they are read with conversations",
        "whether all conversations are seen": "Intercom does not tell; `known_issues` names some that must be",
        "webhooks": "not read yet; a change is seen at the next run",
        "texts of messages": "no decision needs them",
    },
    sources=(
        (
            "developers.intercom.com, REST API 2.15: Conversations, Tickets, Contacts, Companies, Tags, Admins; Rate "
            "Limiting"
        ),
    ),
)

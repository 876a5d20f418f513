"""Says of Freshdesk what its page in the documentation tells beside the code."""

from alignkit.connectors.base import Profile, StreamProfile

_LATE = "half a minute; five minutes are read twice"

PROFILE = Profile(
    service="Freshdesk",
    example='Freshdesk("acme", "sample-token")',
    streams={
        "companies": StreamProfile(
            brings="all companies with their domains, as accounts",
            endpoint="GET /api/v2/companies",
            late="a day: Freshdesk cannot tell which of them changed",
        ),
        "contacts": StreamProfile(
            brings="contacts with all their addresses, numbers and handles",
            endpoint="GET /api/v2/contacts",
            late=_LATE,
        ),
        "deleted_contacts": StreamProfile(
            brings="contacts that were deleted", endpoint="GET /api/v2/contacts?state=deleted", late=_LATE
        ),
        "tickets": StreamProfile(brings="tickets with their requesters", endpoint="GET /api/v2/tickets", late=_LATE),
        "spam_tickets": StreamProfile(
            brings="tickets put away as spam", endpoint="GET /api/v2/tickets?filter=spam", late=_LATE
        ),
        "deleted_tickets": StreamProfile(
            brings="tickets in the trash", endpoint="GET /api/v2/tickets?filter=deleted", late=_LATE
        ),
        "satisfaction_ratings": StreamProfile(
            brings="answers to surveys about tickets",
            endpoint="GET /api/v2/surveys/satisfaction_ratings",
            late=_LATE,
        ),
    },
    permissions={
        "an agent with access to all tickets": "tickets; an agent of some groups sees a part of them without a word",
        "the right to see contacts, companies and surveys": "those streams",
        "the right to edit tickets": "writes",
    },
    limits=(
        (
            "Requests are counted by the minute, and less are allowed for lists. A 429 is waited for as its "
            "`Retry-After` says, by all flows of the account."
        ),
        "`include=stats,requester` costs four further requests of the limit for each page of 100 tickets.",
        (
            "A list of tickets ends after 300 pages, a list of contacts falls silent after 499. Tickets are walked "
            "by time and never come so far, unless 30,000 of them change in one second; then the gap is told. "
            "Contacts are read on from the last second of such a list where it came in the order of time; where it "
            "did not, the gap is told in each run and the mark stays where it was."
        ),
    ),
    reading=(
        (
            "Every request for tickets names a bound and an order: without them only the last thirty days are "
            "listed, and the newest come first."
        ),
        (
            "Pages are counted, so a ticket that changes pushes others to an earlier page. Tickets are therefore "
            "walked by the second of their last change, always at page 1. Where pages must be counted, they are read "
            "up and then down again."
        ),
        (
            "Statuses are numbers. 2 to 7 are Freshdesk's own; what an account's own ones mean, `statuses` says by "
            "number or name, and until then they are unknown, which counts as open. A name that is not found, or may "
            "not be looked up, is told in each run."
        ),
        (
            "A ticket is begun by the customer or by an agent as its source says. One that an agent files after a "
            "call counts. Only an e-mail that an agent sent first, under a tag of `outbound_tags`, to which the "
            "statistics show no answer, is a campaign's."
        ),
        "People in copy are affected as well.",
        (
            "A merged ticket is closed, and a note on it says where it went. So a ticket that was closed in the last "
            "thirty days without an agent's answer is told only once its notes are read; what was merged hands its "
            "customer to the other ticket. A note in other words than Freshdesk's English ones is not understood: such "
            "a ticket counts as closed."
        ),
        (
            "A deleted ticket is in the trash, or gone when it is read by id, as the daily sweep of long open issues "
            "does. Freshdesk answers 404 with nothing then, as a gateway may, so that counts only where the key sees "
            "all tickets, another one is found by id at that moment, and the answer stays the same. A 403, an empty "
            "list or a web page never ends an issue."
        ),
        "Where the plan has no ratings, that stream is skipped with a warning, and the others are read.",
    ),
    writing=(
        (
            "`create_issue` is sent once. With `key_field`, the ticket carries a key that follows from its contents, "
            "and one with the same key is found and returned instead; the search is some minutes behind."
        ),
        "`add_note` is sent once.",
        (
            "`add_tag` reads the tags and writes them back with the new one, because Freshdesk replaces them all; "
            "what somebody else adds in that moment may be lost."
        ),
    ),
    not_covered={
        "tickets merged after an agent's answer": "they look like any closed one; one more request each would tell",
        "archived tickets": "they were closed long ago and are in no list",
        "webhooks": "they are not signed; a change is seen at the next run",
    },
    sources=("developers.freshdesk.com/api: Tickets, Contacts, Companies, Surveys, Agents, Ticket Fields",),
)

"""Says of Gorgias what its page in the documentation tells beside the code."""

from alignkit.connectors.base import Profile, StreamProfile

_LATE = "half a minute; five minutes are read twice"

PROFILE = Profile(
    service="Gorgias",
    example='Gorgias("acme", "agent@example.com", "sample-token")',
    streams={
        "customers": StreamProfile(
            brings="customers with all their addresses, numbers and handles",
            endpoint="GET /api/customers",
            late=_LATE,
        ),
        "tickets": StreamProfile(
            brings="tickets with their customers, those in the trash and spam too",
            endpoint="GET /api/tickets",
            late=_LATE,
        ),
        "satisfaction_surveys": StreamProfile(
            brings="answers to surveys about tickets",
            endpoint="GET /api/satisfaction-surveys",
            late="half a minute; up to a day where the survey was sent two days before; after four weeks not seen",
        ),
    },
    permissions={
        "a user who sees all tickets, or scopes to read tickets, customers and surveys": "streams",
        "the same, to write tickets": "`create_issue`, `add_note`, `add_tag`",
        "the scope `offline`": "an app's `refresh_token`: its access tokens end and are renewed",
    },
    limits=(
        (
            "The bucket holds 40 requests in 20 seconds with a key, 80 with the token of an app. Four fifths of that "
            "are used at most; a 429 is waited for as its `Retry-After` says."
        ),
        "A page has up to 100 records.",
    ),
    reading=(
        (
            "Lists cannot be asked for what changed since a time. They are walked from the newest change down to "
            "what is known, and the mark moves only when a walk has met it; so a first read takes all, and a crash "
            "costs no more than reading some pages again."
        ),
        "A closed ticket with a snooze in the future is `snoozed`, which is open.",
        (
            "A ticket is begun by the customer or by an agent as `from_agent` says. One that an agent files counts. "
            "Only under a tag of `outbound_tags`, while Gorgias knows of no message from the customer, is it a "
            "campaign's."
        ),
        "Comments on social media become tickets, kind words too: they count as open issues until they are closed.",
        (
            "A ticket in the trash is deleted. A merged one leads to its survivor by a redirect when it is read by "
            "id, as the daily sweep of long open issues does; of the redirect the id alone is taken. A 404 counts "
            "in Gorgias' own words alone, and where tickets can be seen at that moment; a gateway's, a 403 or an empty "
            "list never ends an issue."
        ),
        "Where surveys cannot be seen, that stream is skipped with a warning, and the others are read.",
    ),
    writing=(
        (
            "`create_issue` and `add_note` are sent once: Gorgias cannot tell a repeated request from a new one. "
            "After `ServiceUnreachable`, look whether it is there."
        ),
        "`add_tag` adds to the tags that are there.",
    ),
    not_covered={
        "events of tickets": "they would tell merges sooner; the sweep finds them within a day",
        "merged customers": "told when one is read by id; their tickets name the other one from then on",
        "whether all tickets are seen": "Gorgias does not tell; `known_issues` names some that must be",
        "accounts": "Gorgias has none",
        "webhooks": "they are not signed; a change is seen at the next run",
    },
    sources=("developers.gorgias.com/reference: Tickets, Customers, Satisfaction Surveys, Rate Limits; its changelog",),
)

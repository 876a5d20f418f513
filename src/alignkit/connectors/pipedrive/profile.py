"""Says of Pipedrive what its page in the documentation tells beside the code."""

from alignkit.connectors.base import Profile, StreamProfile

_LATE = "half a minute; 5 minutes of overlap catch what comes late"

PROFILE = Profile(
    service="Pipedrive",
    example='Pipedrive("acme", "sample-token")',
    streams={
        "organizations": StreamProfile(
            brings="organisations, as accounts", endpoint="GET /api/v2/organizations", late=_LATE
        ),
        "persons": StreamProfile(brings="persons with all their addresses", endpoint="GET /api/v2/persons", late=_LATE),
        "deals": StreamProfile(brings="deals that are open, won or lost", endpoint="GET /api/v2/deals", late=_LATE),
        "deleted_deals": StreamProfile(
            brings="deals that were deleted in the last 30 days",
            endpoint="GET /api/v2/deals?status=deleted",
            late=_LATE,
        ),
    },
    permissions={
        "a user who may see all items, best an administrator": "what others own and keep to themselves is not shown",
        "`contacts:read`, `deals:read`": "with an app (OAuth): persons, organisations and deals",
        "`contacts:full` in place of `contacts:read`": "with an app (OAuth): `add_note` too",
    },
    limits=(
        "Every answer says how much of a burst of two seconds is left; at none, the next request waits for the reset.",
        "The daily budget belongs to the company; where it is spent (429), the run ends with `RateLimited`.",
    ),
    reading=(
        (
            "Lists are read by ascending id among what changed since the mark, so that nothing that changes meanwhile"
            " can slip between two pages. Pages follow the cursor that the service gives; one that it no longer knows"
            " begins the same window again."
        ),
        (
            "A deleted person or organisation is shown no longer and nothing tells; what was read of them stays. One"
            " that is asked for by id and is not there, in Pipedrive's own words, is told as gone."
        ),
    ),
    writing=(
        (
            "`add_note` adds a note to a person, whose id it takes in place of an issue's. It is sent once: after"
            " `ServiceUnreachable`, look whether it is there."
        ),
    ),
    not_covered={
        "issues": "Pipedrive has no tickets; so none is created",
        "labels": "Pipedrive takes all labels of a person at once, so that two who add one each would erase one",
        "merged persons": "the lists do not tell of them; both addresses stay known",
        "archived deals": "another list holds them; a deal stays as it was seen last before it was archived",
        "marketing status": "it is there with one add-on alone; consent is read where mails are sent",
        "webhooks": "they are not signed; the streams lose nothing without them",
    },
    sources=("developers.pipedrive.com: API v2 reference; API v1 reference (Notes, Users)",),
)

"""Says of Jira Service Management what its page in the documentation tells beside the code."""

from alignkit.connectors.base import Profile, StreamProfile

PROFILE = Profile(
    service="Jira Service Management",
    example='JiraServiceManagement("acme", "agent@example.com", "sample-token")',
    streams={
        "organizations": StreamProfile(
            brings="organizations, as accounts",
            endpoint="GET /rest/servicedeskapi/organization",
            late="a day: Jira cannot tell which of them changed",
        ),
        "customers": StreamProfile(
            brings="the customers of each service desk, with their addresses where they are shown",
            endpoint="GET /rest/servicedeskapi/servicedesk/{id}/customer",
            late="a day: Jira cannot tell which of them changed",
        ),
        "issues": StreamProfile(
            brings="requests and other issues of service projects",
            endpoint="POST /rest/api/3/search/jql",
            late="some minutes, because the search is behind; fifteen minutes are read twice",
        ),
    },
    permissions={
        "Browse projects, on every service project": "issues; those under a security level stay unseen without a word",
        "Service desk agent": "customers and their addresses, participants, feedback, internal comments",
        "OAuth scopes `read:jira-work`, `read:servicedesk-request`": "the same with `access_token`",
        "OAuth scopes `write:jira-work`, `write:servicedesk-request`": "writes with `access_token`",
    },
    limits=(
        "A 429 is waited for as its `Retry-After` or `X-RateLimit-Reset` says, by all flows of the account.",
        "A search gives up to 100 issues a page, a list of customers 50.",
    ),
    reading=(
        (
            "Issues are asked for by the time of their last change in milliseconds, which means the same moment in "
            "every time zone, and walked in the order of their creation, which no change disturbs."
        ),
        (
            "The search may be behind for minutes, longer after a bulk change; fifteen minutes are read twice, and "
            "open issues that were not seen for a day are read by id."
        ),
        "An issue is known by its number, which stays when it is moved to another project and gets another key.",
        (
            "A status counts by its category, since its name is each project's own: `new` is new, `indeterminate` "
            "open, `done` resolved. Usual names of waiting refine an open one, a resolution such as Cancelled or "
            "Duplicate a done one; `statuses` says the rest."
        ),
        (
            "Addresses are often hidden. A reporter without one is kept by account id and found once the customers "
            "of a desk show it."
        ),
        (
            "A request that an agent raised on behalf of a customer counts; its participants are read by id and are "
            "affected. Only under a label of `outbound_labels`, when no customer has commented, is it a campaign's."
        ),
        "Feedback is read with requests that are over, for two weeks after their last change.",
        (
            "A deleted issue is noticed when it is read by id. Jira answers 404 as well where a right was taken "
            "away: keep the user's rights as they are."
        ),
    ),
    writing=(
        (
            "`create_issue` and `add_note` are sent once: Jira cannot tell a repeated request from a new one. After "
            "`ServiceUnreachable`, look whether it is there."
        ),
        "`add_tag` adds a label by an update of its own kind, which leaves the others alone.",
    ),
    not_covered={
        "feedback later than two weeks after the last change": "nothing tells that it came",
        "which organization a request belongs to": "that stands in a field whose id is each site's own",
        "service levels (SLA)": "one request for each issue; no decision needs them",
        "Data Center": "its interface has no such search; use an export",
        "webhooks": "not read yet; a change is seen at the next run",
    },
    sources=(
        (
            "developer.atlassian.com: Jira Cloud platform REST API v3 (Issue search, Issues, Comments), Jira Service "
            "Management Cloud REST API (Request, Servicedesk, Organization, Feedback)"
        ),
    ),
)

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
            brings="the customers of each service desk that is read, with their addresses where they are shown",
            endpoint="GET /rest/servicedeskapi/servicedesk/{id}/customer",
            late="a day: Jira cannot tell which of them changed",
        ),
        "issues": StreamProfile(
            brings="requests and other issues of service projects",
            endpoint="POST /rest/api/3/search/jql",
            late="some minutes, because the search is behind; fifteen minutes are read twice",
        ),
        "feedback": StreamProfile(
            brings="answers of customers (CSAT) to requests that were over and changed within two weeks",
            endpoint="POST /rest/api/3/search/jql, then GET /rest/servicedeskapi/request/{id}/feedback of each",
            late="a day: nothing tells that an answer came",
        ),
    },
    permissions={
        "Browse projects, on every service project": "issues; what is hidden is missing without a word",
        "Access to every issue security level": "issues under one, which are missing without a word otherwise",
        "Service desk agent": "customers and their addresses, participants, feedback, internal comments",
        "Administer projects": "`check`: whether there are security levels that hide issues",
        "Administer Jira": "`create_issue` for somebody who is no customer yet",
        "OAuth scopes `read:jira-work`, `read:jira-user`, `read:servicedesk-request`": "the same for an app",
        "OAuth scopes `write:jira-work`, `write:servicedesk-request`, `manage:servicedesk-customer`": (
            "writes of an app, the last one for new customers"
        ),
        "OAuth scope `offline_access`": "a refresh token",
    },
    limits=(
        "A 429 is waited for as its `Retry-After` or `X-RateLimit-Reset` says, by all flows of the account.",
        "A search gives up to 100 issues a page, a list of customers 50.",
    ),
    reading=(
        (
            "Credentials are an API token with its e-mail address, the access token of an OAuth app (3LO) or a service "
            "account, or an app's refresh token, by which access tokens are renewed. Each refresh token is of a single "
            "use: give `token_file` or `tokens`."
        ),
        (
            "Issues are asked for by the time of their last change in milliseconds, which means the same moment in "
            "every time zone, and walked in the order of their creation, which no change disturbs."
        ),
        (
            "The search may be behind for minutes, longer after a bulk change; fifteen minutes are read twice, and "
            "open issues that were not seen for a day are read by id, many at once and as they stand "
            "(`reconcileIssues`)."
        ),
        "An issue is known by its number, which stays when it is moved to another project and gets another key.",
        (
            "A status counts by its category, since its name is each project's own: `new` is new, `indeterminate` "
            "open, `done` resolved. Usual names of waiting refine an open one, a resolution such as Cancelled a done "
            "one; `statuses` says the rest."
        ),
        (
            "An issue with the resolution Duplicate and a link of that kind is merged into the one that it is linked "
            "to: its customer waits for that one, which is read by id, wherever it is. Without such a link it is "
            "resolved."
        ),
        (
            "Addresses are often hidden. Who asks for the first time is looked up through the request itself, which "
            "shows them to agents; everybody else comes with the daily list of customers. A reporter without an "
            "address is kept by account id."
        ),
        (
            "A request that an agent raised on behalf of a customer counts; its participants are read by id and are "
            "affected. Only under a label of `outbound_labels`, when no customer has commented, is it a campaign's."
        ),
        (
            "Feedback is asked for when a request is over, and again each day for two weeks after its last change. "
            "Its time is that of the site's field `Satisfaction date`, where it has one, otherwise the end of the "
            "request. Where it may not be read, the run says so and goes on."
        ),
        (
            "Jira says the same of an issue that is gone and of one that is hidden from the user: moved to a project "
            "that it may not browse, under a security level, or a right was taken away. So an issue that is not found "
            "stays as it was seen last, and the run says so. With `sees_all` it counts as gone, as long as each of "
            "`projects` may be browsed."
        ),
    ),
    writing=(
        (
            "`create_issue` raises the request for the account with the address among the customers of the service "
            "desk, or makes the address a customer there."
        ),
        (
            "`create_issue` and `add_note` are sent once: Jira cannot tell a repeated request from a new one. After "
            "`ServiceUnreachable`, look whether it is there."
        ),
        "`add_tag` adds a label by an update of its own kind, which leaves the others alone.",
    ),
    not_covered={
        "feedback later than two weeks after the last change": "nothing tells that it came",
        "deleted issues without `sees_all`": "Jira does not tell them from hidden ones",
        "changes of a duplicate's survivor outside the projects that are read": "it is read again by id once a day",
        "which organization a request belongs to": "that stands in a field whose id is each site's own",
        "service levels (SLA)": "one request for each issue; no decision needs them",
        "Data Center": "its interface has no such search; use an export",
        "webhooks": "not read yet; a change is seen at the next run",
    },
    sources=(
        (
            "developer.atlassian.com: Jira Cloud platform REST API v3 (Issue search, Issues, Comments), Jira Service "
            "Management Cloud REST API (Request, Servicedesk, Organization, Customer), Search and reconcile, "
            "Implementing the refresh token flow"
        ),
    ),
)

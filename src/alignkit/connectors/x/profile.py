"""Says what X's page in the documentation tells beside its code."""

from __future__ import annotations

from alignkit.connectors.base import Profile, StreamProfile

PROFILE = Profile(
    service="X",
    example='X("2244994945", "sample-token", query="wet parcel", spending_file="x-spending.json")',
    streams={
        "mentions": StreamProfile(
            brings="posts that mention the account, replies among them",
            endpoint="GET /2/users/{id}/mentions",
            late="3 minutes of overlap catch what is listed late",
        ),
        "search": StreamProfile(
            brings="posts of the last 7 days that `query` finds; nothing without one",
            endpoint="GET /2/tweets/search/recent",
            late="30 seconds, which X leaves out; 3 minutes of overlap catch what is indexed late",
        ),
    },
    permissions={
        "an app's bearer token, or a user's `tweet.read`, `users.read`, `offline.access`": "all that is read",
    },
    limits=(
        (
            "X charges for each post and each author that is read. Before anything is asked for, the most that it can"
            " cost is taken from `daily_budget`, which all streams, reading by id and `check` share, and written to"
            " `spending_file`; what it did not cost is given back when the answer has come. So a run that dies, or an"
            " answer that is lost, spends at most what was taken; where most is known already, that is the price of 20"
            " posts. A page that could pass the budget is made smaller, and where not even the smallest fits, the run"
            " ends with `RateLimited`. The day is UTC's, by the time of the run. A request whose answer is lost is not"
            " sent again in the same run, since it may have been paid for."
        ),
        "A spent window (429) is waited for up to its reset; a usage cap ends the run with `RateLimited`.",
    ),
    reading=(
        (
            "Pages come newest first. The mark moves when the walk has reached the last one known, so that a run that"
            " stops on the way loses nothing."
        ),
        (
            "Mentions reach back 800 posts, searches 7 days by X's clock. Where more was wanted or missed, the run says"
            " so; a search goes on from 7 days ago."
        ),
        (
            "An edited post has a new id each time; it is known by its first one. Retweets are left out. A post is tied"
            " to its author's lasting id, `social_handle:x/ID`. Unless `reads_authors` is off, the author comes as a"
            " contact with that and with the name, `social_handle:x/NAME`; a name that passed to somebody else joins"
            " the two until you part them by hand. There are no addresses."
        ),
        (
            "Deleted posts are in no list. A post is looked up on the day after its own (`watched_days`), the newest"
            " 500 of each stream, for the price of a post, within half of the day's budget. One that X does not find"
            " comes again with `deleted_at`, without text and author; one that is merely hidden stays as it is."
        ),
    ),
    not_covered={
        "posts deleted after `watched_days`": "asking for each one again costs as much as reading it",
        "authors by id": "their names come with their posts; by id each would be paid for again",
        "streams and webhooks": "they need other plans; the lists lose nothing without them",
        "writing": "answers are given at the helpdesk",
    },
    sources=("docs.x.com: X API v2",),
)

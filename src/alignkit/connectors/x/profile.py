"""Says what X's page in the documentation tells beside its code."""

from __future__ import annotations

from alignkit.connectors.base import Profile, StreamProfile

PROFILE = Profile(
    service="X",
    example='X("2244994945", "sample-token", query="wet parcel", daily_budget=2.5)',
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
        "an app's bearer token, or a user's `tweet.read`, `users.read`, `offline.access`": "mentions and searches",
    },
    limits=(
        (
            "X charges for each post and each author that is read. Before a page is asked for, the most that it can"
            " cost is held against what is left of `daily_budget` of the stream; a page that could pass it is made"
            " smaller, and where not even the smallest fits, the run ends with `RateLimited`. The day is UTC's, by the"
            " time of the run. What a page cost is stored with it: where a run ends before that, it is not known."
        ),
        "A spent window (429) is waited for up to its reset; a usage cap ends the run with `RateLimited`.",
    ),
    reading=(
        (
            "Pages come newest first. The mark moves when the walk has reached the last one known, so that a run that"
            " stops on the way loses nothing."
        ),
        (
            "Mentions reach back 800 posts, searches 7 days. Where more was missed, the run says so; a search goes on"
            " from 7 days ago."
        ),
        (
            "An edited post has a new id each time; it is known by its first one. Retweets are left out. Authors are"
            " known by their lasting id and, unless `reads_authors` is off, by their name; there are no addresses."
        ),
    ),
    not_covered={
        "deleted posts": "asking for each one again costs as much as reading it; nothing follows from a post alone",
        "streams and webhooks": "they need other plans; the lists lose nothing without them",
        "writing": "answers are given at the helpdesk",
    },
    sources=("docs.x.com: X API v2",),
)

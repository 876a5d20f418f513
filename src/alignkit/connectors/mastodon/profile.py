"""Says of Mastodon what its page in the documentation tells beside the code."""

from __future__ import annotations

from alignkit.connectors.base import Profile, StreamProfile

PROFILE = Profile(
    service="Mastodon",
    example='Mastodon("social.example.com", "sample-token")',
    streams={
        "mentions": StreamProfile(
            brings="posts that mention the account, replies and private ones among them",
            endpoint="GET /api/v1/notifications?types[]=mention",
            late="nothing: a mention is there as soon as the server has it",
        )
    },
    permissions={
        "`read:notifications`": "mentions, those that were filtered too",
        "`read:statuses`": "looking again at posts: edited and deleted ones",
        "`read:follows`": "telling a deleted post from one whose author blocks the account",
        "`read:accounts`": "`check`: whose token it is",
        "`read:mutes`, `read:blocks`, if you like": "`check`: whose mentions the account does not see",
    },
    limits=(
        "Every answer says how many requests are left of five minutes; at none, the next one waits for the reset.",
    ),
    reading=(
        (
            "Mentions are walked upwards from the last one known, by the link that the server gives, until a page is"
            " empty; ids are never compared or made up, so that servers with other ids work."
        ),
        ("A first read with a beginning goes down to it from the newest mention; all later ones go upwards."),
        (
            "The end of each run reads the newest 80 mentions once more, since an edited post brings no new mention, "
            "and looks again at those posts of the last 7 days, 250 at most, that these do not show. A post's own time "
            "may be older than its arrival and plays no part in the walk."
        ),
        (
            "A post that is no longer shown counts as deleted only if it was public, its author is there, and neither "
            "blocks the other; it comes again with `deleted_at`, without text and author. Otherwise it may be hidden, "
            "and stays as it was."
        ),
        (
            "A mention that the account's policy drops never exists; `check` says so. Filtered ones are read. Of"
            " private ones the text is left out, unless `keeps_private_text` is set."
        ),
        (
            "A post is tied to its author's address, which lasts: `social_handle:mastodon/https://...`. The author "
            "comes as a contact with that and with the full handle, `social_handle:mastodon/USER@HOST`; there are no "
            "e-mail addresses."
        ),
    ),
    not_covered={
        "private posts that are gone": "nothing tells whether the mention, the post or the right to see it is gone",
        "deletions on servers before 4.3": "they cannot be asked for several posts at once",
        "authors by id": "they come with their posts",
        "hashtags and searches": "a server knows a part of the network's posts alone, and searches few of those",
        "writing": "answers are given at the helpdesk",
        "streaming": "it replays nothing after a pause; the stream loses nothing without it",
    },
    sources=("docs.joinmastodon.org: API methods, guidelines, rate limits",),
)

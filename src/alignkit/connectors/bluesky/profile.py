"""Says of Bluesky what its page in the documentation tells beside the code."""

from alignkit.connectors.base import Profile, StreamProfile

PROFILE = Profile(
    service="Bluesky",
    example='Bluesky("shop.example.com", "sample-app-password", searches=["acme kettle"], token_file="session.json")',
    streams={
        "mentions": StreamProfile(
            brings="posts that mention the account, answer it or quote it, with their authors",
            endpoint="GET app.bsky.notification.listNotifications",
            late="seconds to minutes; up to a day where its author dates a post back",
        ),
        "search": StreamProfile(
            brings="posts that the searches find, with their authors; without the account's own",
            endpoint="GET app.bsky.feed.searchPosts",
            late="seconds to minutes; up to a day where its author dates a post back",
        ),
    },
    permissions={
        "an app password, without access to direct messages": (
            "everything; nothing is ever written, and notifications are not marked as seen"
        ),
    },
    limits=(
        (
            "3,000 requests in five minutes for each address. A run with nothing new needs two, and two for each "
            "search; one more, and one for every 25 posts, where posts of the last days are looked up."
        ),
        "A refusal (429) names the end of its window in `RateLimit-Reset`, which is waited for.",
        (
            "An account may sign in 30 times in five minutes and 300 times a day. So the session is kept in "
            "`token_file` and renewed, by one flow at a time, and its new token is stored before it is used; without "
            "the file every run signs in anew."
        ),
    ),
    reading=(
        (
            "The server that holds the account's data is learned from the sign-in and stored with the session. It is "
            "believed only if it is `base_url`'s own host or lies within `host.bsky.network`."
        ),
        (
            "A reply to whomever is a comment, another post that mentions the account a mention (a rich-text mention, "
            "not the mere letters), and a quote or what a search found a post. The same post reads the same wherever "
            "it was found, so that it counts once."
        ),
        (
            "An author is known by the DID, which lasts, and by the handle, which may pass to somebody else. A post is "
            "tied to the DID; the author comes as a contact with `social_handle:bluesky/DID` and "
            "`social_handle:bluesky/HANDLE`. Bluesky tells no e-mail address, so a customer is recognised where "
            "another source knows the handle, or where you merge the two by hand."
        ),
        (
            "When a post was written is told by its author's program, which may say anything; the years 1 and 1970 "
            "occur. The earlier of that time and the one in the post's key counts, unless it lies before the network "
            "began."
        ),
        (
            "Posts are walked newest first, as there is no other order. The mark moves only when a walk has come back "
            "to the last one, ten minutes of overlap included. Bluesky sorts by the earlier of its own and the "
            "author's time, so a post that is dated back appears below what was read already: a run takes whatever "
            "its pages show, and once a day a walk goes back thirty days."
        ),
        (
            "A page of notifications ends with a time, and asking for what is older would skip the others of that very "
            "time, as was seen on a real network. The connector asks from a millisecond later on."
        ),
        (
            "A search ends early, after some ten thousand posts, and does not say so. Where one was longer than a "
            "page, its end is asked for again by time until nothing older comes; if too many posts carry one second "
            "for that, a gap says so."
        ),
        (
            "Deleted posts are in no list. Of the posts of the last seven days the newest 250 are looked up after each "
            "run. One that is not shown counts as deleted only if its author's repository says that there is no such "
            "record: it may as well be hidden by a block or a closed account. A deleted post comes again with "
            "`deleted_at`, without text and author."
        ),
    ),
    not_covered={
        "the firehose and Jetstream": "they need a connection that stays open; a search finds less, for it is capped",
        "posts dated back by more than thirty days": "they appear where no walk comes by again",
        "direct messages, likes and reposts": "no decision would use them",
        "writing": "an issue for a complaint is created at the helpdesk",
    },
    sources=(
        "github.com/bluesky-social/atproto, `lexicons`",
        "docs.bsky.app, Rate limits",
        "a Bluesky network of `@atproto/dev-env`, as `make live` starts it",
    ),
)

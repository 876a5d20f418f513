"""Says what Salesforce's page in the documentation tells beside its code."""

from __future__ import annotations

from alignkit.connectors.base import Profile, StreamProfile

_LATE = "a minute; 10 minutes of overlap catch what long transactions commit later"


def _stream(brings: str, kind: str) -> StreamProfile:
    return StreamProfile(brings=brings, endpoint=f"GET /services/data/v62.0/queryAll ({kind})", late=_LATE)


PROFILE = Profile(
    service="Salesforce",
    example='Salesforce("acme", client_id="sample-app", client_secret="sample-secret")',
    streams={
        "accounts": _stream("accounts", "Account"),
        "contacts": _stream("contacts, those of person accounts among them", "Contact"),
        "leads": _stream("leads, as prospects; converted ones name their contact", "Lead"),
        "opportunities": _stream("opportunities", "Opportunity"),
        "cases": _stream("cases, merged and deleted ones among them", "Case"),
    },
    permissions={
        "`API Enabled`": "every request",
        "`View All` on cases, contacts, leads, accounts, opportunities": (
            "seeing all records; without it sharing rules hide some, and nothing says so"
        ),
        "read on `Case.Status`, `IsClosed`, `ContactId`, and on `Email` of contacts and leads": (
            "these are needed; every other field may be hidden and is then left out"
        ),
        "`View Setup and Configuration`": "`check`: comparing what is seen with what there is",
        "create on cases, case comments and topics": "`create_issue`, `add_note`, `add_tag`",
    },
    limits=(
        (
            "An org has a daily quota of requests. Each answer says how much of it is spent; from the share"
            " `most_usage` on, the run ends with `RateLimited`, so that the rest is left to others."
        ),
        "`REQUEST_LIMIT_EXCEEDED`, which comes with the status 403, ends the run with `RateLimited` too.",
    ),
    reading=(
        (
            "The address of the org is learned from the answer that brings the token, and only addresses within"
            " `salesforce.com` are believed. `base_url` switches that off."
        ),
        (
            "Statuses are each org's own words, so a case is `open` or `closed` by its field `IsClosed`. `statuses`"
            " gives words another meaning. Without either a case is `unknown`, which counts as active."
        ),
        (
            "The contact is the requester. The address that somebody typed who wrote in by mail or web counts too; such"
            " a case was begun by the customer. Of other cases nothing tells who began them, and none is left out as a"
            " campaign's."
        ),
        (
            "Merged and deleted records are seen for about 15 days. After a longer pause the run says so, and open"
            " cases are read again by id; one that is neither there nor in the bin is gone if the org tells that it was"
            " deleted within 30 days. Salesforce does not find a case that is hidden from the user either: without that"
            " word the case stays as it was seen last, and the run says so."
        ),
        "Deals of an org with a single currency tell amounts without it; `currency` names it.",
    ),
    writing=(
        (
            "`create_issue` is sent once; with `key_field`, an external id of cases, it is sent as often as it takes"
            " and made once, and a case that is there already stays as it is."
        ),
        "`add_note` adds a comment that is not published, sent once. `add_tag` assigns a topic, where it is not yet.",
    ),
    not_covered={
        "surveys": "each org keeps them in objects of its own",
        "mails of cases": "a decision needs the status alone; they are many",
        "topics when reading": "they stand in another object; `tags` of cases stay empty",
        "cases whose deletion is older than 30 days": "nothing tells them from hidden ones; give `View All` and look",
        "change events": "they need gRPC; the streams lose nothing without them",
        "JWT bearer flow": "it needs a library for signatures; client credentials serve the same end",
    },
    sources=("developer.salesforce.com: REST API Developer Guide, SOQL and SOSL Reference, Object Reference",),
)

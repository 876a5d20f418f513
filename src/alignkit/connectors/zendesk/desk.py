"""Knows one Zendesk: how its answers are read, what its settings mean, and its custom statuses once learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from alignkit.connectors.base import Run
from alignkit.connectors.gone import said_in
from alignkit.connectors.records import Answer, Body, Extras, Found, Path, Shape, Values
from alignkit.connectors.tags import Tags
from alignkit.connectors.zendesk import tickets
from alignkit.connectors.zendesk.people import (
    IDENTITIES,
    ORGANIZATIONS,
    SIDE_LOADED_USERS,
    USERS,
    enriched,
    further,
    ratings,
)
from alignkit.errors import ResponseInvalid
from alignkit.models.conversation import SurveyResponse
from alignkit.models.customer import Contact
from alignkit.models.events import CustomerEvent, SurveyAnswered
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Flow, Request, Response, request

API = "/api/v2"
NOT_THERE = frozenset({403, 404})

SURVIVOR, WRITERS = "which ticket it went into", "who wrote"
"""What the audits of a ticket tell and the ticket itself does not."""

_EXPORT = {"cursor": ("after_cursor", str), "has_ended": ("end_of_stream", bool)}
_PAGED = {"after": (("meta", "after_cursor"), str), "has_more": (("meta", "has_more"), bool)}


class Desk:
    """One Zendesk, shared by all flows of a connector.

    Args:
        name: of the connector.
        root: of the pages that agents see.
        custom_statuses: the id, or the name that agents see, of a custom status -> ours.
        tags: what tags say.
        spam_tags: a ticket with one of these is spam.
        keeps_text: whether subjects and comments are kept.
    """

    def __init__(
        self,
        name: str,
        root: str,
        custom_statuses: Mapping[str, IssueStatus],
        tags: Tags,
        spam_tags: frozenset[str],
        *,
        keeps_text: bool,
    ) -> None:
        self.name = name
        self.tags = tags
        self._by_id = {word: meaning for word, meaning in custom_statuses.items() if word.isdigit()}
        self._by_label = {word.casefold(): one for word, one in custom_statuses.items() if not word.isdigit()}
        self._learned_in: Run | None = None
        self._root = root
        # Zendesk's own `url` leads to the interface for programs.
        left_out = {"url"} if keeps_text else {"url", "subject"}
        self.tickets: Shape[Issue] = Shape(
            model=Issue,
            places={name: paths for name, paths in tickets.PLACES.items() if name not in left_out},
            statuses=tickets.STATUSES,
            words={"channel": tickets.CHANNELS},
            also=tickets.ALSO,
            finish=partial(self._settle, spam_tags, keeps_text),
        )
        self.ratings: Shape[SurveyResponse] = ratings(keeps_text=keeps_text)
        of_tickets: Mapping[Path, Shape[Any]] = {"tickets": self.tickets, "users": SIDE_LOADED_USERS}
        self.ticket_export: Body = Body(of_tickets, _EXPORT)
        self.user_export: Body = Body({"users": USERS}, {**_EXPORT, "identities": ("identities", IDENTITIES)})
        self.organization_export: Body = Body(
            {"organizations": ORGANIZATIONS},
            {"has_ended": ("end_of_stream", bool), "end": ("end_time", int), "count": ("count", int)},
        )
        self.rating_list: Body = Body({"satisfaction_ratings": self.ratings}, _PAGED)
        self.several_tickets: Body = Body(of_tickets)
        self.single_ticket: Body = Body({"ticket": self.tickets}, is_one=True)
        self.several_users: Body = Body({"users": USERS}, {"identities": ("identities", IDENTITIES)})

    def _settle(self, spam_tags: frozenset[str], keeps_text: bool, ticket: Values) -> Extras:  # noqa: FBT001
        """Settles a ticket; `beside` says what of it must be looked up, where something must."""
        extras = tickets.settle(self._by_id, spam_tags, ticket)
        self.tags.settle(ticket)
        ticket["url"] = f"{self._root}/agent/tickets/{ticket['id']}"
        answer = extras.answer
        if answer is not None and ticket.get("rating_id"):
            # The list of ratings has it, and there with its own time.
            answer = None
        elif answer is not None and not keeps_text:
            answer = answer.model_copy(update={"comment": None})
        lacks = None
        if ticket["status"] is IssueStatus.MERGED:
            lacks = SURVIVOR
        elif ticket.get("customer_wrote") is None and self.tags.may_be_a_campaigns(ticket):
            lacks = WRITERS
        return Extras(extras.version, answer, lacks)

    def read(self, body: Body, response: Response, wanted: Shape[Any], place: str) -> Answer:
        """What an answer holds.

        Raises:
            ResponseInvalid: it is another document than was asked for.
        """
        answer = body.read(response.content, place)
        if wanted in answer.absent:
            raise ResponseInvalid(f"an answer of `{self.name}` has no `{place}`; check `base_url`")
        return answer

    def contacts(self, answer: Answer, run: Run) -> list[CustomerEvent]:
        """Users with all the addresses that came beside them."""
        more = further(answer.beside.get("identities"))
        users = (enriched(found, more.get(found.data.id, {})) for found in answer.of(USERS))
        return [found.event(source=self.name, received_at=run.now) for found in users]

    def issues(self, answer: Answer, run: Run, sequence: int = 0) -> list[CustomerEvent]:
        """People beside tickets, the tickets, and those ratings in them that no list has."""
        side_loaded: Sequence[Found[Contact]] = answer.of(SIDE_LOADED_USERS)
        found = answer.of(self.tickets)
        events = [one.event(source=self.name, received_at=run.now) for one in side_loaded]
        events += [one.event(source=self.name, received_at=run.now, sequence=sequence) for one in found]
        events += [
            SurveyAnswered.of(
                one.extras.answer,
                source=self.name,
                received_at=run.now,
                version=one.extras.version,
                sequence=sequence,
            )
            for one in found
            if one.extras.answer is not None
        ]
        return events

    def learn_statuses(self, run: Run) -> Flow[Sequence[str]]:
        """Learns in each run the ids of the custom statuses that the settings name by what agents see.

        Returns:
            A sentence about those that are not there; their tickets count by their category.
        """
        if not self._by_label or self._learned_in == run:
            return ()
        labels = yield from self.status_labels()
        self._by_id.update({id: self._by_label[label] for id, label in labels.items() if label in self._by_label})
        self._learned_in = run
        missing = ", ".join(f"`{label}`" for label in sorted(self._by_label.keys() - set(labels.values())))
        return (f"no custom status is called {missing}; correct `custom_statuses`",) if missing else ()

    def status_labels(self) -> Flow[Mapping[str, str]]:
        """The id of each custom status -> its name in small letters; empty where the plan has none."""
        response = yield from request(Request("GET", f"{API}/custom_statuses.json", accept=NOT_THERE))
        listed = None if response.status in NOT_THERE else said_in(response).get("custom_statuses")
        if not isinstance(listed, list):
            return {}
        rows = [one for one in listed if isinstance(one, dict)]
        return {str(one["id"]): str(one.get("agent_label")).casefold() for one in rows if one.get("id") is not None}


@lru_cache(maxsize=32)
def compiled(
    name: str,
    root: str,
    custom_statuses: frozenset[tuple[str, IssueStatus]],
    tags: Tags,
    spam_tags: frozenset[str],
    *,
    keeps_text: bool,
) -> Desk:
    """The desk with these settings. How it is read is compiled once, and not for every connector that is made."""
    return Desk(name, root, dict(custom_statuses), tags, spam_tags, keeps_text=keeps_text)

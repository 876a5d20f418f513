"""Knows one Freshdesk: where it is asked, how its answers are read, and what its own statuses mean once learned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from alignkit.connectors.answers import listed
from alignkit.connectors.freshdesk.records import COMPANIES, CONTACTS, DELETED_CONTACTS, Listed, ratings, tickets
from alignkit.connectors.records import Answer, Body, Shape
from alignkit.connectors.tags import Tags
from alignkit.errors import ResponseInvalid
from alignkit.models.conversation import SurveyResponse
from alignkit.models.issue import Issue
from alignkit.models.vocabulary import IssueStatus
from alignkit.transport import Flow, Request, Response, request

API = "/api/v2"
BESIDE = ("include", "stats,requester")
NOT_THERE = frozenset({403, 404})


class Desk:
    """One Freshdesk, shared by all flows of a connector.

    Args:
        name: of the connector.
        root: of the pages that agents see.
        statuses: the number or the name of a status -> ours.
        tags: what tags say.
        keeps_text: whether subjects and comments are kept.
        page_size: how many records are asked for at once.
        most_pages: how many pages a list of tickets has at most.
        most_counted: how many pages a list of contacts has before it falls silent.
    """

    def __init__(
        self,
        name: str,
        root: str,
        statuses: Mapping[str, IssueStatus],
        tags: Tags,
        *,
        keeps_text: bool,
        page_size: int,
        most_pages: int,
        most_counted: int,
    ) -> None:
        self.name = name
        self.page_size = page_size
        self.most_pages = most_pages
        self.most_counted = most_counted
        self._by_number = {word: meaning for word, meaning in statuses.items() if word.isdigit()}
        self._by_label = {word.casefold(): one for word, one in statuses.items() if not word.isdigit()}
        self._unknown = set(self._by_label)
        self._has_asked = False
        self.tickets: Mapping[Listed, Shape[Issue]] = {
            one: tickets(one, root, self._by_number, tags, keeps_text=keeps_text) for one in Listed
        }
        self.ratings: Shape[SurveyResponse] = ratings(keeps_text=keeps_text)
        self.ticket_pages: Mapping[Listed, Body] = {one: Body({(): shape}) for one, shape in self.tickets.items()}
        self.contact_page: Body = Body({(): CONTACTS})
        self.deleted_contact_page: Body = Body({(): DELETED_CONTACTS})
        self.company_page: Body = Body({(): COMPANIES})
        self.rating_page: Body = Body({(): self.ratings})
        self.one_ticket: Body = Body({(): self.tickets[Listed.TICKETS]}, is_one=True)
        self.one_contact: Body = Body({(): CONTACTS}, is_one=True)

    def read(self, body: Body, response: Response) -> Answer:
        """What a page holds.

        Raises:
            ResponseInvalid: it is no list; an error that is told as a success is no empty page.
        """
        if response.content.lstrip()[:1] != b"[":
            raise ResponseInvalid(f"`{self.name}` answered something else than a list; check `base_url`")
        return listed(body, response, self.name)

    def learn_statuses(self, *, again: bool = False) -> Flow[list[str]]:
        """Learns the numbers of the statuses that the settings name by what agents see; tells which it cannot.

        Args:
            again: whether to ask though it was in vain before, as each new walk does.
        """
        if not self._unknown or (self._has_asked and not again):
            return []
        labels = yield from self.status_labels()
        self._has_asked = True
        self._by_number.update({id: self._by_label[label] for id, label in labels.items() if label in self._by_label})
        self._unknown -= set(labels.values())
        if not self._unknown:
            return []
        why = "there are none of these names" if labels else "the names of statuses may not be seen"
        words = ", ".join(f"`{word}`" for word in sorted(self._unknown))
        return [f"tickets of the statuses {words} count as open: {why}; correct `statuses`, or name their numbers"]

    def status_labels(self) -> Flow[Mapping[str, str]]:
        """The number of each status -> its name in small letters; empty where the credential may not see them."""
        params = [("type", "default_status")]
        response = yield from request(Request("GET", f"{API}/ticket_fields", params, accept=NOT_THERE))
        fields = None if response.status in NOT_THERE else response.json()
        found: dict[str, str] = {}
        for field in fields if isinstance(fields, list) else []:
            choices = (
                field.get("choices") if isinstance(field, dict) and field.get("type") == "default_status" else None
            )
            for number, labels in choices.items() if isinstance(choices, dict) else ():
                label = labels[0] if isinstance(labels, list) and labels else labels
                found[number] = str(label).casefold()
        return found


@lru_cache(maxsize=32)
def compiled(
    name: str,
    root: str,
    statuses: frozenset[tuple[str, IssueStatus]],
    tags: Tags,
    *,
    keeps_text: bool,
    page_size: int,
    most_pages: int,
    most_counted: int,
) -> Desk:
    """The desk with these settings. How it is read is compiled once, and not for every connector that is made."""
    pages = {"page_size": page_size, "most_pages": most_pages, "most_counted": most_counted}
    return Desk(name, root, dict(statuses), tags, keeps_text=keeps_text, **pages)

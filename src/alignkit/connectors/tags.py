"""Says what tags tell of an issue, as its desk declares them."""

from __future__ import annotations

from typing import NamedTuple

from alignkit.connectors.records import Values
from alignkit.models.vocabulary import Audience, Initiator


class Tags(NamedTuple):
    """What tags say about an issue, as the desk declares it."""

    internal: frozenset[str] = frozenset()
    outbound: frozenset[str] = frozenset()

    def settle(self, values: Values) -> None:
        """Settle audience and initiator of an issue.

        A tag alone does not make an issue a campaign's: an agent must have filed it, and it must be known that the
        customer has not written. Otherwise somebody who answers a campaign with a complaint would be overlooked.
        """
        tags = values.get("tags") or ()
        if not self.internal.isdisjoint(tags):
            values["audience"] = Audience.BACK_OFFICE
        if values.get("customer_wrote") is False and self.may_be_a_campaigns(values):
            values["initiated_by"] = Initiator.CAMPAIGN

    def may_be_a_campaigns(self, values: Values) -> bool:
        """Whether an agent filed it under a tag of outbound issues; then it matters whether the customer wrote."""
        return values.get("initiated_by") is Initiator.AGENT and not self.outbound.isdisjoint(values.get("tags") or ())

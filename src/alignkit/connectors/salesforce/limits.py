"""Keeps to the daily quota of an org, which each answer tells, and which others want a share of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alignkit.connectors.salesforce.org import codes_of
from alignkit.transport import Limits, Response

_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_HOUR = 3_600.0


def is_limited(response: Response) -> bool:
    """Whether an answer says that the org's quota is spent, for which Salesforce has another status than others."""
    return response.status == 429 or (response.status == 403 and "REQUEST_LIMIT_EXCEEDED" in codes_of(response))


@dataclass(frozen=True, slots=True)
class SalesforceLimits(Limits):
    """The daily quota of an org, as each answer tells it.

    Attributes:
        most_usage: the share of the quota from which on we stop.
    """

    most_usage: float = 0.9

    def is_spent(self, response: Response) -> bool:
        """See `Limits.is_spent`."""
        told = _USAGE.search(response.headers.get("sforce-limit-info", ""))
        return told is not None and int(told[1]) >= int(told[2]) * self.most_usage

    def advised_wait(self, response: Response, now: float) -> float | None:
        """See `Limits.advised_wait`; a quota is given back little by little over the day, and nothing says when."""
        told = Limits.advised_wait(self, response, now)
        is_over = self.is_spent(response) or (response.status == 403 and is_limited(response))
        return _HOUR if told is None and is_over else told

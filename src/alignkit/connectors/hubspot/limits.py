"""Keeps to HubSpot's limits: its refusals name the window that is spent, or ask for patience in words of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alignkit.connectors.gone import said_in
from alignkit.transport import Limits, Response

_PATIENCE = frozenset({423, 429, 477})
"""Too many requests, a lock while much is written, and an account that is being moved: nothing was done yet."""

_WAITS: Mapping[str, float] = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0, "DAILY": 3_600.0}


def asks_for_patience(response: Response) -> bool:
    """Whether an answer asks to be asked again later."""
    return response.status in _PATIENCE


@dataclass(frozen=True, slots=True)
class HubSpotLimits(Limits):
    """Waits as long as it takes the window that a refusal names."""

    def advised_wait(self, response: Response, now: float) -> float | None:
        """See `Limits.advised_wait`."""
        told = Limits.advised_wait(self, response, now)
        if told is None and self.means_limited(response):
            return _WAITS.get(str(said_in(response).get("policyName")))
        return told


LIMITS = HubSpotLimits(requests=4, seconds=1.0, reset=(), means_limited=asks_for_patience)
"""Searches are limited to four or five requests a second for each token; no header counts them."""

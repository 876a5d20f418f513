"""The policies that ship, each with its numbers and sets as parameters."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import ValidationError

from alignkit.errors import PolicyInvalid
from alignkit.rules.documents import refusal
from alignkit.rules.policy import Policy
from alignkit.rules.presets.saas import SaaS
from alignkit.rules.presets.shop import Shop
from alignkit.rules.presets.starter import Starter, StarterParameters
from alignkit.rules.presets.subscription import Subscription

__all__ = ["PRESETS", "PresetName", "SaaS", "Shop", "Starter", "StarterParameters", "Subscription", "preset"]

PresetName = Literal["starter", "saas", "shop", "subscription"]

PRESETS: Mapping[str, type[Starter]] = {
    "starter": Starter,
    "saas": SaaS,
    "shop": Shop,
    "subscription": Subscription,
}
"""The presets by their names; each is a model whose fields are the parameters."""


def preset(name: str, /, **parameters: Any) -> Policy:
    """The policy of this preset with these parameters, which may give the policy a `name` of its own.

    Raises:
        PolicyInvalid: there is no such preset, or a parameter is not known or has a value that it cannot have.
    """
    if name not in PRESETS:
        close = get_close_matches(name, PRESETS, n=1)
        remedy = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(f'`{one}`' for one in PRESETS)}"
        raise PolicyInvalid(f"there is no preset `{name[:80]}`; {remedy}")
    try:
        return Policy.of(PRESETS[name].model_validate(parameters).rule_set())
    except ValidationError as error:
        raise refusal(error, f"the preset `{name}`") from None

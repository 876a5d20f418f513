"""What every model shares: frozen, strict at our border, aware UTC times, inputs kept out of error texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from alignkit.models.times import Instant

Share = Annotated[float, Field(ge=0.0, le=1.0)]
"""A number from 0 to 1."""

Name = Annotated[str, Field(pattern=r"^[^/]+$")]
"""A name that stands before an id, as in `source/type/id`; without a slash, so that no two such texts can be one."""


def _canonical(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if not value:
        return value
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise ValueError("not JSON: only objects, lists, Unicode text, finite numbers, booleans and null") from None
    return json.loads(text)  # type: ignore[no-any-return] # what was an object is one again


JsonObject = Annotated[Mapping[str, Any], AfterValidator(_canonical)]
"""A JSON object, kept apart from the caller's and with its keys in order: equal content gives equal bytes."""


class Model(BaseModel, frozen=True):
    """A frozen record that refuses fields it does not know."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid",
        hide_input_in_errors=True,
        allow_inf_nan=False,
        ser_json_inf_nan="null",
    )


class SourceRef(Model, frozen=True):
    """Where a thing lives: `source` names one instance of a service, not its type."""

    source: str
    type: str
    id: str
    url: str | None = None

    def __str__(self) -> str:
        return f"{self.source}/{self.type}/{self.id}"


class Entity(Model, frozen=True):
    """A thing that a service keeps, as it stood at one version.

    `remote_*` times are the service's own clock; `observed_at` is ours. `extensions` holds a vendor's further
    fields under its own namespace and `raw` the record as it came; both may be dropped, and no decision needs them.
    """

    id: str = Field(min_length=1)
    source: str = ""
    url: str | None = None
    remote_created_at: Instant | None = None
    remote_updated_at: Instant | None = None
    observed_at: Instant | None = None
    deleted_at: Instant | None = None
    extensions: JsonObject = Field(default_factory=dict)
    raw: JsonObject | None = None

"""Makes up events, issues and histories for property tests: every type, every field, nothing left at its default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import AwareDatetime
from pydantic.fields import FieldInfo

from alignkit.models import (
    EVENT_TYPES,
    CustomerEvent,
    Event,
    Issue,
    IssueChanged,
    IssueRemoval,
    IssueRemoved,
    IssueStatus,
    Model,
    Money,
    Priority,
    SurveyKind,
    SurveyResponse,
)
from alignkit.models.base import Name

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""A Monday morning, from which made-up histories go on."""

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC) | zones)  # noqa: DTZ001
texts = st.text(min_size=1, max_size=12)
names = st.text(st.characters(codec="utf-8", exclude_characters="/\n"), min_size=1, max_size=12)
shares = st.floats(0, 1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=5,
)
json_objects = st.dictionaries(texts, json_values, max_size=3)
moneys = st.builds(
    Money,
    amount=st.decimals(min_value=-10_000, max_value=10_000, places=2),
    currency=st.sampled_from(("EUR", "JPY", "USD")),
)


@st.composite
def survey_responses(draw: st.DrawFn) -> SurveyResponse:
    """An answer that lies on its scale."""
    kind = draw(st.sampled_from(SurveyKind))
    low, high = (0.0, 10.0) if kind is SurveyKind.NPS else draw(st.sampled_from([(0.0, 1.0), (1.0, 5.0), (-3.0, 3.0)]))
    rest = draw(fields_of(SurveyResponse, without=("kind", "score", "scale_min", "scale_max")))
    return SurveyResponse(kind=kind, score=draw(st.floats(low, high)), scale_min=low, scale_max=high, **rest)


def fields_of(model: type[Model], without: Sequence[str] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """Values for some or all fields of a model; those that it requires are always among them."""
    fields = {name: field for name, field in model.model_fields.items() if name not in without}
    required = {name: _field(field) for name, field in fields.items() if field.is_required()}
    optional = {name: _field(field) for name, field in fields.items() if not field.is_required()}
    return st.fixed_dictionaries(required, optional=optional)


def models(model: type[Any]) -> st.SearchStrategy[Any]:
    """Instances of a model, whatever its fields."""
    if model is SurveyResponse:
        return survey_responses()
    if model is Money:
        return moneys
    return fields_of(model).map(lambda values: model(**values))


def _field(field: FieldInfo) -> st.SearchStrategy[Any]:
    return _values(field.annotation, _limits(field.metadata))


def _limits(metadata: Iterable[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in metadata:
        if isinstance(one, FieldInfo):
            found |= _limits(one.metadata)
        found |= {name: getattr(one, name) for name in ("ge", "le", "gt", "pattern") if hasattr(one, name)}
    return found


def _values(shape: Any, limits: dict[str, Any]) -> st.SearchStrategy[Any]:
    origin, parts = get_origin(shape), get_args(shape)
    if origin is Annotated:
        return _values(parts[0], _limits(parts[1:]))
    if origin is Literal:
        return st.sampled_from(parts)
    if origin in (UnionType, Union):
        return st.one_of([_values(part, limits) for part in parts])
    if origin is tuple and parts[1] is Ellipsis:
        return st.lists(_values(parts[0], {}), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(_values(part, {}) for part in parts))
    if issubclass(origin or shape, Model):
        return models(shape)
    if issubclass(origin or shape, Enum):
        return st.sampled_from(list(shape))
    return _plain(origin or shape, limits)


def _plain(shape: type, limits: dict[str, Any]) -> st.SearchStrategy[Any]:
    if shape is str and "pattern" in limits:
        pattern: str = limits["pattern"]
        return names if pattern == _NAME else st.from_regex(pattern.replace("$", r"\Z"))
    if shape is float and limits:
        return st.floats(limits.get("ge", limits.get("gt")), limits.get("le", 1000), exclude_min="gt" in limits)
    if shape is int and limits:
        return st.integers(limits["ge"], 2**40)
    return _PLAIN[shape]


_NAME: str = _limits(get_args(Name)[1:])["pattern"]
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    bool: st.booleans(),
    int: st.integers(-(2**60), 2**60),
    float: st.floats(-1e9, 1e9),
    Decimal: st.decimals(Decimal(-1000), Decimal(1000), places=3),
    Mapping: json_objects,
    NoneType: st.none(),
    AwareDatetime: instants,
}


@st.composite
def events(draw: st.DrawFn, kinds: Sequence[str] = tuple(EVENT_TYPES)) -> CustomerEvent:
    """An event of any type about anything."""
    kind: Any = EVENT_TYPES[draw(st.sampled_from(kinds))]
    made: CustomerEvent = kind.of(
        draw(models(kind.data_type)),
        source=draw(names),
        received_at=draw(instants),
        version=draw(st.none() | st.integers(0, 2**60)),
        sequence=draw(st.integers(0, 2**31)),
    )
    return made


def snapshot(
    status: IssueStatus | str,
    at: timedelta = timedelta(),
    *,
    received: timedelta | None = None,
    version: int | None = None,
    sequence: int = 0,
    **fields: Any,
) -> IssueChanged:
    """What a helpdesk says of issue 1 at a time after `START`, received one second later."""
    created = fields.pop("created_at", START)
    issue = Issue(id="1", status=IssueStatus(status), status_raw=str(status), created_at=created, **fields)
    seen = START + (at + timedelta(seconds=1) if received is None else received)
    return IssueChanged.of(issue, source="desk", received_at=seen, time=START + at, version=version, sequence=sequence)


def removal(reason: str, at: timedelta, *, merged_into: str | None = None) -> IssueRemoved:
    """The word of a helpdesk that issue 1 is gone."""
    gone = IssueRemoval.model_validate({"id": "1", "reason": reason, "merged_into": merged_into})
    return IssueRemoved.of(gone, source="desk", received_at=START + at + timedelta(seconds=1), time=START + at)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Everything that was ever said about one issue: snapshots and removals, versions and times often equal."""
    moments = st.integers(0, 40).map(lambda half_days: timedelta(hours=12 * half_days))
    told = st.none() | moments.map(lambda moment: START + moment)
    made: list[Event] = []
    for _ in range(draw(st.integers(1, 7))):
        at = draw(moments)
        if draw(st.integers(0, 6)) == 0:
            made.append(removal(draw(st.sampled_from(["deleted", "merged", "spam", "not_found"])), at))
            continue
        made.append(
            snapshot(
                draw(st.sampled_from(IssueStatus)),
                at,
                received=draw(moments),
                version=draw(st.none() | st.integers(0, 3)),
                sequence=draw(st.integers(0, 2)),
                priority=draw(st.sampled_from(Priority)),
                resolved_at=draw(told),
                closed_at=draw(told),
                reopened_at=draw(told),
                waiting_since=draw(told),
                status_since=draw(told),
                assignee=draw(st.sampled_from([None, "ada", "bo"])),
            )
        )
    return made

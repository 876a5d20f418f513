"""Tests that one odd record costs nothing but itself: fields unknown or null, rubbish in its place, a new status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from alignkit.models.vocabulary import IssueStatus
from alignkit.testing.moments import FAR_ZONE, in_zone, times
from alignkit.testing.service import Doubled, Edit, Record, Records
from alignkit.testing.source.case import S, SourceTests, Trial, same
from alignkit.testing.state import State
from alignkit.transport import JsonValue

PLANTED = "private-words-4c1d"
ODD: JsonValue = {"odd": [PLANTED]}
STRANGE_STATUS = "status-nobody-knows"
GONE = frozenset({IssueStatus.DELETED, IssueStatus.MERGED, IssueStatus.SPAM})

Place = tuple[str | int, ...]

FIRST_EPOCH, LAST_EPOCH = 1_500_000_000, 2_000_000_000
"""Numbers in between are taken for seconds since 1970."""

ANCIENT = "the year 1"


def _written(form: str) -> Callable[[datetime], JsonValue]:
    return lambda moment: moment.astimezone(UTC).strftime(form)


FORMS: Mapping[str, Callable[[datetime], JsonValue]] = {
    "...Z": _written("%Y-%m-%dT%H:%M:%SZ"),
    "...+0000": _written("%Y-%m-%dT%H:%M:%S.000+0000"),
    "...+00:00": _written("%Y-%m-%dT%H:%M:%S.000000+00:00"),
    "2024/01/01 10:00:00 +0000": _written("%Y/%m/%d %H:%M:%S +0000"),
    "2024-01-01 10:00:00": _written("%Y-%m-%d %H:%M:%S"),
    "seconds since 1970": lambda moment: int(moment.timestamp()),
    "milliseconds since 1970": lambda moment: int(moment.timestamp()) * 1000,
    "seconds with a fraction": lambda moment: float(int(moment.timestamp())) + 0.0,
    ANCIENT: lambda _moment: "0001-01-01T00:00:00Z",
}
"""The forms in which services write times."""


class RecordTests(SourceTests[S]):
    """How a source takes single records."""

    def test_an_unknown_field_changes_nothing(self) -> None:
        wanted = self.undisturbed().state
        trial = self.trial(edit=lambda _kind, record: {**record, "field_of_tomorrow": {"deep": [None, 1, "x"]}})
        trial.recover()
        same(trial.state, wanted, "every record had a field more; ignore what you do not know")

    def test_a_null_in_any_field_costs_no_record(self) -> None:
        wanted = self.undisturbed().state
        for kind, record, place in self._optional():
            state = self._with(kind, record, _replaced(record, place, None))
            when = f"`{_dotted(place)}` of {kind.kind} {kind.id_of(record)} was null"
            assert not state.quarantined, f"{when}: {dict(state.quarantined)}; allow None, or name it as required"
            _nothing_else_lost(state, wanted, kind.id_of(record), when)
            _still_told(state, wanted, kind.id_of(record), when)
            _still_open(state, wanted, kind.id_of(record), when)

    def test_a_value_of_another_kind_in_any_field_costs_at_most_its_record(self) -> None:
        wanted = self.undisturbed().state
        for kind, record, place in self._optional():
            state = self._with(kind, record, _replaced(record, place, ODD))
            when = f"`{_dotted(place)}` of {kind.kind} {kind.id_of(record)} was an object of its own"
            _nothing_else_lost(state, wanted, kind.id_of(record), when)

    def test_a_record_that_cannot_be_read_is_quarantined_alone(self) -> None:
        wanted = self.undisturbed().state
        seen = self._seen()
        assert seen, "`records` finds no record in any answer; correct its paths"
        for kind, record in seen:
            for what, rubbish in _rubbish(kind, record):
                id, when = kind.id_of(record), f"{kind.kind} {kind.id_of(record)} {what}"
                state = self._with(kind, record, rubbish)
                _nothing_else_lost(state, wanted, id, when)
                known = any(told[1] == id for told in wanted.told)
                assert state.quarantined or not known or any(told[1] == id for told in state.told), (
                    f"{when} and was dropped without a word; put it into `quarantined`"
                )
                for key, reason in state.quarantined.items():
                    assert PLANTED not in f"{key} {reason}", f"{when}: the quarantine repeats the record's values"

    def test_a_text_where_a_number_belongs_costs_that_record_alone(self) -> None:
        wanted = self.undisturbed().state
        for kind, record in {kind.kind: (kind, record) for kind, record in self._seen()}.values():
            worded = {name: one if name == kind.key else _worded(one) for name, one in record.items()}
            if worded != record:
                state = self._with(kind, record, worded)
                id = kind.id_of(record)
                _nothing_else_lost(state, wanted, id, f"{kind.kind} {id} had texts for its numbers")

    def test_a_record_that_comes_twice_on_a_page_counts_once(self) -> None:
        wanted = self.undisturbed()
        service = self.service()
        trial = self.trial(service, through=Doubled(service, self.records))
        trial.recover()
        same(trial.state, wanted.state, "every record came twice on its page")
        found, once = ([event.id for event in one.store.events()] for one in (trial, wanted))
        assert sorted(found) == sorted(once), "records that came twice made other events than those that came once"

    def test_each_form_of_a_time_gives_the_same_moment_or_is_quarantined(self) -> None:
        told = _moments(self.undisturbed())
        with in_zone(FAR_ZONE):
            for kind, record in {kind.kind: (kind, record) for kind, record in self._seen()}.values():
                for form in FORMS:
                    other = _reformed(record, form)
                    if other == record:
                        continue
                    trial = self._trial_with(kind, record, other)
                    lost = told.keys() - _moments(trial).keys() - _of(told, kind.id_of(record))
                    assert not lost, f"the times of a {kind.kind} were written as {form}, and {sorted(lost)} were lost"
                    for key, moment in _moments(trial).items():
                        assert form == ANCIENT or moment == told.get(key, moment), (
                            f"{key} is {moment} where times are written as {form}, and {told[key]} otherwise;"
                            " read the form, or quarantine the record"
                        )

    def test_a_status_nobody_knows_never_closes_an_issue(self) -> None:
        issues = [kind for kind in self.records if kind.kind == "issue"]
        if not issues:
            self.leave_out("`records` names no place where issues are")
        unnamed = sorted(kind.path for kind in issues if kind.status is None)
        assert not unnamed, f"`records` names no status for issues at {unnamed}; name it, as `outer.inner` where nested"
        active = self._active()
        assert active, "the fixture has no active issue; add one"
        tried: set[Records] = set()
        for kind, record in self._seen():
            if kind.status is None or kind.id_of(record) not in active:
                continue
            for odd in (STRANGE_STATUS, "", None):
                restated = kind.restated(record, odd)
                if restated is None:
                    continue
                tried.add(kind)
                trial = self._trial_with(kind, record, restated)
                issue = next((one for one in trial.store.issues() if one.id == kind.id_of(record)), None)
                assert issue is not None or trial.state.quarantined, f"an issue with the status {odd!r} is lost"
                assert issue is None or issue.is_active is not False, (
                    f"an issue with the status {odd!r} counts as {issue.status}; make it `unknown`, never over"
                )
        assert tried, f"no issue has a status at {sorted({str(kind.status) for kind in issues})}; name where it stands"

    def test_every_status_means_what_the_connector_says(self) -> None:
        statuses = self.connector(self.service()).statuses
        meanings = {**self.meanings, **statuses}
        if not meanings:
            self.leave_out("the connector names no `statuses`")
        for word, meaning in meanings.items():
            service = self.service()
            id = self.restate(service, word)
            trial = self.trial(service)
            trial.recover()
            issue = next((one for one in trial.store.issues() if one.id == id), None)
            if issue is None:
                assert meaning in GONE, f"the issue that was given the status `{word}` was not found"
                continue
            assert issue.status is meaning, f"`{word}` is {issue.status} and `statuses` says {meaning}"
            is_kept = issue.status_raw == word if word in statuses else issue.status_raw
            assert is_kept, f"`status_raw` of a `{word}` issue is {issue.status_raw!r}; keep the word"

    def _seen(self) -> Sequence[tuple[Records, Record]]:
        """Every record that the connector is shown, once."""
        found: dict[tuple[str, str], tuple[Records, Record]] = {}

        def note(kind: Records, record: Record) -> JsonValue:
            found.setdefault((kind.kind, kind.id_of(record)), (kind, record))
            return record

        self.trial(edit=note).pull()
        return list(found.values())

    def _optional(self) -> Iterator[tuple[Records, Record, Place]]:
        """Each place that no record needs, in one record of each make."""
        known: set[tuple[str, frozenset[str], str]] = set()
        for kind, record in self._seen():
            for place in _places(record):
                one = (kind.kind, frozenset(record), _dotted(place))
                if one[-1] not in kind.required and one not in known:
                    known.add(one)
                    yield kind, record, place

    def _trial_with(self, kind: Records, record: Record, other: JsonValue) -> Trial[S]:
        trial = self.trial(edit=_replacing(kind, kind.id_of(record), other))
        error = trial.failing_pull()
        assert error is None, (
            f"{kind.kind} {kind.id_of(record)} was {other!r}, and the run ended: {error}; quarantine the record alone"
        )
        return trial

    def _with(self, kind: Records, record: Record, other: JsonValue) -> State:
        return self._trial_with(kind, record, other).state

    def _active(self) -> set[str]:
        return {issue.id for issue in self.undisturbed().store.issues() if issue.is_active}


def _moments(trial: Trial[S]) -> dict[tuple[str, str, str], datetime]:
    """Every time that the last version of each thing tells, by what it is about."""
    return {
        (event.type, event.subject, place): moment
        for event in trial.store.events()
        for place, moment in times(event.data)
        if place != "observed_at"
    }


def _of(told: Iterable[tuple[str, str, str]], id: str) -> set[tuple[str, str, str]]:
    return {key for key in told if key[1] == id}


def _reformed(value: JsonValue, form: str) -> JsonValue:
    """A record whose times are all written in another form."""
    if isinstance(value, dict):
        return {name: _reformed(inner, form) for name, inner in value.items()}
    if isinstance(value, list):
        return [_reformed(inner, form) for inner in value]
    moment = _moment(value)
    return value if moment is None else FORMS[form](moment)


def _moment(value: JsonValue) -> datetime | None:
    """The time that a value is, where it is one."""
    if isinstance(value, int) and FIRST_EPOCH <= value < LAST_EPOCH:
        return datetime.fromtimestamp(value, UTC)
    if not isinstance(value, str) or "T" not in value or not value[:4].isdigit():
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _replacing(kind: Records, id: str, other: JsonValue) -> Edit:
    def edit(found: Records, record: Record) -> JsonValue:
        return other if found.kind == kind.kind and found.id_of(record) == id else record

    return edit


def _nothing_else_lost(state: State, wanted: State, id: str, when: str) -> None:
    lost = sorted(told for told in wanted.told - state.told if told[1] != id)
    assert not lost, f"{when}, and {lost} were lost with it; read records one by one where a page cannot be read"


def _still_told(state: State, wanted: State, id: str, when: str) -> None:
    lost = sorted(told for told in wanted.told - state.told if told[1] == id)
    assert not lost, f"{when}, and it was dropped without a word"


def _still_open(state: State, wanted: State, id: str, when: str) -> None:
    before, after = (IssueStatus(str(one.issues.get(id, {}).get("status", "unknown"))) for one in (wanted, state))
    # Some services tell of sleep by its end alone: without that a closed issue is no more than closed.
    was_open = before.is_active is not False and before is not IssueStatus.SNOOZED
    assert not was_open or after.is_active is not False, (
        f"{when}, and the issue counts as {after}; what is not told closes nothing"
    )


def _places(value: JsonValue, place: Place = ()) -> Iterator[Place]:
    """Every place inside a record at which something stands."""
    inner: list[tuple[str | int, JsonValue]] = []
    if isinstance(value, dict):
        inner.extend(value.items())
    elif isinstance(value, list):
        inner.extend(enumerate(value))
    for name, one in inner:
        if one is not None:
            yield (*place, name)
            yield from _places(one, (*place, name))


def _dotted(place: Place) -> str:
    """A place without the numbers in lists, as `required` names it."""
    return ".".join(part for part in place if isinstance(part, str))


def _replaced(value: JsonValue, place: Place, other: JsonValue) -> JsonValue:
    if not place:
        return other
    head, rest = place[0], place[1:]
    if isinstance(value, dict) and isinstance(head, str):
        return {**value, head: _replaced(value[head], rest, other)}
    if isinstance(value, list) and isinstance(head, int):
        return [_replaced(one, rest, other) if place_of == head else one for place_of, one in enumerate(value)]
    return value


def _rubbish(kind: Records, record: Record) -> Iterator[tuple[str, JsonValue]]:
    yield "was a text", PLANTED
    yield "was empty", {}
    for name in sorted(kind.required):
        if "." not in name and name in record:
            yield f"had rubbish in `{name}`", {**record, name: {"odd": [PLANTED]}}


def _worded(value: JsonValue) -> JsonValue:
    """The same with a text in place of every number."""
    if isinstance(value, dict):
        return {name: _worded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_worded(inner) for inner in value]
    return PLANTED if isinstance(value, int | float) and not isinstance(value, bool) else value

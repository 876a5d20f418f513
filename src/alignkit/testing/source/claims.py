"""Tests that a source can do what it claims: deletions, merges, reading by id, and writing, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from alignkit.connectors.base import Capability, Fetched, NewIssue, Source
from alignkit.errors import AlignkitError, ServiceUnreachable
from alignkit.models.events import CustomerEvent, IssueChanged, IssueRemoved
from alignkit.models.exchange import Ref
from alignkit.sync import Sync
from alignkit.testing.faults import LASTING, NO_WORD
from alignkit.testing.service import Omitting
from alignkit.testing.source.case import LATER, S, SourceCase, SourceTests, Trial
from alignkit.transport import Flow, run

SHOWN_BY: Mapping[Capability, str] = {
    Capability.INCREMENTAL: "change",
    Capability.DELETIONS: "delete",
    Capability.MERGES: "merge",
    Capability.FETCH: "expected",
    Capability.WRITE_ISSUE: "service",
    Capability.WRITE_NOTE: "notes",
    Capability.WRITE_TAG: "tags",
}
"""What an author has to override for a capability to be tested.

`WEBHOOKS` is refused: alignkit takes no webhooks yet, so nobody can show that a lost one loses nothing. `HOLD`,
`RELEASE`, `READ_BACK` and `AMEND` are claims of sinks.
"""

NEW = NewIssue(subject="Parcel is wet", body="It rained in.", requester_email="new.person@example.test")
NOTE = "Called back, no answer."
TAG = "alignkit-sample"


class ClaimTests(SourceTests[S]):
    """What a source claims."""

    def test_every_claim_can_be_shown(self) -> None:
        source = self.connector(self.service())
        assert isinstance(source, Source), "this is no source; use `SinkTests` for a sink"
        for capability in source.capabilities:
            hook = SHOWN_BY.get(capability)
            assert hook is not None, f"the kit has no test of {capability.name} for sources; do not claim it"
            has_hook = getattr(type(self), hook, None) is not getattr(SourceCase, hook, None)
            assert has_hook, f"{capability.name} is claimed and `{hook}` is not overridden; show it, or do not claim it"

    def test_a_deleted_issue_is_over(self) -> None:
        self.needs(Capability.DELETIONS)
        trial = self.undisturbed()
        id = self.delete(trial.service)
        self._is_over_after_a_day(trial, id, "it was deleted at the service")

    def test_a_merged_issue_is_over_and_its_survivor_is_not(self) -> None:
        self.needs(Capability.MERGES)
        trial = self.undisturbed()
        loser, survivor = self.merge(trial.service)
        self._is_over_after_a_day(trial, loser, "it was merged into another")
        issues = {issue.id: issue for issue in trial.store.issues()}
        assert survivor in issues, f"issue {survivor} survived a merge and is lost"
        assert issues[survivor].is_active is not False, f"issue {survivor} survived a merge and counts as over"

    def test_whoever_had_an_issue_that_was_merged_has_the_survivor(self) -> None:
        self.needs(Capability.MERGES)
        if "30" in self.not_applicable:
            self.leave_out(f"trap 30 does not apply: {self.not_applicable['30']}")
        trial = self.undisturbed()
        loser, survivor = self.merge(trial.service)
        before = _people(trial, loser)
        assert before, f"issue {loser} is nobody's, so nobody could lose it; merge one that has a requester"
        assert not before & _people(trial, survivor), "both issues are of one person; merge those of two"
        trial.pull(later=2 * LATER)
        trial.pull(later=3 * LATER)
        left = sorted(before - _people(trial, survivor, is_open=True))
        assert not left, (
            f"issue {loser} went into {survivor}, which is open, and {len(left)} of those who had it have no open issue"
            " any more; set `merged_into`"
        )

    def test_an_issue_that_nothing_is_said_of_stays_open(self) -> None:
        trial = self.undisturbed()
        before = _open(trial)
        for name in NO_WORD:
            for at in range(self._requests_of_a_later_run()):
                trial = self.undisturbed()
                trial.wire.arm(LASTING[name], len(trial.wire.sent) + at, lasts=True)
                trial.failing_pull(later=2 * LATER)
                ended = sorted(before - _open(trial))
                assert not ended, f"{name} from request {at + 1} on, and the issues {ended} ended by it"

    def test_objects_are_read_by_id(self) -> None:
        self.needs(Capability.FETCH)
        refs = [Ref("issue", id) for id in self.expected.issues]
        trial = self.trial()
        fetched = trial.fetch(refs)
        found = {event.subject for event in fetched.events if isinstance(event, IssueChanged | IssueRemoved)}
        missing = sorted(set(self.expected.issues) - found)
        assert not missing, f"the issues {missing} are there and were not found by id"
        left = sorted(ref.id for ref in refs if ref not in fetched.done)
        assert not left, f"the issues {left} were read by id and are not among `done`, so they are read for ever"

    def test_only_a_services_own_word_removes_what_is_read_by_id(self) -> None:
        self.needs(Capability.FETCH)
        refs = [Ref("issue", id) for id, status in self.expected.issues.items() if status.is_active]
        for name in NO_WORD:
            for at in range(len(self._requests_of(refs))):
                for lasts, when in ((True, f"{name} from request {at + 1} on"), (False, f"{name} at request {at + 1}")):
                    fetched = self._fetched_with(name, at, refs, lasts=lasts)
                    over = [event.subject for event in fetched.events if _ends(event)]
                    assert not over, f"{when}, and the issues {over} count as gone; ask for the service's own word"

    def test_what_is_left_out_of_several_is_not_gone_for_that(self) -> None:
        self.needs(Capability.FETCH)
        refs = [Ref("issue", id) for id, status in self.expected.issues.items() if status.is_active]
        keys = frozenset(kind.key for kind in self.records if kind.kind == "issue")
        unclear = [name for name in NO_WORD if LASTING[name].status in (403, 404)]
        for name in unclear if refs else ():
            at, is_reached = 0, True
            while is_reached:
                service = self.service()
                trial = self.trial(service, through=Omitting(service, refs[0].id, keys))
                trial.wire.arm(LASTING[name], at, lasts=True)
                over = [event.subject for event in _fetched(trial, refs).events if _ends(event)]
                assert not over, (
                    f"issue {refs[0].id} was left out where several were read, then {name} from request {at + 1} on,"
                    f" and the issues {over} count as gone; ask for the service's own word"
                )
                at, is_reached = at + 1, trial.wire.struck is not None

    def test_what_is_gone_gives_a_removal_when_read_by_id(self) -> None:
        self.needs(Capability.FETCH)
        for capability, hook in ((Capability.DELETIONS, self._deleted), (Capability.MERGES, self._merged)):
            if not self.claims(capability):
                continue
            trial = self.trial()
            id = hook(trial.service)
            events = [event for event in trial.fetch([Ref("issue", id)]).events if event.subject == id]
            assert any(_ends(event) for event in events), (
                f"issue {id} is gone ({capability}) and reading it by id gave {[e.type for e in events]}"
            )

    def test_an_issue_is_created_once(self) -> None:
        self.needs(Capability.WRITE_ISSUE)
        trial = self.trial()
        before = self._count(trial)
        id = Sync(trial.store, send=trial.wire.send).create_issue(trial.source(), NEW)
        trial.pull(later=LATER)
        assert id in trial.state.issues, f"`create_issue` returned {id!r}, and no such issue was found afterwards"
        assert len(trial.state.issues) == before + 1, "creating one issue did not make one issue"

    def test_an_issue_is_created_once_though_the_answer_is_lost(self) -> None:
        self.needs(Capability.WRITE_ISSUE)
        trial = self.trial()
        before = self._count(trial)
        self._lose_answers(trial, lambda source: source.create_issue(NEW))
        trial.wire.disarm()
        trial.pull(later=LATER)
        made = len(trial.state.issues) - before
        assert made <= 1, f"the answer to creating an issue was lost, and {made} issues were made; do not repeat it"

    def test_a_note_is_added_once_and_no_customer_sees_it(self) -> None:
        self.needs(Capability.WRITE_NOTE)
        id = self.noted()
        trial = self.trial()
        Sync(trial.store, send=trial.wire.send).add_note(trial.source(), id, NOTE)
        assert list(self.notes(trial.service, id)) == [NOTE], "`add_note` did not add exactly one internal note"
        lost = self.trial()
        self._lose_answers(lost, lambda source: source.add_note(id, NOTE))
        assert len(self.notes(lost.service, id)) <= 1, "the answer was lost, and the note was added again"

    def test_a_tag_is_added_once_and_the_others_stay(self) -> None:
        self.needs(Capability.WRITE_TAG)
        id = next(iter(self.expected.issues))
        trial = self.trial()
        before = sorted(self.tags(trial.service, id))
        assert before, f"issue {id} has no tag, so none could be lost; give it one"
        for when in ("a tag was added", "the same tag was added again"):
            run(trial.watch_source(lambda source: source.add_tag(id, TAG)), trial.wire.send)
            found = sorted(self.tags(trial.service, id))
            assert found == sorted([*before, TAG]), f"{when}, and the tags {before} became {found}; add, never replace"
        lost = self.trial()
        self._lose_answers(lost, lambda source: source.add_tag(id, TAG))
        missing = sorted(set(before) - set(self.tags(lost.service, id)))
        assert not missing, f"the answer to adding a tag was lost, and so were the tags {missing}"

    def _is_over_after_a_day(self, trial: Trial[S], id: str, why: str) -> None:
        trial.pull(later=2 * LATER)
        issue = next((one for one in trial.store.issues() if one.id == id), None)
        assert issue is None or issue.is_active is False, f"issue {id} is {issue.status} though {why}"

    def _requests_of_a_later_run(self) -> int:
        trial = self.undisturbed()
        before = len(trial.wire.sent)
        trial.pull(later=2 * LATER)
        return len(trial.wire.sent) - before

    def _deleted(self, service: S) -> str:
        return self.delete(service)

    def _merged(self, service: S) -> str:
        return self.merge(service)[0]

    def _requests_of(self, refs: list[Ref]) -> list[object]:
        trial = self.trial()
        trial.fetch(refs)
        return list(trial.wire.sent)

    def _fetched_with(self, name: str, at: int, refs: list[Ref], *, lasts: bool) -> Fetched:
        trial = self.trial()
        trial.wire.arm(LASTING[name], at, lasts=lasts)
        return _fetched(trial, refs)

    def _count(self, trial: Trial[S]) -> int:
        reader = self.trial(trial.service)
        reader.pull()
        return len(reader.state.issues)

    def _lose_answers(self, trial: Trial[S], write: Callable[[Source], Flow[object]]) -> None:
        """Does a write whose answer never comes."""
        source = trial.source()
        trial.wire.arm(LASTING["answer lost"], 0, lasts=True)
        try:
            run(trial.watch.attend(write(source)), trial.wire.send)
        except ServiceUnreachable:
            return
        pytest.fail("the answer to a write was lost and nobody was told; let `ServiceUnreachable` through")


def _people(trial: Trial[S], id: str, *, is_open: bool = False) -> set[str]:
    """The customers whose issue this is, each by its first identifier; only where it is open, if that is asked for."""
    found: set[str] = set()
    for customer in trial.store.customers():
        facts = trial.store.facts(customer.identifiers[0], {"issues"})
        rows = [row for row in facts.issues if row.ref.rpartition("/")[2] == id]
        if any(row.active is not False and row.excluded is None for row in rows) if is_open else rows:
            found.add(customer.identifiers[0])
    return found


def _fetched(trial: Trial[S], refs: Sequence[Ref]) -> Fetched:
    """What reading by id finds; nothing where it fails."""
    try:
        return trial.fetch(refs)
    except AlignkitError:
        return Fetched((), ())


def _ends(event: CustomerEvent) -> bool:
    """Whether an event says that an issue is over."""
    return isinstance(event, IssueRemoved) or (isinstance(event, IssueChanged) and event.data.is_active is False)


def _open(trial: Trial[S]) -> set[str]:
    return {issue.id for issue in trial.store.issues() if issue.is_active is not False}

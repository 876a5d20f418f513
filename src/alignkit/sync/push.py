"""Makes a destination agree with a policy: holds whom it suppresses, releases whom it lets go, and nobody else.

A person is held on the word of a rule, never because a source is stale or was never read; and is released when the
policy says send. Only differences are sent. A brake stops a run that would change too many at once, and a pace lets
people go piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, cast

from alignkit.connectors.base import Capability, Standing
from alignkit.errors import DataInvalid
from alignkit.gate import Gate
from alignkit.identity import readable
from alignkit.models import Message, Verdict
from alignkit.rules.decision import Decision
from alignkit.rules.policy import Mode, Policy
from alignkit.stores.base import Store
from alignkit.stores.records import Cause, WideHold
from alignkit.sync.destination import DestinationJob
from alignkit.sync.incident import capped
from alignkit.sync.ledger import Settlement, key_of, parts, refused, still_held
from alignkit.sync.location import refuse_other
from alignkit.sync.pace import Pace, Paced, allow, finish, note
from alignkit.sync.pull import OnProgress, Progress
from alignkit.sync.shadows import Observed, Shadows
from alignkit.sync.stop import Resumed, Stop
from alignkit.sync.stop import find as find_stop
from alignkit.transport import Flow, call


@dataclass(frozen=True, slots=True)
class Brake:
    """Stops a run that would change more than `floor` people and more than `share` of the audience.

    The floor lets small lists through, where a few people are a large share.
    """

    floor: int = 100
    share: float = 0.25

    def limit(self, audience: int) -> int:
        """The most changes that go through for an audience of this size."""
        return max(self.floor, int(audience * self.share))


@dataclass(frozen=True, slots=True)
class Change:
    """One person to hold or to release, and why."""

    address: str
    direction: Literal["hold", "release"]
    reason: str
    rules: tuple[str, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PushResult:
    """What one push did, or would do.

    Attributes:
        destination: the name of the destination.
        scope: the kind of message.
        audience: how many people were decided about.
        changes: holds and releases, each with its reason: what is to be done, whatever the destination made of it.
        held: how many are held for this kind of message afterwards, as the ledger says; whoever is not yet released
            counts. In a dry run, or where the brake acted, how many would be.
        undecided: people left as they are because no rule speaks and a source is stale or was never read.
        unreadable: addresses at the destination that are none.
        tally: how often each result came at the destination, by `hold confirmed` and so on.
        settlements: what the destination made of each person of whom something was asked, those among them whom it
            refused before or who were left open by a former run, for whatever kind of message; by address.
        dry_run: nothing was sent.
        braked: the sentence that says why nothing was sent, None where the brake did not act.
        stopped: in a dry run, the stop that stands in the way; what is told is what comes once it is resumed.
        capped: holds that reach fewer people than they are meant for until somebody confirms them.
        paced: how far a release has come that goes out piece by piece; who waits for a turn is no change yet.
        shadows: what each policy beside the one that was pushed would have decided, and whom differently.
    """

    destination: str
    scope: str
    audience: int = 0
    changes: tuple[Change, ...] = ()
    held: int = 0
    undecided: int = 0
    unreadable: int = 0
    tally: Mapping[str, int] = field(default_factory=dict[str, int])
    settlements: Mapping[str, Settlement] = field(default_factory=dict[str, Settlement])
    dry_run: bool = False
    braked: str | None = None
    stopped: Stop | None = None
    capped: tuple[WideHold, ...] = ()
    paced: Paced | None = None
    shadows: tuple[Observed, ...] = ()

    @property
    def holds(self) -> tuple[Change, ...]:
        """Those to be held."""
        return tuple(change for change in self.changes if change.direction == "hold")

    @property
    def releases(self) -> tuple[Change, ...]:
        """Those to be released."""
        return tuple(change for change in self.changes if change.direction == "release")

    @property
    def done(self) -> tuple[Change, ...]:
        """The changes that came about; none in a dry run, or where the brake acted."""
        if self.dry_run or self.braked is not None:
            return ()
        # Of whoever is held for another kind of message as well nothing is asked; the ledger alone changes.
        asked = ((change, self.settlements.get(change.address)) for change in self.changes)
        return tuple(change for change, settlement in asked if settlement is None or settlement.is_done)

    @property
    def open(self) -> tuple[Settlement, ...]:
        """People whose hold or release is under way; the next run settles it."""
        return tuple(settlement for settlement in self.settlements.values() if settlement.is_open)

    @property
    def rejected(self) -> tuple[Settlement, ...]:
        """People whom the destination refuses to hold or to release, each with what it said."""
        return tuple(settlement for settlement in self.settlements.values() if settlement.is_rejected)


@dataclass(slots=True)
class PushJob(DestinationJob):
    """One run of pushing."""

    policy: Policy
    message: Message
    dry_run: bool = False
    brake: Brake | None = field(default_factory=Brake)
    pace: Pace | None = None
    on_progress: OnProgress | None = None
    shadows: Sequence[Policy] = ()
    gate: Gate = field(init=False)
    audience: int = 0
    held: int = 0
    undecided: int = 0
    unreadable: int = 0
    _beside: Shadows = field(init=False)
    _refused: frozenset[str] = frozenset()
    _freed: list[str] = field(default_factory=list[str])
    _seen: set[str] = field(default_factory=set[str])
    _new_causes: dict[str, Cause] = field(default_factory=dict[str, Cause])

    def __post_init__(self) -> None:
        missing = {Capability.HOLD, Capability.RELEASE} - self.sink.capabilities
        if missing:
            raise DataInvalid(f"`{self.sink.name}` cannot {' or '.join(sorted(missing))}; give a destination that can")
        if self.policy.always_allows(self.message):
            raise DataInvalid(
                f"a policy never holds `{self.message.category}` messages back, so there is nothing to push"
            )
        self.dry_run = self.dry_run or self.policy.mode is not Mode.ENFORCE
        DestinationJob.__post_init__(self)  # by name: slots make the class anew, and `super()` would miss it
        # Every store call that a gate makes is `ask`.
        seen = cast("Store", Resumed(self.store)) if self.dry_run else self.store
        self.gate = Gate(seen, self.policy)
        self._beside = Shadows(seen, self.policy, self.shadows)

    def open(self) -> None:
        """Takes the lease; a dry run needs none."""
        if self.dry_run:
            refuse_other(self.store, self.sink)
        else:
            DestinationJob.open(self)

    def push(self) -> Flow[PushResult]:
        """Settles what was left open, works out the differences, and carries them out unless the brake acts."""
        if not self.dry_run:
            yield from self.works.recover()
        self._refused = yield from call(self._refused_before)
        causes = yield from call(self._causes)
        decided: dict[str, Change] = {}
        addresses: list[str] = []
        cursor: str | None = None
        while True:
            if self.sink.lists_members:
                members = yield from self.works.members(cursor)
                addresses, cursor = list(members.addresses), members.cursor
            else:
                addresses = yield from call(self._known_addresses)
            yield from call(self._decide_all, addresses, causes, decided)
            if cursor is None:
                break
        seen_no_more = [address for address in causes if address not in self._seen]
        yield from call(self._decide_all, seen_no_more, causes, decided, counted=False)
        yield from self._leave_out_unreachable(decided)
        paced = yield from call(self._let_wait, decided, causes)
        changes = tuple(decided[address] for address in sorted(decided))
        braked = self._braked(len(changes))
        if not self.dry_run and braked is None:
            yield from self._carry_out(paced)
        stopped = yield from call(find_stop, self.store, self.sink.name, self.now)
        wide = yield from call(capped, self.store, self.now, self.policy)
        if not self.dry_run and braked is None:
            self.held = yield from call(self._held)
        return replace(self._result(changes, braked), stopped=stopped, capped=wide, paced=paced)

    def _causes(self) -> dict[str, Cause]:
        return {cause.address: cause for cause in self.store.causes(self.sink.name, self.message.scope)}

    def _refused_before(self) -> frozenset[str]:
        return frozenset(row.address for row in refused(self.store.ledger(self.sink.name)))

    def _held(self) -> int:
        """How many are held for this kind of message, whatever was decided."""
        standing = still_held(self.store.ledger(self.sink.name))
        return sum(cause.address in standing for cause in self.store.causes(self.sink.name, self.message.scope))

    def _known_addresses(self) -> list[str]:
        """Every e-mail address of the store, for destinations that cannot say who is there."""
        return [
            key.removeprefix("email:")
            for customer in self.store.customers()
            for key in customer.identifiers
            if key.startswith("email:")
        ]

    def _decide_all(
        self,
        addresses: Sequence[str],
        causes: Mapping[str, Cause],
        decided: dict[str, Change],
        *,
        counted: bool = True,
    ) -> None:
        self.tenure.keep()
        for address, decision in self._decisions(addresses, counted=counted):
            change = self._change(address, decision, causes.get(address))
            if change is not None:
                decided[address] = change
        if self.on_progress is not None:
            self.on_progress(Progress(self.sink.name, "decided", self.audience))

    def _decisions(self, addresses: Sequence[str], *, counted: bool) -> Iterator[tuple[str, Decision]]:
        for address in addresses:
            if address in self._seen:
                continue
            self._seen.add(address)
            key = readable(address)
            if key is None:
                self.unreadable += counted
                continue
            self.audience += counted
            decision = self.gate.decide(key, self.message, now=self.now)
            self._beside.ask(key, self.message, decision, now=self.now, told_as=key)
            yield address, decision

    def _change(self, address: str, decision: Decision, cause: Cause | None) -> Change | None:
        """What is to be done about one person; whom the destination refused before is asked for again, and no change.

        Else they would be told of, and count towards the brake, at every push.
        """
        is_refused = address in self._refused
        if decision.verdict is Verdict.SEND:
            if cause is None:
                return None
            self._freed.append(address)
            return None if is_refused else Change(address, "release", decision.explain(), decision.rules)
        if not decision.rules:
            self.undecided += 1
            self.held += cause is not None and not is_refused
            return None
        self.held += not is_refused
        found = Cause(
            destination=self.sink.name,
            address=address,
            scope=self.message.scope,
            reason=decision.explain(),
            rules=decision.rules,
            evidence=decision.evidence,
            since=self.now if cause is None else cause.since,
            until=decision.until,
        )
        if cause is not None and not is_refused and _says_nothing_new(decision, found, cause):
            return None
        self._new_causes[address] = found
        if cause is not None or is_refused:
            return None
        return Change(address, "hold", found.reason, decision.rules, found.until)

    def _braked(self, changes: int) -> str | None:
        if self.brake is None:
            return None
        limit = self.brake.limit(self.audience)
        if changes <= limit:
            return None
        return (
            f"{changes} people would change and the brake lets {limit} of {self.audience} through;"
            " look at a dry run, then push again without the brake if it is right"
        )

    def _leave_out_unreachable(self, decided: dict[str, Change]) -> Flow[None]:
        """Takes out those who could not be held: not there, or silent for a reason that is not ours to touch."""
        ours = yield from call(self._in_ledger)
        known = {key_of(address) for address in ours}
        wanted = sorted(a for a, change in decided.items() if change.direction == "hold" and a not in ours)
        for part in parts(wanted, self.sink.batch_size):
            looks = yield from self.works.look(part)
            for address in part:
                standing = looks[address].standing
                if standing is not Standing.FREE:
                    is_held_as_another_spelling = standing is Standing.HELD and key_of(address) in known
                    if not is_held_as_another_spelling:
                        self.works.pass_over(standing)
                    self.held -= 1
                    del decided[address], self._new_causes[address]

    def _in_ledger(self) -> set[str]:
        return {row.address for row in self.store.ledger(self.sink.name)}

    def _let_wait(self, decided: dict[str, Change], causes: Mapping[str, Cause]) -> Paced | None:
        """Takes out releases whose turn comes later: who was held longest goes first."""
        if self.pace is None:
            return None
        due = [address for address, change in decided.items() if change.direction == "release"]
        due.sort(key=lambda address: (causes[address].since, address))
        paced = allow(self.store, self.pace, self.sink.name, self.message.scope, len(due), self.now)
        waiting = frozenset(due[paced.now :])
        for address in waiting:
            del decided[address]
        self.held += len(waiting)
        self._freed = [address for address in self._freed if address not in waiting]
        return paced

    def _carry_out(self, paced: Paced | None) -> Flow[None]:
        """Releases first, so that nobody waits for the holds of others."""
        freed = sorted(self._freed)
        if paced is not None:
            yield from call(note, self.store, paced, self.now, self.tenure.lease)
        if freed:
            yield from self._release(freed)
        if paced is not None:
            yield from call(finish, self.store, paced, self.tenure.lease)
        yield from self.works.hold(list(self._new_causes.values()))

    def _release(self, addresses: Sequence[str]) -> Flow[None]:
        scope = self.message.scope
        others = yield from call(self._held_for_others)
        last = [address for address in addresses if address not in others]
        yield from self.works.release(last)
        released = yield from call(self._gone, addresses)
        drop = [address for address in addresses if address in others or address in released]
        yield from self.works.change_causes(drop=drop, scope=scope)

    def _held_for_others(self) -> set[str]:
        return {cause.address for cause in self.store.causes(self.sink.name) if cause.scope != self.message.scope}

    def _gone(self, addresses: Sequence[str]) -> set[str]:
        """Those of whom the ledger holds no row any more."""
        return set(addresses) - self._in_ledger()

    def _result(self, changes: tuple[Change, ...], braked: str | None) -> PushResult:
        return PushResult(
            destination=self.sink.name,
            scope=self.message.scope,
            audience=self.audience,
            changes=changes,
            held=self.held,
            undecided=self.undecided,
            unreadable=self.unreadable,
            tally=dict(sorted(self.works.tally.items())),
            settlements=dict(sorted(self.works.settlements.items())),
            dry_run=self.dry_run,
            braked=braked,
            shadows=self._beside.report(),
        )


def _says_nothing_new(decision: Decision, found: Cause, known: Cause) -> bool:
    """Whether a cause stays as it is. On data that is too old an end is not known, which is no news of the person."""
    is_blind = bool(decision.stale or decision.incomplete)
    return found == known or (is_blind and (found.rules, found.evidence) == (known.rules, known.evidence))

"""Tests that a sink holds whom it was told to hold, gives them back as they were, and touches nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from alignkit.connectors.base import Capability, Receipt, Result, Sink, Standing
from alignkit.stores.records import IN_PLACE
from alignkit.sync import Sync
from alignkit.testing.sink.case import MOST_PAGES, S, SinkParts, SinkTrial

DONE = frozenset({Result.CONFIRMED, Result.ACCEPTED, Result.UNVERIFIABLE})
CLAIMS = frozenset({Capability.HOLD, Capability.RELEASE, Capability.READ_BACK, Capability.AMEND})


class HoldingTests(SinkParts[S]):
    """What a sink does to people."""

    def test_every_claim_can_be_shown(self) -> None:
        sink = self.sink(self.service())
        assert isinstance(sink, Sink), "this is no sink; use `ConnectorTests` for a source"
        others = sorted(sink.capabilities - CLAIMS)
        assert not others, f"the kit has no test of {others} for sinks; do not claim them"
        missing = sorted({Capability.HOLD, Capability.RELEASE} - sink.capabilities)
        assert not missing, f"a sink that cannot {' and '.join(missing)} is of no use"
        assert len(self.cast.free) >= 3, "the cast has fewer than three free people; add some"
        assert self.cast.silent, "the cast has nobody silent; add somebody who switched mail off"
        assert self.cast.absent, "the cast has nobody absent; name somebody who is not there"

    def test_the_deny_list_refuses_what_it_must(self) -> None:
        if self.sink(self.service()).account is None:
            pytest.skip("the sink sends no requests; `kept` shows what it changes")
        assert self.denied, "`denied` is empty; give one sample of each request that writes consent or makes a contact"
        allowed = [request for request in self.denied if self.forbids(request) is None]
        assert not allowed, f"`forbids` lets {allowed} pass; without it no test sees such a request"

    def test_a_look_tells_how_everybody_stands(self) -> None:
        trial = self.trial()
        sink = trial.sink()
        looks = trial.do(sink.look([*self.cast.there, *self.cast.absent]))
        wanted = (
            (self.cast.free, (Standing.FREE,)),
            (self.cast.silent, (Standing.SILENT,)),
            (self.cast.foreign, (Standing.HELD, Standing.SILENT)),
        )
        for address, standings in ((one, standings) for people, standings in wanted for one in people):
            assert address in looks, f"{address} is there and was left out of the look, so counts as absent"
            found = looks[address].standing
            assert found in standings, f"{address} stands {found}, and should stand {' or '.join(standings)}"
        there = sorted(one for one in self.cast.absent if one in looks and looks[one].standing is not Standing.ABSENT)
        assert not there, f"{there} are not known there and do not stand ABSENT"
        trial.check_restored("everybody was looked at")

    def test_everybody_is_listed_to_the_last_page(self) -> None:
        trial = self.trial()
        sink = trial.sink()
        if not sink.lists_members:
            pytest.skip("the sink cannot list who is there")
        listed: list[str] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            members = trial.do(sink.members(cursor))
            listed += members.addresses
            cursor = members.cursor
            if cursor is None:
                break
        assert cursor is None, f"the list does not end after {MOST_PAGES} pages; return no cursor with the last one"
        wanted = {address.casefold() for address in self.cast.there}
        assert {address.casefold() for address in listed} == wanted, f"the list has {sorted(listed)}"
        assert len(listed) == len(wanted), f"the list has somebody twice: {sorted(listed)}"

    def test_who_is_held_gets_no_mail_and_nobody_else_is_touched(self) -> None:
        first = self.cast.free[0]
        trial = self.trial()
        trial.want(first)
        trial.push()
        assert trial.held == {first}, f"{first} was to be held, and {sorted(trial.held)} are"
        assert trial.ledger[first].state in IN_PLACE, f"{first} is held and the ledger says {trial.ledger[first].state}"
        trial.check_others("one person was held", touched=[first])

    def test_a_release_gives_back_exactly_what_was_there(self) -> None:
        trial = self.held_trial()
        trial.unwant(*self.cast.free)
        trial.push()
        assert not trial.held, f"{sorted(trial.held)} were released and get no mail"
        trial.check_restored("everybody was held and released")
        assert not trial.ledger, f"everybody was released and the ledger keeps {sorted(trial.ledger)}"

    def test_holding_or_releasing_twice_changes_nothing(self) -> None:
        trial = self.trial()
        sink = trial.sink()
        orders = trial.orders(sink, self.cast.free)
        for act, name in ((sink.hold, "held"), (sink.release, "released")):
            self._all_done(trial.receipts(sink, trial.do(act(orders))), name)
            once = dict(trial.kept)
            self._all_done(trial.receipts(sink, trial.do(act(orders))), f"{name} a second time")
            assert trial.kept == once, f"people were {name} twice with one order, and the second time changed something"
        trial.check_restored("everybody was held twice and released twice")

    def test_the_silent_the_foreign_and_the_absent_are_never_touched(self) -> None:
        trial = self.trial()
        trial.want(*self.cast.there, *self.cast.absent)
        trial.push()
        trial.check_others("everybody was to be held")
        others = sorted(set(trial.ledger) - set(self.cast.free))
        assert not others, f"{others} were not ours to hold and are in the ledger"
        trial.unwant(*self.cast.there, *self.cast.absent)
        trial.push()
        Sync(trial.store, send=trial.wire.send).release(trial.sink(), now=trial.now)
        trial.check_restored("everybody was to be held, then nobody")

    def test_a_sink_itself_leaves_alone_who_is_silent_or_absent(self) -> None:
        others = [*self.cast.silent, *self.cast.absent]
        trial = self.trial()
        sink = trial.sink()
        receipts = trial.receipts(sink, trial.do(sink.hold(trial.orders(sink, others))))
        done = sorted(receipt.address for receipt in receipts if receipt.result in DONE)
        assert not done, f"{done} got no mail before or are not there, and count as held by us; say FOREIGN or ABSENT"
        trial.check_restored("the silent and the absent were ordered to be held")

    def test_who_switches_mail_off_while_held_stays_without_mail(self) -> None:
        first = self.cast.free[0]
        trial = self.held_trial()
        self.opt_out(trial.service, first)
        trial.unwant(*self.cast.free)
        trial.recover()
        assert not self.gets_mail(trial.service, first), (
            f"{first} switched mail off while we held them, and gets mail after the release; never write consent"
        )
        assert trial.held == {first}, f"{sorted(trial.held - {first})} were released and get no mail"

    def test_each_row_of_a_batch_ends_in_exactly_one_result(self) -> None:
        service = self.service()
        first = self.cast.free[0]
        refusing = self.refusing(service, first)
        trial = self.trial(service, through=refusing)
        sink = trial.sink()
        orders = trial.orders(sink, [*self.cast.free, *self.cast.silent, *self.cast.absent])
        for act, name in ((sink.hold, "held"), (sink.release, "released")):
            receipts = trial.receipts(sink, trial.do(act(orders)))
            told = sorted(receipt.address for receipt in receipts)
            assert told == sorted(order.address for order in orders), (
                f"of {len(orders)} people to be {name} there are {len(receipts)} receipts, for {told}; give each one"
            )
            if name == "held":
                done = {receipt.address for receipt in receipts if receipt.result in DONE}
                assert done == trial.held, f"{sorted(done)} count as held, and {sorted(trial.held)} are"
                assert refusing is None or first not in done, f"{first} was refused and counts as held"
                others = sorted(set(self.cast.free[1:]) - done)
                assert not others, f"one person was refused, and {others} were not held for it"
        trial.check_restored("a batch was held and released")

    def test_another_reason_holds_and_frees_nobody(self) -> None:
        trial = self.held_trial()
        sink = trial.sink()
        if Capability.AMEND not in sink.capabilities:
            pytest.skip("the sink does not claim AMEND")
        everybody = [*self.cast.there, *self.cast.absent]
        wanted = [replace(one, reason="another reason") for one in trial.orders(sink, everybody)]
        receipts = {one.address: one for one in trial.do(sink.amend(wanted))}
        assert sorted(receipts) == sorted(everybody), f"{len(everybody)} people have {len(receipts)} receipts"
        self._all_done([receipts[address] for address in self.cast.free], "told of for another reason")
        others = sorted(one for one in (*self.cast.silent, *self.cast.absent) if receipts[one].result in DONE)
        assert not others, f"{others} are not held by us and count as told of; say FOREIGN or ABSENT"
        assert trial.held == set(self.cast.free), "another reason has freed somebody"
        trial.check_others("another reason was told")
        told = {address: self.reason(trial.service, address) for address in self.cast.free}
        assert set(told.values()) == {"another reason"}, f"the destination says {told}; write what the order says"
        trial.unwant(*self.cast.free)
        trial.push()
        trial.check_restored("another reason was told, and everybody was released")

    def test_reading_back_agrees_with_the_ledger(self) -> None:
        if Capability.READ_BACK not in self.sink(self.service()).capabilities:
            pytest.skip("the sink does not claim READ_BACK")
        trial = self.held_trial()
        result = Sync(trial.store, send=trial.wire.send).reconcile(trial.sink(), now=trial.now)
        assert result.agreed == len(self.cast.free), f"{result.agreed} of {len(self.cast.free)} holds were read back"
        assert (result.missing, result.gone, result.moved) == ((), (), ()), f"nobody changed anything, yet {result}"
        ours = sorted(set(result.foreign) & set(self.cast.free))
        assert not ours, f"{ours} are ours and count as foreign"

    def test_sync_and_async_hold_alike(self) -> None:
        one, other = self.trial(), self.trial()
        one.want(*self.cast.there)
        other.want_the_same(one)
        one.push()
        other.apush()
        assert other.kept == one.kept, "the destination differs when people are held from an event loop"
        assert _sent(other) == _sent(one), "other requests are sent from an event loop; keep no state between flows"

    def _all_done(self, receipts: Sequence[Receipt], name: str) -> None:
        other = [f"{one.address} {one.result}: {one.detail}" for one in receipts if one.result not in DONE]
        assert not other, f"not everybody could be {name}: {'; '.join(other)}"


def _sent(trial: SinkTrial[S]) -> list[str]:
    return [repr((one.method, one.url, one.params, one.json, one.form)) for one in trial.wire.sent]

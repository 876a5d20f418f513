"""Holds over a cohort: opened, changed and lifted as one, and carried out person by person.

The hold itself says why, for how long and for whom; parts of at most `PART` identifiers carry it out, so that each
customer's facts find it as they find any hold, a merge takes it along, and erasing a person finds their name. Parts
beyond the cap are written down and not in force.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import uuid4

from alignkit.errors import DataInvalid
from alignkit.identity import ACCOUNT
from alignkit.models import Category, Channel, Hold, HoldKind
from alignkit.rules.policy import Policy
from alignkit.stores.base import Store
from alignkit.stores.cohort import CAP, Cohort
from alignkit.stores.records import OWN_SOURCE, Batch, Lease, Reach, WideHold
from alignkit.sync.lease import held
from alignkit.sync.ledger import parts
from alignkit.sync.manual import changed, hold_event, lifted
from alignkit.sync.stop import STOP, is_stop

PART = 500
"""How many people one part of a hold carries."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_CONTENT = ("identifiers", "expires_at", "reason", "channels", "categories", "products")

NAMED, FOUND = "named", "found"
"""How people came into a cohort: named when it was opened, or found by an account or a product, again and again."""

Member = tuple[str, str]
"""How somebody came into a cohort, and one of their identifiers."""


def open_hold(
    store: Store,
    cohort: Cohort,
    reason: str,
    by: str,
    now: datetime,
    *,
    id: str | None = None,
    expires_at: datetime | None = None,
    categories: Sequence[Category] = (),
    channels: Sequence[Channel] = (),
    products: Sequence[str] = (),
    cap: int | None = CAP,
) -> WideHold:
    """Opens a hold over a cohort; see `Sync.open_incident`."""
    _refuse_blank(by, reason)
    _refuse_negative(cap)
    if not cohort:
        raise DataInvalid("nobody is meant; name people, accounts, orders or products, or everybody")
    if expires_at is not None and expires_at <= now:
        raise DataInvalid("the hold would end before it begins; give an `expires_at` that lies ahead")
    root = Hold(
        id=uuid4().hex if id is None else id,
        source=OWN_SOURCE,
        kind=HoldKind.INCIDENT,
        reason=reason.strip(),
        cohort=cohort.to_text(),
        channels=tuple(channels),
        categories=tuple(categories),
        products=tuple(products),
        opened_at=now,
        expires_at=expires_at,
        created_by=by.strip(),
    )
    if not _ID.fullmatch(root.id) or root.id == STOP:
        raise DataInvalid("the id of a hold has letters, digits, `_` and `-` alone, and is not `stop`")
    with _alone(store, root.id) as lease:
        if store.hold(OWN_SOURCE, root.id) is not None:
            raise DataInvalid("there is a hold with this id already; change that one, or give another id")
        named = store.members(cohort.named)
        reach = Reach(root.id, cap) if cap is not None else Reach(root.id, None, by.strip(), reason.strip(), now)
        return _write(store, root, named, reach, now, lease)


def change_hold(
    store: Store, id: str, now: datetime, *, cohort: Cohort | None = None, cap: int = CAP, **fields: Any
) -> WideHold:
    """Changes a hold over a cohort and looks its people up anew; `fields` are fields of `Hold`, None where unchanged.

    What was confirmed stays so for the people whom it was confirmed for: another cohort has the cap again.
    """
    _refuse_negative(cap)
    with _alone(store, id) as lease:
        root = _standing(store, id)
        words = {name: value for name, value in fields.items() if value is not None}
        if cohort is not None:
            words["cohort"] = cohort.to_text()
        named = _kept(store.parts(id), NAMED) if cohort is None else store.members(cohort.named)
        reach = _wide(store, OWN_SOURCE, id).reach if cohort is None else Reach(id, cap)
        return _write(store, changed(root, now, **words) if words else root, named, reach, now, lease)


def refresh_holds(store: Store, now: datetime) -> list[WideHold]:
    """Looks the people of every open hold over a cohort up anew."""
    ours = [one.hold.id for one in store.wide_holds(now) if _is_carried_out(one.hold)]
    return [change_hold(store, id, now) for id in ours]


def confirm_hold(store: Store, id: str, by: str, reason: str, now: datetime, *, people: int | None = None) -> WideHold:
    """Lets a hold reach beyond its cap; see `Sync.confirm`."""
    _refuse_blank(by, reason)
    _refuse_negative(people)
    source, own = ("", id) if id.startswith(ACCOUNT) else (id.rpartition("/")[0] or OWN_SOURCE, id.rpartition("/")[2])
    known = _wide(store, source, own)
    reach = Reach(own, known.people if people is None else people, by.strip(), reason.strip(), now)
    if not _is_carried_out(known.hold):
        store.confirm(known.hold.source, reach)
        return _wide(store, known.hold.source, own)
    with _alone(store, own) as lease:
        return _write(store, _standing(store, own), _kept(store.parts(own), NAMED), reach, now, lease)


def lift_hold(store: Store, id: str, reason: str, now: datetime) -> Hold:
    """Lifts a hold over a cohort with all its parts, in one transaction."""
    with _alone(store, id) as lease:
        root = _standing(store, id)
        ended = [lifted(one, reason, now) for one in (root, *store.parts(id))]
        store.apply(Batch(OWN_SOURCE, [hold_event(one, now) for one in ended], now, lease=lease))
        return ended[0]


def capped(store: Store, now: datetime, policy: Policy) -> tuple[WideHold, ...]:
    """Holds in force that reach fewer people than they are meant for, and wait for somebody to confirm them.

    The issues of an account are among them where the policy asks for the issues of colleagues.
    """
    asks = not policy.needs.isdisjoint(("account_issues", "all_issues"))
    found = (one for one in store.wide_holds(now) if one.is_capped)
    return tuple(one for one in found if asks or one.hold.kind is not HoldKind.AUTOMATIC)


def is_about_single_people(hold: Hold) -> bool:
    """Whether a hold names a few people: it is no stop, on no cohort or account, and no part of one."""
    is_part = hold.source == OWN_SOURCE and "." in hold.id and hold.kind is not HoldKind.AUTOMATIC
    return not (is_part or is_stop(hold) or hold.cohort is not None or hold.account_ids)


def _is_carried_out(hold: Hold) -> bool:
    """Whether parts carry it out; a hold on everybody needs none."""
    return hold.source == OWN_SOURCE and hold.cohort is not None and not Cohort.from_text(hold.cohort).everybody


@contextmanager
def _alone(store: Store, id: str) -> Generator[Lease | None]:
    """Keeps two changes of one hold apart; of two at once the later would undo the earlier."""
    with held(store, f"hold:{id}") as tenure:
        yield tenure.lease


def _standing(store: Store, id: str) -> Hold:
    root = store.hold(OWN_SOURCE, id)
    if root is None or root.cohort is None:
        raise DataInvalid("there is no hold over a cohort with this id; `alignkit status` lists them")
    if root.released_at is not None:
        raise DataInvalid("this hold was lifted already")
    return root


def _wide(store: Store, source: str, id: str) -> WideHold:
    found = next((one for one in store.wide_holds() if (one.hold.source, one.hold.id) == (source, id)), None)
    if found is None:
        raise DataInvalid("there is no hold on accounts or a cohort with this id; `alignkit status` lists them")
    return found


def _refuse_blank(by: str, reason: str) -> None:
    if not by.strip() or not reason.strip():
        raise DataInvalid("a hold over many people needs a reason and the name of whoever answers for it; give both")


def _refuse_negative(people: int | None) -> None:
    if people is not None and people < 0:
        raise DataInvalid("a hold reaches 0 people or more; give no negative number")


def _write(
    store: Store, root: Hold, named: Sequence[str], reach: Reach, now: datetime, lease: Lease | None
) -> WideHold:
    """Writes what has changed of a hold and its parts in one transaction."""
    before = {part.id: part for part in store.parts(root.id)}
    wanted = {
        part.id: part for part in _parts(root, _members(store, root, named, _kept(before.values(), FOUND)), reach)
    }
    over = [changed(part, now, identifiers=()) for id, part in before.items() if id not in wanted and part.identifiers]
    stored = store.hold(OWN_SOURCE, root.id)
    holds = [root] if stored != root else []
    holds += [part for id, part in wanted.items() if id not in before]
    holds += [
        changed(before[id], now, **_content(part)) for id, part in wanted.items() if _differs(before.get(id), part)
    ]
    events = [hold_event(one, now) for one in (*holds, *over)]
    store.apply(Batch(OWN_SOURCE, events, now, reaches=(reach,), lease=lease))
    return _wide(store, OWN_SOURCE, root.id)


def _members(store: Store, root: Hold, named: Sequence[str], kept: Sequence[str]) -> list[Member]:
    """Whom a hold is meant for, in an order that does not change: who is within the cap stays within it."""
    found = [key for key in store.members(Cohort.from_text(root.cohort)) if key not in frozenset(named)]
    there = frozenset(found)
    ordered = dict.fromkeys((*(key for key in kept if key in there), *found))
    return [*((NAMED, key) for key in dict.fromkeys(named)), *((FOUND, key) for key in ordered)]


def _parts(root: Hold, members: Sequence[Member], reach: Reach) -> Iterator[Hold]:
    """The parts that carry a hold out; those beyond its cap end as they begin."""
    within = len(members) if reach.cap is None else reach.cap
    number: Counter[str] = Counter()
    for chosen, end in ((members[:within], root.expires_at), (members[within:], root.opened_at)):
        for family, group in groupby(chosen, itemgetter(0)):
            keys = [key for _, key in group]
            for piece in parts(keys, PART):
                number[family] += 1
                id = f"{root.id}.{family}.{number[family]:06}"
                cause = f"{OWN_SOURCE}/hold/{root.id}"
                yield root.model_copy(
                    update={
                        "id": id,
                        "identifiers": tuple(piece),
                        "expires_at": end,
                        "cohort": None,
                        "causes": (cause,),
                    }
                )


def _kept(holds: Iterable[Hold], family: str) -> list[str]:
    """The people of the parts that are there, in their order."""
    return [key for part in holds if part.id.split(".")[1] == family for key in part.identifiers]


def _content(part: Hold) -> dict[str, Any]:
    return {name: getattr(part, name) for name in _CONTENT}


def _differs(known: Hold | None, part: Hold) -> bool:
    return known is not None and _content(known) != _content(part)

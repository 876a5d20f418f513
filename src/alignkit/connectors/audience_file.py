"""Holds and releases people of a mailing list that is a file: the list is read, the held are written to a second one.

The audience is never edited. Whoever sends takes the audience less the held. A row among the held that somebody else
wrote is left as it is.
"""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field

from alignkit import identity
from alignkit.connectors.base import (
    Capability,
    ConnectorSettings,
    Finding,
    Look,
    Members,
    Order,
    Receipt,
    Result,
    Sink,
    Standing,
    path_location,
    settings,
)
from alignkit.connectors.export.files import OpenFile
from alignkit.connectors.export.rows import Rows
from alignkit.connectors.ids import is_number
from alignkit.durable import sync_folder
from alignkit.errors import AlignkitError, DataInvalid, SettingsError, TryAgainLater
from alignkit.transport import Account, Flow, call

PAGE = 1_000
"""Rows of the audience in one page of members."""

COLUMNS = ("address", "held_since", "expected_until", "reason", "held_by")
"""The columns of the file of the held; others that are there are kept. `held_by` tells our rows from anybody else's."""

OURS = "alignkit"

SILENT = frozenset(
    {"unsubscribed", "cleaned", "bounced", "complained", "suppressed", "opted_out", "opted-out", "inactive", "deleted"}
)
"""Words in the column `status` of people who are not written to already."""

_NAMES = ("email", "address", "email_address", "email address", "e-mail", "mail")
_LONGEST_ROW = 1024 * 1024


class AudienceFileSettings(ConnectorSettings):
    """Where an audience is, and where its held are written.

    Attributes:
        path: the audience, CSV in UTF-8 with a header.
        held_path: the file of the held; its folder must be there.
        column: the column with the addresses; `address` and other usual names are taken where it is missing.
        silent_statuses: words in the column `status` of people who are not written to already.
    """

    path: str
    held_path: str
    column: str = Field(default="email", min_length=1)
    silent_statuses: frozenset[str] = SILENT


class AudienceFile(Sink):
    """A mailing list in a CSV file as a destination.

    Args:
        path: see `AudienceFileSettings`, as for the others.
        held_path: may be missing until somebody is held.
        column: where the addresses are.
        name: the name of this destination in the ledger.
        given: `silent_statuses`.

    Raises:
        SettingsError: a setting is unknown or wrong, or both paths name one file.
    """

    type: ClassVar[str] = "audience_file"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.HOLD, Capability.RELEASE, Capability.READ_BACK, Capability.AMEND}
    )
    batch_size: ClassVar[int] = 5_000

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        held_path: str | os.PathLike[str],
        column: str = "email",
        name: str = "audience",
        **given: object,
    ) -> None:
        fields = {"path": os.fspath(path), "held_path": os.fspath(held_path), "column": column, "name": name, **given}
        known = settings(AudienceFileSettings, self.type, fields)
        self.name: str = known.name
        self.account: Account | None = None
        self.column: str = known.column
        self.path: Path = Path(known.path)
        self.held_path: Path = Path(known.held_path)
        self._silent = frozenset(word.casefold() for word in known.silent_statuses)
        if self.path.resolve() == self.held_path.resolve():
            raise SettingsError("`path` and `held_path` name one file; the audience is never edited, name a second one")

    @property
    def location(self) -> str:
        """The file of the held, where our holds stand; the audience may come from another one each time."""
        return path_location(self.held_path)

    def members(self, cursor: str | None) -> Flow[Members]:
        """Read one page of the audience; when the file changed after the page before, from its start again.

        Raises:
            SettingsError: there is no such file, or it may not be read.
            DataInvalid: it is not UTF-8, or has no column with addresses.
        """
        return (yield from call(self._members, cursor))

    def look(self, addresses: Sequence[str]) -> Flow[Mapping[str, Look]]:
        """Say who is among the held, and how the others stand in the audience; raises as `members` does."""
        return (yield from call(self._look, addresses))

    def hold(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt]]:
        """Write a row for each that is to be held and is in the audience.

        Raises:
            SettingsError: the file of the held may not be written.
            TryAgainLater: the disk is full; the file is as it was.
        """
        return (yield from call(self._hold, orders))

    def release(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt]]:
        """Strike the rows that we wrote; raises as `hold` does."""
        return (yield from call(self._release, orders))

    def amend(self, orders: Sequence[Order]) -> Flow[Sequence[Receipt]]:
        """Write other reasons and dates into our rows; raises as `hold` does."""
        return (yield from call(self._amend, orders))

    def check(self) -> Flow[Sequence[Finding]]:
        """Look at both files."""
        return (yield from call(self._findings))

    def _members(self, cursor: str | None) -> Members:
        with _Audience(self) as audience:
            found, offset = audience.page(_offset(cursor, audience.stamp))
            return Members(found, f"{offset}/{audience.stamp}" if offset else None)

    def _look(self, addresses: Sequence[str]) -> dict[str, Look]:
        keys = {address: _key(address) for address in addresses}
        standings = dict.fromkeys(_Held.read(self.held_path).keys, Standing.HELD)
        if others := set(keys.values()) - standings.keys():  # who is held can be released though the audience is gone
            standings |= self._standings(others)
        return {address: Look(standings[key]) for address, key in keys.items() if key in standings}

    def _standings(self, keys: Collection[str]) -> dict[str, Standing]:
        """How these stand in the audience. Of several rows for one address, one that is written to counts."""
        found: dict[str, Standing] = {}
        with _Audience(self) as audience:
            for address, status in audience.people():
                if (key := _key(address)) in keys and found.get(key) is not Standing.FREE:
                    found[key] = Standing.SILENT if status.casefold() in self._silent else Standing.FREE
        return found

    def _hold(self, orders: Sequence[Order]) -> list[Receipt]:
        held = _Held.read(self.held_path)
        standings = self._standings({_key(order.address) for order in orders})
        receipts = [_hold_one(held, order, standings.get(_key(order.address), Standing.ABSENT)) for order in orders]
        held.write(self.held_path)
        return receipts

    def _release(self, orders: Sequence[Order]) -> list[Receipt]:
        held = _Held.read(self.held_path)
        receipts = [_release_one(held, order) for order in orders]
        held.write(self.held_path)
        return receipts

    def _amend(self, orders: Sequence[Order]) -> list[Receipt]:
        held = _Held.read(self.held_path)
        receipts = [_amend_one(held, order) for order in orders]
        held.write(self.held_path)
        return receipts

    def _findings(self) -> list[Finding]:
        findings: list[Finding] = []
        try:
            with _Audience(self) as audience:
                people = sum(1 for _ in audience.people())
                remedy = f"rows without an address: {audience.malformed}; put their values in the header's order"
                is_well = audience.malformed == 0
                subject = f"`{self.path.name}` with {people:,} people"
                findings.append(Finding(is_well, subject, "" if is_well else remedy))
            held = _Held.read(self.held_path)
            findings.append(Finding(is_well=True, subject=f"`{self.held_path.name}` with {len(held.keys)} held"))
        except AlignkitError as error:
            findings.append(Finding(is_well=False, subject=f"`{self.name}`", remedy=str(error)))
        folder = self.held_path.resolve().parent
        if not os.access(folder, os.W_OK):
            remedy = "make the folder, and give this user the right to write there"
            findings.append(Finding(is_well=False, subject=f"folder of `{self.held_path.name}`", remedy=remedy))
        return findings


def _key(address: str) -> str:
    """What two spellings of one address have in common."""
    return identity.email(address) or address.strip().casefold()


def _offset(cursor: str | None, stamp: str) -> int:
    """Where the page begins; at the start when the file is another one than the cursor is for."""
    offset, _, of = (cursor or "").partition("/")
    return int(offset) if of == stamp and is_number(offset) else 0


class _Audience:
    """The audience's file while it is read.

    Attributes:
        stamp: changes whenever the file does.
        malformed: rows without an address, of those read so far.
    """

    def __init__(self, sink: AudienceFile) -> None:
        self.name = sink.path.name
        try:
            self._stream = sink.path.open("rb")
        except FileNotFoundError:
            raise SettingsError(f"there is no file `{sink.path}`; set `path` to the audience") from None
        except OSError as error:
            raise SettingsError(f"`{sink.path}` cannot be read: {error.strerror}; set `path` to a file") from None
        self._file = OpenFile.of(self.name, self._stream, _LONGEST_ROW)
        self.stamp = f"{self._file.size}-{self._file.changed_at}"
        self.malformed = 0
        self._wanted = (sink.column.casefold(), *_NAMES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def page(self, offset: int) -> tuple[list[str], int | None]:
        """Up to a thousand addresses from a place on, and where the next page begins; None after the last."""
        rows = Rows(self._file, offset)
        found: list[str] = []
        for address, _ in self._people(rows):
            found.append(address)
            if len(found) == PAGE and rows.passed < self._file.size:
                return found, rows.passed
        return found, None

    def people(self) -> Iterator[tuple[str, str]]:
        """Each address with its status, which is empty where there is none."""
        return self._people(Rows(self._file))

    def _people(self, rows: Rows) -> Iterator[tuple[str, str]]:
        columns = [name.casefold() for name in rows.header]
        address = next((columns.index(name) for name in self._wanted if name in columns), None)
        if address is None:
            there = ", ".join(f"`{name}`" for name in rows.header[:20]) or "no complete header"
            raise DataInvalid(f"`{self.name}` has no column `{self._wanted[0]}`; it has {there}; set `column`")
        status = columns.index("status") if "status" in columns else len(columns)
        for row in rows:
            cells = row.cells or []
            if len(cells) <= address or not cells[address].strip():
                self.malformed += 1
                continue
            yield cells[address].strip(), cells[status].strip() if len(cells) > status else ""


class _Held:
    """The file of the held, as it is read and as it will be written.

    Attributes:
        ours: the rows that we wrote, by the key of their address; the values by column.
        others: everybody else's rows, as their cells.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = (*columns, *(name for name in COLUMNS if name not in columns))
        self.ours: dict[str, dict[str, str]] = {}
        self.others: list[list[str]] = []
        self.has_changed = False

    @classmethod
    def read(cls, path: Path) -> _Held:
        """The held; nobody where there is no file.

        Raises:
            SettingsError: the file may not be read.
            DataInvalid: it is none of the held, or damaged.
        """
        try:
            with path.open("rb") as stream:
                file = OpenFile.of(path.name, stream, _LONGEST_ROW)
                return cls._of(file) if file.size else cls(COLUMNS)
        except FileNotFoundError:
            return cls(COLUMNS)
        except OSError as error:
            raise SettingsError(f"`{path}` cannot be read: {error.strerror}; set `held_path` to a file") from None

    @classmethod
    def _of(cls, file: OpenFile) -> _Held:
        rows = Rows(file)
        if "address" not in rows.header:
            raise DataInvalid(f"`{file.name}` has no column `address`; set `held_path` to a file of its own")
        held = cls(rows.header)
        for row in rows:
            if row.cells is None:
                raise _damaged(file.name)
            held._take(row.cells)
        if rows.left:
            raise _damaged(file.name)
        return held

    def _take(self, cells: list[str]) -> None:
        values = dict(zip(self.columns, cells, strict=False))
        if values.get("held_by") == OURS and len(cells) <= len(self.columns):
            self.ours[_key(values["address"])] = values
        else:
            self.others.append(cells)

    @property
    def foreign(self) -> set[str]:
        """The keys of everybody whom somebody else holds."""
        at = self.columns.index("address")
        return {_key(cells[at]) for cells in self.others if len(cells) > at}

    @property
    def keys(self) -> set[str]:
        """The keys of everybody who is held."""
        return self.foreign | set(self.ours)

    def add(self, order: Order) -> None:
        """Hold somebody."""
        self.ours[_key(order.address)] = {
            "address": order.address.strip(),
            "held_since": _written(order.since),
            "held_by": OURS,
            **_told(order),
        }
        self.has_changed = True

    def amend(self, order: Order) -> None:
        """Say something else of somebody whom we hold."""
        row = self.ours[_key(order.address)]
        self.has_changed |= any(row.get(name) != value for name, value in _told(order).items())
        row.update(_told(order))

    def strike(self, key: str) -> None:
        """Hold somebody no longer."""
        self.has_changed |= self.ours.pop(key, None) is not None

    def write(self, path: Path) -> None:
        """Replace the file in one step, so that a reader sees the old one or the new one; nothing where all is as was.

        Raises:
            SettingsError: the file may not be written.
            TryAgainLater: the disk is full.
        """
        if not self.has_changed:
            return
        target = path.resolve()
        fresh = target.with_name(f".{target.name}.new")
        try:
            _replace(target, fresh, self._text())
        except OSError as error:
            raise _unwritable(path, error) from None
        finally:
            fresh.unlink(missing_ok=True)

    def _text(self) -> bytes:
        at = self.columns.index("address")
        ours = [[values.get(name, "") for name in self.columns] for values in self.ours.values()]
        rows = sorted([*ours, *self.others], key=lambda cells: (_key("".join(cells[at : at + 1])), cells))
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([self.columns, *rows])
        return text.getvalue().encode()


def _replace(target: Path, fresh: Path, text: bytes) -> None:
    with fresh.open("wb") as stream:
        if target.exists():
            fresh.chmod(target.stat().st_mode)
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(target)
    sync_folder(target.parent)


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def _unwritable(path: Path, error: OSError) -> AlignkitError:
    if error.errno in _FULL:
        return TryAgainLater(f"there is no room to write `{path}`; make some, and run again: the old file is as it was")
    return SettingsError(f"`{path}` cannot be written: {error.strerror}; give this user the right to write its folder")


def _damaged(name: str) -> DataInvalid:
    return DataInvalid(f"`{name}` is damaged, perhaps by a quote that stays open; repair it, or put it aside")


def _written(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else ""


def _told(order: Order) -> dict[str, str]:
    """What a row says of why somebody is held, and until when."""
    return {"expected_until": _written(order.until), "reason": order.reason}


def _hold_one(held: _Held, order: Order, standing: Standing) -> Receipt:
    key = _key(order.address)
    if key in held.ours:
        return Receipt(order.address, Result.CONFIRMED, "was held already")
    if key in held.foreign:
        return Receipt(order.address, Result.FOREIGN, "is held by somebody else")
    if standing is Standing.ABSENT:
        return Receipt(order.address, Result.ABSENT)
    if standing is Standing.SILENT:
        return Receipt(order.address, Result.FOREIGN, "gets no mail for a reason of its own")
    held.add(order)
    return Receipt(order.address, Result.CONFIRMED)


def _release_one(held: _Held, order: Order) -> Receipt:
    key = _key(order.address)
    held.strike(key)
    if key in held.foreign:
        return Receipt(order.address, Result.FOREIGN, "is held by somebody else")
    return Receipt(order.address, Result.CONFIRMED)


def _amend_one(held: _Held, order: Order) -> Receipt:
    key = _key(order.address)
    if key not in held.ours:
        return Receipt(order.address, Result.FOREIGN if key in held.foreign else Result.ABSENT, "is not held by us")
    held.amend(order)
    return Receipt(order.address, Result.CONFIRMED)

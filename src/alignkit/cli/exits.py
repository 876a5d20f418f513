"""How a command ends: one exit code for each thing that a script would do next."""

from __future__ import annotations

from enum import IntEnum

from alignkit.errors import (
    AlignkitError,
    DataInvalid,
    ServiceMisbehaved,
    SettingsError,
    StoreDamaged,
    TryAgainLater,
)


class Exit(IntEnum):
    """The exit codes; a code never changes its meaning."""

    OK = 0
    BUG = 1
    USAGE = 2
    SETTINGS = 3
    TRY_AGAIN = 4
    SERVICE = 5
    DATA = 6
    STORE = 7
    BRAKE = 8
    SUPPRESS = 9
    FOUND = 10
    REFUSED = 11
    INTERRUPTED = 130


MEANINGS = {
    Exit.OK: "done",
    Exit.BUG: "a bug in alignkit, or nobody confirmed what was asked",
    Exit.USAGE: "the command was typed wrongly",
    Exit.SETTINGS: "settings, a credential, a permission or the policy must be put right",
    Exit.TRY_AGAIN: "nothing is wrong here, or not all is done yet; run it again later",
    Exit.SERVICE: "a service gave an answer that cannot be trusted",
    Exit.DATA: "what was handed in cannot be read",
    Exit.STORE: "the store's file is damaged",
    Exit.BRAKE: "the brake acted; nothing was sent",
    Exit.SUPPRESS: "`decide --exit-code` answered suppress",
    Exit.FOUND: "`doctor`, `reconcile` or a `policy` command found something to put right",
    Exit.REFUSED: "a destination refuses to hold or to release somebody; the command names them",
    Exit.INTERRUPTED: "interrupted",
}

_CODES: tuple[tuple[type[AlignkitError], Exit], ...] = (
    (SettingsError, Exit.SETTINGS),
    (TryAgainLater, Exit.TRY_AGAIN),
    (ServiceMisbehaved, Exit.SERVICE),
    (DataInvalid, Exit.DATA),
    (StoreDamaged, Exit.STORE),
)


def exit_of(error: AlignkitError) -> Exit:
    """The exit code of an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.BUG)

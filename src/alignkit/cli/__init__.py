"""The command line, an extra: `pip install "alignkit[cli]"`."""

from __future__ import annotations

import sys
from collections.abc import Callable

_EXTRA = frozenset({"typer", "rich"})


def main() -> None:
    """Runs the command that was typed; ends with one of the exit codes in `docs/cli.md`."""
    reconfigure: Callable[..., None] | None = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # A name that the terminal cannot show must not end a command that has done its work.
        reconfigure(errors="backslashreplace")
    try:
        from alignkit.cli.app import app
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write('error: the command line is an extra of alignkit; run `pip install "alignkit[cli]"`\n')
        # As `Exit.SETTINGS` says; that file may be read, but nothing here should depend on it.
        raise SystemExit(3) from None
    app()

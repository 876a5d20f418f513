"""The command line, an extra: `pip install "alignkit[cli]"`."""

from __future__ import annotations

import sys

_EXTRA = frozenset({"typer", "rich"})


def main() -> None:
    """Runs the command that was typed; ends with one of the exit codes in `docs/cli.md`."""
    try:
        from alignkit.cli.app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write('error: the command line is an extra of alignkit; run `pip install "alignkit[cli]"`\n')
        # As `Exit.SETTINGS` says; that file may be read, but nothing here should depend on it.
        raise SystemExit(3) from None
    app()

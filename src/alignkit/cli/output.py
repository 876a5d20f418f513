"""Where a command's words go: tables for people, JSON Lines for programs, errors and progress beside both."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

from rich import box
from rich.console import Console, RenderableType
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from alignkit.cli.exits import exit_of
from alignkit.errors import AlignkitError
from alignkit.rules.durations import spell_duration
from alignkit.sync import Progress
from alignkit.sync.pull import OnProgress

SHOWN = 20
"""How many people a table shows before it says how many more there are."""


class Output:
    """What one command says.

    Args:
        as_json: JSON Lines on standard output and nothing else; errors as one JSON object.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._console = Console(markup=False, highlight=False, emoji=False)
        self._side = Console(markup=False, highlight=False, emoji=False, stderr=True)

    def row(self, kind: str, /, **fields: Any) -> None:
        """One result for programs; nothing where people read."""
        if self.as_json:
            _write_line(sys.stdout, {"type": kind, **fields})

    def show(self, *parts: RenderableType) -> None:
        """Something for people; nothing where programs read."""
        if not self.as_json:
            self._console.print(*parts)

    def say(self, text: str, style: str = "") -> None:
        """A sentence for people."""
        self.show(Text(plain(text), style=style))

    def line(self, text: str) -> None:
        """A line for people that stays one line, so that it can be copied."""
        if not self.as_json:
            self._console.print(Text(plain(text)), soft_wrap=True)

    def table(
        self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()
    ) -> None:
        """A table for people, with the columns in `right` set flush right; nothing where there are no rows."""
        if self.as_json:
            return
        table = _new_table(title)
        table.show_header = any(columns)
        for column in columns:
            table.add_column(column, justify="right" if column in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(cell if isinstance(cell, Text) else Text(plain(str(cell))) for cell in row))
        if table.row_count:
            self.show(Text())
            self.show(table)

    def rest(self, left: int, way: str = "") -> None:
        """How many rows a table leaves out, where it does, and the way to see them."""
        if left > 0:
            self.say(f"… and {left:,} more{way}", "dim")

    def error(self, error: AlignkitError, about: str | None = None) -> None:
        """One line on standard error, or one JSON object; `about` names the source or destination at work."""
        kind, text = type(error).__name__, plain(str(error)).replace("\n", " ")
        if self.as_json:
            code = int(exit_of(error))
            _write_line(sys.stderr, {"error": kind, "message": text, "about": about, "exit_code": code})
            return
        where = f"{plain(about)}: " if about and f"`{about}`" not in text else ""
        # Without wrapping, so that a log keeps the error on one line.
        self._side.print(Text.assemble(("error: ", "bold red"), where, text), soft_wrap=True)

    @contextmanager
    def progress(self, title: str) -> Generator[OnProgress | None]:
        """Shows how far long work has come, in a terminal alone."""
        if self.as_json or not self._side.is_terminal:
            yield None
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        with Bar(*columns, console=self._side, transient=True) as bar:
            task = bar.add_task(title, total=None)

            def told(progress: Progress) -> None:
                bar.update(task, description=f"{title}: {progress.step} {progress.done:,}")

            yield told


def _new_table(title: str) -> Table:
    """A table as every command draws it."""
    return Table(
        title=Text(plain(title), style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        header_style="dim",
        padding=(0, 1),
        show_edge=False,
        pad_edge=False,
    )


def plain(text: str) -> str:
    """The text without characters that steer a terminal."""
    return (
        text
        if text.isprintable()
        else "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in text)
    )


def moment(at: datetime | None) -> str:
    """A time for people, to the minute and in UTC."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def age(since: datetime | None, now: datetime) -> str:
    """How long ago something was."""
    return "never" if since is None else f"{spell_duration(max(now - since, timedelta(0)))} ago"


def number(count: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 person`, `1,500 people`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _write_line(stream: TextIO, fields: dict[str, Any]) -> None:
    is_unicode = (stream.encoding or "").lower().replace("-", "") == "utf8"
    stream.write(json.dumps(fields, ensure_ascii=not is_unicode) + "\n")
    stream.flush()

"""What every command shares: its settings, its store, its output, and how its errors become an exit code."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Concatenate, ParamSpec

import typer

from alignkit.cli.exits import Exit, exit_of
from alignkit.cli.output import Output
from alignkit.cli.settings import Settings, find, find_any
from alignkit.connectors.base import Sink
from alignkit.errors import AlignkitError, SettingsError
from alignkit.models import Category, Channel, Message
from alignkit.rules.durations import parse_duration
from alignkit.stores import SQLiteStore
from alignkit.sync import Sync

P = ParamSpec("P")


class Session:
    """One command at work.

    Args:
        path: the settings file that was named, None where none was.
        output: where the command's words go.

    Attributes:
        about: the destination at work, which an error is told about; None where there is none.
    """

    def __init__(self, path: Path | None, output: Output) -> None:
        self._path = path
        self.output = output
        self.about: str | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings, read when they are first asked for."""
        return find(self._path)

    @cached_property
    def known_settings(self) -> Settings | None:
        """The settings for a command that can do without; None where there are none."""
        return find_any(self._path)

    @cached_property
    def store(self) -> SQLiteStore:
        """The store that is there.

        Raises:
            SettingsError: there is none yet.
        """
        if not self.settings.store.exists():
            raise SettingsError(f"there is no store `{self.settings.store}` yet; run `alignkit pull` first")
        return self.new_store

    @cached_property
    def new_store(self) -> SQLiteStore:
        """The store, made where there is none."""
        return SQLiteStore(self.settings.store)

    def sync(self, *, new: bool = False) -> Sync:
        """Pulls and pushes over the store, which is made where it may be `new`."""
        return Sync(self.new_store if new else self.store)

    def destination(self, name: str) -> Sink:
        """The destination of the settings with this name, at which the command is at work from now on."""
        sink = self.settings.destination(name)
        self.about = name
        return sink

    def message(
        self, name: str | None, category: Category | None, channel: Channel | None, campaign: str | None
    ) -> Message:
        """The message that the options describe, or that they name in the settings.

        Raises:
            typer.BadParameter: it is described by halves.
            SettingsError: it is not described at all, and the settings do not say which is meant.
        """
        if category is None and channel is None:
            found = self.settings.message(name)
            return found if campaign is None else found.model_copy(update={"campaign_id": campaign})
        if name is not None or category is None or channel is None:
            raise typer.BadParameter("give `--category` and `--channel` together, or `--message` alone")
        return Message(category=category, channel=channel, campaign_id=campaign)

    def close(self) -> None:
        """Ends the use of the store."""
        if "new_store" in vars(self):
            self.new_store.close()


def command(app: typer.Typer, name: str) -> Callable[[Callable[Concatenate[Session, P], None]], None]:
    """Makes a function a command: it gets a `Session`, and the command the options that all share."""

    def add(function: Callable[Concatenate[Session, P], None]) -> None:
        def run(
            settings: Annotated[
                Path | None,
                typer.Option("--settings", help="The settings file; else ALIGNKIT_SETTINGS, alignkit.toml."),
            ] = None,
            json: Annotated[bool, typer.Option("--json", help="Print JSON Lines and nothing else.")] = False,
            verbose: Annotated[bool, typer.Option("--verbose", help="Log what is done to standard error.")] = False,
            **given: object,
        ) -> None:
            work: Callable[..., None] = function
            with _session(settings, as_json=json, is_verbose=verbose) as session:
                work(session, **given)

        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        shared = [one for one in inspect.signature(run, eval_str=True).parameters.values() if one.name != "given"]
        taken = [one.replace(kind=one.KEYWORD_ONLY) for one in (*own, *shared)]
        # Typer reads the options of a command from these.
        run.__doc__ = function.__doc__
        run.__annotations__ = {one.name: one.annotation for one in taken}
        setattr(run, "__signature__", inspect.Signature(taken))  # noqa: B010 - no attribute that a checker knows
        app.command(name)(run)

    return add


@contextmanager
def _session(path: Path | None, *, as_json: bool, is_verbose: bool) -> Generator[Session]:
    output = Output(as_json=as_json)
    session = Session(path, output)
    try:
        with _logging(is_verbose=is_verbose):
            yield session
    except AlignkitError as error:
        output.error(error, session.about)
        raise typer.Exit(exit_of(error)) from None
    finally:
        session.close()


@contextmanager
def _logging(*, is_verbose: bool) -> Generator[None]:
    """Sends the library's log to standard error while the command runs, where that was asked for."""
    if not is_verbose:
        yield
        return
    log = logging.getLogger("alignkit")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        log.setLevel(before)
        log.removeHandler(handler)


def a_moment(text: str) -> datetime:
    """The aware time that was typed, in UTC."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter("give an ISO 8601 time, such as 2026-03-03T09:00:00Z") from None
    raise typer.BadParameter("the time has no zone; end it with Z for UTC, or with an offset such as +01:00")


def a_duration(text: str) -> timedelta:
    """The duration that was typed."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def ended(code: Exit) -> typer.Exit:
    """Ends a command that did its work and has something to tell by its exit code."""
    return typer.Exit(int(code))


Now = Annotated[
    datetime | None,
    typer.Option("--now", parser=a_moment, metavar="TIME", help="The moment to ask about; the present by default."),
]
Person = Annotated[str, typer.Argument(metavar="WHO", help="An e-mail address, a phone number, or namespace:value.")]
MessageName = Annotated[str | None, typer.Option("--message", metavar="NAME", help="A message of the settings.")]
MessageCategory = Annotated[Category | None, typer.Option("--category", help="What kind of message it is.")]
MessageChannel = Annotated[Channel | None, typer.Option("--channel", help="The way it would go.")]
MessageCampaign = Annotated[str | None, typer.Option("--campaign", metavar="ID", help="The campaign it belongs to.")]

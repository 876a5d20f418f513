"""Reads `alignkit.toml`: the store, the policy, sources, destinations and messages, each by its name.

Secrets never stand in the file: `token = { env = "RT_TOKEN" }` names the environment variable that has one. Nothing is
fetched from the environment before the source or destination is used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from alignkit.cli.parameters import Parameter, parameters, sounds_secret, takes_more
from alignkit.connectors.base import Sink, Source
from alignkit.errors import DataInvalid, SettingsError
from alignkit.models import Message
from alignkit.registry import Connector, resolve
from alignkit.rules.documents import LARGEST, Form, read_toml
from alignkit.rules.policy import Mode, Policy
from alignkit.rules.presets import PresetName, preset

DEFAULT = "alignkit.toml"
"""The settings file of the current folder, where none is named."""

VARIABLE = "ALIGNKIT_SETTINGS"
"""The environment variable that names the settings file, where `--settings` does not."""

_SHOWN = 3
Table = dict[str, Any]
E = TypeVar("E", bound=Source | Sink)


class _Strict(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Environment(_Strict):
    """A value that stands in an environment variable and not in the file."""

    env: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")


class Connection(BaseModel):
    """A destination: the connector's name, and what that connector takes."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    connector: str

    @property
    def given(self) -> Table:
        """What is handed to the connector."""
        return dict(self.model_extra or {})


class SourceConnection(Connection):
    """A source: the same, and which of its streams are left out."""

    without: tuple[str, ...] = ()


class Preset(_Strict):
    """A policy that ships, with its parameters."""

    preset: PresetName = "starter"
    parameters: Table = Field(default_factory=dict)


class SettingsFile(_Strict):
    """What may stand in `alignkit.toml`.

    Attributes:
        store: the SQLite file.
        policy: a policy's file, or a preset.
        shadows: further ones, which every push asks about the same people and reports of; none of them is in force.
    """

    store: str = "align.db"
    policy: str | Preset = Preset()
    shadows: tuple[str | Preset, ...] = ()
    sources: dict[str, SourceConnection] = Field(default_factory=dict[str, SourceConnection])
    destinations: dict[str, Connection] = Field(default_factory=dict[str, Connection])
    messages: dict[str, Message] = Field(default_factory=dict[str, Message])


class Settings:
    """One settings file, and what it describes. Relative paths in it start at its own folder.

    Args:
        path: the file.

    Raises:
        SettingsError: it cannot be read, or something in it is not known; the text names the place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder: Path = path.absolute().parent
        self.file: SettingsFile = _parsed(path)

    @property
    def store(self) -> Path:
        """Where the store is."""
        return self.folder / self.file.store

    def policy(self) -> Policy:
        """The policy. A preset expects every source of this file to have been read to its end once.

        Raises:
            PolicyInvalid: the text names the place.
        """
        return self._policy(self.file.policy, {})

    def shadows(self) -> list[Policy]:
        """The policies beside it; a preset among them is in mode `shadow` where its parameters name no other.

        Raises:
            PolicyInvalid: the text names the place.
        """
        return [self._policy(each, {"mode": Mode.SHADOW}) for each in self.file.shadows]

    def _policy(self, named: str | Preset, usual: Table) -> Policy:
        if isinstance(named, str):
            return Policy.load(self.folder / named)
        return preset(named.preset, **{"expects": tuple(self.file.sources), **usual, **named.parameters})

    def message(self, name: str | None) -> Message:
        """The message with this name; the only one there is where no name is given.

        Raises:
            SettingsError: there is none, or there are several and no name.
        """
        if name is None and len(self.file.messages) == 1:
            return next(iter(self.file.messages.values()))
        if name is None:
            raise SettingsError("say which message is meant: `--category` and `--channel`, or `--message`")
        return _named(self.file.messages, name, "messages")

    def source(self, name: str) -> Source:
        """The source with this name.

        Raises:
            SettingsError: there is none, or it cannot be set up.
        """
        wanted = _named(self.file.sources, name, "sources")
        source = self._connected(wanted, name, Source, "sources")
        try:
            return source.without(*wanted.without)
        except DataInvalid as error:
            raise SettingsError(f"`sources.{name}.without`: {error}") from None

    def require_destination(self, name: str) -> None:
        """Refuses a name that the settings do not know as a destination's, without setting it up.

        Raises:
            SettingsError: there is none.
        """
        _named(self.file.destinations, name, "destinations")

    def destination(self, name: str) -> Sink:
        """The destination with this name.

        Raises:
            SettingsError: there is none, or it cannot be set up.
        """
        return self._connected(_named(self.file.destinations, name, "destinations"), name, Sink, "destinations")

    def _connected(self, wanted: Connection, name: str, kind: type[E], section: str) -> E:
        place = f"{section}.{name}"
        try:
            connector = resolve(wanted.connector)
        except SettingsError as error:
            raise SettingsError(f"`{place}.connector`: {error}") from None
        if not issubclass(connector, kind):
            other = "destinations" if kind is Source else "sources"
            raise SettingsError(f"`{place}`: `{wanted.connector}` belongs under `[{other}.{name}]`; move it there")
        taken = {one.name: one for one in parameters(connector)}
        given = {key: self._value(f"{place}.{key}", value, taken.get(key)) for key, value in wanted.given.items()}
        _refuse_misfits(place, connector, given, taken)
        make = cast("Callable[..., E]", connector)
        try:
            return make(**given, name=name)
        except SettingsError as error:
            raise SettingsError(f"`{place}`: {error}") from None

    def _value(self, place: str, value: object, parameter: Parameter | None) -> object:
        key = place.rpartition(".")[2]
        is_secret = sounds_secret(key) if parameter is None else parameter.is_secret
        table = _as_table(value)
        if set(table) == {"env"}:
            text = _from_environment(place, table)
            return SecretStr(text) if is_secret else text
        if is_secret:
            raise SettingsError(
                f"`{place}` is a secret and stands in the file; put it into an environment variable and write "
                f'`{key} = {{ env = "{key.upper()}" }}`'
            )
        if parameter is not None and parameter.is_path:
            if not isinstance(value, str):
                raise SettingsError(f"`{place}` is a path; write it between quotation marks")
            return str(self.folder / value)
        return value


def find(path: Path | None) -> Settings:
    """The settings in this file, else in the one that the environment names, else in the current folder's.

    Raises:
        SettingsError: there is no such file, or it cannot be used.
    """
    return Settings(_place(path))


def find_any(path: Path | None) -> Settings | None:
    """The same; None where no file is named and the current folder has none.

    Raises:
        SettingsError: there is one, or one is named, and it cannot be used.
    """
    place = _place(path)
    return Settings(place) if path or os.environ.get(VARIABLE) or place.exists() else None


def _place(path: Path | None) -> Path:
    return path or Path(os.environ.get(VARIABLE) or DEFAULT)


def _parsed(path: Path) -> SettingsFile:
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise SettingsError(
            f"there is no settings file `{path}`; write one, or name another with `--settings` or `{VARIABLE}`"
        ) from None
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        raise SettingsError(f"the settings `{path}` cannot be read: {why}; check the path and its rights") from None
    tree = read_toml(text, Form(f"the settings file `{path}`", SettingsError))
    try:
        return SettingsFile.model_validate(tree)
    except ValidationError as error:
        raise _refusal(path, error) from None


def _refusal(path: Path, error: ValidationError) -> SettingsError:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    # A policy may be a path or a table; of a table with a fault it is no news that it is no path.
    tables = {one["loc"][: one["loc"].index("Preset")] for one in found if "Preset" in one["loc"][:-1]}
    meant = [one for one in found if not (one["loc"][-1] == "str" and one["loc"][:-1] in tables)]
    complaints = dict.fromkeys(_complaint(one["loc"], one["type"], one["msg"]) for one in meant)
    more = f"; and {len(complaints) - _SHOWN} more" if len(complaints) > _SHOWN else ""
    return SettingsError(f"the settings `{path}` were refused: {'; '.join([*complaints][:_SHOWN])}{more}")


def _complaint(place: tuple[str | int, ...], kind: str, message: str) -> str:
    # The names of alternatives, `str` and `Preset`, are no part of the file.
    steps = [str(step) for step in place if step not in ("str", "Preset")]
    where = f"`{'.'.join(steps)}`"
    if kind == "extra_forbidden":
        return f"{where} is not known; remove it or correct its spelling"
    if kind == "missing":
        return f"{where} is missing; add it"
    if kind in ("model_type", "dict_type"):
        return f"{where} must be a table; correct it"
    return f"{where}: {message[:1].lower()}{message[1:]}; correct it"


N = TypeVar("N", bound=BaseModel)


def _named(table: Mapping[str, N], name: str, section: str) -> N:
    if name in table:
        return table[name]
    known = ", ".join(f"`{one}`" for one in table) or "none"
    raise SettingsError(f"there is no `[{section}.{name}]` in the settings; there are {known}")


def _as_table(value: object) -> Table:
    return cast("Table", value) if isinstance(value, dict) else {}


def _from_environment(place: str, value: Table) -> str:
    try:
        variable = Environment.model_validate(value).env
    except ValidationError:
        raise SettingsError(f'`{place}`: `env` is the name of an environment variable, such as "RT_TOKEN"') from None
    text = os.environ.get(variable)
    if not text:
        raise SettingsError(f"`{place}`: the environment variable `{variable}` is not set; set it")
    return text


def _refuse_misfits(place: str, connector: Connector, given: Table, taken: Mapping[str, Parameter]) -> None:
    # `name` is the table's own, so that a source cannot change it by accident and become another one.
    unknown = [key for key in given if key not in taken and (key == "name" or not takes_more(connector))]
    if unknown:
        raise SettingsError(
            f"`{place}.{unknown[0]}` is not known to `{connector.type}`; remove it or correct its spelling: it takes "
            f"{', '.join(f'`{key}`' for key in taken)}"
        )
    missing = [one.name for one in taken.values() if one.is_required and one.name not in given]
    if missing:
        raise SettingsError(f"`{place}.{missing[0]}` is missing; add it")

"""Holds the registry to finding each connector once, under its own name."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from alignkit import registry
from alignkit.connectors import Mailman, RequestTracker
from alignkit.connectors.base import PROTOCOL_VERSION, Source
from alignkit.errors import SettingsError


class Offered(Source):
    """What a package of somebody else brings."""

    type = "offered"


NO_CONNECTOR = object()


def give_offered(_: EntryPoint) -> object:
    return Offered


def give_nothing_of_use(_: EntryPoint) -> object:
    return NO_CONNECTOR


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    points: list[EntryPoint] = []

    def entry_points(group: str) -> EntryPoints:
        return EntryPoints(points).select(group=group)

    monkeypatch.setattr(registry, "entry_points", entry_points)
    monkeypatch.setattr(registry, "_registered", {})
    return points


def point(name: str, value: str = f"{__name__}:Offered", group: str = registry.GROUP) -> EntryPoint:
    return EntryPoint(name, value, group)


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_the_built_in_connectors_are_found_under_their_type(name: str) -> None:
    assert registry.resolve(name).type == name


def test_every_built_in_connector_is_named(installed: list[EntryPoint]) -> None:
    assert registry.names() == sorted(registry.BUILT_IN)


def test_a_connector_of_a_package_is_found(installed: list[EntryPoint], monkeypatch: pytest.MonkeyPatch) -> None:
    offered = point(f"offered@{PROTOCOL_VERSION}")
    monkeypatch.setattr(EntryPoint, "load", give_offered)
    installed += [offered, point("other@1", group="other.group")]
    assert registry.resolve("offered") is Offered
    assert "offered" in registry.names()
    assert "other" not in registry.names()


@pytest.mark.parametrize("version", ["@99", "", "@"])
def test_a_connector_of_another_protocol_is_refused(installed: list[EntryPoint], version: str) -> None:
    installed.append(point(f"offered{version}"))
    with pytest.raises(SettingsError, match="matching release"):
        registry.resolve("offered")


def test_two_packages_that_offer_one_name_are_refused(installed: list[EntryPoint]) -> None:
    installed += [point("offered@1"), point("offered@1", "elsewhere:Offered")]
    with pytest.raises(SettingsError, match="remove one"):
        registry.resolve("offered")


def test_what_is_no_connector_is_refused(installed: list[EntryPoint], monkeypatch: pytest.MonkeyPatch) -> None:
    installed.append(point(f"offered@{PROTOCOL_VERSION}"))
    monkeypatch.setattr(EntryPoint, "load", give_nothing_of_use)
    with pytest.raises(SettingsError, match="no connector"):
        registry.resolve("offered")


def test_no_package_stands_in_for_a_built_in_connector(installed: list[EntryPoint]) -> None:
    installed.append(point(f"mailman@{PROTOCOL_VERSION}"))
    assert registry.resolve("mailman") is Mailman


def test_a_connector_that_was_registered_is_found(installed: list[EntryPoint]) -> None:
    registry.register("mine", Offered)
    registry.register("mine", Offered)
    assert registry.resolve("mine") is Offered
    assert "mine" in registry.names()


@pytest.mark.parametrize("name", ["mailman", "mine"])
def test_a_name_that_is_taken_is_refused(installed: list[EntryPoint], name: str) -> None:
    registry.register("mine", Offered)
    with pytest.raises(SettingsError, match="another name"):
        registry.register(name, RequestTracker)


def test_a_name_that_is_unknown_is_answered_with_those_that_are_known(installed: list[EntryPoint]) -> None:
    with pytest.raises(SettingsError, match="request_tracker"):
        registry.resolve("no_such_desk")


def test_a_package_that_cannot_be_loaded_is_named(installed: list[EntryPoint]) -> None:
    installed.append(point(f"broken@{PROTOCOL_VERSION}", "no_such_package_at_all:Connector"))
    with pytest.raises(SettingsError, match="broken"):
        registry.resolve("broken")

"""What a connector takes is read from its constructor, secrets and paths included."""

from __future__ import annotations

import pytest

from alignkit import registry
from alignkit.cli.parameters import parameters, takes_more
from alignkit.connectors import AudienceFile, Export, Mailman, RequestTracker, X
from alignkit.connectors.base import Source


def test_secrets_and_paths_are_told_by_their_types() -> None:
    assert [one.name for one in parameters(RequestTracker) if one.is_secret] == ["token", "password"]
    assert [one.name for one in parameters(AudienceFile) if one.is_path] == ["path", "held_path"]
    assert [one.name for one in parameters(X) if one.is_path] == ["token_file", "spending_file"]
    assert [one.name for one in parameters(Mailman) if one.is_required] == [
        "base_url",
        "username",
        "password",
        "list_id",
    ]
    assert [takes_more(one) for one in (Export, Mailman)] == [True, False]


def test_what_only_a_program_can_give_is_not_taken_from_a_file() -> None:
    assert not {"tokens", "spending"} & {one.name for one in parameters(X)}


def test_a_secret_of_a_package_that_declares_none_is_told_by_its_name() -> None:
    class Foreign(Source):
        def __init__(self, region: str, refresh_token: "Unknown", *, name: str) -> None:  # type: ignore[name-defined]  # noqa: F821, UP037 - only a type checker of that package knows it
            """Takes what it takes."""

    found = {one.name: one for one in parameters(Foreign)}
    assert set(found) == {"region", "refresh_token"}
    assert found["refresh_token"].is_secret
    assert not found["region"].is_secret


@pytest.mark.parametrize("name", sorted(registry.BUILT_IN))
def test_no_built_in_connector_takes_its_name_from_the_file(name: str) -> None:
    assert "name" not in [one.name for one in parameters(registry.resolve(name))]

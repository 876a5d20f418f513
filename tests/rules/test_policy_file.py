"""A policy's file is read again while it is in force, and a bad one changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignkit.errors import PolicyInvalid
from alignkit.rules import Policy, PolicyFile


def test_a_good_file_takes_the_place_of_the_policy_in_force(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(Policy.starter(name="first").to_toml())
    held = PolicyFile(path)
    first = held.policy
    assert not held.reload()
    assert held.policy is first
    path.write_text(Policy.starter(name="second").to_toml())
    assert held.reload()
    assert held.policy.name == "second"


@pytest.mark.parametrize("text", ["", "name = ", 'name = "a"\nprioriy = 1', "x = 1\n" * 200_000])
def test_a_bad_file_leaves_the_policy_in_force(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(Policy.starter().to_toml())
    held = PolicyFile(path)
    path.write_text(text)
    with pytest.raises(PolicyInvalid):
        held.reload()
    assert held.policy == Policy.starter()
    path.unlink()
    with pytest.raises(PolicyInvalid, match="cannot be read"):
        held.reload()
    assert held.policy == Policy.starter()


def test_a_file_that_holds_no_policy_gives_no_holder(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").mkdir()
    with pytest.raises(PolicyInvalid, match="is a folder or a device"):
        PolicyFile(tmp_path / "shop.toml")

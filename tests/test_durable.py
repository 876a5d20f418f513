"""Holds files that are replaced as a whole to being the old one or the new one, and their owner's alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from alignkit import durable


def test_a_file_takes_the_place_of_another_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    path.chmod(0o644)
    durable.replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_crash_in_the_middle_leaves_what_was_there_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "kept"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        durable.replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["kept"]


def test_content_and_name_are_on_the_disk_when_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []

    def note(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))

    monkeypatch.setattr(os, "fsync", note)
    durable.replace(tmp_path / "kept", b"new")
    assert synced == [False, True], "the file, then its folder"

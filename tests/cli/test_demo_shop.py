"""The demo works in a folder of its own, and says what it lacks."""

from __future__ import annotations

from pathlib import Path

from .shop import run

DATA = Path(__file__).parents[2] / "examples" / "data"


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    result = run("demo", "--data", str(DATA), "--folder", str(tmp_path))
    assert result.exit_code == 3
    assert "is not empty" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_missing_data_is_said_with_the_way_to_get_it(tmp_path: Path) -> None:
    result = run("demo", "--data", str(tmp_path))
    assert result.exit_code == 3
    assert "give its folder with `--data examples/data`" in result.stderr


def test_a_story_that_cannot_be_read_is_said_to_be(tmp_path: Path) -> None:
    for name in ("audience.csv", "day1/tickets.jsonl", "day2/tickets.jsonl", "story.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    result = run("demo", "--data", str(tmp_path))
    assert result.exit_code == 6
    assert "story.json" in result.stderr

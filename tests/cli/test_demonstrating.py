"""The demo does the main job on the example's data and tells it truly."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from .shop import run

ROOT = Path(__file__).parents[2]
DATA = ROOT / "examples" / "data"
STORY = json.loads((DATA / "story.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("demo") / "shop"
    result = run("demo", "--data", str(DATA), "--folder", str(folder), "--json")
    assert result.exit_code == 0, result.output
    return folder, [json.loads(line) for line in result.stdout.splitlines()]


Told = tuple[Path, list[dict[str, Any]]]


def of(told: Told, kind: str) -> list[dict[str, Any]]:
    return [row for row in told[1] if row["type"] == kind]


def test_two_days_pass_and_people_are_held_and_released(told: Told) -> None:
    first, second = of(told, "day")
    assert first["audience"] == second["audience"] == STORY["audience"]["people"]
    assert first["quarantined"] == STORY["counts"]["day1"]["malformed"]
    assert first["newly_held"] == first["planned_holds"] == first["held"] > 100
    assert second["released"] > 0
    assert second["newly_held"] > 0
    assert second["held"] == first["held"] + second["newly_held"] - second["released"]


def test_the_file_of_the_held_agrees_with_what_is_told(told: Told) -> None:
    with (told[0] / "held.csv").open(encoding="utf-8", newline="") as file:
        held = list(csv.DictReader(file))
    assert len(held) == of(told, "day")[1]["held"]
    assert all(row["reason"] and row["held_since"] for row in held)
    assert {row["address"] for row in of(told, "held")} <= {row["address"] for row in held}
    assert not {row["address"] for row in of(told, "released")} & {row["address"] for row in held}


def test_every_reason_adds_up_to_all_who_are_held(told: Told) -> None:
    for place, day in enumerate(of(told, "day")):
        assert sum(row["people"][place] for row in of(told, "reason")) == day["held"]


WAITING = ("phoned", "urgent", "snoozed", "reopened", "campaign_answered", "unknown_status", "rated_bad")
FREE = ("rated_good", "waiting_for_customer", "open_over_30_days", "merged", "spam", "deleted", "campaign_initiated")


def test_the_people_of_the_story_are_treated_as_it_says(told: Told) -> None:
    verdicts = {row["story"]: row["verdicts"][0] for row in of(told, "person")}
    assert {kind: verdicts[kind] for kind in WAITING} == dict.fromkeys(WAITING, "suppress")
    assert {kind: verdicts[kind] for kind in FREE} == dict.fromkeys(FREE, "send")
    assert set(verdicts) == set(STORY["people"])


def test_what_is_left_out_and_what_nobody_could_read_is_told(told: Told) -> None:
    left_out = {row["reason"]: row["issues"] for row in of(told, "left_out")}
    assert left_out["spam"] == STORY["counts"]["day2"]["spam"]
    assert left_out["campaign"] > 0
    assert left_out["merged"] == STORY["counts"]["day2"]["merged"]
    [unsettled] = of(told, "unsettled")
    assert len(unsettled["quarantined"]) == 1
    assert unsettled["unknown_statuses"] == {"in_review": STORY["counts"]["day2"]["unknown_status"]}


def test_one_can_go_on_with_what_the_demo_left(told: Told) -> None:
    [files] = of(told, "files")
    who = of(told, "held")[-1]["address"]
    result = run("explain", who, "--now", STORY["day2_now"], "--settings", files["settings"])
    assert result.exit_code == 0
    assert result.stdout.startswith("suppress")


def test_people_are_shown_tables(tmp_path: Path) -> None:
    text = run("demo", "--data", str(DATA), "--folder", str(tmp_path / "new")).stdout
    for part in (
        "Tuesday 3 March 2026, 09:00 UTC",
        "Wednesday 4 March 2026, 09:00 UTC",
        "Who waits, and why",
        "held in all",
        "Newly held on Wednesday",
        "Released on Wednesday",
        "People to follow",
        "Left out, for they are no customer's problem",
        "What somebody should look at",
        "Go on from here:",
    ):
        assert part in text, part

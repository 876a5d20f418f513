"""pytest collects files of policy cases by itself, and tells what differs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from alignkit.whatif import cases

pytest_plugins = "pytester"

# Imported before, for what is first imported inside a run is forgotten after it, and would be imported anew.
assert cases.SUFFIXES == (".cases.toml", ".cases.json")

PLUGIN = ("-p", "alignkit.testing.policy_cases")
CASES = """
policy = { preset = "starter" }

[[cases]]
name = "an open issue holds"
message = { category = "promotional", channel = "email" }
expect = { verdict = "suppress" }
facts = { issues = [{}] }

[[cases]]
name = "a receipt goes out"
message = { category = "transactional", channel = "email" }
expect = { verdict = "send" }
facts = { issues = [{}] }
"""


def test_each_case_is_a_test(pytester: pytest.Pytester) -> None:
    (pytester.path / "shop.cases.toml").write_text(CASES, "utf-8")
    result = pytester.runpytest_inprocess(*PLUGIN, "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*shop.cases.toml::an open issue holds PASSED*"])


def test_a_case_that_fails_tells_what_differs_and_why(pytester: pytest.Pytester) -> None:
    (pytester.path / "shop.cases.toml").write_text(CASES.replace('"suppress"', '"send"'), "utf-8")
    result = pytester.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*verdict: expected send, got suppress*", "*hold: an open issue*"])
    assert "Traceback" not in result.stdout.str()


def test_the_settings_of_pytest_name_a_policy_for_files_that_name_none(pytester: pytest.Pytester) -> None:
    (pytester.path / "shop.cases.toml").write_text(CASES.replace('policy = { preset = "starter" }', ""), "utf-8")
    result = pytester.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*names no policy*"])
    (pytester.path / "none.toml").write_text('name = "none"', "utf-8")
    pytester.makeini("[pytest]\nalignkit_policy = none.toml")
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes(passed=1, failed=1)


def test_a_file_that_cannot_be_read_is_told_with_its_place(pytester: pytest.Pytester) -> None:
    (pytester.path / "shop.cases.toml").write_text(CASES.replace("channel", "chanel", 1), "utf-8")
    result = pytester.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*`cases?0?.message.channel` is missing*"])


def test_other_files_are_left_alone(pytester: pytest.Pytester) -> None:
    (pytester.path / "shop.toml").write_text('name = "shop"', "utf-8")
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes()


def test_the_plugin_costs_next_to_nothing_where_there_are_no_cases() -> None:
    script = (
        "import sys, pytest; import alignkit.testing.policy_cases; "
        "print(*sorted({'pydantic', 'httpx', 'alignkit.rules', 'alignkit.testing.stores'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == []


def test_pytest_finds_the_plugin_by_itself() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {PLUGIN[1]: PLUGIN[1]}


def test_every_part_of_the_kit_can_be_loaded() -> None:
    kit = import_module("alignkit.testing")
    assert [name for name in kit.__all__ if not hasattr(kit, name)] == []
    assert set(kit.__all__) <= set(dir(kit))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = kit.Nothing

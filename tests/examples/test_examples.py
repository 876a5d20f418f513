"""Every example runs as its first lines say, and the settings and policy beside them are valid."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from alignkit import Policy
from alignkit.cli.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(file.name for file in EXAMPLES.glob("*.py") if file.name != "make_data.py")


def output_of(script: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script)], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


def test_a_campaign_goes_to_whom_the_policy_lets_through(tmp_path: Path) -> None:
    lines = output_of("gate_before_sending.py", tmp_path)
    counts = [line for line in lines if not line.startswith("  ")]
    assert [line.partition(":")[0] for line in counts] == ["spring", "easter", "garden"]
    assert any("is open since" in line for line in lines)
    assert counts[0] == counts[1].replace("easter", "spring")
    assert counts[2] == "garden: 0 sent, 200 not", "two offers a week are enough"


def test_one_customer_is_followed_over_two_days(tmp_path: Path) -> None:
    lines = output_of("follow_one_customer.py", tmp_path)
    said = [line.partition(": ")[2].partition(":")[0] for line in lines[:6]]
    assert said == ["hold", "hold", "send", "hold", "hold", "send"]
    assert any("issue opened" in line for line in lines[6:])
    assert any("issue resolved" in line for line in lines[6:])


def test_no_script_is_left_out() -> None:
    assert SCRIPTS == ["follow_one_customer.py", "gate_before_sending.py"]


def test_the_example_settings_name_only_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RT_TOKEN", "sample-token")
    monkeypatch.setenv("MAILMAN_PASSWORD", "sample-password")
    settings = Settings(EXAMPLES / "alignkit.toml")
    assert {settings.source(name).name for name in settings.file.sources} == {"helpdesk"}
    assert {settings.destination(name).name for name in settings.file.destinations} == {"newsletter", "mailing"}
    assert settings.message("spring").campaign_id == "spring"
    assert set(settings.policy().expects) == set(settings.file.sources)


def test_the_example_policy_is_a_policy() -> None:
    policy = Policy.load(EXAMPLES / "policy.toml")
    assert Policy.from_toml(policy.to_toml()) == policy

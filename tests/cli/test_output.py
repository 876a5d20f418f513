"""Words go where they belong: tables to people, JSON Lines to programs, nothing that steers a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from alignkit.cli.output import Output, age, moment, number, plain
from alignkit.errors import CredentialsRejected

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)


def test_programs_read_json_lines_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.say("a sentence")
    output.line("a line")
    output.table("Title", ("a",), [("x",)])
    output.row("thing", kind="ä")
    assert capsys.readouterr() == ('{"type": "thing", "kind": "ä"}\n', "")


def test_people_read_no_json(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=False)
    output.row("thing", name="hidden")
    output.table("Title", ("name",), [("[bold]x[/bold] :smile:",)])
    output.table("Empty", ("name",), [])
    shown = capsys.readouterr().out
    assert "hidden" not in shown
    assert "Empty" not in shown
    assert "[bold]x[/bold] :smile:" in shown, "data is shown as it is, never read as markup"


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    error = CredentialsRejected("`desk` refused " + "the credential " * 20 + "\nof its user")
    Output(as_json=False).error(error)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: `desk` refused the credential")
    assert shown.err.count("\n") == 1
    Output(as_json=True).error(error)
    told = json.loads(capsys.readouterr().err)
    assert (told["error"], told["exit_code"]) == ("CredentialsRejected", 3)


def test_an_error_says_once_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=False)
    output.error(CredentialsRejected("`desk` refused the credential"), "desk")
    output.error(CredentialsRejected("the credential was refused"), "desk")
    assert capsys.readouterr().err == "error: `desk` refused the credential\nerror: desk: the credential was refused\n"


def test_progress_is_told_in_a_terminal_alone() -> None:
    with Output(as_json=True).progress("desk") as told:
        assert told is None
    with Output(as_json=False).progress("desk") as told:
        assert told is None


def test_nothing_in_the_data_steers_the_terminal() -> None:
    assert plain("a\x1b[31mb\x07\nc") == "a\N{REPLACEMENT CHARACTER}[31mb\N{REPLACEMENT CHARACTER}\nc"
    assert plain("Zoë 漢字") == "Zoë 漢字"


def test_times_and_numbers_read_well() -> None:
    elsewhere = NOW.astimezone(tz=datetime.fromisoformat("2026-01-01T00:00:00+05:00").tzinfo)
    assert moment(elsewhere) == "2026-03-03 09:00"
    assert (moment(None), age(None, NOW)) == ("", "never")
    assert age(NOW - timedelta(hours=5), NOW) == "5 hours ago"
    assert age(NOW + timedelta(hours=5), NOW) == "less than a minute ago"
    assert (number(1, "person", "people"), number(1500, "person", "people")) == ("1 person", "1,500 people")

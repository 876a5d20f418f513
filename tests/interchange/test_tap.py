"""A tap is run, read line by line, and ended: well, by force, or with whoever holds it."""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path

import pytest

from alignkit.errors import DataInvalid, ServiceUnreachable, SettingsError
from alignkit.interchange.tap import Tap
from alignkit.transport import JsonValue


def tap(program: str, state: JsonValue = None, *, log: Path | None = None, **given: float) -> Tap:
    patience, longest = given.get("patience", 20.0), int(given.get("longest", 1_000_000))
    said = None if log is None else str(log)
    return Tap([sys.executable, "-c", program], state, log=said, patience=patience, longest=longest)


def lines(running: Tap) -> list[bytes]:
    found: list[bytes] = []
    while (line := running.next_line()) is not None:
        found.append(line)
    return found


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


ENDLESS = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"


def test_lines_come_whole_however_they_were_written() -> None:
    program = (
        "import sys, time\nfor part in ('a', 'b\\nc', '\\n', 'd'):\n    sys.stdout.write(part); sys.stdout.flush()"
    )
    assert lines(tap(program)) == [b"ab", b"c", b"d"]


def test_the_state_is_given_as_a_file_that_is_gone_afterwards() -> None:
    program = "import sys; print(sys.argv[-2]); print(sys.argv[-1]); print(open(sys.argv[-1]).read())"
    option, path, content = lines(tap(program, {"last": 3}))
    assert option == b"--state"
    assert json.loads(content) == {"last": 3}
    assert not Path(path.decode()).exists()


def test_a_first_run_gets_no_state() -> None:
    assert lines(tap("import sys; print(len(sys.argv))")) == [b"1"]


def test_a_tap_that_fails_is_told_without_what_it_said() -> None:
    running = tap("import sys; print(1, flush=True); sys.exit('the key is sample-secret')")
    assert running.next_line() == b"1"
    with pytest.raises(ServiceUnreachable, match="status 1") as caught:
        running.next_line()
    assert "sample-secret" not in str(caught.value)


def test_what_a_tap_says_goes_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "tap.log"
    assert lines(tap("import sys; print('working', file=sys.stderr)", log=log)) == []
    assert log.read_text() == "working\n"


def test_a_tap_that_hangs_is_ended() -> None:
    running = tap(ENDLESS, patience=0.5)
    pid = int(running.next_line() or b"0")
    with pytest.raises(ServiceUnreachable, match="`patience`"):
        running.next_line()
    assert not is_there(pid)


def test_a_line_beyond_the_limit_ends_the_tap() -> None:
    with pytest.raises(DataInvalid, match="`max_bytes`"):
        lines(tap("print('x' * 5_000_000)", longest=1_000))


def test_a_tap_that_is_dropped_or_stopped_ends_with_its_children() -> None:
    stopped, dropped = tap(ENDLESS), tap(ENDLESS)
    pids = [int(one.next_line() or b"0") for one in (stopped, dropped)]
    stopped.stop()
    stopped.stop()
    del dropped
    gc.collect()
    assert [is_there(pid) for pid in pids] == [False, False]


def test_a_tap_that_is_not_installed_is_a_matter_of_settings() -> None:
    with pytest.raises(SettingsError, match="`tap-nothing` cannot be started"):
        Tap(["/nowhere/tap-nothing"], None, log=None, patience=1.0, longest=1_000)
    with pytest.raises(SettingsError, match="correct `command`"):
        Tap(["tap", "a\0b"], None, log=None, patience=1.0, longest=1_000)
    with pytest.raises(SettingsError, match="correct `log`"):
        Tap(["true"], None, log="/nowhere/tap.log", patience=1.0, longest=1_000)

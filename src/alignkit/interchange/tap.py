"""Runs a Singer tap as a process of its own, and takes its output line by line."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

from alignkit.errors import DataInvalid, ServiceUnreachable, SettingsError
from alignkit.transport import JsonValue

_CHUNK = 1 << 20
_FAREWELL = 10.0


class Tap:
    """One run of a tap, from a state on.

    The tap is started in a session of its own and ended with it; where nobody ends it, the end of this object does.
    What it writes to its standard error goes to `log`, or nowhere: it may hold secrets.

    Args:
        command: the tap and its arguments; `--state FILE` is added where there is a state.
        patience: seconds without output after which the tap is given up.
        longest: the most bytes of one line.

    Raises:
        SettingsError: the tap cannot be started.
    """

    def __init__(
        self, command: Sequence[str], state: JsonValue, *, log: str | None, patience: float, longest: int
    ) -> None:
        self._name = Path(command[0]).name
        self._patience = patience
        self._longest = longest
        self._buffer = bytearray()
        self._folder = tempfile.TemporaryDirectory(prefix="alignkit-tap-")
        try:
            self._process = _started([*command, *self._given(state)], log)
        except (OSError, ValueError) as error:
            self._folder.cleanup()
            setting = "log" if log is not None and getattr(error, "filename", None) == log else "command"
            why = (getattr(error, "strerror", None) or str(error)).lower()
            raise SettingsError(f"the tap `{self._name}` cannot be started: {why}; correct `{setting}`") from None
        self._end = weakref.finalize(self, _ended, self._process, self._folder)

    def next_line(self) -> bytes | None:
        """The next line, without its end; None once the tap has ended well.

        Raises:
            ServiceUnreachable: the tap failed, or gave nothing for too long.
            DataInvalid: a line is too long.
        """
        while (end := self._buffer.find(b"\n")) < 0:
            if not self._has_read():
                self._finish()
                rest = bytes(self._buffer)
                self._buffer.clear()
                return rest or None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def stop(self) -> None:
        """Ends the tap, if it has not ended; safe to repeat."""
        self._end()

    def _has_read(self) -> bool:
        stream = self._process.stdout
        if stream is None or stream.closed:
            return False
        if not select.select([stream], [], [], self._patience)[0]:
            self.stop()
            raise ServiceUnreachable(
                f"the tap `{self._name}` gave nothing for {self._patience:.0f} s and was ended; raise `patience`, or "
                "see what it logs"
            )
        chunk = os.read(stream.fileno(), _CHUNK)
        self._buffer += chunk
        if len(self._buffer) > self._longest and b"\n" not in self._buffer:
            self.stop()
            raise DataInvalid(
                f"the tap `{self._name}` wrote a line of more than {self._longest:,} bytes; raise `max_bytes` if that "
                "is right"
            )
        return bool(chunk)

    def _finish(self) -> None:
        try:
            code = self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            code = None
        self.stop()
        if code != 0:
            ended = "closed its output and did not end" if code is None else f"failed with status {code}"
            raise ServiceUnreachable(
                f"the tap `{self._name}` {ended}; what came before its last state is kept; set `log` to see what it "
                "says"
            )

    def _given(self, state: JsonValue) -> list[str]:
        if state is None:
            return []
        file = Path(self._folder.name) / "state.json"
        file.write_text(json.dumps(state), encoding="utf-8")
        return ["--state", str(file)]


def _started(command: Sequence[str], log: str | None) -> subprocess.Popen[bytes]:
    if log is None:
        return _popen(command, subprocess.DEVNULL)
    with Path(log).open("ab") as said:
        return _popen(command, said.fileno())


def _popen(command: Sequence[str], said: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - the command is the user's own setting
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=said,
        start_new_session=True,
    )


def _ended(process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
    if process.returncode is None and process.poll() is None:
        # The leader is not reaped yet, so its id, which names the group, belongs to nobody else.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
    folder.cleanup()

"""Listens to what is logged and printed, down to the quietest logger."""

from __future__ import annotations

import io
import logging
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field


@dataclass(slots=True)
class Noise:
    """What was logged and printed."""

    logged: list[str] = field(default_factory=list[str])
    printed: str = ""

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join([*self.logged, self.printed])


class _Ear(logging.Handler):
    def __init__(self, logged: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self._logged = logged

    def emit(self, record: logging.LogRecord) -> None:
        self._logged.append(self.format(record))


@contextmanager
def overheard() -> Generator[Noise]:
    """What is logged by any logger, and printed, while this lasts; complete once it is over."""
    noise, printed = Noise(), io.StringIO()
    ear, root, ours = _Ear(noise.logged), logging.getLogger(), logging.getLogger("alignkit")
    before = root.level, ours.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            yield noise
    finally:
        noise.printed = printed.getvalue()
        root.removeHandler(ear)
        root.setLevel(before[0])
        ours.setLevel(before[1])

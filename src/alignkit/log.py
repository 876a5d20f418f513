"""The named loggers of the standard library that alignkit writes to, silent until an application listens."""

from __future__ import annotations

import logging

logging.getLogger("alignkit").addHandler(logging.NullHandler())


def logger(area: str) -> logging.Logger:
    """The logger `alignkit.AREA`."""
    return logging.getLogger(f"alignkit.{area}")

"""Interchange with the tools of others: Singer taps and Segment's streams in, flat rows out."""

from alignkit.interchange.rows import stream_rows
from alignkit.interchange.segment import Segment
from alignkit.interchange.singer import Singer

__all__ = ["Segment", "Singer", "stream_rows"]

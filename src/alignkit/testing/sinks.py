"""The conformance kit for sinks: subclass `SinkTests`, and pytest runs all of it against yours."""

from __future__ import annotations

from alignkit.testing.sink.case import S
from alignkit.testing.sink.failing import FailingTests
from alignkit.testing.sink.holding import HoldingTests


class SinkTests(HoldingTests[S], FailingTests[S]):
    """What every sink must hold to, whoever wrote it.

    Give `service`, `sink`, `cast`, `kept`, `gets_mail` and `opt_out`; where requests are sent, `forbids` and `denied`
    as well; and `refusing` where the destination can say no to one person. See `SinkCase`. `forbids` is asked about
    every request of every test. Nothing is random and nothing waits.
    """

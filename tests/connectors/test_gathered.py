"""What one fetch by id has found is told as it is, and only what was settled is done."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from alignkit.connectors.base import Run
from alignkit.connectors.gathered import Gathered, ids_of
from alignkit.connectors.records import Body, Shape
from alignkit.models import Contact
from alignkit.models.exchange import Ref

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
PEOPLE = Shape(model=Contact, places={"id": "key", "remote_updated_at": "changed"})
ROWS = json.dumps({"rows": [{"key": "1"}, {"key": "2", "changed": "yesterday"}]}).encode()


def test_records_are_told_and_those_that_cannot_be_read_are_set_aside() -> None:
    gathered, answer = Gathered("desk", Run(NOW)), Body({"rows": PEOPLE}).read(ROWS)
    assert [one.data.id for one in gathered.take(answer, PEOPLE)] == ["1"]
    assert [(event.source, event.subject, event.received_at) for event in gathered.events] == [("desk", "1", NOW)]
    assert [one.key for one in gathered.quarantined] == ["2"]
    assert ids_of(answer, PEOPLE) == {"1", "2"}


def test_what_was_not_seen_or_waits_is_asked_for_again_and_what_was_not_seen_is_told() -> None:
    refs = [Ref("issue", "1"), Ref("contact", "1"), Ref("issue", "2", "long unseen"), Ref("issue", "3")]
    gathered = Gathered("desk", Run(NOW))
    gathered.unseen.add(("issue", "1"))
    gathered.waiting.add(("issue", "2"))
    fetched = gathered.fetched(refs, ["one waits"])
    assert list(fetched.done) == [refs[1], refs[3]]
    assert fetched.gaps[0] == "one waits"
    assert fetched.gaps[1].startswith("1 could not be read by id")

"""`status` shows what is known, and what somebody should look at."""

from __future__ import annotations

from .shop import ADA, BOB, CY, NOW, Shop, page, ticket


def by_type(rows: list[dict[str, object]], kind: str) -> list[dict[str, object]]:
    return [row for row in rows if row["type"] == kind]


def test_status_shows_sources_counts_unknown_statuses_quarantine_and_holds(shop: Shop) -> None:
    broken = ticket(3, CY, at="0000-00-00T00:00:00Z")
    shop.write("tickets.jsonl", page(ticket(1, ADA), ticket(2, BOB, status="in_review"), broken))
    shop.pull()
    shop.run("push", "list", "--now", NOW)
    shop.run("hold", CY, "--reason", "asked for peace", "--now", NOW)
    rows = shop.rows("status", "--now", "2026-03-05T09:00:00Z")
    assert by_type(rows, "source") == [
        {
            "type": "source",
            "name": "desk",
            "connector": "export",
            "read_at": NOW,
            "is_complete": True,
            "incomplete": [],
        }
    ]
    assert by_type(rows, "counts")[0]["issues"] == 2
    assert by_type(rows, "unknown_status") == [
        {"type": "unknown_status", "source": "desk", "status": "in_review", "issues": 1}
    ]
    [quarantined] = by_type(rows, "quarantined")
    assert (quarantined["source"], quarantined["key"]) == ("desk", "3")
    holds = {(row["source"], row["why"]): row for row in by_type(rows, "holds")}
    assert holds["list", "open-issue"]["people"] == 2
    assert holds["list", "open-issue"]["ages"] == {
        "under a day": 0,
        "under a week": 2,
        "under 30 days": 0,
        "30 days or more": 0,
    }
    assert holds["alignkit", "manual: asked for peace"]["people"] == 1


def test_status_says_the_same_to_people(shop: Shop) -> None:
    shop.write("tickets.jsonl", page(ticket(1, ADA, status="in_review"), ticket(3, CY, at="never")))
    shop.pull()
    text = shop.run("status", "--now", "2026-03-05T09:00:00Z").stdout
    for part in ("desk", "48 hours ago", "in_review", "created_at" if "created_at" in text else "updated_at"):
        assert part in text, part
    assert "nobody is held" in text


def test_a_source_never_read_to_its_end_is_told(shop: Shop) -> None:
    shop.write("tickets.jsonl", page(ticket(1, ADA)) + page(ticket(2, BOB)))
    shop.run("pull", "--max-pages", "1", "--now", NOW)
    assert "no: marketing waits" in shop.run("status", "--now", NOW).stdout
    assert by_type(shop.rows("status", "--now", NOW), "source")[0]["incomplete"] == ["records"]

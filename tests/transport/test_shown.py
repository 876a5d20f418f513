"""What texts show of a URL."""

from __future__ import annotations

import pytest

from alignkit.transport._shown import shown_path


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://help.example.com/api/v2/tickets/7?key=sample-secret#x", "/api/v2/tickets/7"),
        ("/users/ada@example.com/tags", "/users/…/tags"),
        ("/users/ada%40example.com", "/users/…"),
        ("/bot" + "7" * 41 + "/send", "/…/send"),
        ("/a\nb/c", "/ab/c"),
        ("/a\x1bb/c", "/…/c"),
        ("https://[broken/sample-secret", "…"),
    ],
)
def test_a_path_is_shown_without_what_may_be_private(url: str, shown: str) -> None:
    assert shown_path(url) == shown

"""Holds the sink for Letterbox to the kit, as a plugin's author would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from alignkit.testing import Cast, FakeService, SinkTests
from alignkit.transport import Request

from .letterbox import Letterbox
from .letterbox_service import LetterboxService


class TestLetterbox(SinkTests[LetterboxService]):
    cast = Cast(
        free=("ada@example.com", "bob@example.com", "cy@example.com"),
        silent=("dee@example.com",),
        foreign=("gus@example.com",),
        absent=("zoe@example.com",),
    )
    denied: ClassVar[Sequence[Request]] = (
        Request("PATCH", "https://letterbox.example.com/people/x", json={"subscribed": True}),
        Request("POST", "https://letterbox.example.com/people", json={"address": "x"}),
    )

    def service(self) -> LetterboxService:
        service = LetterboxService(self.secret)
        service.join("ada@example.com")
        service.join("bob@example.com", pace="daily")
        service.join("cy@example.com", pace="monthly")
        service.join("dee@example.com", subscribed=False)
        service.join("gus@example.com", pace="never", held_by="anna")
        return service

    def sink(self, service: LetterboxService) -> Letterbox:
        return Letterbox("https://letterbox.example.com", self.secret)

    def kept(self, service: LetterboxService) -> Mapping[str, object]:
        return {address: dict(row) for address, row in service.people.items()}

    def gets_mail(self, service: LetterboxService, address: str) -> bool:
        row = service.people[address]
        return bool(row["subscribed"]) and row["pace"] != "never"

    def reason(self, service: LetterboxService, address: str) -> str:
        return str(service.people[address]["why"])

    def opt_out(self, service: LetterboxService, address: str) -> None:
        service.people[address]["subscribed"] = False

    def forbids(self, request: Request) -> str | None:
        if request.method == "GET":
            return None
        if request.method != "PATCH":
            return "it makes or deletes a contact"
        is_consent = isinstance(request.json, dict) and "subscribed" in request.json
        return "it writes consent" if is_consent else None

    def refusing(self, service: LetterboxService, address: str) -> FakeService:
        service.refused = address
        return service

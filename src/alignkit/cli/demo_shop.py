"""The demo's invented shop: where its data is, the folder it works in, and what one of its days brings."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from alignkit import identity
from alignkit.cli.output import Output, moment
from alignkit.cli.settings import Settings
from alignkit.errors import DataInvalid, SettingsError
from alignkit.gate import Gate
from alignkit.models import Message
from alignkit.rules.decision import Decision
from alignkit.rules.facts import IssueFacts
from alignkit.rules.wording import nearest_moment
from alignkit.stores import SQLiteStore
from alignkit.stores.records import Cause
from alignkit.sync import PullResult, PushResult, Sync

SOURCE, DESTINATION, OFFER = "shop-zendesk", "newsletter", "offer"

SETTINGS = """\
# The demo's own settings. Go on with them: `alignkit status --settings THIS_FILE`.
store = "align.db"

[policy]
preset = "starter"

[sources.shop-zendesk]
connector = "export"
path = "helpdesk"
mapping = "zendesk"
custom_statuses = { 41180000000105 = "snoozed" }
outbound_tags = ["campaign_outbound", "campaign_reply"]
internal_tags = ["created_for_side_conversation"]

[destinations.newsletter]
connector = "audience_file"
path = "audience.csv"
held_path = "held.csv"

[messages.offer]
category = "promotional"
channel = "email"
"""

_NEEDED = ("story.json", "audience.csv", "day1/tickets.jsonl", "day2/tickets.jsonl")
Causes: TypeAlias = Mapping[str, Cause]


@dataclass(frozen=True)
class Day:
    """What one day of the demo did.

    Attributes:
        before, after: why people are held at the destination, by address.
        endings: what became of the issues of those released, by address.
        decisions: the answers for the people of the story, by their part in it.
    """

    now: datetime
    pulled: PullResult
    planned: PushResult
    pushed: PushResult
    before: Causes
    after: Causes
    endings: Mapping[str, str]
    decisions: Mapping[str, Decision]

    @property
    def held(self) -> list[Cause]:
        """Those newly held."""
        return [cause for address, cause in self.after.items() if address not in self.before]

    @property
    def released(self) -> list[str]:
        """Those released."""
        return [address for address in self.before if address not in self.after]


def find_data(given: Path | None) -> Path:
    """The folder of the example's data.

    Raises:
        SettingsError: it is not there.
    """
    checkout = Path(__file__).parents[3]
    places = [given] if given else [Path("examples/data"), checkout / "examples" / "data"]
    found = next((place for place in places if all((place / name).is_file() for name in _NEEDED)), None)
    if found is None:
        where = f"in `{given}`" if given else "here"
        raise SettingsError(
            f"the demo's data is not {where}; it is in the project's repository and not in the package:"
            " give its folder with `--data examples/data`"
        )
    return found


def read_story(origin: Path) -> dict[str, Any]:
    try:
        story: dict[str, Any] = json.loads((origin / "story.json").read_text("utf-8"))
        return {name: story[name] for name in ("day1_now", "day2_now", "people")}
    except (ValueError, KeyError):
        raise DataInvalid("the demo's `story.json` cannot be read; run `python examples/make_data.py`") from None


def prepare(origin: Path, folder: Path | None) -> Settings:
    """A folder with settings, a mailing list and an empty place for the helpdesk's exports.

    Raises:
        SettingsError: the folder is in use, or cannot be made.
    """
    try:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="alignkit-demo-"))
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SettingsError(f"`{folder}` is not empty; name a new folder, so that nothing in it is lost")
        (folder / "helpdesk").mkdir()
        shutil.copyfile(origin / "audience.csv", folder / "audience.csv")
        (folder / "alignkit.toml").write_text(SETTINGS, "utf-8")
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        raise SettingsError(f"the demo cannot work in `{folder}`: {why}; name another with `--folder`") from None
    return Settings(folder / "alignkit.toml")


@dataclass(frozen=True)
class Shop:
    """The invented shop, with alignkit between its helpdesk and its newsletter."""

    settings: Settings
    store: SQLiteStore
    output: Output

    def live(self, now: datetime, people: Mapping[str, Mapping[str, str]]) -> Day:
        """One day: read, look at what would change, push."""
        sync, offer = Sync(self.store), self.settings.message(OFFER)
        policy, newsletter = self.settings.policy(), self.settings.destination(DESTINATION)
        before = self._causes(offer)
        with self.output.progress("helpdesk") as told:
            pulled = sync.pull(self.settings.source(SOURCE), on_progress=told, now=now)
        with self.output.progress("newsletter") as told:
            planned = sync.push(newsletter, policy, offer, dry_run=True, on_progress=told, now=now)
            pushed = sync.push(newsletter, policy, offer, on_progress=told, now=now)
        gate = Gate(self.store, policy)
        decisions = {kind: gate.decide(person["email"], offer, now=now) for kind, person in people.items()}
        after = self._causes(offer)
        endings = {address: self._ending(cause) for address, cause in before.items() if address not in after}
        return Day(now, pulled, planned, pushed, before, after, endings, decisions)

    def _causes(self, offer: Message) -> Causes:
        return {cause.address: cause for cause in self.store.causes(DESTINATION, offer.scope)}

    def _ending(self, cause: Cause) -> str:
        """What became of the issues that somebody was held for."""
        facts = self.store.facts(identity.identifier(cause.address), frozenset({"issues"}))
        return (
            "; ".join(_became(issue) for issue in facts.issues if issue.ref in cause.evidence) or "nobody is concerned"
        )


def _became(issue: IssueFacts) -> str:
    number = issue.ref.rpartition("/")[2]
    since = f" since {moment(nearest_moment(issue.resolved_at))}" if issue.resolved_at is not None else ""
    rated = f", rated {issue.rating}" if issue.rating else ""
    return f"ticket {number} is {issue.status.replace('_', ' ')}{since}{rated}"

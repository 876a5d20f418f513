"""Starts a whole Bluesky network on loopback, and speaks for the people in it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .admin import SAMPLE_PASSWORD, RestClient
from .servers import (
    CACHE,
    LoopbackServer,
    NotInstalled,
    OwnProcess,
    ServerUnavailable,
    free_port,
    node_environment,
    run_command,
    wait_until,
)

BLUESKY_HOME = CACHE / "bluesky"
PROGRAM = Path(__file__).with_name("bluesky_network.cjs")
POSTGRES_HOMES = Path("/usr/lib/postgresql")
POST = "app.bsky.feed.post"
# The network signs its sessions with this, as its own tests need it to.
SESSION_KEY = b"jwt-secret"


class PostgresServer:
    """A PostgreSQL on loopback that trusts everybody and forgets everything."""

    def __init__(self) -> None:
        self.port = 0
        self._data: Path | None = None
        self._process: OwnProcess | None = None

    @property
    def url(self) -> str:
        return f"postgresql://owner@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        # The server refuses to run as root, and its user may not enter the folders that pytest makes.
        self._data = Path(tempfile.mkdtemp(prefix="alignkit-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(self._data, "postgres", "postgres")
        self._run(
            "initdb", "-D", self._data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"
        )
        self.port = free_port()
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "fsync": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = self._command("postgres", "-D", self._data, "-k", self._data, *options)
        self._process = OwnProcess.start(command, env=_environment(), log=self._data / "server.log")
        if not wait_until(self._is_ready, 30):
            self.stop()
            raise ServerUnavailable("PostgreSQL did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None
        if self._data is not None:
            shutil.rmtree(self._data)
            self._data = None

    def _is_ready(self) -> bool:
        try:
            self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port))
        except ServerUnavailable:
            return False
        return True

    def _run(self, program: str, *arguments: str | Path) -> None:
        run_command(self._command(program, *arguments), env=_environment())

    def _command(self, program: str, *arguments: str | Path) -> Sequence[str | Path]:
        as_user = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups") if os.geteuid() == 0 else ()
        return (*as_user, postgres_programs() / program, *arguments)


def postgres_programs() -> Path:
    """The folder with the newest PostgreSQL's programs.

    Raises:
        NotInstalled: there is none.
    """
    found = [path.parent for path in POSTGRES_HOMES.glob("*/bin/initdb")]
    if not found:
        raise NotInstalled("PostgreSQL is not installed; run `make live` as root")
    return max(found, key=lambda folder: int(folder.parent.name))


class BlueskyNetwork(LoopbackServer):
    """Directory, personal data server, app view and moderation service, on databases of their own."""

    name = "Bluesky network"
    ready_path = "/ready"

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.pds_port = 0
        self._postgres = PostgresServer()
        self._redis: OwnProcess | None = None

    @property
    def pds(self) -> str:
        """The personal data server's root: what a connector is given."""
        return f"http://localhost:{self.pds_port}"

    def stop(self) -> None:
        super().stop()
        if self._redis is not None:
            self._redis.stop()
            self._redis = None
        self._postgres.stop()

    def _require_installed(self) -> None:
        missing = [program for program in ("node", "redis-server") if shutil.which(program) is None]
        if not (BLUESKY_HOME / "requirements.txt").exists():
            missing.append("@atproto/dev-env")
        if missing:
            raise NotInstalled(f"the {self.name} lacks {', '.join(missing)}; run `make live` as root")
        postgres_programs()

    def _launch(self) -> OwnProcess:
        self._postgres.start()
        redis_port = free_port()
        redis = ("redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", self.data)
        self._redis = OwnProcess.start(redis, env=_environment(), log=self.data / "redis.log")
        self.pds_port = free_port()
        # Node looks for modules from where the program lies.
        program = BLUESKY_HOME / PROGRAM.name
        shutil.copyfile(PROGRAM, program)
        env = {
            **node_environment(self.data),
            "DB_POSTGRES_URL": self._postgres.url,
            "REDIS_HOST": f"127.0.0.1:{redis_port}",
            "LOG_ENABLED": "false",
            "NODE_ENV": "development",
        }
        return OwnProcess.start(("node", program, str(self.port), str(self.pds_port)), env=env, log=self.log)

    def settle(self) -> None:
        """Returns when the app view has seen everything that was written."""
        RestClient(self.url).request("POST", "/settle").expect(204)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TZ": "UTC"}


@dataclass(frozen=True)
class Person:
    """Somebody with an account, who acts through the API; others see it once the network has settled."""

    network: BlueskyNetwork
    did: str
    handle: str
    rest: RestClient

    def post(
        self, text: str, *, mentions: Sequence[Person] = (), reply_to: dict[str, str] | None = None, **fields: Any
    ) -> dict[str, str]:
        """Publishes a post and returns its `uri` and `cid`; a mention is a facet over `@handle` in the text."""
        record: dict[str, Any] = {
            "$type": POST,
            "text": text,
            "createdAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            **fields,
        }
        if mentions:
            record["facets"] = [_facet(text, person) for person in mentions]
        if reply_to:
            record["reply"] = {"root": reply_to, "parent": reply_to}
        return self._create(POST, record)

    def quote(self, text: str, quoted: dict[str, str]) -> dict[str, str]:
        return self.post(text, embed={"$type": "app.bsky.embed.record", "record": quoted})

    def like(self, post: dict[str, str]) -> None:
        record = {"$type": "app.bsky.feed.like", "subject": post, "createdAt": "2026-01-01T00:00:00Z"}
        self._create("app.bsky.feed.like", record)

    def block(self, other: Person) -> None:
        """Hides two people from each other; nothing is deleted."""
        collection = "app.bsky.graph.block"
        self._create(collection, {"$type": collection, "subject": other.did, "createdAt": "2026-01-01T00:00:00Z"})

    def delete(self, post: dict[str, str]) -> None:
        body = {"repo": self.did, "collection": POST, "rkey": post["uri"].rpartition("/")[2]}
        self.rest.request("POST", "/com.atproto.repo.deleteRecord", body=body).expect(200)

    def app_password(self, name: str) -> str:
        """A password for one program, which may not do all that the account's own may."""
        answer = self.rest.request("POST", "/com.atproto.server.createAppPassword", body={"name": name}).expect(200)
        password: str = answer.body["password"]
        return password

    def _create(self, collection: str, record: dict[str, Any]) -> dict[str, str]:
        body = {"repo": self.did, "collection": collection, "record": record}
        made = self.rest.request("POST", "/com.atproto.repo.createRecord", body=body).expect(200).body
        return {"uri": made["uri"], "cid": made["cid"]}


def join(network: BlueskyNetwork, name: str) -> Person:
    """Opens an account `NAME.test`."""
    root = f"{network.pds}/xrpc"
    handle = f"{name}.test"
    account = {"handle": handle, "email": f"{name}@example.test", "password": SAMPLE_PASSWORD}
    made = RestClient(root).request("POST", "/com.atproto.server.createAccount", body=account).expect(200).body
    return Person(network, made["did"], handle, RestClient(root, f"Bearer {made['accessJwt']}"))


def _facet(text: str, person: Person) -> dict[str, Any]:
    """Where a text names a person, counted in bytes."""
    named = f"@{person.handle}"
    start = len(text[: text.index(named)].encode())
    feature = {"$type": "app.bsky.richtext.facet#mention", "did": person.did}
    return {"index": {"byteStart": start, "byteEnd": start + len(named)}, "features": [feature]}


def ended(token: str) -> str:
    """The same session token, its end moved into the past: what a program holds that slept for two hours."""
    head, claims, _ = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    told["exp"] = int(time.time()) - 60
    told["iat"] = told["exp"] - 7_200
    body = f"{head}.{_encoded(json.dumps(told).encode())}"
    return f"{body}.{_encoded(hmac.digest(SESSION_KEY, body.encode(), hashlib.sha256))}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

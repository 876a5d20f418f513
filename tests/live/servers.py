"""Starts real servers on loopback, Request Tracker 5 and Mailman core first, and stops exactly what it started.

`install.sh` puts the programs in place. Each server keeps its data in a folder of the caller's and listens on
a free port of 127.0.0.1, so several can run side by side. An empty database, whose making takes longest, is
kept in the cache and copied.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("ALIGNKIT_LIVE_CACHE", REPOSITORY / ".cache" / "live"))

RT_HOME = Path("/usr/share/request-tracker5")
RT_SERVER = RT_HOME / "libexec" / "rt-server"
RT_SETUP = Path("/usr/sbin/rt-setup-database-5")
MAILMAN_BIN = CACHE / "mailman" / "bin"

READY_SECONDS = 90.0
STOP_SECONDS = 10.0
COMMAND_SECONDS = 120.0


class ServerUnavailable(Exception):
    """A server that is there and does not do its work; the text ends with what it said last."""


class NotInstalled(Exception):
    """A server that is not on this machine; the text says what is missing and how to install it."""


# --- processes --------------------------------------------------------------------------------------------


def started_at(pid: int) -> str | None:
    """The kernel's start time of a process in clock ticks since boot, or None when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field, a name in brackets, may itself hold blanks and brackets.
    return stat.rpartition(")")[2].split()[19]


@dataclass(frozen=True)
class OwnProcess:
    """A program that leads its own process group, known by its id and its start time together."""

    popen: subprocess.Popen[bytes]
    start_time: str | None

    @classmethod
    def start(cls, command: Sequence[str | Path], *, env: Mapping[str, str], log: Path) -> Self:
        with log.open("ab") as output:
            popen = subprocess.Popen(
                [str(part) for part in command],
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(popen, started_at(popen.pid))

    @property
    def is_running(self) -> bool:
        return not self._has_ended()

    def stop(self) -> None:
        """Ends the program and its group: politely, then by force. Safe to repeat."""
        if self.popen.returncode is not None:
            return
        if started_at(self.popen.pid) != self.start_time:
            raise ServerUnavailable(f"process {self.popen.pid} is not the one that was started; left alone")
        if not self._has_ended():
            self.popen.terminate()
            wait_until(self._has_ended, STOP_SECONDS)
        # The leader is not reaped yet, so its id, which names the group, cannot belong to anybody else.
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait(STOP_SECONDS)

    def _has_ended(self) -> bool:
        if self.popen.returncode is not None:
            return True
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.popen.pid, flags) is not None


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers_http(url: str) -> bool:
    """Whether anything at all is answered; a 401 is an answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


def run_command(command: Sequence[str | Path], *, env: Mapping[str, str]) -> str:
    """Runs a short command and returns its standard output.

    Raises:
        ServerUnavailable: the command failed or took too long; the text ends with its last lines.
    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env=dict(env),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ServerUnavailable(f"`{name}` took longer than {COMMAND_SECONDS:.0f} s") from error
    if done.returncode != 0:
        raise ServerUnavailable(f"`{name}` failed: {last_lines(done.stdout + done.stderr)}")
    return done.stdout


def node_environment(home: Path) -> dict[str, str]:
    """What a program for Node.js is given; what it keeps on disk goes into the folder."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home),
    }


def last_lines(text: str, count: int = 8) -> str:
    return "\n".join(text.strip().splitlines()[-count:])


# --- servers ----------------------------------------------------------------------------------------------


class LoopbackServer:
    """What all servers share: a folder, a port, a process, and waiting until it answers."""

    name: str
    ready_path: str

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = 0
        self._process: OwnProcess | None = None

    @property
    def url(self) -> str:
        """The root of the service, without the path of its API and without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    def start(self) -> None:
        """Starts the server and waits until it answers.

        Raises:
            NotInstalled: the server is not on this machine.
            ServerUnavailable: the server ended early or stayed silent.
        """
        self._require_installed()
        self.data.mkdir(parents=True, exist_ok=True)
        # A free port may be taken by somebody else before the server binds it.
        for last_try in (False, False, True):
            self.port = free_port()
            self._process = self._launch()
            if self._is_ready(self._process):
                return
            self.stop()
            if last_try:
                raise ServerUnavailable(f"{self.name} did not start: {last_lines(self._log_text())}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _is_ready(self, process: OwnProcess) -> bool:
        def ready_or_ended() -> bool:
            return not process.is_running or answers_http(self.url + self.ready_path)

        return wait_until(ready_or_ended, READY_SECONDS) and process.is_running

    def _log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _require_installed(self) -> None:
        raise NotImplementedError

    def _launch(self) -> OwnProcess:
        raise NotImplementedError


RT_SETTINGS = """\
Set($rtname, 'desk.test');
Set($Organization, 'desk.test');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '@DATA@/rt.db');
Set($DatabaseHost, '');
Set($DatabaseUser, '');
Set($DatabasePassword, '');
Set($WebDomain, '127.0.0.1');
Set($WebPort, @PORT@);
Set($WebPath, '');
Set($WebBaseURL, '@WEB_BASE_URL@');
Set($WebURL, '@WEB_BASE_URL@/');
Set($CorrespondAddress, 'desk@example.test');
Set($CommentAddress, 'desk-comment@example.test');
# The least work RT allows for a password, since every signed-in request checks one.
Set($BcryptCost, 4);
Set($OwnerEmail, 'root@example.test');
Set($MailCommand, 'mbox');
Set($LogToSTDERR, 'warning');
Set($LogToSyslog, undef);
Set($LogToFile, undef);
Set($Timezone, 'UTC');
Set($WebSessionClass, 'Apache::Session::File');
Set(%Lifecycles,
    returns => {
        initial  => ['announced'],
        active   => ['in transit', 'inspected'],
        inactive => ['refunded', 'refused', 'deleted'],
        defaults => { on_create => 'announced', approved => 'inspected', denied => 'refused' },
        transitions => {
            ''         => ['announced', 'in transit'],
            announced  => ['in transit', 'inspected', 'refunded', 'refused', 'deleted'],
            'in transit' => ['announced', 'inspected', 'refunded', 'refused', 'deleted'],
            inspected  => ['announced', 'in transit', 'refunded', 'refused', 'deleted'],
            refunded   => ['inspected', 'deleted'],
            refused    => ['inspected', 'deleted'],
            deleted    => ['announced'],
        },
        rights => { '* -> deleted' => 'DeleteTicket', '* -> *' => 'ModifyTicket' },
    },
);
$RT::VarPath = '@DATA@';
$RT::MasonDataDir = '@DATA@/mason';
$RT::MasonSessionDir = '@DATA@/sessions';
1;
"""

CREATE_TOKEN = """
use RT -init;
my $user = RT::User->new(RT->SystemUser);
$user->Load($ARGV[0]);
die "no such user\\n" unless $user->Id;
my $new = RT::AuthToken->new(RT->SystemUser);
my ($done, $message, $token) = $new->Create(Owner => $user->Id, Description => 'tests');
die "$message\\n" unless $done;
print $token;
"""

GRANT_RIGHTS = """
use RT -init;
my ($kind, $name, $queue, @rights) = @ARGV;
my $principal;
if ($kind eq 'user') {
    my $user = RT::User->new(RT->SystemUser);
    $user->Load($name);
    $principal = $user->PrincipalObj;
} else {
    my $group = RT::Group->new(RT->SystemUser);
    $group->LoadSystemInternalGroup($name);
    $principal = $group->PrincipalObj;
}
my $object = RT->System;
if (length $queue) {
    $object = RT::Queue->new(RT->SystemUser);
    $object->Load($queue);
}
die "no such principal or queue\\n" unless $principal->Id && $object->Id;
for my $right (@rights) {
    my ($done, $message) = $principal->GrantRight(Right => $right, Object => $object);
    die "$right: $message\\n" unless $done;
}
"""


class RequestTrackerServer(LoopbackServer):
    """Request Tracker 5 on a private SQLite database; the administrator is `root`, password `password`.

    Besides RT's own lifecycle it has `returns`, whose status names say nothing about their class.
    Mail that RT would send is written to `*.mbox` files in the data folder.

    Args:
        data: the folder for its database, settings, log and mail.
        web_base_url: what RT builds its links from (`WebBaseURL`), when a proxy stands in front; by default
            its own address.
    """

    name = "Request Tracker 5"
    ready_path = "/REST/2.0/rt"
    username = "root"
    password = "password"

    def __init__(self, data: Path, *, web_base_url: str | None = None) -> None:
        super().__init__(data)
        self._web_base_url = web_base_url

    def token(self, user: str = "root") -> str:
        """Makes a new token for the `Authorization: token ...` header of that user."""
        return self._perl(CREATE_TOKEN, user).strip()

    def grant_user(self, user: str, *rights: str, queue: str = "") -> None:
        """Gives a user rights, in one queue or, with no queue named, everywhere."""
        self._perl(GRANT_RIGHTS, "user", user, queue, *rights)

    def grant_group(self, group: str, *rights: str, queue: str = "") -> None:
        """Gives rights to `Everyone`, `Privileged` or `Unprivileged`."""
        self._perl(GRANT_RIGHTS, "group", group, queue, *rights)

    def outgoing_mail(self) -> str:
        """All mail that RT would have sent so far, in mbox form."""
        boxes = sorted(self.data.glob("*.mbox"))
        return "".join(box.read_text(encoding="utf-8", errors="replace") for box in boxes)

    def _require_installed(self) -> None:
        missing = [str(path) for path in (RT_SERVER, RT_SETUP) if not path.exists()]
        if missing or shutil.which("perl") is None:
            raise NotInstalled(
                f"{self.name} is not installed (no {', '.join(missing) or 'perl'}); "
                "run `make live` as root on Debian, or install request-tracker5 rt5-db-sqlite rt5-standalone"
            )

    def _launch(self) -> OwnProcess:
        self._write_settings()
        database = self.data / "rt.db"
        if not database.exists():
            shutil.copyfile(empty_rt_database(), database)
        # Three workers keep a machine of two cores free for the tests. As root the server answers SIGINT by
        # changing the owner of /var/lib/request-tracker5, which is why it is stopped by SIGTERM alone.
        command = (RT_SERVER, "--host", "127.0.0.1", "--port", str(self.port), "--max-workers", "3")
        return OwnProcess.start(command, env=self._environment(), log=self.log)

    def _write_settings(self) -> None:
        for folder in ("SiteConfig.d", "mason", "sessions"):
            (self.data / folder).mkdir(parents=True, exist_ok=True)
        values = {
            "@DATA@": str(self.data),
            "@PORT@": str(self.port),
            "@WEB_BASE_URL@": self._web_base_url or self.url,
        }
        settings = RT_SETTINGS
        for mark, value in values.items():
            settings = settings.replace(mark, value)
        (self.data / "RT_SiteConfig.pm").write_text(settings, encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "TZ": "UTC",
            "LANG": "C.UTF-8",
            "HOME": str(self.data),
            "RT_SITE_CONFIG": str(self.data / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(self.data / "SiteConfig.d"),
        }

    def _perl(self, program: str, *arguments: str) -> str:
        command = ("perl", f"-I{RT_HOME / 'lib'}", "-e", program, *arguments)
        return run_command(command, env=self._environment())

    def write_empty_database(self) -> Path:
        """Makes a fresh database in the data folder and returns its path."""
        self._write_settings()
        run_command((RT_SETUP, "--action", "init", "--skip-create"), env=self._environment())
        return self.data / "rt.db"


MAILMAN_SETTINGS = """\
[paths.private]
var_dir: @DATA@/var
[mailman]
layout: private
site_owner: owner@example.test
[webservice]
hostname: 127.0.0.1
port: @PORT@
admin_user: @USERNAME@
admin_pass: @PASSWORD@
workers: 2
[mta]
incoming: mailman.mta.null.NullMTA
smtp_host: 127.0.0.1
smtp_port: 1
[ARC]
enabled: no
[archiver.prototype]
enable: no
"""

# The REST service needs none of them; each would cost a second or more of start-up time.
IDLE_RUNNERS = ("archive", "bounces", "command", "digest", "in", "lmtp", "out", "pipeline", "retry", "task", "virgin")


class MailmanServer(LoopbackServer):
    """Mailman core with its REST service alone: nothing listens for mail and nothing sends any."""

    name = "Mailman core"
    ready_path = "/3.1/system/versions"
    username = "restadmin"
    password = "sample-password"

    def _require_installed(self) -> None:
        if not (MAILMAN_BIN / "master").exists():
            raise NotInstalled(f"{self.name} is not installed in `{MAILMAN_BIN.parent}`; run `make live`")

    def _launch(self) -> OwnProcess:
        self._write_settings()
        database = self.data / "var" / "data" / "mailman.db"
        if not database.exists():
            database.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(empty_mailman_database(), database)
        # --force: a lock in the data folder can only be left over from an earlier start of this same server.
        command = (MAILMAN_BIN / "master", "--force", "-C", self._settings)
        return OwnProcess.start(command, env=self._environment(), log=self.log)

    @property
    def _settings(self) -> Path:
        return self.data / "mailman.cfg"

    def _write_settings(self) -> None:
        values = {
            "@DATA@": str(self.data),
            "@PORT@": str(self.port),
            "@USERNAME@": self.username,
            "@PASSWORD@": self.password,
        }
        settings = MAILMAN_SETTINGS + "".join(f"[runner.{name}]\nstart: no\n" for name in IDLE_RUNNERS)
        for mark, value in values.items():
            settings = settings.replace(mark, value)
        self._settings.write_text(settings, encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        path = f"{MAILMAN_BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {"PATH": path, "TZ": "UTC", "LANG": "C.UTF-8", "HOME": str(self.data)}

    def write_empty_database(self) -> Path:
        """Makes a fresh database in the data folder and returns its path."""
        self._write_settings()
        command = (MAILMAN_BIN / "mailman", "--run-as-root", "-C", self._settings, "info")
        run_command(command, env=self._environment())
        return self.data / "var" / "data" / "mailman.db"


# --- empty databases, made once ---------------------------------------------------------------------------


def empty_rt_database() -> Path:
    program = "require RT; print $RT::VERSION"
    version = run_command(("perl", f"-I{RT_HOME / 'lib'}", "-e", program), env={"PATH": os.defpath})
    return _cached_database("rt", f"{version}\n{RT_SETTINGS}", RequestTrackerServer)


def empty_mailman_database() -> Path:
    installed = (MAILMAN_BIN.parent / "requirements.txt").read_text(encoding="utf-8")
    return _cached_database("mailman", f"{installed}\n{MAILMAN_SETTINGS}", MailmanServer)


def _cached_database(name: str, made_from: str, server: type[RequestTrackerServer | MailmanServer]) -> Path:
    kept = CACHE / f"{name}-{hashlib.sha256(made_from.encode()).hexdigest()[:12]}.db"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            made = server(Path(folder) / "data")
            made.data.mkdir()
            database = made.write_empty_database()
            with closing(sqlite3.connect(database)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            # A rename is whole or absent, whoever else is making the same file.
            database.replace(kept)
    return kept

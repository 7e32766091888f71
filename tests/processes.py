"""Real processes on the test database: web, worker, their own Redis and an SMTP sink, killed at will."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from scripts.probe import is_well
from scripts.services import Cluster
from scripts.smtp_sink import SmtpSink

ROOT = Path(settings.BASE_DIR)
LEASE_SECONDS = 2
DEADLINE = 60.0


class Platform:
    """The processes of the product, on the database of the running test."""

    def __init__(self, folder: Path, sink: SmtpSink) -> None:
        self.sink = sink
        self.folder = folder
        # Redis only: PostgreSQL is the one of the tests.
        self.redis = Cluster("redis", durable=False, root=folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen] = {}

    @property
    def environment(self) -> dict[str, str]:
        database = connection.settings_dict
        host = database["OPTIONS"].get("host", database["HOST"])
        url = f"postgres://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}?host={host}"
        return os.environ | {
            "DATABASE_URL": url,
            "REDIS_URL": self.redis.redis_url,
            "REDIS_PREFIX": self.folder.name,
            "EMAIL_URL": self.sink.url,
            "SITE_URL": self.url,
            "MEDIA_ROOT": str(self.folder / "media"),
            "OUTBOX_LEASE_SECONDS": str(LEASE_SECONDS),
            "DJANGO_SETTINGS_MODULE": "conseiller.settings.processes",
            "PYTHONWARNINGS": "default",
        }

    def start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("a") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def start_redis(self) -> None:
        self.redis.folder.mkdir(parents=True, exist_ok=True)
        self.redis._start_redis()

    def stop_redis(self) -> None:
        if self.redis.redis_is_up():
            self.redis._stop_redis()

    def start_worker(self) -> None:
        self.start("worker", "-m", "celery", "-A", "conseiller", "worker", "--concurrency=1", "-l", "INFO")

    def start_web(self) -> None:
        bind = f"--bind=127.0.0.1:{self.port}"
        self.start("web", "-m", "gunicorn", "conseiller.wsgi", bind, "--workers=1", "--threads=4")
        wait_until(lambda: is_well("/sante/pret", self.port), "the site does not answer", self.log("web"))

    def kill(self, name: str) -> None:
        """kill -9 of a process and of its children."""
        process = self.processes.pop(name, None)
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        self.stop_redis()

    def mails_to(self, address: str) -> list:
        return [mail for mail in self.sink.messages() if mail["To"] == address]

    def wait_for_mail(self, address: str, subject: str):
        """Return the first message to an address whose subject holds some words, once it is there."""

        def found():
            return next((m for m in self.mails_to(address) if subject in m["Subject"]), None)

        wait_until(found, f"no mail « {subject} »", self.log("worker"))
        return found()


def wait_until(condition, otherwise: str, log: Path | None = None, seconds: float = DEADLINE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            tail = log.read_text()[-3000:] if log and log.exists() else ""
            raise AssertionError(f"{otherwise}\n{tail}")
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def platform(tmp_path_factory):
    """The platform, nothing started yet."""
    folder = tmp_path_factory.mktemp("cn")
    folder.chmod(0o755)
    with ExitStack() as stack:
        sink = stack.enter_context(SmtpSink(folder / "mails"))
        platform = Platform(folder, sink)
        stack.callback(platform.stop)
        yield platform

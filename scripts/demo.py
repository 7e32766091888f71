"""Start the whole platform on this machine and stop it as a whole: `make demo`, `make run`.

The supervisor owns every process it starts: Ctrl-C, TERM or the death of one of them stops them
all, and nothing else.
"""

import argparse
import contextlib
import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import psycopg

from scripts.probe import is_well
from scripts.services import DEV, ROOT, ServiceError, tail
from scripts.smtp_sink import SmtpSink

HOST = "127.0.0.1"
LOGS = ROOT / "var" / "log"
MAILS = ROOT / "var" / "mails"
ACCOUNTS = ROOT / "var" / "demo-accounts.txt"
READY_TIMEOUT = 90.0  # seconds
STOP_TIMEOUT = 15.0  # seconds: what a running task gets to finish.
STEP = 0.1  # seconds


class DemoError(Exception):
    """The demo cannot go on; the message is shown as it is."""


class Interrupted(BaseException):
    """Somebody asked us to stop."""


@dataclass
class Supervisor:
    environment: dict[str, str]
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    command: subprocess.Popen[bytes] | None = None
    interrupted: bool = False

    def listen_to_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup make demo
                signal.signal(number, self._interrupt)

    def _interrupt(self, number: int, frame: object) -> None:
        # Only noted: stopping in the middle of a start would lose track of a process.
        self.interrupted = True

    def pause(self) -> None:
        """Let a moment pass, unless somebody asked us to stop."""
        if self.interrupted:
            raise Interrupted
        time.sleep(STEP)

    def _spawn(self, command: list[str], output: int | TextIO | None) -> subprocess.Popen[bytes]:
        # A group of its own: the terminal's Ctrl-C reaches the supervisor alone, which stops the
        # others in order. `pdeathsig` covers the day the supervisor itself is killed.
        return subprocess.Popen(
            ["setpriv", "--pdeathsig=TERM", sys.executable, *command],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
        )

    def run(self, *command: str) -> None:
        """Run a command to its end, its output shown here."""
        self.command = self._spawn(list(command), None)
        while self.command.poll() is None:
            self.check()
            self.pause()
        if self.command.returncode != 0:
            raise DemoError(f"La commande a échoué (code {self.command.returncode}) : {' '.join(command)}")

    def start(self, name: str, *command: str) -> None:
        LOGS.mkdir(parents=True, exist_ok=True)
        with log_of(name).open("w") as log:
            self.daemons[name] = self._spawn(list(command), log)

    def check(self) -> None:
        """Raise when one of the processes has died."""
        for name, process in self.daemons.items():
            if process.poll() is not None:
                raise DemoError(
                    f"Le processus « {name} » s'est arrêté (code {process.returncode}). "
                    f"Fin de {os.path.relpath(log_of(name), ROOT)} :\n{tail(log_of(name))}"
                )

    def wait_until_ready(self, port: int) -> None:
        deadline = time.monotonic() + READY_TIMEOUT
        while not is_well("/sante/pret", port):
            self.check()
            self.pause()
            if time.monotonic() > deadline:
                raise DemoError(f"Le site ne répond pas. Fin de var/log/web.log :\n{tail(log_of('web'))}")

    def watch(self) -> None:
        while True:
            self.check()
            self.pause()

    def stop(self) -> None:
        """Ask every process to finish, then end what is left of its group."""
        processes = [*self.daemons.values(), *([self.command] if self.command else [])]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def log_of(name: str) -> Path:
    return LOGS / f"{name}.log"


# Refusals --------------------------------------------------------------------------------------


def port_number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"« {text} » n'est pas un port (de 1 à 65535)")
    return int(text)


def refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            why = "déjà pris par un autre programme" if error.errno == errno.EADDRINUSE else f"refusé ({error})"
            raise DemoError(f"Le port {port} est {why}. Choisissez-en un autre : make demo PORT=8001") from error


def refuse_somebody_elses_data() -> None:
    """Refuse to pour demo data into a database given by the environment that is not empty."""
    if DEV.database_is_ours or os.environ.get("DEMO_FORCE") == "1":
        return
    tables = "select count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
    try:
        with psycopg.connect(DEV.environment()["DATABASE_URL"], connect_timeout=5) as connection:
            (count,) = connection.execute(tables).fetchone() or (0,)
    except psycopg.Error as error:
        raise DemoError(f"La base de DATABASE_URL ne répond pas : {error}") from error
    if count:
        raise DemoError(
            f"La base de DATABASE_URL contient déjà {count} tables : la démonstration n'y touche pas.\n"
            "Donnez une base vide, ou dites que vous le voulez : DEMO_FORCE=1 make demo"
        )


@contextlib.contextmanager
def only_one_here() -> Iterator[None]:
    path = ROOT / "var" / "demo.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoError("La plateforme tourne déjà depuis ce dossier : arrêtez-la d'abord.") from error
        yield


# The two ways to run ---------------------------------------------------------------------------


def web_command(port: int, *, reload: bool) -> list[str]:
    if reload:
        return ["manage.py", "runserver", f"{HOST}:{port}"]
    gunicorn = ["-m", "gunicorn", "conseiller.wsgi", f"--bind={HOST}:{port}", "--workers=2", "--threads=4"]
    return [*gunicorn, "--preload", "--graceful-timeout=5", "--access-logfile=-"]


def run_platform(supervisor: Supervisor, port: int, *, demo: bool) -> None:
    commands = ["migrate --verbosity 0", "load_territoires"]
    if demo:
        commands += ["load_demo --if-empty", "demo_accounts"]
    # Loading Django is most of a start: web does it on one core while the database is brought up to
    # date on the other. It says it is ready only once the migrations are done.
    supervisor.start("web", *web_command(port, reload=not demo))
    supervisor.run("-m", "scripts.commands", *(["--save-last", str(ACCOUNTS)] if demo else []), *commands)
    supervisor.wait_until_ready(port)
    supervisor.start("worker", "-m", "celery", "-A", "conseiller", "worker", "--concurrency=2", "-l", "INFO")
    supervisor.start("beat", "-m", "celery", "-A", "conseiller", "beat", "-l", "INFO", "--pidfile=")
    print(f"Prêt : http://{HOST}:{port}", flush=True)
    if demo:
        print(ACCOUNTS.read_text().rstrip())
    if "EMAIL_URL" not in os.environ:
        print(f"Courriels reçus : {MAILS.relative_to(ROOT)}/ (un fichier .eml chacun)")
    print(f"Journaux : {LOGS.relative_to(ROOT)}/. Ctrl-C arrête tout.", flush=True)
    supervisor.watch()


def environment(port: int, sink: SmtpSink, *, demo: bool) -> dict[str, str]:
    defaults = {"SITE_URL": f"http://{HOST}:{port}", "EMAIL_URL": sink.url}
    ours = {
        "DJANGO_SETTINGS_MODULE": "conseiller.settings.dev",
        "DEBUG": "false" if demo else "true",
        "PYTHONUNBUFFERED": "1",
    }
    return defaults | dict(os.environ) | DEV.environment() | ours


def main() -> int:
    parser = argparse.ArgumentParser(description="Lance la plateforme entière sur cette machine.")
    parser.add_argument("--port", type=port_number, default=8000)
    parser.add_argument("--develop", action="store_true", help="sans données de démonstration, code rechargé à chaud")
    arguments = parser.parse_args()
    demo = not arguments.develop
    started: list[str] = []
    supervisor = Supervisor(environment={})
    supervisor.listen_to_signals()
    try:
        with only_one_here(), SmtpSink(MAILS) as sink:
            try:
                refuse_taken_port(arguments.port)
                if demo:
                    refuse_somebody_elses_data()
                started = DEV.start()
                supervisor.environment = environment(arguments.port, sink, demo=demo)
                run_platform(supervisor, arguments.port, demo=demo)
            finally:
                supervisor.stop()
                DEV.stop(started)
    except (DemoError, ServiceError) as error:
        print(error, file=sys.stderr)
        return 1
    except Interrupted:
        print("Arrêté.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

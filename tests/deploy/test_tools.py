"""Caddy and systemd about the files that are theirs, and the database's first steps on a real PostgreSQL.

Not tried: systemd starting the unit, as it does not run where tests do. By hand was seen that the program lives with
what the unit forbids: its calls to the system (strace) are inside the filter, and it reads posts where no memory can be
written and run (prctl PR_SET_MDWE).
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.databases import CLIENTS, server

pytestmark = pytest.mark.deploy

DEPLOY = Path(__file__).parents[2] / "deploy"


def run(*command: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": f"{CLIENTS}:{os.environ['PATH']}", "HOME": "/nonexistent", **environ},
    )


def test_caddy_takes_its_file() -> None:
    done = run("caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile")
    assert done.returncode == 0, done.stderr
    assert "Valid configuration" in done.stdout + done.stderr
    assert not re.search(r'"level":"warn".*"file":"Caddyfile"', done.stderr)


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """It only asks that the program is there, which here it is not."""
    text = (DEPLOY / "systemd/greenroom.service").read_text("utf-8")
    unit = tmp_path / "greenroom.service"
    unit.write_text(text.replace("/opt/greenroom/bin/greenroom", "/bin/true"), encoding="utf-8")
    done = run("systemd-analyze", "verify", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_calls_the_unit_well_held() -> None:
    """The scale is 0 (held best) to 100; a unit without any rule has 96."""
    unit = DEPLOY / "systemd/greenroom.service"
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", unit)
    assert done.returncode == 0, done.stdout


def test_the_database_is_made_for_a_user_who_is_no_superuser(testrun_uid: str) -> None:
    with server(testrun_uid) as uri:
        admin = conninfo_to_dict(uri)
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute("CREATE ROLE first_of_all SUPERUSER LOGIN PASSWORD 'what everybody knows'")
        try:
            done = run(
                DEPLOY / "postgres/role.sh",
                POSTGRES_USER="first_of_all",
                POSTGRES_PASSWORD="a 'quoted' one",  # noqa: S106 - it opens nothing
                PGHOST=str(admin["host"]),
                PGPORT=str(admin.get("port", 5432)),
            )
            assert done.returncode == 0, done.stderr
            with psycopg.connect(make_conninfo(uri, user="greenroom", dbname="greenroom")) as connection:
                found = connection.execute(
                    "SELECT rolsuper, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = 'greenroom'"
                )
                assert found.fetchone() == (False, False, False)
                connection.execute("CREATE TABLE ours (id INTEGER)")
            with psycopg.connect(uri) as connection:
                kept = dict(connection.execute("SELECT rolname, rolpassword FROM pg_authid").fetchall())
            assert kept["first_of_all"] is None
            assert kept["greenroom"].startswith("SCRAM-SHA-256$")
        finally:
            with psycopg.connect(uri, autocommit=True) as connection:
                connection.execute("DROP DATABASE IF EXISTS greenroom")
                connection.execute("DROP ROLE IF EXISTS greenroom")
                connection.execute("DROP ROLE first_of_all")

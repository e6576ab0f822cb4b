"""The stand-in for RDS: TLS is required and verified, passwords are checked, and a restart ends sessions."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from rehearsal.postgres import Postgres


def test_only_tls_and_the_right_password_come_in(staging_url: str) -> None:
    with psycopg.connect(staging_url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("mirrorlake",)
    with pytest.raises(psycopg.OperationalError, match="by TLS only"):
        psycopg.connect(staging_url.partition("?")[0] + "?sslmode=disable")
    password = staging_url.partition("://")[2].partition("@")[0].partition(":")[2]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(staging_url.replace(password, "another"))


def test_a_certificate_of_somebody_else_is_refused(staging_url: str, tmp_path: Path) -> None:
    other = tmp_path / "other.crt"
    certificate = Path(staging_url.rpartition("sslrootcert=")[2])
    other.write_bytes(certificate.read_bytes()[:-60] + b"\n-----END CERTIFICATE-----\n")
    with pytest.raises(psycopg.OperationalError, match=r"root certificate|certificate verify failed"):
        psycopg.connect(staging_url.replace(str(certificate), str(other)))


def test_a_restart_ends_sessions_and_keeps_rows_and_port(network_postgres: Postgres, staging_url: str) -> None:
    with psycopg.connect(staging_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        port = network_postgres.port
        network_postgres.restart()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert network_postgres.port == port
    with psycopg.connect(staging_url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)

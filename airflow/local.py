"""Airflow on this machine, for a look and for the drill: its services, started and stopped together, and its API.

Everything lies in one folder (AIRFLOW_HOME): SQLite, logs, the DAG file and a graph.json made for this environment.
Standard library only; runs on Mirrorlake's Python, while Airflow has its own (.venvs/airflow).
"""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
AIRFLOW = ROOT / ".venvs" / "airflow" / "bin" / "airflow"
MIRRORLAKE = Path(sys.executable).parent / "mirrorlake"
SERVICES = ("api-server", "scheduler", "dag-processor", "triggerer")
HEALTHY = ("metadatabase", "scheduler", "dag_processor", "triggerer")
READY_SECONDS = 180.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class LocalAirflow:
    """One Airflow in ``home``. ``variables`` reach Mirrorlake's commands too: tasks inherit them."""

    def __init__(self, home: Path, env: str = "dev", port: int | None = None, **variables: str) -> None:
        self.home, self.env, self.port = home.resolve(), env, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.variables = {**os.environ, "MIRRORLAKE_ROOT": str(ROOT), **variables, **self._settings()}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._sessions: set[int] = set()
        self._token = ""

    def _settings(self) -> dict[str, str]:
        """A small Airflow for one person on loopback: every visitor is an admin, nothing is reported to anybody."""
        settings = {
            "core__dags_folder": str(self.home / "dags"),
            # SQLite lets one write at a time; on a busy machine the next may have to wait longer than its five seconds.
            "database__sql_alchemy_conn": f"sqlite:///{self.home}/airflow.db?timeout=60",
            "core__load_examples": "False",
            "core__executor": "LocalExecutor",
            "core__parallelism": "4",
            "core__simple_auth_manager_all_admins": "True",
            "core__execution_api_server_url": f"{self.url}/execution/",
            "api__host": "127.0.0.1",
            "api__port": str(self.port),
            "api__base_url": self.url,
            "api__workers": "1",
            "api_auth__jwt_secret": secrets.token_urlsafe(32),
            "dag_processor__refresh_interval": "5",
            "dag_processor__min_file_process_interval": "5",
            "usage_data_collection__enabled": "False",
        }
        named = {f"AIRFLOW__{key.upper()}": value for key, value in settings.items()}
        return {"AIRFLOW_HOME": str(self.home), "NO_COLOR": "1", **named}

    def describe(self, **variables: str) -> dict[str, Any]:
        """Write the DAG file and graph.json, made with ``variables``, into the DAG folder; what Airflow is told."""
        folder = self.home / "dags"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "airflow" / "dags" / "mirrorlake.py", folder)
        graph = folder / "graph.json"
        given = {**self.variables, **variables}
        words = ["--env", self.env, "graph", "--format", "json", "--output", str(graph)]
        subprocess.run([str(MIRRORLAKE), *words], check=True, env=given, cwd=ROOT, stdout=subprocess.DEVNULL)
        told: dict[str, Any] = json.loads(graph.read_text(encoding="utf-8"))["airflow"]
        return told

    def start(self) -> None:
        """Make the database, start every service, wait until all are healthy, make the pool."""
        told = self.describe()
        self.command("db", "migrate")
        for name in SERVICES:
            with (self.home / f"{name}.log").open("wb") as log:
                self._processes[name] = subprocess.Popen(
                    [str(AIRFLOW), name],
                    env=self.variables,
                    cwd=self.home,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=_end_with_parent,  # noqa: PLW1509 (no thread runs here)
                )
                self._sessions.add(self._processes[name].pid)
        self._wait_until_healthy()
        self._token = json.loads(self._open("GET", "/auth/token", None))["access_token"]
        with suppress(urllib.error.HTTPError):  # it is there from last time
            self.ask("POST", "/pools", {**told["pool"], "description": "one stage that writes tables at a time"})

    def _wait_until_healthy(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise SystemExit(f"airflow {name} ended by itself; see {self.home / f'{name}.log'}")
            with suppress(OSError, ValueError):
                health = json.loads(self._open("GET", "/api/v2/monitor/health", None))
                if all(health[part]["status"] == "healthy" for part in HEALTHY):
                    return
            time.sleep(1)
        raise SystemExit(f"airflow was not ready after {READY_SECONDS:.0f} seconds; see the logs in {self.home}")

    def command(self, *words: str) -> str:
        """Call Airflow's command line; what it printed."""
        done = subprocess.run(
            [str(AIRFLOW), *words], env=self.variables, cwd=self.home, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"airflow {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def mirrorlake(self, *words: str) -> str:
        """Call Mirrorlake's command line as a task would; what it printed."""
        done = subprocess.run(
            [str(MIRRORLAKE), "--env", self.env, *words],
            env=self.variables,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One call of Airflow's REST API (``/api/v2`` goes before ``path``)."""
        return json.loads(self._open(method, f"/api/v2{path}", body) or "null")

    def deadlines(self, dag_id: str) -> list[float]:
        """Seconds of each deadline that the DAG has now; only the page's own interface tells them."""
        found = json.loads(self._open("GET", f"/ui/dags/{dag_id}/deadlineAlerts", None))["deadline_alerts"]
        return [each["interval"] for each in found]

    def _open(self, method: str, path: str, body: Mapping[str, Any] | None) -> str:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self._token}"} if self._token else {}
        )
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data=data, headers=headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            said: str = answer.read().decode()
            return said

    def stop(self) -> None:
        """End every service, and whatever they started: all that bears this AIRFLOW_HOME."""
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
        for _ in range(10):
            for pid in self.leftovers():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.2)
        for process in self._processes.values():
            process.wait()
        self._processes.clear()

    def leftovers(self) -> list[int]:
        """Processes that live and were started for this home: by their environment, or by a service's session.

        Those that change their title lose the one, tasks begin a session of their own and lose the other.
        """
        mark = f"AIRFLOW_HOME={self.home}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            pid = int(entry.name)
            with suppress(OSError):
                ours = os.getsid(pid) in self._sessions or mark in (entry / "environ").read_bytes().split(b"\0")
                if ours and pid != os.getpid() and _lives(entry):
                    found.append(pid)
        return found


def _lives(entry: Path) -> bool:
    """Whether a process of /proc is more than an entry that its parent has not collected yet."""
    return (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"


def _end_with_parent() -> None:
    """Linux tells the process when the one that started it is gone, however it went."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port

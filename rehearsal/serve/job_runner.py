"""Runs a job's script in a process of its own, in a scratch folder, as Glue and EMR Serverless would on a machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from rehearsal.serve.job_files import JobError, JobSpecification, Session, python_path

GLUE = Path(__file__).resolve().parent.parent / "glue"
KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "JAVA_HOME")
GRACE_SECONDS = 10
LOG = "log"
# What a machine of the service would be and this one is not: much memory, free ports, hours to compile for.
ON_A_LAPTOP = (
    *("--driver-memory", "1g", "--driver-java-options"),
    "'-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Duser.timezone=UTC'",
    *("--conf", "spark.ui.enabled=false", "--conf", "spark.ui.showConsoleProgress=false"),
    *("--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.driver.bindAddress=127.0.0.1"),
)
Ended = Callable[[str, str], None]
SUCCEEDED, FAILED, STOPPED, TIMEOUT = "SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"


class Runner:
    """``python`` has PySpark and the platform's base dependencies; ``folder`` keeps each run's log."""

    def __init__(self, folder: Path, python: str, endpoint: str) -> None:
        self.folder = folder
        self.python = python
        self.endpoint = endpoint
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopped: set[str] = set()
        for scratch in folder.iterdir() if folder.is_dir() else ():
            _leave_log(scratch)  # one who was killed could not

    def start(self, job: JobSpecification, begun: Callable[[], None], ended: Ended) -> None:
        """Start ``job``; ``begun`` is called when its script does, ``ended(state, message)`` when it has ended."""

        def work() -> None:
            try:
                state, message = self._run(job, begun)
            except JobError as error:
                state, message = FAILED, str(error)
            except Exception as error:
                state, message = FAILED, f"the stand-in failed: {error!r}"
            _leave_log(self.folder / job.run_id)
            self._running.pop(job.run_id, None)
            ended(state, message)

        threading.Thread(target=work, name=job.run_id, daemon=True).start()

    def stop(self, run_id: str | None = None) -> None:
        """End one job, or all of them."""
        for each in [run_id] if run_id else list(self._running):
            self._stopped.add(each)
            if each in self._running:
                _end(self._running[each])

    def _run(self, job: JobSpecification, begun: Callable[[], None]) -> tuple[str, str]:
        scratch = self.folder / job.run_id
        session = Session(job, self.endpoint)
        script = session.fetch([job.script], scratch)[0]
        session.fetch(job.files, scratch)
        path = python_path(session.fetch(job.modules, scratch / "modules"), scratch / "site")
        jars = session.fetch(job.jars, scratch / "jars")
        (scratch / "tmp").mkdir()
        environment = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            **session.variables,
            "MIRRORLAKE_S3_ENDPOINT": self.endpoint,
            "MIRRORLAKE_S3_ALLOW_HTTP": "true",
            "MIRRORLAKE_DOTENV": "",
            "PYTHONPATH": os.pathsep.join([*path, str(GLUE)]),
            "PYTHONUNBUFFERED": "1",
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LAUNCHER_OPTS": "-XX:-UsePerfData",  # no file below /tmp
            "PYSPARK_SUBMIT_ARGS": _submit(jars, job.configuration),
            "HOME": str(scratch),
            "TMPDIR": str(scratch / "tmp"),
        }
        log = scratch / LOG
        with log.open("wb") as output:
            process = subprocess.Popen(
                [self.python, "-P", str(GLUE / "launch.py"), str(script), *job.words],
                cwd=scratch,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[job.run_id] = process
        if job.run_id in self._stopped:  # while its files were fetched
            _end(process)
        begun()
        try:
            code = process.wait(job.timeout_seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            return TIMEOUT, f"stopped after {job.timeout_seconds:g} s"
        if job.run_id in self._stopped:
            return STOPPED, "stopped on request"
        return (SUCCEEDED, "") if code == 0 else (FAILED, _last_words(log, code))


def _submit(jars: list[Path], configuration: tuple[str, ...]) -> str:
    """PySpark's own variable for what spark-submit would be told."""
    words = [*ON_A_LAPTOP, *(["--driver-class-path", os.pathsep.join(map(str, jars))] if jars else [])]
    for each in configuration:
        words += ["--conf", f"'{each}'"]
    return " ".join([*words, "pyspark-shell"])


def _last_words(log: Path, code: int) -> str:
    lines = [line for line in log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    return f"{how}: {lines[-1].strip() if lines else 'the script said nothing'} (log: {log})"


def _leave_log(scratch: Path) -> None:
    """Remove what the job was given and what it left; some megabytes each time."""
    for path in scratch.iterdir() if scratch.is_dir() else ():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != LOG:
            path.unlink()


def _end(process: subprocess.Popen[bytes]) -> None:
    """The whole process group, for Spark has Java below it."""
    for number, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, GRACE_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return

"""dbt in a process of its own, started at the beginning of a run: it imports and parses while other stages work.

``DbtWorker`` is the parent's half; ``server`` is what it starts. The two speak JSON lines. A process,
because dbt keeps global state, because DuckDB's file is free as soon as it lets go, and because memory returns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lake.errors import MissingExtraError, WarehouseError
from pipeline.dbtworker.result import DbtResult, result_from_json
from pipeline.helper_process import HelperProcess

if TYPE_CHECKING:
    from pipeline.settings.model import Settings

Progress = Callable[[int, int, str], None]


def _silent(done: int, total: int, name: str) -> None:
    """Progress that nobody watches."""


class DbtWorker:
    """One dbt process for one warehouse.

    ``project`` is the folder of dbt_project.yml, ``profiles`` that of profiles.yml, ``state`` takes dbt's own files
    (the parsed project, compiled SQL, logs) and may be deleted at any time; ``environment`` are the variables that
    profiles.yml reads. Used as a context manager it is closed at the end.
    """

    def __init__(
        self,
        project: Path,
        state: Path,
        *,
        profiles: Path | None = None,
        target: str = "dev",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._state = state
        self._settings = {
            "project": str(project),
            "profiles": str(profiles or project),
            "state": str(state),
            "target": target,
            "environment": dict(environment or {}),
        }
        self._helper = HelperProcess(
            "pipeline.dbtworker.server",
            "the dbt process",
            state / "worker.txt",
            ended=WarehouseError,
            fix="run again: every model is one transaction, so nothing is half-built",
        )
        self._ready_seconds: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> DbtWorker:
        """The worker of one environment, not yet started; dbt's own files go to ``<data>/dbt``."""
        from pipeline.dbtworker.environment import dbt_environment

        return cls(
            settings.root / "dbt",
            settings.data / "dbt",
            profiles=settings.root / "profiles",
            target=settings.dbt.target,
            environment=dbt_environment(settings),
        )

    def start(self) -> None:
        """Start the process and return at once. Twice is once."""
        if self._helper.start():
            self._helper.send(self._settings)

    def wait_until_parsed(self, timeout_seconds: float = 120.0) -> float:
        """Wait for the parsed project; give the seconds that importing and parsing took in the process.

        Raises MissingExtraError without dbt, WarehouseError if the project cannot be parsed.
        """
        self.start()
        if self._ready_seconds is None:
            try:
                self._ready_seconds = float(self._receive("ready", _silent, timeout_seconds)["seconds"])
            except BaseException:
                self.close()  # so that the next start is a new one
                raise
        return self._ready_seconds

    def build(
        self,
        variables: Mapping[str, str] | None = None,
        select: Sequence[str] = (),
        *,
        exclude: Sequence[str] = (),
        full_refresh: bool = False,
        unit_tests: bool = False,
        progress: Progress = _silent,
        timeout_seconds: float = 3600.0,
    ) -> DbtResult:
        """Build models and run their tests: all, or those that ``select`` (dbt's selectors) names.

        ``variables`` are dbt's (``run_date``). Unit tests judge the code, not the data, so a run leaves them out.
        Tests that fail are in the result; a model that fails raises WarehouseError with its file and dbt's words.
        """
        self.wait_until_parsed()
        began = time.perf_counter()
        request = {"vars": dict(variables or {}), "select": list(select), "exclude": list(exclude)}
        self._helper.send(request | {"full_refresh": full_refresh, "unit_tests": unit_tests})
        answer = self._receive("result", progress, timeout_seconds)
        return result_from_json(answer, time.perf_counter() - began)

    def close(self) -> None:
        """End the process."""
        self._ready_seconds = None
        self._helper.close()

    def __enter__(self) -> DbtWorker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _receive(self, wanted: str, progress: Progress, timeout_seconds: float) -> dict[str, Any]:
        """Read answers up to the one that is ``wanted``; raise what it reports as failed."""
        with closing(self._helper.answers(timeout_seconds)) as answers:
            for answer in answers:
                if answer["event"] == "progress":
                    progress(answer["done"], answer["total"], answer["name"])
                elif answer["event"] == "missing":
                    raise MissingExtraError(answer["package"], "dbt")
                elif answer["event"] == "failed":
                    place = answer["path"] or str(self._helper.complaints)
                    raise WarehouseError(answer["message"], where=place, fix=self._advice())
                else:
                    assert answer["event"] == wanted
                    return answer
        raise AssertionError("answers end by an error")

    def _advice(self) -> str:
        return f"the SQL that ran is in {self._state / 'target' / 'run'}; `cd dbt && dbt build` logs all that dbt does"

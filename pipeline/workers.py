"""The helper processes of one run: dbt and the checks import and parse while the stages before them work."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pipeline.dbtworker.worker import DbtWorker
    from pipeline.quality.client import QualityWorker
    from pipeline.workspace import Workspace


class Workers:
    """Started when there is work, closed with the run however it ends."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @cached_property
    def dbt(self) -> DbtWorker:
        """The process that builds the marts."""
        from pipeline.dbtworker.worker import DbtWorker

        return DbtWorker.of(self._workspace.settings)

    @cached_property
    def quality(self) -> QualityWorker:
        """The process that checks."""
        from pipeline.quality.client import QualityWorker

        return QualityWorker(self._workspace.settings.data / "quality")

    def start(self, kinds: set[str]) -> None:
        """Start what stages of these kinds will need."""
        if "dbt" in kinds:
            self.dbt.start()
        if "audit" in kinds:
            self.quality.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in ("dbt", "quality"):
            if name in self.__dict__:  # only what was used
                getattr(self, name).close()

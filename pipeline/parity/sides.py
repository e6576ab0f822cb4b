"""One side of a comparison: an environment, and how each of its layers lists its tables and exports one to Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lake.errors import StorageError, UnknownChoiceError, UsageError
from pipeline.parity.lake_tables import LakeReader
from pipeline.stages.staging import staging_backend
from pipeline.workspace import Workspace, open_workspace
from warehouse.exports import Days, Export

if TYPE_CHECKING:
    from warehouse.backends.base import Backend


class Reader(Protocol):
    """One layer of one side."""

    def tables(self) -> list[str]:
        """The tables that are there, metadata left out; none where nothing was built yet."""

    def export(self, table: str, to: Path, days: Days | None) -> Export:
        """The rows of a table that is there, as a Parquet file."""


class StagingReader:
    """The staging database."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def _backend(self) -> Backend:
        return staging_backend(self._workspace)

    def tables(self) -> list[str]:
        """See ``Reader.tables``."""
        with closing(self._backend()) as database:
            return database.tables()

    def export(self, table: str, to: Path, days: Days | None) -> Export:
        """See ``Reader.export``."""
        with closing(self._backend()) as database:
            return database.export(table, to, days)


class WarehouseReader:
    """A schema of the warehouse, or what it has published."""

    def __init__(self, workspace: Workspace, schema: str) -> None:
        self._workspace = workspace
        self._schema = schema

    def tables(self) -> list[str]:
        """See ``Reader.tables``."""
        return self._workspace.warehouse.tables(self._schema)

    def export(self, table: str, to: Path, days: Days | None) -> Export:
        """See ``Reader.export``."""
        return self._workspace.warehouse.export(self._schema, table, to, days)


@dataclass(frozen=True)
class Side:
    """``name`` is what it is called in what is printed: the environment's, and its data folder where that was given."""

    name: str
    workspace: Workspace

    def reader(self, layer: str) -> Reader:
        """How a layer of this side is read; nothing is opened yet."""
        if layer in ("silver", "gold"):
            return LakeReader(self.workspace, layer)
        return StagingReader(self.workspace) if layer == "staging" else WarehouseReader(self.workspace, layer)

    @cached_property
    def places(self) -> Mapping[str, str]:
        """Where its layers lie, without passwords; two sides with one of these in common are one side."""
        settings = self.workspace.settings
        places = self.workspace.places()
        staging = str(settings.staging.folder)
        if settings.staging.backend != "duckdb":
            with closing(staging_backend(self.workspace)) as database:
                staging = database.target
        return {**places, "staging": staging}

    def require_tables(self) -> None:
        """StorageError where its lake has not a single table: a wrong name or folder would look like a difference."""
        if not any(LakeReader(self.workspace, layer).tables() for layer in ("silver", "gold")):
            settings = self.workspace.settings
            other = "" if "://" in settings.lake.root else f"; or name another data folder: {settings.env}=FOLDER"
            raise StorageError(
                f"{self.name} has no tables",
                where=settings.lake.root,
                fix=f"build them: mirrorlake run --env {settings.env}{other}",
            )

    def close(self) -> None:
        """Give back connections."""
        self.workspace.warehouse.close()


def opened(left: str, right: str) -> tuple[Side, Side]:
    """Two sides as they are named on the command line: an environment, or ``environment=FOLDER`` for other data.

    ``dev`` alone beside an environment whose ``parity.dev_data`` is there means the run in that folder. Raises
    UsageError, and what ``open_workspace`` raises.
    """
    (name, folder), (other, other_folder) = _split(left), _split(right)
    sides = [_open(name, folder, "argument A"), _open(other, other_folder, "argument B")]
    for place, beside in ((0, 1), (1, 0)):
        made = sides[beside].workspace.settings.parity.dev_data
        if (left, right)[place] == "dev" and made is not None and made.is_dir():
            sides[place] = _open("dev", str(made), "parity.dev_data")
    return sides[0], sides[1]


def _split(told: str) -> tuple[str, str | None]:
    name, equals, folder = told.partition("=")
    if equals and not (name and folder):
        raise UsageError(f"{told!r} names no side", fix="write an environment (dev), or dev=FOLDER for other data")
    return name, folder or None


def _open(name: str, folder: str | None, where: str) -> Side:
    try:
        workspace = open_workspace(name, overrides={"data": folder} if folder else None)
    except UnknownChoiceError as error:
        if error.kind != "environment":
            raise
        raise UnknownChoiceError(error.kind, name, error.known, where=where) from None
    if folder is None:
        return Side(name, workspace)
    path, root = workspace.settings.data, workspace.settings.root
    return Side(f"{name}={path.relative_to(root) if path.is_relative_to(root) else path}", workspace)

"""What a command works on: the settings of one environment and the lake that they name, each opened when first used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lake import layout
from lake.errors import UnknownChoiceError
from lake.storage.faults import storage_error
from pipeline.settings import Settings, load_settings

if TYPE_CHECKING:
    from lake.bronze import Bronze
    from lake.contract.model import Contracts
    from lake.storage.objects import Objects
    from lake.tables.delta import LakeTable
    from warehouse.warehouses.base import Warehouse


class Workspace:
    """One environment, opened. Nothing is imported or read before it is asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def contracts(self) -> Contracts:
        """Every contract by table name."""
        from lake.contract.load import by_day, load_contracts

        found = load_contracts()
        return by_day(found) if self.settings.gold.partition_by == "day" else found

    @cached_property
    def objects(self) -> Objects:
        """The lake's object store; a folder is made when it is first written to."""
        from lake.storage.objects import Objects

        root = self.settings.lake.root
        return Objects(root, self.settings.s3.credentials().object_options if "://" in root else None)

    @cached_property
    def mirror(self) -> Objects | None:
        """Where ``run --write-s3`` copies the lake to; None where nothing says so."""
        from lake.storage.objects import Objects

        place = self.settings.lake.mirror
        if place is None:
            return None
        return Objects(place, self.settings.s3.credentials().object_options if "://" in place else None)

    @cached_property
    def bronze(self) -> Bronze:
        """What was received."""
        from lake.bronze import Bronze

        return Bronze(self.objects)

    def table(self, name: str) -> LakeTable:
        """The lake's table of that name, in the layer that its contract says; an unknown name lists the known ones."""
        from lake.tables.delta import LakeTable

        if name not in self.contracts:
            raise UnknownChoiceError("table", name, self.contracts)
        return LakeTable(self.objects, layout.table(self.contracts[name].layer, name))

    @cached_property
    def warehouse(self) -> Warehouse:
        """Where dbt builds and from where marts are published, not yet connected."""
        from pipeline.warehouses import open_warehouse

        return open_warehouse(self.settings)

    def close(self) -> None:
        """Give back what was opened and needs it: the warehouse's session."""
        if "warehouse" in self.__dict__:
            self.warehouse.close()

    def places(self) -> dict[str, str]:
        """Where what a run made lies, for people."""
        settings = self.settings
        warehouse = self.warehouse
        return {
            "lake": settings.lake.root,
            "warehouse": warehouse.place,
            "published": warehouse.published_place,
        }

    def folder(self, path: Path) -> Path:
        """``path`` (staging, published, the warehouse's parent), made if it is not there; StorageError if it cannot."""
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, str(path), "make the folder") from None
        return path


def open_workspace(
    env: str | None = None,
    config: Path | None = None,
    overrides: Mapping[str, str] | None = None,
    also: Sequence[str] = (),
) -> Workspace:
    """Load the settings (see ``load_settings``) and refuse an environment that cannot run yet, or lacks ``also``."""
    settings = load_settings(env, config, overrides)
    settings.require_supported(*also)
    return Workspace(settings)

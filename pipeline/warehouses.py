"""The warehouse that the settings name. The only place where its settings become its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.warehouses import warehouse

if TYPE_CHECKING:
    from pipeline.settings_model import Settings
    from warehouse.warehouses.base import Warehouse


def open_warehouse(settings: Settings) -> Warehouse:
    """The warehouse of one environment, not yet connected."""
    publish = settings.publish
    return warehouse("duckdb", path=settings.warehouse.path, folder=publish.folder, keep=publish.keep)

"""The warehouse that the settings name. The only place where its settings become its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.warehouses import warehouse

if TYPE_CHECKING:
    from pipeline.settings.model import Settings
    from warehouse.warehouses.base import Warehouse


def open_warehouse(settings: Settings) -> Warehouse:
    """The warehouse of one environment, not yet connected."""
    if settings.warehouse.backend == "snowflake":
        return _snowflake(settings)
    publish = settings.publish
    return warehouse("duckdb", path=settings.warehouse.path, folder=publish.folder, keep=publish.keep)


def _snowflake(settings: Settings) -> Warehouse:
    from warehouse.warehouses.snowflake import Account, Names

    told = settings.snowflake
    account = Account(
        account=told.account or "",
        user=told.user or "",
        role=told.role,
        warehouse=told.warehouse,
        database=told.database,
        authenticator=told.authenticator,
        private_key=told.private_key.reveal if told.private_key else None,
        private_key_passphrase=told.private_key_passphrase.reveal if told.private_key_passphrase else None,
        token=told.token.reveal if told.token else None,
        host=told.host,
        port=told.port if told.host else None,
        protocol=told.protocol if told.host else None,
        login_seconds=told.login_seconds,
        network_seconds=told.network_seconds,
        statement_seconds=told.statement_seconds,
    )
    setup = f"mirrorlake warehouse --setup --env {settings.env}"
    names = Names(
        settings.lake.root, told.reader_role, told.integration, told.storage_role or "", told.setup_role, setup
    )
    return warehouse("snowflake", account=account, names=names, tag=f"mirrorlake {settings.env}")

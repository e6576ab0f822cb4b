"""A small star in a bucket of the stand-in, and a Snowflake database of a test's own to load it into."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass, field, replace
from typing import Any

from lake import layout
from lake.storage.credentials import S3Credentials
from lake.storage.objects import Objects
from lake.tables.delta import LakeTable
from rehearsal.base import HOST
from rehearsal.snowflake import ACCOUNT, USER, Snowflake
from tests.backends.star_lake import Snapshot, StarLake
from warehouse.load import LoadResult
from warehouse.warehouses.snowflake import Account, Names, SnowflakeWarehouse


@dataclass
class BucketLake(StarLake):
    """``StarLake`` in a bucket; ``url`` is the lake's root."""

    url: str = ""
    options: dict[str, str] = field(default_factory=dict)

    def table(self, name: str) -> LakeTable:
        return LakeTable(Objects(self.url, self.options), layout.table("gold", name))


@dataclass
class World:
    """Lake, warehouse, and the stand-in's orders."""

    server: Snowflake
    lake: BucketLake
    warehouse: SnowflakeWarehouse

    def load(self, snapshot: Snapshot | None = None, *, full: bool = False) -> LoadResult:
        return self.warehouse.load(snapshot or self.lake.snapshot(), self.lake.table, self.lake.contracts, full=full)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.session.execute(sql.replace("$db", self.warehouse.account.database)).rows

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """All rows of a loaded table in the contract's columns, by key."""
        contract = self.lake.contracts[name]
        order = ", ".join(contract.primary_key)
        return self.ask(f"SELECT {', '.join(contract.column_names)} FROM $db.raw.{name} ORDER BY {order}")

    def assert_equal_to_lake(self) -> None:
        for name in self.lake.contracts:
            assert self.rows(name) == self.lake.rows(name), name

    def order(self, **fault: Any) -> None:
        """Order a fault of the stand-in (rehearsal/serve/shim/faults.py)."""
        self._control("POST", fault)

    def forgive(self) -> None:
        self._control("DELETE", {})

    def _control(self, method: str, body: dict[str, Any]) -> None:
        url = f"http://{HOST}:{self.server.port}/standin/faults"
        request = urllib.request.Request(url, json.dumps(body).encode(), method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def close(self) -> None:
        self.forgive()
        self.warehouse.close()


def account(server: Snowflake, database: str, **changed: Any) -> Account:
    found = Account(
        account=ACCOUNT,
        user=USER,
        role="MIRRORLAKE_LOADER",
        warehouse="MIRRORLAKE",
        database=database.upper(),
        private_key=lambda: server.private_key,
        host=HOST,
        port=server.port,
        protocol="http",
        login_seconds=10,
        network_seconds=10,
        statement_seconds=60,
    )
    return replace(found, **changed)


def world(server: Snowflake, credentials: S3Credentials, bucket: str, database: str) -> World:
    """Nothing is set up yet, and nothing lies in the lake."""
    url = f"s3://{bucket}/lake"
    lake = BucketLake(root=None, url=url, options=credentials.object_options)  # type: ignore[arg-type]
    names = Names(url, "MIRRORLAKE_READER", "MIRRORLAKE_LAKE", "arn:aws:iam::123456789012:role/lake", "ACCOUNTADMIN")
    return World(server, lake, SnowflakeWarehouse(account(server, database), names, tag="test"))

"""The lake's tables in Glue's catalog, from the contracts: so Athena, Spark and people find them by name.

They are registered as Delta tables, whose rows and schema are read from the Delta log; the columns here are for those
who browse. A table whose contract is gone stays in the catalog: deleting is left to people.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lake.contract.model import Column, Contract, Type
from pipeline.aws_client import asking
from pipeline.deploy import Deployed, holds

if TYPE_CHECKING:
    from pipeline.workspace import Workspace

_TYPES = {
    "string": "string",
    "integer": "bigint",
    "float": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
_LONGEST_COMMENT = 255  # characters that Glue takes
# What Glue's own crawler registers for a native Delta table.
_STORAGE = {
    "InputFormat": "org.apache.hadoop.mapred.SequenceFileInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
}
_SERIALISATION = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


def register_catalog(client: Any, workspace: Workspace, *, dry: bool) -> Iterator[Deployed]:
    """The database ``deploy.catalog`` and a table per contract; CloudError where Glue refuses."""
    name = workspace.settings.deploy.catalog
    where = f"Glue database {name}"
    with asking("read the catalog", where):
        is_there = _has_database(client, name)
        tables = _tables(client, name) if is_there else {}
    if not is_there and not dry:
        with asking("create the database", where):
            client.create_database(DatabaseInput={"Name": name, "Description": "The tables of Mirrorlake's lake."})
    yield Deployed("glue database", name, "unchanged" if is_there else "new", workspace.objects.root)
    for table, contract in workspace.contracts.items():
        wanted = table_input(contract, workspace.table(table).url)
        yield _register(client, name, wanted, tables.get(table), dry=dry)


def table_input(contract: Contract, url: str) -> dict[str, Any]:
    """What Glue is told of a table at ``url``; Spark's ``s3a`` and Athena's ``s3`` both find it."""
    columns = [_column(column) for column in contract.columns]
    return {
        "Name": contract.table,
        "Description": _comment(contract.description),
        "Owner": contract.owner,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "EXTERNAL": "TRUE",
            "classification": "delta",
            "table_type": "DELTA",
            "spark.sql.sources.provider": "delta",
            "layer": contract.layer,
            "contract_version": contract.version,
            "primary_key": ",".join(contract.primary_key),
        },
        "StorageDescriptor": {
            "Columns": columns,
            "Location": url,
            **_STORAGE,
            "SerdeInfo": {
                "SerializationLibrary": _SERIALISATION,
                "Parameters": {"path": url, "serialization.format": "1"},
            },
        },
    }


def hive_type(kind: Type) -> str:
    """A logical type as Glue and Athena spell it."""
    if kind.kind == "decimal":
        return f"decimal({kind.precision},{kind.scale or 0})"
    return _TYPES[kind.kind]


def _column(column: Column) -> dict[str, str]:
    unit = f" [{column.unit}]" if column.unit else ""
    return {"Name": column.name, "Type": hive_type(column.type), "Comment": _comment(column.description + unit)}


def _comment(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_COMMENT else f"{line[: _LONGEST_COMMENT - 1]}…"


def _register(
    client: Any, database: str, wanted: dict[str, Any], there: dict[str, Any] | None, *, dry: bool
) -> Deployed:
    name, url = wanted["Name"], wanted["StorageDescriptor"]["Location"]
    if there is not None and holds(there, wanted):
        return Deployed("glue table", name, "unchanged", url)
    if not dry:
        with asking("register the table", f"Glue table {database}.{name}"):
            call = client.create_table if there is None else client.update_table
            call(DatabaseName=database, TableInput=wanted)
    return Deployed("glue table", name, "new" if there is None else "changed", url)


def _has_database(client: Any, name: str) -> bool:
    try:
        client.get_database(Name=name)
    except client.exceptions.EntityNotFoundException:
        return False
    return True


def _tables(client: Any, database: str) -> dict[str, dict[str, Any]]:
    pages = client.get_paginator("get_tables").paginate(DatabaseName=database)
    return {table["Name"]: table for page in pages for table in page["TableList"]}

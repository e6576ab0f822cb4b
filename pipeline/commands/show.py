"""``mirrorlake show``: rows of any table of the lake, now or as they were."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import polars as pl

    from lake.tables.delta import LakeTable
    from pipeline.workspace import Workspace

_QUARANTINE = ("quarantine.", "quarantine/")


@click.command()
@click.argument("table")
@click.option("--version", "version", type=click.IntRange(min=0), metavar="N", help="The table as of this version.")
@click.option("--as-of", metavar="TIME", help="As it was at this time (ISO 8601, UTC unless it says otherwise).")
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="How many rows.")
@click.option("--columns", metavar="A,B", help="Only these columns; those that begin with _ are shown only so.")
@click.option("--history", is_flag=True, help="The versions that there are, instead of rows.")
@click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.pass_context
def command(
    ctx: click.Context,
    table: str,
    version: int | None,
    as_of: str | None,
    limit: int,
    columns: str | None,
    history: bool,
    env: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show rows of TABLE, by key: a silver or gold table, or quarantine.TABLE.

    Formats are --json and --csv; plain text otherwise.
    """
    from lake.errors import UsageError
    from pipeline.dates import parse_moment
    from pipeline.spelling import spelled
    from pipeline.workspace import open_workspace

    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other", fix="choose one of them")
    if version is not None and as_of is not None:
        raise UsageError("--version and --as-of exclude each other", fix="choose one of them")
    workspace = open_workspace(env or (ctx.obj or {}).get("env"))
    opened, keys = _opened(workspace, table)
    if not opened.exists():
        click.echo(spelled(f"{table} has no rows yet; mirrorlake run makes it"), err=as_json or as_csv)
        if as_json:
            click.echo("[]")
        return
    if history:
        _print_history(opened, as_json=as_json)
        return
    at = opened.version_at(parse_moment(as_of, "--as-of")) if as_of else version
    rows, count = _rows(opened, keys, at, limit, columns)
    if as_json:
        click.echo(json.dumps(rows.to_dicts(), default=_text, indent=1))
    elif as_csv:
        click.echo(_flat(rows).write_csv(), nl=False)
    else:
        _print_rows(table, opened.version() if at is None else at, rows, count)


def _opened(workspace: Workspace, name: str) -> tuple[LakeTable, list[str]]:
    """The table and the columns that its rows are sorted by; an unknown name lists the known ones."""
    from lake import quarantine
    from lake.errors import UnknownChoiceError

    silver = [table for table, contract in workspace.contracts.items() if contract.layer == "silver"]
    known = [*workspace.contracts, *(f"quarantine.{table}" for table in silver)]
    for prefix in _QUARANTINE:
        bare = name.removeprefix(prefix)
        if bare != name and bare in silver:
            return quarantine.table(workspace.objects, bare), ["_run_date", "_payload", "_position"]
    if name not in workspace.contracts:
        unknown = UnknownChoiceError("table", name, known)
        if name.startswith("mart_"):  # a published table, or one that is to be
            unknown.fix = f'marts are asked by SQL: mirrorlake sql "select * from {name}"'  # noqa: S608 (said, not run)
        raise unknown
    return workspace.table(name), list(workspace.contracts[name].primary_key)


def _rows(
    table: LakeTable, keys: list[str], version: int | None, limit: int, columns: str | None
) -> tuple[pl.DataFrame, int]:
    """The first rows by key, and how many there are in all."""
    import polars as pl

    from lake.errors import UnknownChoiceError
    from lake.tables.delta import PARTITION_COLUMN, reading

    found = table.scan(version)
    there = [name for name in found.collect_schema().names() if name != PARTITION_COLUMN]
    quarantined = keys[0].startswith("_")
    asked = [name.strip() for name in columns.split(",")] if columns else []
    for name in asked:
        if name not in there:
            raise UnknownChoiceError("column", name, there)
    shown = asked or [name for name in there if quarantined or not name.startswith("_")]
    with reading(table.url):
        count = int(found.select(pl.len()).collect().item())
        order = [key for key in keys if key in there]
        return found.sort(order).head(limit).select(shown).collect(), count


def _print_rows(table: str, version: int | None, rows: pl.DataFrame, count: int) -> None:
    from pipeline.text_table import print_rows

    title = f"{table}, version {version}: {count:,} rows" + (
        f", the first {rows.height:,}" if rows.height < count else ""
    )
    cells = [[_text(cell) if isinstance(cell, (date, list)) else cell for cell in row] for row in rows.rows()]
    print_rows(rows.columns, cells, title=title, thousands=False)


def _print_history(table: LakeTable, *, as_json: bool) -> None:
    from pipeline.text_table import print_rows

    entries = [
        {
            "version": entry["version"],
            "committed_at": _text(datetime.fromtimestamp(entry["timestamp"] / 1000, UTC)),
            "operation": entry.get("operation", ""),
            "rows_written": (entry.get("operationMetrics") or {}).get("num_added_rows"),
        }
        for entry in table.history()
    ]
    if as_json:
        click.echo(json.dumps(entries, indent=1))
    else:
        print_rows(tuple(entries[0]), [tuple(entry.values()) for entry in entries])


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat().replace("+00:00", "Z")
    if isinstance(cell, list):
        return "; ".join(map(str, cell))
    return str(cell)


def _flat(rows: pl.DataFrame) -> pl.DataFrame:
    """CSV knows no lists: their values joined."""
    import polars as pl

    return rows.with_columns(pl.col(pl.List(pl.String)).list.join("; "))

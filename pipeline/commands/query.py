"""``mirrorlake query``: the numbered analytical queries over the star schema, staged or in the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from warehouse.backends.base import Backend
    from warehouse.warehouses.base import Warehouse


@click.command()
@click.argument("number", required=False)
@click.option("--backend", "name", metavar="NAME", help="duckdb, postgres or snowflake (default: where staging is).")
@click.option("--show-sql", is_flag=True, help="Print the query itself, and do not run it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    number: str | None,
    name: str | None,
    show_sql: bool,
    as_json: bool,
    as_csv: bool,
    env: str | None,
) -> None:
    """Run the query NUMBER (07, or its name); without NUMBER, list all with the questions that they answer."""
    from pipeline.answers import print_answer
    from warehouse.queries import queries, query

    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    if number is None:
        listed = [(one.number, one.name, one.question) for one in queries()]
        print_answer(("query", "name", "question"), listed, as_json=as_json, as_csv=as_csv)
        return
    chosen = query(number)
    if show_sql:
        click.echo(chosen.sql, nl=False)
        return

    database = _database(env or (ctx.obj or {}).get("env"), name)
    try:
        answer = database.query(chosen.sql)
    finally:
        database.close()
    if not (as_json or as_csv):
        click.echo(f"{chosen.question}\n")
    print_answer(answer.columns, answer.rows, as_json=as_json, as_csv=as_csv)


def _database(env: str | None, name: str | None) -> Backend | Warehouse:
    """The staging database, or the warehouse where ``name`` is one that is no staging."""
    from pipeline.stages.staging import staging_backend
    from pipeline.workspace import open_workspace

    if name == "snowflake":
        return open_workspace(env, overrides={"warehouse.backend": name}).warehouse
    return staging_backend(open_workspace(env, overrides={"staging.backend": name} if name else None))

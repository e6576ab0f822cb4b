"""``mirrorlake warehouse``: what the warehouse holds; set up its account once."""

from __future__ import annotations

import click


@click.command()
@click.option("--print-setup", is_flag=True, help="Print the statements that set up the account, and do not run them.")
@click.option("--setup", is_flag=True, help="Run them; needs the rights of snowflake.setup_role.")
@click.option("--as", "login", metavar="USER", help="Who logs in for --setup, by the same key or token.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
@click.pass_context
def command(
    ctx: click.Context, *, print_setup: bool, setup: bool, login: str | None, as_json: bool, env: str | None
) -> None:
    """List the warehouse's tables: raw as loaded, marts as built, published as readers see them."""
    from pipeline.answers import print_answer
    from pipeline.settings import load_settings
    from pipeline.workspace import open_workspace

    env = env or (ctx.obj or {}).get("env")
    sets_up = print_setup or setup
    also = ("snowflake.storage_role",) if sets_up and load_settings(env).warehouse.backend == "snowflake" else ()
    warehouse = open_workspace(env, also=also).warehouse
    try:
        if print_setup:
            click.echo(warehouse.setup_sql(), nl=False)
        elif setup:
            click.echo(f"{warehouse.set_up(login)} statements run: {warehouse.place}")
        else:
            listed = [(schema, table) for schema in ("raw", "marts", "published") for table in warehouse.tables(schema)]
            print_answer(("schema", "table"), listed, as_json=as_json, as_csv=False)
    finally:
        warehouse.close()

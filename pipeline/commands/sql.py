"""``mirrorlake sql``: one read-only SELECT over the published tables and the lake's, without any other access."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.workspace import Workspace

SHOWN_ROWS = 100


@click.command()
@click.argument("statement", required=False)
@click.option(
    "--limit", type=click.IntRange(min=1), help=f"At most so many rows (a table shows {SHOWN_ROWS} where not said)."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
@click.pass_context
def command(
    ctx: click.Context, *, statement: str | None, limit: int | None, as_json: bool, as_csv: bool, env: str | None
) -> None:
    """Run STATEMENT, one SELECT in DuckDB's SQL; without STATEMENT, list the tables that can be asked."""
    from pipeline.answers import print_answer
    from pipeline.workspace import open_workspace

    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    workspace = open_workspace(env or (ctx.obj or {}).get("env"))
    if statement is None:
        print_answer(("table", "layer"), _tables(workspace), as_json=as_json, as_csv=as_csv)
        return
    shown = limit if limit or as_json or as_csv else SHOWN_ROWS
    answer, more = workspace.warehouse.ask(
        statement,
        lake_tables=_in_lake(workspace),
        files_of=lambda name: workspace.table(name).files(),
        options=workspace.objects.table_options,
        limit=shown,
    )
    print_answer(answer.columns, answer.rows, as_json=as_json, as_csv=as_csv)
    if more:
        click.echo(f"there are more rows than these {shown}: say --limit, --json or --csv", err=True)


def _in_lake(workspace: Workspace) -> list[str]:
    return [name for name in workspace.contracts if workspace.table(name).exists()]


def _tables(workspace: Workspace) -> list[Sequence[str]]:
    published = [(name, "published") for name in workspace.warehouse.published_tables()]
    return [*published, *((name, workspace.contracts[name].layer) for name in _in_lake(workspace))]

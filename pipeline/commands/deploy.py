"""``mirrorlake deploy``: bring wheel, job script, jars, project and DAG to the artifacts bucket, and register them."""

from __future__ import annotations

import click


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be new or changed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, dry_run: bool, as_json: bool) -> None:
    """Bring what jobs in the cloud run from to the artifacts bucket; register Glue job, catalog and EMR application.

    Repeatable: what is there already stays. The manifest, which says what is in force, is written last.
    """
    import json
    from dataclasses import asdict

    from pipeline.deploy.deployment import deploy
    from pipeline.settings import settings_at_work
    from pipeline.text_table import print_rows
    from pipeline.workspace import Workspace

    settings = settings_at_work((ctx.obj or {}).get("env"))
    rows = deploy(Workspace(settings), dry=dry_run)  # needs neither Snowflake nor Postgres
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=1))
        return
    touched = [(row.kind, row.name, row.change, row.where) for row in rows if row.change != "unchanged"]
    if touched:
        print_rows(("kind", "name", "change", "where"), touched)
    verb = "would be deployed" if dry_run else "deployed"
    click.echo(f"{settings.env}: {len(touched)} {verb}, {len(rows) - len(touched)} unchanged")

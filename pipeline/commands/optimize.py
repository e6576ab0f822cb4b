"""``mirrorlake optimize``: fewer files, and no old ones for longer than they are needed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.tables.delta import LakeTable
    from pipeline.workspace import Workspace

SAFE_HOURS = 168  # readers of a version that was replaced have a week to end


@click.command()
@click.argument("table", required=False)
@click.option("--vacuum", is_flag=True, help="Also delete files that only older versions need.")
@click.option(
    "--retention-hours",
    type=click.FloatRange(min=0),
    default=SAFE_HOURS,
    show_default=True,
    help="Versions younger than this stay readable.",
)
@click.option("--force", is_flag=True, help=f"Allow a retention below {SAFE_HOURS} hours.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    table: str | None,
    vacuum: bool,
    retention_hours: float,
    force: bool,
    dry_run: bool,
    env: str | None,
    as_json: bool,
) -> None:
    """Merge small files of one TABLE or all tables of the lake; rows stay as they are.

    The versions that gold's last snapshot names are kept, however old.
    """
    from lake.errors import UsageError
    from pipeline.replay import alone
    from pipeline.spelling import spelled
    from pipeline.text_table import print_rows
    from pipeline.workspace import open_workspace

    if retention_hours < SAFE_HOURS and not force:
        raise UsageError(
            f"a retention of {retention_hours:g} hours could take files from readers at work",
            fix=f"use {SAFE_HOURS} or more, or say --force when nobody reads",
        )
    workspace = open_workspace(env or (ctx.obj or {}).get("env"))
    rows = []
    with alone(workspace, "optimize"):
        keep = _kept_versions(workspace)
        for name, lake_table in _tables(workspace, table):
            before = len(lake_table.files())
            merged = 0 if dry_run else int(lake_table.optimize()["numFilesRemoved"])
            vacuumed = len(lake_table.vacuum(retention_hours, dry_run, keep.get(name, ()))) if vacuum else 0
            rows.append((name, before, merged, len(lake_table.files()), vacuumed))
    headers = ("table", "files", "merged", "files now", "old files " + ("to delete" if dry_run else "deleted"))
    if as_json:
        click.echo(json.dumps([dict(zip(headers, row, strict=True)) for row in rows], indent=1))
    elif rows:
        print_rows(headers, rows)
    else:
        click.echo(spelled("there is no table yet; begin with: mirrorlake run"))


def _tables(workspace: Workspace, name: str | None) -> Iterator[tuple[str, LakeTable]]:
    """The tables that exist: the one that was named, or all, quarantine included."""
    from lake import quarantine

    if name is not None:
        yield name, workspace.table(name)
        return
    for each, contract in sorted(workspace.contracts.items()):
        if workspace.table(each).exists():
            yield each, workspace.table(each)
        rejected = quarantine.table(workspace.objects, each)
        if contract.layer == "silver" and rejected.exists():
            yield f"quarantine.{each}", rejected


def _kept_versions(workspace: Workspace) -> dict[str, tuple[int, ...]]:
    """What gold's last snapshot stands on, per table."""
    from lake.gold import latest_snapshot

    snapshot = latest_snapshot(workspace.objects)
    named = {**snapshot.inputs, **snapshot.tables} if snapshot else {}
    newest = {name: workspace.table(name).version() for name in named if name in workspace.contracts}
    # A table that was deleted and made again has not come to that version yet.
    return {name: (named[name],) for name, there in newest.items() if there is not None and 0 <= named[name] <= there}

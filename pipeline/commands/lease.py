"""``mirrorlake lease``: who holds the lake; an orchestrator takes it before a run's first task and gives it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.workspace import Workspace


@click.command()
@click.argument("action", type=click.Choice(["show", "take", "release"]), default="show")
@click.argument("run_id", required=False)
@click.pass_context
def command(ctx: click.Context, action: str, run_id: str | None) -> int:
    """Show who holds the lake. `take RUN_ID` keeps it for a run whose tasks come later, `release RUN_ID` gives it back.

    It is taken for lease.hold_seconds, and as long again by each task. Exit code 75 while another run has it.
    """
    from lake import layout
    from lake.errors import UsageError
    from pipeline.lease import describe
    from pipeline.workspace import open_workspace

    workspace = open_workspace((ctx.obj or {}).get("env"))
    if action == "show":
        click.echo(describe(workspace.objects))
        return 0
    if run_id is None:
        raise UsageError("RUN_ID is missing", fix=f"say whose lease: mirrorlake lease {action} RUN_ID")
    return {"take": _take, "release": _release}[action](workspace, layout.segment(run_id, "run id"))


def _take(workspace: Workspace, run_id: str) -> int:
    from lake.errors import LeaseHeldError
    from pipeline.airflow_dag import HELD_BY_ANOTHER
    from pipeline.lease import take
    from pipeline.spelling import spelled

    try:
        seconds = take(workspace, run_id)
    except LeaseHeldError as error:
        click.echo(f"error: {spelled(str(error))}", err=True)
        return HELD_BY_ANOTHER
    click.echo(f"run {run_id} holds the lease, {seconds:.0f} seconds beyond each of its tasks")
    return 0


def _release(workspace: Workspace, run_id: str) -> int:
    from pipeline.lease import give_back

    was = give_back(workspace, run_id)
    click.echo(f"run {run_id} has given the lease back" if was else f"the lease was not that of run {run_id}")
    return 0

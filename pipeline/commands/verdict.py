"""``mirrorlake verdict``: how a run of several processes ended; an orchestrator's last task, and its alerts."""

from __future__ import annotations

import click


@click.command()
@click.argument("run_id")
@click.option(
    "--alert", "reason", metavar="REASON", help="Also tell whom `alerts` names, and why: a deadline was missed."
)
@click.pass_context
def command(ctx: click.Context, run_id: str, reason: str | None) -> int:
    """Say how the run RUN_ID ended, by the last word of each of its stages. Exit code 1 unless all are well.

    With --alert it is 1 unless those whom `alerts` names were told.
    """
    from pipeline import verdict
    from pipeline.workspace import open_workspace

    workspace = open_workspace((ctx.obj or {}).get("env"))
    outcome = verdict.of_run(workspace, run_id)
    for line in verdict.lines(outcome):
        click.echo(line)
    if reason:
        return 0 if verdict.alert(workspace, outcome, reason) else 1
    return outcome.exit_code

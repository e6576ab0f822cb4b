"""``mirrorlake runs``: the audit trail, newest first; one run in detail; where a table's version came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lake.storage.objects import Objects
    from pipeline.observe.audit import RunAudit


@click.command()
@click.argument("run_id", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many runs to list.")
@click.option("--lineage", "table", metavar="TABLE", help="Which versions this table was made from, back to bronze.")
@click.option("--openlineage", is_flag=True, help="Print the run's calls as OpenLineage events (JSON lines).")
@click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    run_id: str | None,
    limit: int,
    table: str | None,
    openlineage: bool,
    env: str | None,
    as_json: bool,
) -> None:
    """List past runs, failed ones included; with RUN_ID (or its beginning), each call of each stage of that run."""
    from pipeline.lease import claimed
    from pipeline.observe import audit
    from pipeline.workspace import open_workspace

    workspace = open_workspace(env or (ctx.obj or {}).get("env"))
    if table:
        _print_lineage(workspace.objects, table, as_json=as_json)
        return
    runs = [audit.read_run(workspace.objects, run_id)] if run_id else audit.read_runs(workspace.objects, limit)
    begun, held = claimed(workspace.objects)
    if begun and not run_id and begun not in {run.run_id for run in runs}:
        newest = audit.recorded(workspace.objects, begun)
        if not (newest.records or newest.damaged):  # no stage of it has ended yet
            runs = [newest, *runs][:limit]
    at_work = begun if held else None
    if openlineage:
        _print_openlineage(runs)
    elif as_json:
        click.echo(json.dumps([_document(run, at_work) for run in runs], indent=1))
    elif run_id:
        _print_run(runs[0], at_work)
    else:
        _print_runs(runs, at_work)


def _document(run: RunAudit, at_work: str | None) -> dict[str, object]:
    records = [json.loads(record.to_json()) for record in run.records]
    told = {"run_id": run.run_id, "status": run.status_now(at_work), "lacking": list(run.lacking)}
    return {**told, "damaged": list(run.damaged), "records": records}


def _print_runs(runs: list[RunAudit], at_work: str | None) -> None:
    from pipeline.observe.audit import UNFINISHED
    from pipeline.spelling import spelled
    from pipeline.text_table import print_rows

    if not runs:
        click.echo(spelled("no runs yet; begin with: mirrorlake run"))
        return
    headers = ("run", "status", "began (UTC)", "seconds", "run dates", "quarantined", "failed stages")
    print_rows(headers, [_summary(run, at_work) for run in runs])
    if runs[0].status_now(at_work) == UNFINISHED:
        click.echo(f"{runs[0].run_id} {_broken_off(runs[0])}")


def _broken_off(run: RunAudit) -> str:
    """What came of a run that ended without a word, and what to do."""
    before = f"before {', '.join(run.lacking)} had ended" if run.lacking else "before a stage had ended"
    return f"broke off {before}; what was committed stays: the same command again completes it"


def _summary(run: RunAudit, at_work: str | None) -> tuple[object, ...]:
    began, ended, dates = run.started_at, run.ended_at, run.run_dates
    covered = " to ".join(dict.fromkeys(str(day) for day in (dates[0], dates[-1]))) if dates else ""
    quarantined = sum(table.rejected + table.refused for record in run.records for table in record.tables)
    failed = ", ".join(record.stage for record in run.records if record.status == "failed")
    return (
        run.run_id,
        run.status_now(at_work),
        f"{began:%Y-%m-%d %H:%M:%S}" if began else "",
        round((ended - began).total_seconds(), 1) if began and ended else None,
        covered,
        quarantined,
        failed,
    )


def _print_run(run: RunAudit, at_work: str | None) -> None:
    from pipeline.observe.audit import UNFINISHED
    from pipeline.text_table import print_rows

    rows = [
        (
            record.stage,
            record.status,
            f"{record.started_at:%H:%M:%S}",
            record.seconds,
            table.table if table else "",
            *((table.rows_in, table.valid, table.rejected + table.refused, table.rows_out) if table else (None,) * 4),
            table.output_version if table else None,
        )
        for record in run.records
        for table in record.tables or (None,)
    ]
    headers = ("stage", "status", "began", "seconds", "table", "in", "valid", "quarantined", "out", "version")
    print_rows(headers, rows, title=f"run {run.run_id}: {run.status_now(at_work)}")
    for record in run.records:
        for line in filter(None, (record.error, *record.problems)):
            click.echo(f"{record.stage}: {line}")
    if run.status_now(at_work) == UNFINISHED:
        click.echo(f"it {_broken_off(run)}")
    for key in run.damaged:
        click.echo(f"damaged audit record, left out: {key}")


def _print_lineage(objects: Objects, table: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    from lake.errors import UnknownChoiceError
    from pipeline.observe import audit, lineage

    made = lineage.made(audit.read_runs(objects, limit=None))
    found = lineage.trace(made, table)
    if not found:
        raise UnknownChoiceError("table that a run has made", table, {one.table for one in made})
    if as_json:
        click.echo(json.dumps([{"depth": depth, **asdict(one)} for depth, one in found], indent=1))
        return
    for depth, one in found:
        inputs = ", ".join(f"{name}@{version}" for name, version in sorted(one.inputs.items()))
        origin = f" from {inputs}" if inputs else ""
        click.echo(f"{'  ' * depth}{one.table}@{one.version} by {one.stage} of run {one.run_id}{origin}")


def _print_openlineage(runs: list[RunAudit]) -> None:
    from pipeline.observe.lineage import openlineage_events

    for run in runs:
        for event in openlineage_events(run):
            click.echo(json.dumps(event))

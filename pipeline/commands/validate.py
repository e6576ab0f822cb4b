"""``mirrorlake validate``: whether an environment is fit for work, here or in the cloud."""

from __future__ import annotations

import click


@click.command()
@click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
@click.option(
    "--run-date", metavar="DATE", help="Measure freshness against this UTC day (default: the newest received)."
)
@click.option("--read-only", is_flag=True, help="Do not try the right to write with an object of our own.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, *, env: str | None, run_date: str | None, read_only: bool, as_json: bool) -> int:
    """Ask every place that the profile names: reachability, rights, tables, counts, freshness.

    Exit code 1 if one fails. Nothing is repaired; one object is written to the lake and deleted again, to see that
    this can be done.
    """
    import json
    from collections import Counter
    from dataclasses import asdict

    from pipeline.dates import parse_date
    from pipeline.settings import load_settings
    from pipeline.spelling import spelled
    from pipeline.text_table import print_rows
    from pipeline.validation import Question, validate
    from pipeline.workspace import Workspace

    workspace = Workspace(load_settings(env or (ctx.obj or {}).get("env")))
    day = parse_date(run_date, "--run-date") if run_date else None
    found = validate(Question(workspace, day, may_write=not read_only))
    failed = any(finding.verdict == "failed" for finding in found)
    if as_json:
        click.echo(json.dumps({"env": workspace.settings.env, "findings": [asdict(each) for each in found]}, indent=1))
        return int(failed)
    rows = [(each.verdict, each.part, each.subject, each.detail) for each in found]
    print_rows(("verdict", "part", "of", "finding"), rows, title=f"environment {workspace.settings.env}")
    for each in found:
        if each.fix and each.verdict in ("failed", "warning"):
            click.echo(f"{each.part} {each.subject}: what to do: {spelled(each.fix)}")
    counts: Counter[str] = Counter(each.verdict for each in found)
    click.echo("; ".join(f"{counts[verdict]} {verdict}" for verdict in ("ok", "warning", "failed", "skipped")))
    return int(failed)

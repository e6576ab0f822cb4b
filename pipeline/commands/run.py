"""``mirrorlake run``: arguments in, one call, a report out."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.commands import options


@click.command()
@options.together(options.run_date, options.first, options.last, options.locations, options.jobs)
@options.together(options.env, options.config, options.engine, options.live, options.forecast, options.force)
@click.option("--accept-shrink", is_flag=True, help="Let a snapshot in that is much smaller than the last.")
@click.option("--write-csv", is_flag=True, help="Also write silver as CSV, to look at in a spreadsheet.")
@click.option("--write-s3", is_flag=True, help="Also copy the lake, as the run leaves it, to lake.mirror.")
@click.option("--run-id", metavar="ID", help="Join the run of this id (several machines, one run).")
@click.option(
    "--tries-left",
    type=click.IntRange(min=0),
    metavar="N",
    help="Asked by an orchestrator that will try N times more. Exit codes: 0 go on, 1 failed, 99 go on, but not well.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Log each step to standard error.")
@click.pass_context
def command(ctx: click.Context, /, env: str | None, config: Path | None, engine: str | None, **asked: object) -> int:
    """Run the pipeline, or one stage of it, for one or many run dates.

    Without dates: 2013-07-01 to 2013-07-07; without a place: every recorded one. A second identical run says
    "unchanged"; one that was stopped resumes.
    """
    from pipeline.launch import Asked, launch
    from pipeline.report import print_outcome

    env = env or (ctx.obj or {}).get("env")
    outcome = launch(Asked(env=env, config=config, engine=engine, **asked))  # type: ignore[arg-type]
    print_outcome(outcome, as_json=bool(asked["as_json"]))
    tries_left = asked["tries_left"]
    return outcome.task_exit_code(tries_left) if isinstance(tries_left, int) else outcome.exit_code

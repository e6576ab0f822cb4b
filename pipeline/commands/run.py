"""``mirrorlake run``: arguments in, one call, a report out."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--run-date", metavar="DATE", help="One UTC day, YYYY-MM-DD.")
@click.option("--from", "first", metavar="DATE", help="First UTC day of a range.")
@click.option("--to", "last", metavar="DATE", help="Last UTC day of a range, included.")
@click.option(
    "--location", "locations", multiple=True, metavar="NAME", help='A place, e.g. "New York" or JFK; repeat it.'
)
@click.option(
    "--job", "jobs", multiple=True, metavar="STAGE", help="Only this stage (see: mirrorlake jobs); repeat it."
)
@click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
@click.option("--config", type=click.Path(path_type=Path), help="A TOML file whose settings win over the profile's.")
@click.option("--engine", metavar="NAME", help="polars or duckdb: what runs the transformations.")
@click.option("--live", is_flag=True, help="Fetch from the API instead of the recordings.")
@click.option("--forecast", is_flag=True, help="Also fetch the forecast (with --live).")
@click.option("--force", is_flag=True, help="Run every stage, even if nothing has changed.")
@click.option("--accept-shrink", is_flag=True, help="Let a snapshot in that is much smaller than the last.")
@click.option("--write-csv", is_flag=True, help="Also write silver as CSV, to look at in a spreadsheet.")
@click.option("--run-id", metavar="ID", help="Join the run of this id (several machines, one run).")
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
    return outcome.exit_code

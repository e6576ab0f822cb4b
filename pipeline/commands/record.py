"""``mirrorlake record``: fetch from the live API and keep the answers under samples/, for offline use."""

from __future__ import annotations

import click


@click.command("record")
@click.option("--location", "locations", multiple=True, required=True, help="A place by name; may be given repeatedly.")
@click.option("--from", "first", metavar="DATE", help="First UTC day, YYYY-MM-DD.")
@click.option("--to", "last", metavar="DATE", help="Last UTC day (default: the first).")
@click.option("--forecast", is_flag=True, help="Record forecasts, from today on, instead of what the weather was.")
@click.option("--replace", is_flag=True, help="Take the new answer where another one is recorded.")
@click.pass_context
def command(
    ctx: click.Context, locations: tuple[str, ...], first: str | None, last: str | None, forecast: bool, replace: bool
) -> None:
    """Fetch payloads from the live API and keep them for offline use."""
    from pipeline.recording import date_range, record
    from pipeline.settings import load_settings
    from pipeline.spelling import spelled

    settings = load_settings(env=(ctx.obj or {}).get("env"))
    dates = date_range(first, last, today_if_missing=forecast)
    result = record(settings, locations, dates, forecast=forecast, replace=replace, say=click.echo)
    click.echo(result.line)
    for place in result.places:
        click.echo(spelled(f"next: mirrorlake run --location {place} --from {dates[0]} --to {dates[-1]}"))
    result.raise_if_failed()

"""``mirrorlake metrics``: which metrics there are, or their values, from what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.dbtworker.metrics import Answer, Metrics
    from pipeline.settings.model import Settings
    from warehouse.warehouses.base import Reader


@click.command()
@click.argument("names", nargs=-1, metavar="[METRIC]...")
@click.option("--group-by", "group_by", multiple=True, metavar="WORD", help="Repeat it, or separate by commas (day).")
@click.option("--from", "first", metavar="DATE", help="First UTC day.")
@click.option("--to", "last", metavar="DATE", help="Last UTC day, included.")
@click.option("--location", "locations", multiple=True, metavar="NAME", help="A place: its id, name or station.")
@click.option("--sql", "show_sql", is_flag=True, help="Print the SQL instead of the rows.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    names: tuple[str, ...],
    group_by: tuple[str, ...],
    first: str | None,
    last: str | None,
    locations: tuple[str, ...],
    show_sql: bool,
    as_json: bool,
) -> None:
    """Values of metrics by day, place and so on; without METRIC, which metrics and words there are."""
    from lake.errors import UsageError
    from pipeline.dates import parse_date
    from pipeline.dbtworker.metrics import Question
    from pipeline.workspace import open_workspace

    workspace = open_workspace((ctx.obj or {}).get("env"))
    settings = workspace.settings
    if not names:
        metrics = _definitions(settings)
        if group_by or first or last or locations or show_sql:
            raise UsageError("no metric is named", fix=f"name one or more of: {', '.join(metrics.metrics)}")
        _print_list(metrics, as_json=as_json)
        return
    words = tuple(word.strip() for words in group_by for word in words.split(",")) or ("day",)
    days = (parse_date(first, "--from") if first else None, parse_date(last, "--to") if last else None)
    if days[0] and days[1] and days[0] > days[1]:
        raise UsageError(f"--from {days[0]} is after --to {days[1]}", fix="swap them")
    with workspace.warehouse.reader() as reader:
        metrics = _definitions(settings)
        metrics.check(names, words)
        places = _places(reader, locations)
        answer = metrics.ask(reader, Question(names, words, *days, places))
    if show_sql:
        click.echo(answer.sql)
    else:
        _print_answer(answer, as_json=as_json)


def _definitions(settings: Settings) -> Metrics:
    """What dbt wrote when it read its project for the last run; it reads it now if there was none."""
    from pipeline.dbtworker.metrics import Metrics
    from pipeline.dbtworker.worker import DbtWorker

    path = settings.data / "dbt" / "target" / "semantic_manifest.json"
    if not path.exists():
        with DbtWorker.of(settings) as worker:
            worker.wait_until_parsed()
    return Metrics.read(path)


def _places(reader: Reader, asked: tuple[str, ...]) -> tuple[str, ...]:
    """The ids of the places that are called so by id, name or station, in any case."""
    from lake.errors import UnknownChoiceError

    answer = reader.query("SELECT location_id, location_name, station_code FROM mart_locations")
    rows = [tuple(str(cell or "") for cell in row) for row in answer.rows]
    known: dict[str, set[str]] = {}
    for row in rows:
        for name in filter(None, row):
            known.setdefault(name.casefold(), set()).add(row[0])
    for name in asked:
        if name.casefold() not in known:
            raise UnknownChoiceError("location", name, [name for row in rows for name in row[:2]])
    return tuple(sorted({found for name in asked for found in known[name.casefold()]}))


def _print_list(metrics: Metrics, *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from pipeline.spelling import spelled
    from pipeline.text_table import print_rows

    found = list(metrics.metrics.values())
    if as_json:
        click.echo(json.dumps({"metrics": [asdict(metric) for metric in found], "group_by": list(metrics.words)}))
        return
    print_rows(["metric", "what it is"], [[metric.name, metric.description] for metric in found])
    click.echo(f"\ngroup by: {', '.join(metrics.words)}")
    click.echo(spelled(f"for example: mirrorlake metrics {found[0].name} --group-by day --location jfk"))


def _print_answer(answer: Answer, *, as_json: bool) -> None:
    import json

    from pipeline.text_table import print_rows

    if as_json:
        click.echo(json.dumps([dict(zip(answer.columns, row, strict=True)) for row in answer.rows], default=str))
        return
    rows = [[round(cell, 4) if isinstance(cell, float) else cell for cell in row] for row in answer.rows]
    print_rows(answer.columns, rows)

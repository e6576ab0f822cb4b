"""``mirrorlake parity``: compare every table of two environments, row by row."""

from __future__ import annotations

import click

from pipeline.commands import options


@click.command()
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@options.run_date
@options.first
@options.last
@click.option("--table", "tables", multiple=True, metavar="TABLE", help="Only this table, or layer.table; repeat it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    *,
    left: str,
    right: str,
    run_date: str | None,
    first: str | None,
    last: str | None,
    tables: tuple[str, ...],
    as_json: bool,
) -> int:
    """Compare the tables of two environments by key: silver, gold, staging, raw, marts, published.

    A and B are names of environments, each with another data folder where one is given: dev=FOLDER. Against
    rehearsal, dev alone means the dev run that the rehearsal made to be compared with, if there is one. With dates,
    tables that have a day are compared on these days only. Exit code 1 if something differs.
    """
    from pipeline import spelling
    from pipeline.dates import EARLIEST, run_dates
    from pipeline.parity import compare, opened
    from pipeline.parity.printed import differences, table_rows
    from pipeline.parity.report import as_json as document
    from pipeline.parity.report import write_report
    from pipeline.text_table import print_rows

    asked = run_date or first or last
    days = run_dates(run_date, first, last, (EARLIEST, EARLIEST)) if asked else ()
    sides = opened(left, right)
    spelling.forget()  # two environments are at work: each hint names its own
    found = compare(*sides, days=(days[0], days[-1]) if days else None, tables=tables)
    paths = write_report(found, sides[0].workspace.settings.parity.folder, tables)
    if as_json:
        click.echo(document(found), nl=False)
        return int(not found.is_equal)
    head, rows = table_rows(found)
    print_rows(head, rows, title=f"parity of {found.left} and {found.right}")
    for line in differences(found):
        click.echo(line)
    click.echo(f"\n{'equal' if found.is_equal else 'different'}: {found.summary} ({found.seconds:.1f} s)")
    click.echo(f"report: {paths['html']}")
    return int(not found.is_equal)

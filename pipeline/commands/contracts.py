"""``mirrorlake contracts``: check, compare, list and document the contracts."""

from __future__ import annotations

from pathlib import Path

import click

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_FOLDER = click.option("--folder", type=click.Path(path_type=Path), help="A folder of contracts instead of ours.")


class _Group(click.Group):
    """A group that names its commands when one is unknown."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise click.UsageError(f"unknown command {args[0]!r}; choose one of: {', '.join(self.commands)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Group)
def command() -> None:
    """Check, compare, list and document the contracts of all tables."""


@command.command()
@click.option("--file", "file", type=click.Path(path_type=Path), help="One contract file, judged among ours.")
@_FOLDER
@_JSON
def check(file: Path | None, folder: Path | None, as_json: bool) -> int:
    """Judge every contract by our reader and by the ODCS standard; say what is not in step. Exit code 1 on a fault."""
    import json

    from pipeline.contract_checks import check_contracts

    result = check_contracts(folder=folder, file=file)
    if as_json:
        click.echo(json.dumps(result.document(), indent=1))
    else:
        for line in result.lines():
            click.echo(line)
    return int(result.failed)


@command.command()
@click.option("--against", default="HEAD", show_default=True, help="A git revision, or a folder of contracts.")
@click.option(
    "--fail-on", type=click.Choice(["needs rebuild", "breaking"]), help="Exit code 1 from this effect on, for CI."
)
@_FOLDER
@_JSON
def diff(against: str, fail_on: str | None, folder: Path | None, as_json: bool) -> int:
    """Say what the change of each contract means (compatible, needs rebuild, breaking) and print its migration."""
    import json

    from lake.contract.diff import EFFECTS, worst
    from lake.contract.load import load_contracts
    from pipeline.contract_changes import Report, old_contracts

    report = Report(old_contracts(against), load_contracts(folder))
    if as_json:
        click.echo(json.dumps(report.document(), indent=1))
    else:
        for line in report.lines():
            click.echo(line)
    effect = EFFECTS.index(worst(report.changes))
    return int(fail_on is not None and effect >= EFFECTS.index(fail_on))


@command.command("list")
@_JSON
def list_contracts(as_json: bool) -> None:
    """List the tables with layer, key, columns, rules and version."""
    import json

    from lake.contract.load import load_contracts
    from pipeline.text_table import print_rows

    contracts = load_contracts().values()
    if as_json:
        rows = [
            {
                "table": contract.table,
                "layer": contract.layer,
                "version": contract.version,
                "primary_key": list(contract.primary_key),
                "columns": list(contract.column_names),
                "rules": [rule.name for rule in contract.rules],
                "warehouse": contract.warehouse,
                "digest": contract.digest,
            }
            for contract in contracts
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    print_rows(
        ("table", "layer", "key", "columns", "rules", "warehouse", "version", "owner"),
        [
            (
                contract.table,
                contract.layer,
                ", ".join(contract.primary_key),
                len(contract.columns),
                len(contract.rules),
                contract.warehouse or None,
                contract.version,
                contract.owner,
            )
            for contract in contracts
        ],
    )


@command.command()
@click.argument("table", required=False)
def docs(table: str | None) -> None:
    """Write docs/contracts.md anew; or, of one TABLE, print the section."""
    from lake.contract.load import load_contracts
    from lake.errors import UnknownChoiceError
    from pipeline.generate.documentation import page

    contracts = load_contracts()
    if table is not None:
        if table not in contracts:
            raise UnknownChoiceError("table", table, contracts)
        click.echo("\n".join(page(contracts[table])).rstrip())
        return
    from pipeline.generate import generate_all
    from pipeline.settings import project_root

    path = project_root() / "docs" / "contracts.md"
    stale = generate_all(project_root(), check=False, contracts=contracts, only="docs/contracts.md")
    click.echo(f"{'written' if stale else 'unchanged'}: {path}")

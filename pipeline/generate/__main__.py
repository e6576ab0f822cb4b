"""``python -m pipeline.generate [--check]``: write what follows from the contracts, or say what is not in step."""

from __future__ import annotations

import sys

import click

from lake.errors import MirrorlakeError


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 and list the files that are not in step.")
def command(check: bool) -> None:
    """Write every file that is generated from the contracts."""
    from pipeline.generate import COMMAND, generate_all
    from pipeline.settings import project_root

    root = project_root()
    try:
        stale = generate_all(root, check)
    except MirrorlakeError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    for path in stale:
        click.echo(f"{'not in step' if check else 'written'}: {path.relative_to(root)}")
    if not stale:
        click.echo("everything generated is in step with the contracts")
    elif check:
        click.echo(f"run: {COMMAND}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    command()

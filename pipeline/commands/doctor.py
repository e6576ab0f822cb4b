"""``mirrorlake doctor``: each setting with its origin, and what this machine lacks."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
@click.option("--config", type=click.Path(path_type=Path), help="A TOML file whose settings win over the profile's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, env: str | None, config: Path | None, as_json: bool) -> int:
    """Show each setting with its origin (secrets masked), then check this machine. Exit code 1 if a check fails."""
    import json
    from dataclasses import asdict

    from pipeline.checks import run_checks
    from pipeline.settings import load_settings
    from pipeline.spelling import spelled
    from pipeline.text_table import print_rows

    settings = load_settings(env or (ctx.obj or {}).get("env"), config)
    checks = run_checks(settings)
    failed = any(check.verdict == "failed" for check in checks)
    if as_json:
        values = {key: {"value": value, "origin": origin} for key, (value, origin) in settings.origins.items()}
        document = {
            "env": settings.env,
            "root": str(settings.root),
            "settings": values,
            "checks": [asdict(check) for check in checks],
        }
        click.echo(json.dumps(document, indent=1))
        return int(failed)
    rows = [(key, value, origin) for key, (value, origin) in settings.origins.items()]
    print_rows(("setting", "value", "origin"), rows, title=f"settings of {settings.env} ({settings.root})")
    click.echo("\nthis machine")
    for check in checks:
        first, *more = check.detail.split("\n")
        click.echo(f"{check.verdict:<9}{check.name}: {first}")
        for line in more:
            click.echo(f"{'':<11}{line}")
        if check.fix:
            click.echo(f"{'':<9}what to do: {spelled(check.fix)}")
    return int(failed)
